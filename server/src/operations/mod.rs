//! Operations: changes to the event store, previewed and then executed.
//!
//! A [`Plan`](plan::Plan) says what an operation does to the event store as it is: its preview, and the work that it comes to. `plan/` makes
//! it, reading only. To execute an operation it is planned again, compared with the fingerprint of its preview, recorded in the
//! [`audit`] log, and then [`run`] does the work, a bounded step at a time. [`running`] keeps what is under way.

mod audit;
mod drafts;
mod error;
mod plan;
mod run;
mod running;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rewind_app::api::query::{AuditQuery, OperateQuery};
use rewind_app::api::{AuditPage, OperationStatus, OperationsAnswer};
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::caller::{Caller, Identity};
use rewind_domain::operations::{Operation, Preview};
use rewind_domain::{EntryId, StreamKey};
use rewind_store::EventStore;
use tokio::sync::watch;

use crate::engines::Engines;
use crate::event_reader::EventReader;
use crate::projections::KnownProjections;
use audit::{Audit, Intent, Known};
use plan::{Plan, Work};
use running::Running;

pub use error::OperationError;
pub(crate) use plan::{matches_delivery, read_pending};

/// How long a question waits for an operation to end before it is told that it is under way.
const PATIENCE: Duration = Duration::from_secs(2);

/// What changes the event store. Clones are the same.
#[derive(Clone)]
pub struct Operations {
    shared: Arc<Shared>,
}

/// What operations are done with.
pub struct OperationParts {
    /// What may write.
    pub store: EventStore,
    /// What makes events of entries.
    pub event_reader: EventReader,
    /// Which keys are those of aggregates.
    pub aggregates: AggregatePatterns,
    /// What runs projections in JavaScript.
    pub engines: Engines,
    /// The folder of projections that this server runs.
    pub projections: Option<PathBuf>,
    /// Which projections there are, those of others among them.
    pub known_projections: KnownProjections,
    /// Turns true when the server is about to stop.
    pub stopping: watch::Receiver<bool>,
}

struct Shared {
    parts: OperationParts,
    audit: Audit,
    running: Running,
}

impl Operations {
    /// Operations done with these.
    pub fn new(parts: OperationParts) -> Self {
        let audit = Audit::new(parts.store.clone());
        Self { shared: Arc::new(Shared { parts, audit, running: Running::default() }) }
    }

    /// What may write.
    pub(crate) fn store(&self) -> &EventStore {
        &self.shared.parts.store
    }

    /// What an operation would do.
    ///
    /// # Errors
    /// If it cannot be said, because what it is about does not exist or Redis does not answer.
    pub async fn preview(
        &self,
        caller: &Caller,
        operation: &Operation,
    ) -> Result<Preview, OperationError> {
        let plan = self.plan(operation).await?;
        let refusal = match obstacle(caller, operation) {
            Some(why) => Some(why),
            None => self.refusal_by_redis(&plan).await?,
        };
        let mut preview = plan.preview;
        preview.refusal = refusal.or(preview.refusal);
        Ok(preview)
    }

