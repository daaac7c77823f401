//! How far a dialog is with an operation.

use rewind_domain::operations::{OutcomeStatus, Preview};

use crate::api::{ApiError, OperationStatus};

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    /// It is being found out what the operation would do.
    Previewing,
    /// This is what it would do.
    Previewed {
        /// That.
        preview: Preview,
        /// What it would have done before things changed, where somebody had wanted that.
        before: Option<String>,
    },
    /// It was sent.
    Sent(Preview),
    /// It is under way, or was done.
    Told(OperationStatus),
    /// It was not done.
    Failed(ApiError),
}

impl Stage {
    /// What a preview leads to.
    pub(crate) fn of_preview(answer: Result<Preview, ApiError>) -> Self {
        match answer {
            Ok(preview) => Self::Previewed { preview, before: None },
            Err(error) => Self::Failed(error),
        }
    }

    /// What the answer to an operation leads to, whose preview said this.
    pub(crate) fn of_answer(seen: &Preview, answer: Result<OperationStatus, ApiError>) -> Self {
        match answer {
            Ok(status) => Self::Told(status),
            Err(ApiError { preview: Some(now), .. }) => {
                Self::Previewed { preview: *now, before: Some(seen.sentence.clone()) }
            }
            Err(error) => Self::Failed(error),
        }
    }

    /// What can be done now: that which was previewed and nothing stands in the way of.
    pub(crate) fn ready(&self) -> Option<&Preview> {
        match self {
            Self::Previewed { preview, .. } => {
                Some(preview).filter(|preview| preview.refusal.is_none())
            }
            _ => None,
        }
    }

    /// The operation that is under way.
    pub(crate) fn running(&self) -> Option<&OperationStatus> {
        match self {
            Self::Told(status) => {
                Some(status).filter(|status| status.outcome.status == OutcomeStatus::Running)
            }
            _ => None,
        }
    }

    /// Whether something may have been changed, and nothing more is to come.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self, Self::Told(_)) && self.running().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ErrorCode;

    fn preview(sentence: &str) -> Preview {
        Preview {
            sentence: sentence.to_owned(),
            count: 1,
            is_at_least: false,
            first_ids: Vec::new(),
            bytes: None,
            effects: Vec::new(),
            commands: Vec::new(),
            warnings: Vec::new(),
            refusal: None,
            is_destructive: true,
            fingerprint: sentence.to_owned(),
        }
    }

    #[test]
    fn what_has_changed_is_shown_beside_what_was_seen() {
        let stale = ApiError::preview_stale("changed", preview("Removes 2."));
        let Stage::Previewed { preview: now, before } =
            Stage::of_answer(&preview("Removes 1."), Err(stale))
        else {
            panic!("there should be a preview")
        };
        assert_eq!((now.sentence.as_str(), before.as_deref()), ("Removes 2.", Some("Removes 1.")));
    }

    #[test]
    fn what_will_be_refused_cannot_be_done() {
        let refused = Preview { refusal: Some("no".to_owned()), ..preview("Removes 1.") };
        assert_eq!(Stage::of_preview(Ok(refused)).ready(), None);
        assert!(Stage::of_preview(Ok(preview("Removes 1."))).ready().is_some());
        let error = ApiError::new(ErrorCode::PermissionDenied, "no");
        assert!(Stage::of_preview(Err(error)).ready().is_none());
    }
}
