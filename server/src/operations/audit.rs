//! The audit log: an intent before an operation, an outcome after it.
//!
//! It is the stream `rewind:audit`, browsed like any other. Both entries of an operation have its id in `correlation_id`. While an operation
//! is under way, the key `rewind:operation:{id}` says how far it is, so that every server can tell one that goes on from one whose server is
//! gone.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use rewind_app::api::query::AuditQuery;
use rewind_app::api::{AuditOutcome, AuditPage, AuditRow, HeardOf};
use rewind_domain::caller::Caller;
use rewind_domain::operations::{Name, Operation, Outcome};
use rewind_domain::{EntryId, Event, StreamKey, layout};
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, IdRange, NewEvent, PageOrder, StoreError, WriteError};
use serde::{Deserialize, Serialize};

use super::running::Entry;
use super::{OperationError, who};

/// The stream.
const AUDIT: &str = "rewind:audit";
/// The type of an intent.
const BEGUN: &str = "operation.begun";
/// The type of an outcome.
const ENDED: &str = "operation.ended";
/// Up to how many bytes of JSON an operation is kept as a whole, so that it can be done again from the log.
const MAX_KEPT_BYTES: usize = 64 * 1024;
/// How often it is written how far an operation is.
const BEAT: Duration = Duration::from_secs(2);
/// After how long without that its server has to be taken for gone.
const SILENCE_MS: u64 = 10_000;
/// How long it is kept how far an operation was.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How many entries of the log are read for one answer at most.
const MAX_READ: u64 = 5_000;
/// How many in one step.
const READ_AT_ONCE: u64 = 500;

/// The audit log.
pub(super) struct Audit {
    store: EventStore,
    publisher: Publisher,
}

/// What is about to be done.
pub(super) struct Intent<'a> {
    pub(super) id: &'a str,
    pub(super) operation: &'a Operation,
    pub(super) sentence: &'a str,
    pub(super) count: u64,
    pub(super) caller: &'a Caller,
    pub(super) by: Option<&'a str>,
}

/// An intent as it is kept.
#[derive(Serialize, Deserialize)]
struct Begun {
    id: String,
    kind: String,
    sentence: String,
    count: u64,
    who: String,
    is_verified: bool,
    from: Option<String>,
    stream: Option<StreamKey>,
    group: Option<Name>,
    projection: Option<String>,
    operation: Option<Operation>,
}

/// An outcome as it is kept.
#[derive(Serialize, Deserialize)]
struct Ended {
    id: String,
    kind: String,
    stream: Option<StreamKey>,
    status: String,
    message: String,
    done: u64,
    passed_over: u64,
    total: u64,
    took_ms: u64,
}

/// How far an operation is, as its key says.
#[derive(Serialize, Deserialize)]
struct Beat {
    at_ms: u64,
    done: u64,
    total: u64,
}