    /// The first id of a stream that a group or a projection still needs.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub(crate) async fn first_needed(&self, stream: &StreamKey) -> Result<EntryId, OperationError> {
        plan::first_needed(&self.shared.parts, stream).await
    }

    /// Whether all projections are known, so that a preview names each that loses something.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub(crate) async fn knows_projections(&self) -> Result<bool, OperationError> {
        Ok(self.shared.parts.known_projections.names().await?.is_complete)
    }

    /// Executes an operation. Returns how far it is after a moment.
    ///
    /// # Errors
    /// If it was not begun: it is not permitted, would do something else by now than was previewed, cannot be done, or cannot be recorded.
    pub async fn operate(
        &self,
        caller: &Caller,
        query: OperateQuery,
    ) -> Result<OperationStatus, OperationError> {
        let OperateQuery { id, fingerprint, by, operation } = query;
        if let Some(why) = obstacle(caller, &operation) {
            return Err(OperationError::Forbidden(why));
        }
        // Asked again, it is not done again.
        let mut is_interrupted = false;
        if let Some(id) = &id {
            if let Some(known) = self.shared.running.find(id) {
                return match known.is_of(&operation) {
                    true => Ok(known.status_within(PATIENCE).await),
                    false => Err(OperationError::IdTaken(id.clone())),
                };
            }
            match self.shared.audit.known(id, &operation).await {
                Ok(None) => {}
                Ok(Some(Known::Ended(status))) => return Ok(*status),
                Ok(Some(Known::UnderWay)) => return Err(OperationError::UnderWay(id.clone())),
                Ok(Some(Known::Other)) => return Err(OperationError::IdTaken(id.clone())),
                Ok(Some(Known::Interrupted)) => is_interrupted = true,
                Err(error) if error.is_passing() => return Err(error.into()),
                // Then it cannot be recorded either, which is said below.
                Err(_) => {}
            }
        }
        let id = id.unwrap_or_else(running::new_id);
        let mut plan = self.plan(&operation).await?;
        // What was interrupted may have been done: its id tells that where the events are added.
        if is_interrupted && matches!(plan.work, Work::Append { .. } | Work::Publish { .. }) {
            plan.conflict = None;
            plan.preview.refusal = None;
            plan.preview.fingerprint = fingerprint.clone().unwrap_or_default();
        }
        match fingerprint {
            None if operation.is_destructive() => return Err(OperationError::NotPreviewed),
            Some(seen) if seen != plan.preview.fingerprint => {
                return Err(OperationError::Stale(Box::new(plan.preview)));
            }
            _ => {}
        }
        if let Some(conflict) = plan.conflict {
            return Err(OperationError::Conflict {
                message: conflict.message,
                actual: conflict.actual,
            });
        }
        if let Some(why) = plan.preview.refusal {
            return Err(OperationError::Refused(why));
        }
        let Some(entry) =
            self.shared.running.begin(&id, &operation, &plan.preview, who(caller, by.as_deref()))
        else {
            return Err(OperationError::TooMany);
        };
        let intent = Intent {
            id: &id,
            operation: &operation,
            sentence: &plan.preview.sentence,
            count: plan.preview.count,
            caller,
            by: by.as_deref(),
        };
        if let Err(error) = self.shared.audit.begin(&intent, &entry).await {
            self.shared.running.forget(&id);
            return Err(OperationError::NotRecorded(error));
        }
        let (shared, work) = (Arc::clone(&self.shared), plan.work);
        let task = Arc::clone(&entry);
        tokio::spawn(async move {
            let began = Instant::now();
            let heart = shared.audit.beat(&task);
            let outcome = tokio::select! {
                outcome = run::run(&shared.parts, work, &task) => outcome,
                never = heart => match never {},
            };
            let recorded = shared.audit.end(&task, &outcome, began.elapsed()).await;
            if let Err(error) = &recorded {
                tracing::error!(operation = task.id(), %error, "what an operation came to could not be recorded");
            }
            shared.running.tally(task.operation().kind(), outcome.status);
            task.end(outcome, recorded.err().map(|error| error.to_string()));
        });
        Ok(entry.status_within(PATIENCE).await)
    }

    /// The operations of this server that are under way or ended lately.
    pub fn list(&self) -> OperationsAnswer {
        OperationsAnswer { operations: self.shared.running.list() }
    }

    /// How many operations ended in each way, by kind.
    pub(crate) fn figures(&self) -> Vec<(&'static str, &'static str, u64)> {
        self.shared.running.figures()
    }

    /// Waits until the operations that are under way have ended and been recorded, or this much time is over. They end by themselves once the
    /// server is about to stop.
    pub(crate) async fn settle(&self, patience: Duration) {
        let all = self.shared.running.under_way();
        let ended =
            futures::future::join_all(all.iter().map(|entry| entry.status_within(patience)));
        ended.await;
    }

    /// How far an operation is.
    ///
    /// # Errors
    /// If this server knows none of this id.
    pub fn status(&self, id: &str) -> Result<OperationStatus, OperationError> {
        let found = self.shared.running.find(id);
        found.map(|found| found.status()).ok_or_else(|| OperationError::Unknown(id.to_owned()))
    }

    /// Ends an operation that is under way, after the step that it is at.
    ///
    /// # Errors
    /// If this server knows none of this id, or the caller may not do what it does.
    pub async fn cancel(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<OperationStatus, OperationError> {
        let Some(found) = self.shared.running.find(id) else {
            return Err(OperationError::Unknown(id.to_owned()));
        };
        if let Some(why) = obstacle(caller, found.operation()) {
            return Err(OperationError::Forbidden(why));
        }
        found.cancel();
        Ok(found.status_within(PATIENCE).await)
    }

    /// Operations of the audit log.
    ///
    /// # Errors
    /// Where the log cannot be read.
    pub async fn audit(&self, query: &AuditQuery) -> Result<AuditPage, OperationError> {
        self.shared.audit.list(query).await
    }

    async fn plan(&self, operation: &Operation) -> Result<Plan, OperationError> {
        plan::plan(&self.shared.parts, operation).await
    }

    /// Why Redis will refuse one of the commands, as far as it tells beforehand.
    async fn refusal_by_redis(&self, plan: &Plan) -> Result<Option<String>, OperationError> {
        for probe in plan.probes.iter().chain([&audit::probe()]) {
            // Every command here names its key first, `XGROUP` behind its subcommand.
            let key = match probe.as_slice() {
                [command, _, key, ..] if command == b"XGROUP" => key,
                [_, key, ..] => key,
                _ => continue,
            };
            if let Some(why) = self.shared.parts.store.refusal_of(key, probe).await? {
                return Ok(Some(format!("Redis will refuse it: {why}")));
            }
        }
        Ok(None)
    }
}

/// What stands in the way of the caller.
fn obstacle(caller: &Caller, operation: &Operation) -> Option<String> {
    match operation.stream() {
        Some(stream) => caller.obstacle_on(operation.permission(), stream),
        None => caller.obstacle(operation.permission()),
    }
}

/// What whoever asks is called.
fn who(caller: &Caller, by: Option<&str>) -> String {
    match (&caller.identity, by) {
        (Identity::User { name, .. }, _) => name.clone(),
        (_, Some(by)) if !by.trim().is_empty() => by.trim().to_owned(),
        _ => "somebody at this server".to_owned(),
    }
}
