//! The few icons that there are, drawn in the colour of the text beside them.

use leptos::prelude::*;

/// What an icon shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    /// To the first.
    First,
    /// To the one before.
    Previous,
    /// To the next.
    Next,
    /// To the last.
    Last,
    /// To what is above.
    Up,
    /// To what is below.
    Down,
    /// Something closed.
    Closed,
    /// Hold still.
    Pause,
    /// Go on.
    Play,
    /// Away with it.
    Close,
    /// Copy.
    Copy,
    /// Done.
    Check,
    /// Look at the past.
    Travel,
    /// A list of events.
    Events,
    /// Something is wrong.
    Warning,
    /// Once more.
    Reload,
    /// As the computer says.
    System,
    /// Light.
    Sun,
    /// Dark.
    Moon,
    /// Look for it.
    Search,
    /// What changed.
    Changes,
    /// Two things beside each other.
    Diff,
    /// What was when.
    History,
    /// Where it turns.
    Bisect,
    /// From here.
    Base,
    /// Open all.
    OpenAll,
    /// Close all.
    CloseAll,
    /// The keys.
    Keys,
    /// The rule behind it.
    Fold,
    /// Save.
    Save,
    /// Take back.
    Revert,
    /// Save as a file.
    Download,
}

impl Glyph {
    /// Lines in a square of 16.
    const fn path(self) -> &'static str {
        match self {
            Self::First => "M4 3.5v9M12 3.5 7 8l5 4.5",
            Self::Previous => "M10 3.5 5.5 8l4.5 4.5",
            Self::Next => "M6 3.5 10.5 8 6 12.5",
            Self::Last => "M12 3.5v9M4 3.5 9 8l-5 4.5",
            Self::Up => "M3.5 10 8 5.5l4.5 4.5",
            Self::Down => "M3.5 6 8 10.5 12.5 6",
            Self::Closed => "M6 4.5 9.5 8 6 11.5",
            Self::Pause => "M5.5 3.5v9M10.5 3.5v9",
            Self::Play => "M5 3.5v9l7-4.5z",
            Self::Close => "M4 4l8 8M12 4l-8 8",
            Self::Copy => "M5.5 5.5h7v7h-7zM3.5 10.5v-7h7",
            Self::Check => "M3.5 8.5 6.5 11.5 12.5 4.5",
            Self::Travel => "M2.8 6A5.5 5.5 0 1 1 2.5 8M2.5 3v3h3M8 5v3l2 1.5",
            Self::Events => "M3 4h10M3 8h10M3 12h6",
            Self::Warning => "M8 2.5 14 13H2zM8 6.5v3M8 11.2v.3",
            Self::Reload => "M13 8a5 5 0 1 1-1.5-3.5M13 2.5v3h-3",
            Self::System => "M2.5 3.5h11v7h-11zM6 13h4",
            Self::Sun => {
                "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M3.4 12.6l.7-.7M11.9 4.1l.7-.7"
            }
            Self::Moon => "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
            Self::Changes => "M3 4.5h4M5 2.5v4M3 11.5h4M10 4.5h3.5M10 11.5h3.5",
            Self::Diff => "M2.5 3h4.5v10H2.5zM9 3h4.5v10H9zM4 6h1.5M10.5 6H12M10.5 9H12",
            Self::History => "M4 3v10M4 4.5h8M4 8h6M4 11.5h7",
            Self::Bisect => "M2.5 11.5h5v-7h6M7.5 13.5v-1M7.5 3.5v-1",
            Self::Base => "M4 14V2.5h8L9.8 5.5 12 8.5H4",
            Self::OpenAll => "M4.5 6 8 2.5 11.5 6M4.5 10 8 13.5 11.5 10",
            Self::CloseAll => "M4.5 2.5 8 6l3.5-3.5M4.5 13.5 8 10l3.5 3.5",
            Self::Keys => "M1.5 4.5h13v7.5h-13zM4 7h.2M6.6 7h.2M9.2 7h.2M11.8 7h.2M5 9.7h6",
            Self::Fold => {
                "M5.5 3.5C4 3.5 4.5 8 2.5 8c2 0 1.5 4.5 3 4.5M10.5 3.5C12 3.5 11.5 8 13.5 8c-2 0-1.5 4.5-3 4.5"
            }
            Self::Save => "M3 3h8l2 2v8H3zM5.5 3v3h4V3M5.5 13V9h5v4",
            Self::Revert => "M5.5 3 2.5 6l3 3M2.5 6H10a3.2 3.2 0 0 1 0 6.5H6.5",
            Self::Download => "M8 2.5v7M4.8 6.8 8 10l3.2-3.2M3 13h10",
            Self::Search => "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9M10.5 10.5l3 3",
        }
    }
}

/// An icon, which says nothing to a screen reader: what it stands beside does.
#[component]
pub(crate) fn Icon(
    /// What it shows.
    glyph: Glyph,
) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
            <path d=glyph.path() />
        </svg>
    }
}
