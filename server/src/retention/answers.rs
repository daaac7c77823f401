//! What policies would do now.

use std::time::Duration;

use rewind_app::api::{ApiError, RetentionAnswer, RetentionRule, RetentionStream};

use super::{Due, Retention};
use crate::api_errors::{api_error, operation_error};
use crate::operations::OperationError;

/// Of how many streams of a policy it is told what would go.
const MAX_TOLD: usize = 50;
/// How many streams of a policy are looked at for that.
const MAX_LOOKED_AT: usize = 500;
/// How long a question waits until all streams are known.
const PATIENCE: Duration = Duration::from_secs(2);

impl Retention {
    /// What each policy would do now.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub(crate) async fn list(&self) -> Result<RetentionAnswer, ApiError> {
        let mut policies = Vec::with_capacity(self.policies.len());
        for policy in self.policies.iter() {
            let found = self.streams(policy, PATIENCE).await;
            let (streams, is_complete) = found.map_err(|error| api_error(None, &error))?;
            let streams_total = streams.len() as u64;
            let mut told = Vec::new();
            for stream in streams.into_iter().take(MAX_LOOKED_AT) {
                let due = match self.due(policy, &stream).await {
                    // It went meanwhile.
                    Err(OperationError::Store { error, .. }) if !error.is_passing() => continue,
                    due => due.map_err(operation_error)?,
                };
                let Some(Due { preview, is_held_back, .. }) = due else { continue };
                if preview.count == 0 && !is_held_back {
                    continue;
                }
                told.push(RetentionStream { stream, count: preview.count, is_held_back });
                if told.len() == MAX_TOLD {
                    break;
                }
            }
            policies.push(RetentionRule {
                patterns: policy.streams.iter().map(ToString::to_string).collect(),
                by: policy.by,
                every_ms: u64::try_from(policy.every.as_millis()).unwrap_or(u64::MAX),
                unless_unread: policy.unless_unread,
                streams: told,
                streams_total,
                is_complete,
            });
        }
        Ok(RetentionAnswer { policies })
    }
}
