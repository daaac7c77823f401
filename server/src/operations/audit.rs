//! The audit log: an intent before an operation, an outcome after it.
//!
//! It is the stream `rewind:audit`, browsed like any other. Both entries of an operation have its id in `correlation_id`. The key
//! `rewind:operation:{id}` says how far an operation is and what it came to, so that every server can tell one that goes on from one whose
//! server is gone, and answers whoever asks for the same again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use rewind_app::api::query::AuditQuery;
use rewind_app::api::{AuditOutcome, AuditPage, AuditRow, HeardOf, OperationStatus};
use rewind_domain::caller::Caller;
use rewind_domain::operations::{Name, Operation, Outcome, Preview};
use rewind_domain::{EntryId, Event, StreamKey, layout};
use rewind_store::publish::Publisher;
use rewind_store::{Backoff, EventStore, IdRange, NewEvent, PageOrder, StoreError, WriteError};
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
/// How long it is kept how far an operation was and what it came to: as long as an idempotency key.
const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is tried to record an outcome while Redis is away: with the waits between, about a quarter of a minute.
const MAX_TRIES: u64 = 10;
/// How long is waited between.
const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };
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
struct Note {
    at_ms: u64,
    done: u64,
    total: u64,
    /// Tells the operation from others.
    operation: String,
    /// What it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ended: Option<OperationStatus>,
}

impl Note {
    /// Whether its server has to be taken for gone, if it has not ended.
    fn is_silent(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.at_ms) >= SILENCE_MS
    }
}

/// What is known of an operation of an id that was asked for before.
pub(super) enum Known {
    /// It has ended.
    Ended(Box<OperationStatus>),
    /// Another server is at it.
    UnderWay,
    /// Whoever was at it is gone.
    Interrupted,
    /// It is another operation.
    Other,
}

/// The command that writes to the log, to ask whether Redis will refuse it.
pub(super) fn probe() -> Vec<Vec<u8>> {
    ["XADD", AUDIT, "*", "type", BEGUN].iter().map(|word| word.as_bytes().to_vec()).collect()
}

fn digest(operation: &Operation) -> String {
    Preview::fingerprint_of(&serde_json::to_string(operation).unwrap_or_default())
}

fn progress_key(id: &str) -> String {
    format!("rewind:operation:{id}")
}

impl Audit {
    pub(super) fn new(store: EventStore) -> Self {
        Self { publisher: Publisher::new(&store, AUDIT), store }
    }

    /// What is known of an operation of this id; `None` if there was none lately.
    pub(super) async fn known(
        &self,
        id: &str,
        operation: &Operation,
    ) -> Result<Option<Known>, StoreError> {
        let Some(note) = self.noted(id).await? else { return Ok(None) };
        if note.operation != digest(operation) {
            return Ok(Some(Known::Other));
        }
        if let Some(ended) = note.ended {
            return Ok(Some(Known::Ended(Box::new(ended))));
        }
        let now_ms = self.store.reads().clock_ms(&AUDIT.into()).await?;
        Ok(Some(if note.is_silent(now_ms) { Known::Interrupted } else { Known::UnderWay }))
    }

    async fn noted(&self, id: &str) -> Result<Option<Note>, StoreError> {
        let text = self.store.noted(&progress_key(id)).await?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }

    /// Notes how far an operation is, or what it came to.
    async fn note(&self, entry: &Entry, ended: Option<OperationStatus>) -> Result<(), WriteError> {
        let at_ms = self.store.reads().clock_ms(&AUDIT.into()).await?;
        let (done, total) = (entry.counts().0, entry.total());
        let note = Note { at_ms, done, total, operation: digest(entry.operation()), ended };
        let text = serde_json::to_string(&note)
            .map_err(|_| StoreError::Unexpected { what: "an operation that is no JSON" })?;
        self.store.note(&progress_key(entry.id()), &text, KEPT_FOR).await
    }

    /// Records what is about to be done.
    pub(super) async fn begin(&self, intent: &Intent<'_>, entry: &Entry) -> Result<(), WriteError> {
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
        self.note(entry, None).await?;
        let recorded = self.record(BEGUN, &begun, &begun.id, &begun.who).await;
        if recorded.is_err() {
            // It expires by itself where this fails.
            let _ = self.store.forget_note(&progress_key(id)).await;
        }
        recorded
    }

    /// Records what an operation came to.
    pub(super) async fn end(
        &self,
        entry: &Entry,
        outcome: &Outcome,
        took: Duration,
    ) -> Result<(), WriteError> {
        let (id, operation) = (entry.id(), entry.operation());
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
        let status = OperationStatus { outcome: outcome.clone(), ..entry.status() };
        let mut tries = 0;
        loop {
            // Where both are written twice that says nothing else.
            let recorded = match self.record(ENDED, &ended, id, "").await {
                Ok(()) => self.note(entry, Some(status.clone())).await,
                Err(error) => Err(error),
            };
            match recorded {
                Err(error) if tries < MAX_TRIES && error.cause().is_passing() => {
                    tries += 1;
                    tokio::time::sleep(BACKOFF.after(tries)).await;
                }
                recorded => return recorded,
            }
        }
    }

    /// Writes how far an operation is, again and again.
    pub(super) async fn beat(&self, entry: &Entry) -> Infallible {
        loop {
            tokio::time::sleep(BEAT).await;
            // Whoever reads the log takes the operation for interrupted where it is not to be written for long.
            let _ = self.note(entry, None).await;
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
        let now_ms = self.store.reads().clock_ms(&AUDIT.into()).await?;
        for row in open {
            let note = match self.noted(&row.id).await {
                Err(error) if error.is_passing() => return Err(error.into()),
                note => note.ok().flatten(),
            };
            let Note { at_ms, done, total, .. } = note.unwrap_or_else(|| Note {
                at_ms: u64::try_from(row.at_ms).unwrap_or_default(),
                done: 0,
                total: 0,
                operation: String::new(),
                ended: None,
            });
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
