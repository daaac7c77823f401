//! What the help says of the keys of each page.

use crate::ui::state::keys::KEYS;

/// Keys that are for the same, with what each does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyGroup {
    /// What they are for.
    pub(crate) title: &'static str,
    /// How they are written on keyboards, and what they do.
    pub(crate) lines: Vec<(&'static str, &'static str)>,
}

/// A page, as far as its keys are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeysOf {
    /// The list of streams.
    Streams,
    /// A list of events.
    Events,
    /// An aggregate's history.
    Travel,
    /// The workbench of a fold.
    Fold,
    /// One that has none of its own.
    Other,
}

const EVERYWHERE: &[(&str, &str)] = &[
    ("?", "These keys"),
    ("Tab", "On to the next list, pane or button"),
    ("↑ ↓", "Move in a list; with Page Up, Page Down, Home and End further"),
    ("Enter", "Open the row where the keyboard is"),
    ("Esc", "Close a menu or this help"),
];

const STREAMS: &[(&str, &str)] = &[
    ("/", "Search by a part of the key; Enter or ↓ leads on to the list"),
    ("Enter", "Events of the stream"),
    ("T", "Travel through the aggregate"),
    ("← →", "In the tree: close and open a category"),
];

const EVENTS: &[(&str, &str)] = &[
    ("/", "Write a filter"),
    ("P", "Hold new events back, and show them"),
    ("J K", "The event below, the event above"),
    ("Enter", "Open the event"),
    ("Shift Enter", "Compare the open event with this one"),
];

const OPEN_EVENT: &[(&str, &str)] = &[
    ("D F R C", "Data, fields, related events, comparison"),
    ("B", "Compare others with this event"),
    ("Y", "Copy a link to it"),
    ("Esc", "Close it"),
];

const FOLD: &[(&str, &str)] = &[
    ("← →", "Previous and next version"),
    ("Home End", "First and last version"),
    ("Ctrl S", "In the source: save it"),
    ("Esc Tab", "In the source: leave it"),
];

/// The keys of a page, its own first.
pub(crate) fn groups(of: KeysOf) -> Vec<KeyGroup> {
    let group =
        |title, lines: &[(&'static str, &'static str)]| KeyGroup { title, lines: lines.to_vec() };
    let mut groups = match of {
        KeysOf::Streams => vec![group("Streams", STREAMS)],
        KeysOf::Events => vec![group("Events", EVENTS), group("An open event", OPEN_EVENT)],
        KeysOf::Fold => vec![group("Workbench", FOLD)],
        KeysOf::Travel => {
            let lines = KEYS.iter().map(|(title, keys)| {
                let lines = keys.iter().map(|key| (key.label, key.meaning)).collect();
                KeyGroup { title, lines }
            });
            lines.collect()
        }
        KeysOf::Other => Vec::new(),
    };
    groups.push(group("Everywhere", EVERYWHERE));
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_names_the_key_of_the_help_itself() {
        for of in [KeysOf::Streams, KeysOf::Events, KeysOf::Travel, KeysOf::Fold, KeysOf::Other] {
            let has_help = |group: &KeyGroup| group.lines.iter().any(|(label, _)| *label == "?");
            assert!(groups(of).iter().any(has_help), "{of:?}");
        }
    }
}
