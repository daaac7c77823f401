//! Retention: streams are trimmed as the configuration says, by one server at a time, each time as an operation that is recorded.

mod answers;
mod run;

use std::sync::Arc;
use std::time::Duration;

use rewind_domain::StreamKey;
use rewind_domain::caller::{Caller, Permission};
use rewind_domain::operations::{Operation, Preview, TrimTo};
use rewind_store::StoreError;
use tokio::time::Instant;

use crate::config::RetentionPolicy;
use crate::discovery::{Discovery, Need, Waited};
use crate::operations::{OperationError, Operations};

/// What the audit log calls whoever trims by a policy.
const WHO: &str = "retention policy";
/// How long it is waited until all streams are known.
const PATIENCE: Duration = Duration::from_secs(60);
/// What keys of Rewind's own begin with.
const OWN: &[u8] = b"rewind:";

/// What trims streams as the configuration says. Clones are the same.
#[derive(Clone)]
pub struct Retention {
    policies: Arc<[RetentionPolicy]>,
    operations: Operations,
    discovery: Discovery,
}

/// What a policy would do to a stream.
struct Due {
    operation: Operation,
    preview: Preview,
    /// Whether more would go if nobody had still to read it.
    is_held_back: bool,
}

impl Retention {
    /// Retention by these policies.
    pub fn new(
        policies: Vec<RetentionPolicy>,
        operations: Operations,
        discovery: Discovery,
    ) -> Self {
        Self { policies: policies.into(), operations, discovery }
    }

    /// The key under which it is kept that a policy ran: as long as it is there, the policy is not due.
    fn key(policy: &RetentionPolicy) -> String {
        format!(
            "{}retention:{}",
            String::from_utf8_lossy(OWN),
            Preview::fingerprint_of(&format!("{policy:?}"))
        )
    }

    /// Whoever trims by a policy: the configuration allows it, and nothing else.
    fn caller() -> Caller {
        Caller::local(vec![Permission::Trim])
    }

    /// The streams that a policy means, and whether all streams were looked at for them.
    async fn streams(
        &self,
        policy: &RetentionPolicy,
        patience: Duration,
    ) -> Result<(Vec<StreamKey>, bool), StoreError> {
        let mut waiting = self.discovery.within(&"".into(), Need::Recent);
        let until = Instant::now() + patience;
        loop {
            match waiting.next().await? {
                Waited::Found(found) => {
                    let mut keys = found.keys;
                    keys.retain(|key| is_meant(policy, key));
                    return Ok((keys, found.is_whole));
                }
                Waited::NotYet { .. } if Instant::now() >= until => return Ok((Vec::new(), false)),
                Waited::NotYet { .. } => {}
            }
        }
    }

    /// What a policy would do to a stream; `None` where nothing would go.
    async fn due(
        &self,
        policy: &RetentionPolicy,
        stream: &StreamKey,
    ) -> Result<Option<Due>, OperationError> {
        let trim = |by: TrimTo| Operation::Trim { stream: stream.clone(), by, about: false };
        let preview =
            async |operation: &Operation| self.operations.preview(&Self::caller(), operation).await;
        let operation = trim(policy.by);
        let seen = match preview(&operation).await {
            // Nobody acknowledges anything there.
            Err(OperationError::Refused(_)) => return Ok(None),
            seen => seen?,
        };
        let is_read = !seen.has_losses();
        if seen.count == 0 || is_read || !policy.unless_unread {
            return Ok(Some(Due { operation, preview: seen, is_held_back: false }));
        }
        // Only what nobody needs any more.
        let needed = self.operations.first_needed(stream).await?;
        let operation = trim(TrimTo::Before(needed));
        let seen = preview(&operation).await?;
        Ok(Some(Due { operation, preview: seen, is_held_back: true }))
    }
}

/// Whether a policy means a stream. The streams of Rewind itself are meant only where a pattern names them as such.
fn is_meant(policy: &RetentionPolicy, stream: &StreamKey) -> bool {
    let is_own = stream.as_bytes().starts_with(OWN);
    let mut patterns = policy.streams.iter().filter(|one| !is_own || one.starts_with(OWN));
    patterns.any(|pattern| pattern.matches(stream.as_bytes()))
}

#[cfg(test)]
mod tests {
    use rewind_domain::glob::Glob;

    use super::*;

    #[test]
    fn the_audit_log_is_trimmed_only_where_it_is_named() {
        let policy = |patterns: &[&str]| RetentionPolicy {
            streams: patterns.iter().map(|pattern| Glob::new(pattern)).collect(),
            by: TrimTo::Length(1),
            every: Duration::from_secs(1),
            unless_unread: true,
        };
        let audit: StreamKey = "rewind:audit".into();
        assert!(is_meant(&policy(&["*"]), &"events:orders".into()));
        assert!(!is_meant(&policy(&["*"]), &audit));
        assert!(!is_meant(&policy(&["*audit"]), &audit));
        assert!(is_meant(&policy(&["*", "rewind:*"]), &audit));
    }
}
