//! Running policies when they are due.

use std::time::Duration;

use rewind_app::api::query::OperateQuery;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{Due, PATIENCE, Retention, WHO};
use crate::config::RetentionPolicy;
use crate::operations::OperationError;

/// How often it is looked at most and at least whether a policy is due.
const LOOK: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(30)];
/// How long to wait until it is asked again whether all projections are known.
const AGAIN: Duration = Duration::from_secs(1);
/// How often a stream is looked at again that changes all the time.
const MAX_TRIES: u32 = 3;

impl Retention {
    /// Runs all policies until the server is about to stop.
    pub(crate) async fn run(self, mut stopping: watch::Receiver<bool>) {
        let all = self.policies.iter().map(|policy| self.run_one(policy));
        tokio::select! {
            _ = stopping.wait_for(|stops| *stops) => {}
            _ = futures::future::join_all(all), if !self.policies.is_empty() => {}
        }
    }

    async fn run_one(&self, policy: &RetentionPolicy) {
        let [often, seldom] = LOOK;
        let look = (policy.every / 10).clamp(often, seldom);
        let key = Self::key(policy);
        let mut last_error = String::new();
        loop {
            // Whoever sets it runs the policy, on whichever server.
            let ran = match self.operations.store().note_once(&key, WHO, policy.every).await {
                Ok(true) => self.run_now(policy).await,
                Ok(false) => Ok(()),
                Err(error) => Err(error.into_cause().into()),
            };
            match ran {
                Ok(()) => last_error.clear(),
                Err(error) if error.to_string() != last_error => {
                    last_error = error.to_string();
                    tracing::error!(%error, "a retention policy could not be followed");
                }
                Err(_) => {}
            }
            sleep(look).await;
        }
    }

    async fn run_now(&self, policy: &RetentionPolicy) -> Result<(), OperationError> {
        let (streams, is_whole) = self.streams(policy, PATIENCE).await?;
        if !is_whole {
            tracing::warn!(
                "not all streams are known, so a retention policy may have passed some over"
            );
        }
        let mut waited = Duration::ZERO;
        while !self.operations.knows_projections().await? {
            if waited >= PATIENCE {
                tracing::warn!(
                    "not all projections are known, so a retention policy waits for its next time"
                );
                return Ok(());
            }
            sleep(AGAIN).await;
            waited += AGAIN;
        }
        for stream in streams {
            let mut tries = 0;
            loop {
                let Some(Due { operation, preview, .. }) = self.due(policy, &stream).await? else {
                    break;
                };
                if preview.count == 0 {
                    break;
                }
                let query = OperateQuery {
                    id: None,
                    fingerprint: Some(preview.fingerprint),
                    by: Some(WHO.to_owned()),
                    operation,
                };
                match self.operations.operate(&Self::caller(), query).await {
                    Err(OperationError::Stale(_)) if tries < MAX_TRIES => tries += 1,
                    Err(OperationError::Stale(_)) => break,
                    Err(error) => return Err(error),
                    Ok(_) => break,
                }
            }
        }
        Ok(())
    }
}
