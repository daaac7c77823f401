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
}

impl Glyph {
    /// Lines in a square of 16.
    const fn path(self) -> &'static str {
        match self {
            Self::First => "M4 3.5v9M12 3.5 7 8l5 4.5",
            Self::Previous => "M10 3.5 5.5 8l4.5 4.5",
            Self::Next => "M6 3.5 10.5 8 6 12.5",
            Self::Last => "M12 3.5v9M4 3.5 9 8l-5 4.5",
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