/// The command that writes to the log, to ask whether Redis will refuse it.
pub(super) fn probe() -> Vec<Vec<u8>> {
    ["XADD", AUDIT, "*", "type", BEGUN].iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn progress_key(id: &str) -> String {
    format!("rewind:operation:{id}")
}

impl Audit {
    pub(super) fn new(store: EventStore) -> Self {
        Self { publisher: Publisher::new(&store, AUDIT), store }
    }

    /// Records what is about to be done.
    pub(super) async fn begin(&self, intent: &Intent<'_>) -> Result<(), WriteError> {
        let Intent { id, operation, sentence, count, caller, by } = intent;
        let is_small =
            serde_json::to_string(operation).is_ok_and(|text| text.len() <= MAX_KEPT_BYTES);
        let begun = Begun {
            id: (*id).to_owned(),
            kind: operation.kind().to_owned(),
            sentence: (*sentence).to_owned(),
            count: *count,
            who: who(caller, *by),
            is_verified: caller.name().is_some(),
            from: caller.address.map(|address| address.to_string()),
            stream: operation.stream().cloned(),
            group: operation.group().cloned(),
            projection: operation.projection().map(str::to_owned),
            operation: is_small.then(|| (*operation).clone()),
        };
        self.record(BEGUN, &begun, &begun.id, &begun.who).await
    }

    /// Records what an operation came to.
    pub(super) async fn end(
        &self,
        id: &str,
        operation: &Operation,
        outcome: &Outcome,
        took: Duration,
    ) -> Result<(), WriteError> {
        let ended = Ended {
            id: id.to_owned(),
            kind: operation.kind().to_owned(),
            stream: operation.stream().cloned(),
            status: outcome.status.name().to_owned(),
            message: outcome.message.clone(),
            done: outcome.done,
            passed_over: outcome.passed_over,
            total: outcome.total,
            took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        self.record(ENDED, &ended, id, "").await?;
        // It expires by itself where this fails.
        let _ = self.store.forget_note(&progress_key(id)).await;
        Ok(())
    }

    /// Writes how far an operation is, again and again.
    pub(super) async fn beat(&self, id: &str, entry: &Entry) -> Infallible {
        let key = progress_key(id);
        loop {
            tokio::time::sleep(BEAT).await;
            let Ok(at_ms) = self.store.reads().clock_ms(&AUDIT.into()).await else { continue };
            let beat = Beat { at_ms, done: entry.counts().0, total: entry.total() };
            // Whoever reads the log takes the operation for interrupted where it is not to be written for long.
            if let Ok(text) = serde_json::to_string(&beat) {
                let _ = self.store.note(&key, &text, KEPT_FOR).await;
            }
        }
    }

    /// Operations that a query means, the newest first.
    pub(super) async fn list(&self, query: &AuditQuery) -> Result<AuditPage, OperationError> {
        let log = StreamKey::from(AUDIT);
        let mut page = AuditPage::default();
        let mut outcomes: HashMap<String, Ended> = HashMap::new();
        let (mut before, mut read) = (query.before, 0);
        if let Some(before) = before {
            // Outcomes of what began before this place come behind it.
            let range = IdRange { after: before.prev(), before: None };
            let found =
                self.store.reads().page(&log, range, PageOrder::OldestFirst, READ_AT_ONCE).await;
            for entry in found.map(|page| page.entries).unwrap_or_default() {
                if let Some(ended) = data_of::<Ended>(&layout::decode(entry)) {
                    outcomes.insert(ended.id.clone(), ended);
                }
            }
        }
        while read < MAX_READ {
            let range = IdRange { after: None, before };
            let found =
                self.store.reads().page(&log, range, PageOrder::NewestFirst, READ_AT_ONCE).await;
            let found = match found {
                Ok(found) => found,
                // Nothing was ever done.
                Err(StoreError::NotFound) => return Ok(page),
                Err(error) => return Err(OperationError::of(&log)(error)),
            };
            let is_last = found.is_last || found.entries.is_empty();
            for entry in found.entries {
                let (id, event) = (entry.id, layout::decode(entry));
                (before, read) = (Some(id), read + 1);
                match event.event_type.as_deref() {
                    Some(ENDED) => {
                        if let Some(ended) = data_of::<Ended>(&event) {
                            outcomes.insert(ended.id.clone(), ended);
                        }
                    }
                    Some(BEGUN) => {
                        let Some(begun) = data_of::<Begun>(&event) else { continue };
                        let ended = outcomes.remove(&begun.id);
                        if is_meant(query, &begun) {
                            page.operations.push(row(id, &event, begun, ended));
                        }
                        if page.operations.len() as u64 == query.limit.get() {
                            page.next_before = Some(id);
                            self.add_progress(&mut page.operations).await?;
                            return Ok(page);
                        }
                    }
                    _ => {}
                }
            }
            if is_last {
                self.add_progress(&mut page.operations).await?;
                return Ok(page);
            }
        }
        page.next_before = before;
        self.add_progress(&mut page.operations).await?;
        Ok(page)
    }

    /// Says of operations without an outcome how far they were when they were last heard of.
    async fn add_progress(&self, rows: &mut [AuditRow]) -> Result<(), OperationError> {
        let open: Vec<&mut AuditRow> =
            rows.iter_mut().filter(|row| row.outcome.is_none()).collect();
        if open.is_empty() {
            return Ok(());
        }
        let keys: Vec<String> = open.iter().map(|row| progress_key(&row.id)).collect();
        let now_ms = self.store.reads().clock_ms(&AUDIT.into()).await?;
        let notes = self.store.reads().notes(&keys).await?;
        for (row, note) in open.into_iter().zip(notes) {
            let beat = note.and_then(|text| serde_json::from_str::<Beat>(&text).ok());
            let began_ms = u64::try_from(row.at_ms).unwrap_or_default();
            let (at_ms, done, total) =
                beat.map_or((began_ms, 0, 0), |Beat { at_ms, done, total }| (at_ms, done, total));
            let is_running = now_ms.saturating_sub(at_ms) < SILENCE_MS;
            row.heard_of = Some(HeardOf { at_ms, done, total, is_running });
        }
        Ok(())
    }

    async fn record(
        &self,
        event_type: &str,
        data: &impl Serialize,
        id: &str,
        who: &str,
    ) -> Result<(), WriteError> {
        let event = NewEvent::new(event_type, data)
            .map_err(|_| StoreError::Unexpected { what: "an operation that is no JSON" })?
            .with_correlation(id);
        let event = if who.is_empty() { event } else { event.with_user(who) };
        match self.publisher.publish(&event).await {
            Ok(_) => Ok(()),
            Err(rewind_store::publish::PublishError::Write(error)) => Err(error),
            Err(rewind_store::publish::PublishError::Events(_)) => Err(StoreError::Unexpected {
                what: "an operation that is too large to be recorded",
            }
            .into()),
        }
    }
}

fn data_of<T: for<'de> Deserialize<'de>>(event: &Event) -> Option<T> {
    serde_json::from_str(&event.data.to_string()).ok()
}

fn is_meant(query: &AuditQuery, begun: &Begun) -> bool {
    let AuditQuery { stream, group, projection, kind, who, .. } = query;
    stream.as_ref().is_none_or(|stream| begun.stream.as_ref() == Some(stream))
        && group.as_ref().is_none_or(|group| begun.group.as_ref() == Some(group))
        && (projection.is_empty() || begun.projection.as_deref() == Some(projection))
        && (kind.is_empty() || begun.kind == *kind)
        && (who.is_empty() || begun.who.to_lowercase().contains(&who.to_lowercase()))
}

fn row(entry: EntryId, event: &Event, begun: Begun, ended: Option<Ended>) -> AuditRow {
    let outcome = ended.map(|Ended { status, message, done, took_ms, .. }| AuditOutcome {
        status,
        message,
        done,
        took_ms,
    });
    AuditRow {
        entry,
        id: begun.id,
        kind: begun.kind,
        sentence: begun.sentence,
        at_ms: event.timestamp_ms,
        who: begun.who,
        is_verified: begun.is_verified,
        from: begun.from,
        stream: begun.stream,
        group: begun.group,
        projection: begun.projection,
        operation: begun.operation,
        outcome,
        heard_of: None,
    }
}
