//! Following an export that a browser saves: `GET /api/export` answers with the file and nothing else, so how far it is has to be
//! asked for beside it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::find::FindProgress;

/// By what the page that began an export calls it. Long enough that nobody guesses the one of another page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(String);

/// A text is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 16 to 64 letters and digits, chosen at random")]
pub struct NoTicket;

impl FromStr for Ticket {
    type Err = NoTicket;

    fn from_str(text: &str) -> Result<Self, NoTicket> {
        let is_one = (16..=64).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        is_one.then(|| Self(text.to_owned())).ok_or(NoTicket)
    }
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far an export is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ExportStatus {
    /// What goes on.
    pub phase: ExportPhase,
    /// Why it failed; `None` unless it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How much of the file was made, in bytes.
    pub bytes: u64,
    /// What was looked at and found.
    #[serde(flatten)]
    pub progress: FindProgress,
}

/// What goes on with an export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ExportPhase {
    /// Nobody has asked for the file, as far as this server knows.
    #[default]
    Waiting,
    /// It is being made.
    Running,
    /// It was made to its end.
    Complete,
    /// Someone ended it: on the page, or in the browser's list of downloads.
    Cancelled,
    /// It could not go on.
    Failed,
}

impl ExportPhase {
    /// Whether nothing more will come.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::Cancelled | Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_long_and_plain() {
        for (text, is_one) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("0123456789abcde/", false),
            ("0123456789abcdé", false),
            ("", false),
        ] {
            assert_eq!(text.parse::<Ticket>().is_ok(), is_one, "{text}");
        }
        assert!("a".repeat(65).parse::<Ticket>().is_err());
    }
}
