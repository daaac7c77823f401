//! Plans: what an operation does to the event store as it is, found out by reading only.

mod append;
mod consumers;
mod delete;
mod groups;
mod letters;
mod pending;
mod projections;
mod publish;
mod trim;
mod words;

pub(crate) use pending::{matches_delivery, read_pending};
pub(super) use trim::first_needed;

use rewind_domain::operations::{Effect, Operation, Preview};
use rewind_domain::{EntryId, StreamKey};
use rewind_store::consume::{PendingOf, Start};
use rewind_store::project::Controlled;
use rewind_store::publish::Limit;
use rewind_store::{EventStore, NewEvent};

use super::{OperationError, OperationParts};

/// How many ids a preview shows.
const SHOWN_IDS: usize = 10;
/// How many groups or projections a preview tells the effects on.
const SHOWN_EFFECTS: usize = 50;

/// What an operation comes to.
pub(super) struct Plan {
    /// What it does, for people.
    pub(super) preview: Preview,
    /// What is sent to Redis, one of each kind, to ask beforehand whether it is refused.
    pub(super) probes: Vec<Vec<Vec<u8>>>,
    /// That an aggregate is at another version than expected.
    pub(super) conflict: Option<Conflict>,
    /// What is to be done.
    pub(super) work: Work,
}

/// An aggregate is at another version than expected.
pub(super) struct Conflict {
    pub(super) message: String,
    pub(super) actual: u64,
}

/// What is to be done, in terms of the store.
pub(super) enum Work {
    Publish {
        stream: StreamKey,
        events: Vec<NewEvent>,
        limit: Option<Limit>,
    },
    Append {
        stream: StreamKey,
        events: Vec<NewEvent>,
        expected: u64,
    },
    CreateGroup {
        stream: StreamKey,
        group: Vec<u8>,
        start: Start,
    },
    ResetGroup {
        stream: StreamKey,
        group: Vec<u8>,
        start: Start,
    },
    DeleteGroup {
        stream: StreamKey,
        group: Vec<u8>,
    },
    CreateConsumer {
        stream: StreamKey,
        group: Vec<u8>,
        consumer: Vec<u8>,
    },
    DeleteConsumer {
        stream: StreamKey,
        group: Vec<u8>,
        consumer: Vec<u8>,
        pending: PendingOf,
    },
    Ack {
        stream: StreamKey,
        group: Vec<u8>,
        ids: Vec<EntryId>,
    },
    Claim {
        stream: StreamKey,
        group: Vec<u8>,
        ids: Vec<EntryId>,
        to: Vec<u8>,
    },
    Bury {
        stream: StreamKey,
        group: Vec<u8>,
        ids: Vec<EntryId>,
        reason: String,
    },
    Replay {
        stream: StreamKey,
        group: Vec<u8>,
        ids: Vec<EntryId>,
        to_group: bool,
        per_second: Option<u32>,
    },
    Drop {
        stream: StreamKey,
        group: Vec<u8>,
        ids: Vec<EntryId>,
    },
    DeleteEntries {
        stream: StreamKey,
        ids: Vec<EntryId>,
    },
    Trim {
        stream: StreamKey,
        keep_from: EntryId,
        about: bool,
    },
    DeleteStream {
        stream: StreamKey,
    },
    ResetProjection {
        projection: String,
    },
    RebuildProjection {
        projection: String,
    },
    ControlProjection {
        projection: String,
        wanted: Controlled,
    },
    SkipEvent {
        projection: String,
        streams: Vec<StreamKey>,
        stream: StreamKey,
        id: EntryId,
    },
}

/// What is found out about an operation, before it becomes a preview.
pub(super) struct Found {
    count: u64,
    is_at_least: bool,
    first_ids: Vec<EntryId>,
    bytes: Option<u64>,
    effects: Vec<Effect>,
    commands: Vec<String>,
    warnings: Vec<String>,
    refusal: Option<String>,
    conflict: Option<Conflict>,
    probes: Vec<Vec<Vec<u8>>>,
    /// What of the event store the effect depends on.
    basis: String,
    work: Work,
}

impl Found {
    /// An operation on this many things, of which nothing else is known.
    fn new(count: u64, work: Work) -> Self {
        Self {
            count,
            is_at_least: false,
            first_ids: Vec::new(),
            bytes: None,
            effects: Vec::new(),
            commands: Vec::new(),
            warnings: Vec::new(),
            refusal: None,
            conflict: None,
            probes: Vec::new(),
            basis: String::new(),
            work,
        }
    }

    /// The same, which sends this command, and asks beforehand whether Redis refuses it.
    fn sending(mut self, command: &[&[u8]], more: &str) -> Self {
        self.commands.push(words::shown(command, more));
        self.probes.push(command.iter().map(|word| word.to_vec()).collect());
        self
    }

