//! The keys of the travel page: what each does, in one table that both the page and its help are made of.

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Previous,
    Next,
    BackFar,
    OnFar,
    First,
    Last,
    Play,
    Slower,
    Faster,
    PreviousChange,
    NextChange,
    PreviousOfType,
    NextOfType,
    SetBase,
    ClearBase,
    Search,
    OpenAll,
    CloseAll,
    Changes,
    Diff,
    History,
    Bisect,
    GoTo,
    CopyLink,
    Help,
}

/// A line of the help.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// The key, as `KeyboardEvent.key` names it.
    pub(crate) name: &'static str,
    /// The key, as it is written on keyboards.
    pub(crate) label: &'static str,
    /// What it does.
    pub(crate) action: Action,
    /// What it does, in words.
    pub(crate) meaning: &'static str,
}

/// The keys, by what they are for.
pub(crate) const KEYS: [(&str, &[Key]); 4] = [
    (
        "Move",
        &[
            key("ArrowLeft", "←", Action::Previous, "Previous version"),
            key("ArrowRight", "→", Action::Next, "Next version"),
            key("PageUp", "Page Up", Action::BackFar, "Ten versions back"),
            key("PageDown", "Page Down", Action::OnFar, "Ten versions on"),
            key("Home", "Home", Action::First, "First version"),
            key("End", "End", Action::Last, "Last version, and follow new ones"),
            key("g", "G", Action::GoTo, "Go to a version, entry or time"),
        ],
    ),
    (
        "Play and jump",
        &[
            key(" ", "Space", Action::Play, "Play or pause"),
            key("<", "<", Action::Slower, "Slower"),
            key(">", ">", Action::Faster, "Faster"),
            key("n", "N", Action::NextChange, "Next event that changed the selected value"),
            key("p", "P", Action::PreviousChange, "Previous event that changed it"),
            key("]", "]", Action::NextOfType, "Next event of the chosen type"),
            key("[", "[", Action::PreviousOfType, "Previous event of the chosen type"),
        ],
    ),
    (
        "Compare and explain",
        &[
            key("b", "B", Action::SetBase, "Compare with this version from now on"),
            key("Escape", "Esc", Action::ClearBase, "Compare with the version before again"),
            key("c", "C", Action::Changes, "What changed"),
            key("d", "D", Action::Diff, "Side by side"),
            key("h", "H", Action::History, "History of the selected value"),
            key("x", "X", Action::Bisect, "Where an expression turns true"),
        ],
    ),
    (
        "State",
        &[
            key("/", "/", Action::Search, "Search in the state"),
            key("e", "E", Action::OpenAll, "Open all"),
            key("E", "Shift E", Action::CloseAll, "Close all"),
            key("y", "Y", Action::CopyLink, "Copy a link to exactly this"),
            key("?", "?", Action::Help, "These keys"),
        ],
    ),
];

const fn key(
    name: &'static str,
    label: &'static str,
    action: Action,
    meaning: &'static str,
) -> Key {
    Key { name, label, action, meaning }
}

/// What a key does, by its name. Capital letters do what small ones do, where they have nothing of their own to do.
pub(crate) fn action(name: &str) -> Option<Action> {
    let of = |name: &str| {
        let mut keys = KEYS.iter().flat_map(|(_, keys)| keys.iter());
        keys.find(|key| key.name == name).map(|key| key.action)
    };
    let small = || (name.chars().count() == 1).then(|| name.to_lowercase());
    of(name).or_else(|| match name {
        // Where `b` sets it, its capital takes it away.
        "B" => Some(Action::ClearBase),
        _ => of(&small()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_does_one_thing() {
        let keys = || KEYS.iter().flat_map(|(_, keys)| keys.iter());
        for key in keys() {
            assert_eq!(action(key.name), Some(key.action), "{}", key.name);
            assert_eq!(keys().filter(|other| other.name == key.name).count(), 1, "{}", key.name);
            assert_eq!(keys().filter(|other| other.label == key.label).count(), 1, "{}", key.label);
        }
    }

    #[test]
    fn capitals_do_what_small_letters_do_unless_they_have_their_own() {
        assert_eq!(action("N"), Some(Action::NextChange));
        assert_eq!(action("E"), Some(Action::CloseAll));
        assert_eq!(action("B"), Some(Action::ClearBase));
        assert_eq!(action("q"), None);
        assert_eq!(action("Shift"), None);
    }
}
