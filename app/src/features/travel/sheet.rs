//! What of the page a narrow screen shows.

use crate::address::Pane;

/// What a narrow screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sheet {
    Versions,
    #[default]
    State,
    Pane,
}

impl Sheet {
    /// What an address leads to.
    pub(super) const fn of(pane: Option<Pane>) -> Self {
        match pane {
            Some(_) => Self::Pane,
            None => Self::State,
        }
    }

    /// Its name in the style sheet.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::State => "state",
            Self::Pane => "pane",
        }
    }
}