    /// The same, about these entries.
    fn about(mut self, ids: &[EntryId]) -> Self {
        self.first_ids = ids.iter().take(SHOWN_IDS).copied().collect();
        self
    }

    fn into_plan(self, operation: &Operation) -> Plan {
        let Self { count, is_at_least, first_ids, bytes, mut effects, commands, warnings, .. } =
            self;
        effects.retain(|effect| effect.count > 0);
        effects.truncate(SHOWN_EFFECTS);
        // The operation is part of it: a fingerprint of one is none of another.
        let text = serde_json::to_string(operation).unwrap_or_default();
        let fingerprint = Preview::fingerprint_of(&format!("{text}\n{}", self.basis));
        let preview = Preview {
            sentence: operation.sentence(count),
            count,
            is_at_least,
            first_ids,
            bytes,
            effects,
            commands,
            warnings,
            refusal: self
                .refusal
                .or_else(|| self.conflict.as_ref().map(|conflict| conflict.message.clone())),
            is_destructive: operation.is_destructive(),
            fingerprint,
        };
        Plan { preview, probes: self.probes, conflict: self.conflict, work: self.work }
    }
}

/// Plans an operation.
///
/// # Errors
/// If what it is about does not exist, a part of it is not what it should be, or Redis does not answer.
pub(super) async fn plan(
    parts: &OperationParts,
    operation: &Operation,
) -> Result<Plan, OperationError> {
    let store = &parts.store;
    if let Some(stream) = operation.stream() {
        check_key(stream)?;
    }
    if operation.group().is_some_and(rewind_domain::operations::Name::is_empty) {
        return Err(OperationError::invalid("group", "is empty; name a group"));
    }
    let found = match operation {
        Operation::Publish { stream, events, max_len } => {
            publish::plan(store, stream, events, *max_len).await?
        }
        Operation::Append { stream, events, expected } => {
            append::plan(parts, stream, events, *expected).await?
        }
        Operation::CreateGroup { stream, group, from } => {
            groups::create(store, stream, group, from).await?
        }
        Operation::ResetGroup { stream, group, to } => {
            groups::reset(store, stream, group, to).await?
        }
        Operation::DeleteGroup { stream, group } => groups::delete(store, stream, group).await?,
        Operation::CreateConsumer { stream, group, consumer } => {
            consumers::create(store, stream, group, consumer).await?
        }
        Operation::DeleteConsumer { stream, group, consumer, heir } => {
            consumers::delete(store, stream, group, consumer, heir.as_ref()).await?
        }
        Operation::Ack { stream, group, entries } => {
            pending::ack(parts, stream, group, entries).await?
        }
        Operation::Claim { stream, group, entries, to } => {
            pending::claim(parts, stream, group, entries, to).await?
        }
        Operation::Bury { stream, group, entries, reason } => {
            pending::bury(parts, stream, group, entries, reason).await?
        }
        Operation::Replay { stream, group, letters, to_group, per_second } => {
            letters::replay(store, stream, group, letters, *to_group, *per_second).await?
        }
        Operation::Drop { stream, group, letters } => {
            letters::drop(store, stream, group, letters).await?
        }
        Operation::DeleteEntries { stream, ids } => delete::entries(store, stream, ids).await?,
        Operation::Trim { stream, by, about } => trim::plan(parts, stream, *by, *about).await?,
        Operation::DeleteStream { stream } => delete::stream(parts, stream).await?,
        Operation::ResetProjection { projection } => projections::reset(store, projection).await?,
        Operation::RebuildProjection { projection } => {
            projections::rebuild(parts, projection).await?
        }
        Operation::PauseProjection { projection } => {
            projections::control(store, projection, Controlled::Paused).await?
        }
        Operation::ResumeProjection { projection } => {
            projections::control(store, projection, Controlled::Runs).await?
        }
        Operation::SkipEvent { projection, stream, id } => {
            projections::skip(store, projection, stream, *id).await?
        }
    };
    Ok(found.into_plan(operation))
}

/// Whether a key is one that can be changed: parts of topics are no keys of Redis, and Rewind's own are not for this.
fn check_key(stream: &StreamKey) -> Result<(), OperationError> {
    if stream.as_bytes().is_empty() {
        return Err(OperationError::invalid("stream", "is empty; give the key of a stream"));
    }
    Ok(())
}

/// Refuses the key of an aggregate in a topic, which is no stream of its own.
fn is_own_stream(store: &EventStore, stream: &StreamKey) -> Result<(), OperationError> {
    match store.reads().is_part(stream) {
        true => Err(OperationError::invalid(
            "stream",
            format!(
                "`{stream}` is a part of `{}`, and no stream of its own; name that one",
                stream.stored_in()
            ),
        )),
        false => Ok(()),
    }
}
