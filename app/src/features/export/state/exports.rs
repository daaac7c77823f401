//! The exports that this page had the browser save, and what is said of them.

use crate::api::export::{ExportPhase, ExportStatus, Ticket};
use crate::api::find::FilterFailures;
use crate::api::{ApiError, ErrorCode};
use crate::ui::state::unread;
use crate::ui::text;

/// A space that no line ends at.
const NO_BREAK: &str = "\u{a0}";

/// An export, as far as the page knows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Export {
    /// By what the server knows it.
    pub(crate) ticket: Ticket,
    /// What the file is called.
    pub(crate) file: String,
    status: ExportStatus,
    /// Why nothing was heard of it the last time.
    unheard: Option<String>,
    /// Whether the server has forgotten it, as one does that was started again.
    is_lost: bool,
}

impl Export {
    /// One that was begun just now.
    pub(crate) fn new(ticket: Ticket, file: String) -> Self {
        let status = ExportStatus::default();
        Self { ticket, file, status, unheard: None, is_lost: false }
    }

    /// Notes what the server says of it.
    pub(crate) fn hear(&mut self, answer: Result<ExportStatus, ApiError>) {
        match answer {
            Ok(status)
                if status.phase == ExportPhase::Waiting && self.phase() != ExportPhase::Waiting =>
            {
                self.is_lost = true;
            }
            Ok(status) => (self.status, self.unheard) = (status, None),
            Err(error) if error.code == ErrorCode::ServerUnreachable => {
                self.unheard = Some(error.message);
            }
            Err(error) => {
                self.status.phase = ExportPhase::Failed;
                self.status.message = Some(error.message);
            }
        }
    }

    /// What goes on.
    pub(crate) fn phase(&self) -> ExportPhase {
        self.status.phase
    }

    /// Whether there is nothing more to hear of it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_lost || self.phase().is_over()
    }

    /// How much was looked at, of how much; `None` while that is not known.
    pub(crate) fn share(&self) -> Option<(u64, u64)> {
        let progress = &self.status.progress;
        let total = progress.total.filter(|_| self.phase() == ExportPhase::Running)?;
        Some((progress.looked_at + progress.skipped, total))
    }

    /// What goes on with it, in a word or two.
    pub(crate) fn title(&self) -> &'static str {
        match self.phase() {
            _ if self.is_lost => "lost from sight",
            ExportPhase::Waiting => "about to begin",
            ExportPhase::Running => "being saved",
            ExportPhase::Complete => "complete",
            ExportPhase::Cancelled => "cancelled",
            ExportPhase::Failed => "failed",
        }
    }

    /// How far it is, or what became of it.
    pub(crate) fn details(&self) -> String {
        if self.is_lost {
            return "The server was started again. The browser’s list of downloads tells whether the file is whole.".to_owned();
        }
        if let Some(why) = &self.unheard {
            return text::sentence(why);
        }
        let ExportStatus { bytes, progress, message, .. } = &self.status;
        let size = text::byte_size(*bytes).replace(' ', NO_BREAK);
        match self.phase() {
            ExportPhase::Waiting => "The browser may ask where to save it.".to_owned(),
            ExportPhase::Running => {
                let found = text::grouped(progress.found);
                let looked = match self.share() {
                    Some((looked_at, total)) => format!(
                        "Looked at {} of {}",
                        text::grouped(looked_at),
                        text::counted(total, "event", "events")
                    ),
                    None => "Looking for streams".to_owned(),
                };
                format!("{looked}; {found} found, {size}")
            }
            ExportPhase::Complete => {
                format!("{}, {size}", text::counted(progress.found, "event", "events"))
            }
            ExportPhase::Cancelled => "What was saved of it is not whole.".to_owned(),
            ExportPhase::Failed => text::sentence(message.as_deref().unwrap_or("it broke off")),
        }
    }

    /// That some streams are not in the file, since they could not be read.
    pub(crate) fn unread(&self) -> Option<String> {
        let unread = self.status.progress.unread.as_ref()?;
        Some(unread::sentence(unread, "could not be read and are not in the file"))
    }

    /// The events that the filter failed on.
    pub(crate) fn failures(&self) -> Option<&FilterFailures> {
        self.status.progress.failures.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::find::FindProgress;

    fn export() -> Export {
        Export::new("0123456789abcdef".parse().unwrap(), "events.csv".to_owned())
    }

    fn status(phase: ExportPhase) -> ExportStatus {
        let progress = FindProgress {
            total: Some(10_000_000),
            looked_at: 400_000,
            skipped: 1_000_000,
            found: 35,
            ..FindProgress::default()
        };
        ExportStatus { phase, message: None, bytes: 12_345, progress }
    }

    #[test]
    fn how_far_it_is_is_told_until_it_is_over() {
        let mut export = export();
        assert_eq!((export.title(), export.is_over()), ("about to begin", false));
        export.hear(Ok(status(ExportPhase::Running)));
        assert_eq!(
            export.details(),
            "Looked at 1,400,000 of 10,000,000 events; 35 found, 12.0\u{a0}KiB"
        );
        assert_eq!(export.share(), Some((1_400_000, 10_000_000)));
        export.hear(Ok(status(ExportPhase::Complete)));
        assert_eq!((export.title(), export.is_over()), ("complete", true));
        assert_eq!(export.details(), "35 events, 12.0\u{a0}KiB");
        assert_eq!(export.share(), None);
    }

    #[test]
    fn a_server_that_is_away_for_a_moment_ends_nothing() {
        let mut export = export();
        export.hear(Ok(status(ExportPhase::Running)));
        export.hear(Err(ApiError::new(ErrorCode::ServerUnreachable, "the server is away")));
        assert_eq!((export.details().as_str(), export.is_over()), ("The server is away.", false));
        export.hear(Ok(status(ExportPhase::Running)));
        assert!(export.details().starts_with("Looked at"));
    }

    #[test]
    fn a_server_that_was_started_again_knows_nothing_of_it() {
        let mut export = export();
        export.hear(Ok(ExportStatus::default()));
        assert!(!export.is_over());
        export.hear(Ok(status(ExportPhase::Running)));
        export.hear(Ok(ExportStatus::default()));
        assert_eq!((export.title(), export.is_over()), ("lost from sight", true));
    }

    #[test]
    fn why_it_failed_is_told() {
        let mut export = export();
        let message = Some("stream `a` does not exist".to_owned());
        export.hear(Ok(ExportStatus { message, ..status(ExportPhase::Failed) }));
        assert_eq!(export.details(), "Stream `a` does not exist.");
    }
}
