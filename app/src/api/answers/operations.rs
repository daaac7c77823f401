//! What operations came to, and what they change: groups, pending entries, dead letters, the audit log.

use rewind_domain::operations::{Name, Operation, Outcome};
use rewind_domain::{EntryId, Event, StreamKey};
use serde::{Deserialize, Serialize};

use super::GroupLag;

/// An operation that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct OperationStatus {
    /// Its id.
    pub id: String,
    /// What kind it is.
    pub kind: String,
    /// What it does, in one sentence.
    pub sentence: String,
    /// The stream that it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamKey>,
    /// The group that it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
    /// Who asked for it.
    pub who: String,
    /// When it began, in Unix milliseconds.
    pub began_ms: i64,
    /// How far it is, or what it came to.
    pub outcome: Outcome,
    /// What went wrong with recording its outcome in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_problem: Option<String>,
}

/// The operations of this server that are under way or ended lately, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct OperationsAnswer {
    /// They.
    pub operations: Vec<OperationStatus>,
}

/// A part of the list of consumer groups, those that are furthest behind first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct GroupsPage {
    /// The groups.
    pub groups: Vec<GroupLag>,
    /// How many there are in all.
    pub total: u64,
    /// How many streams were looked at for them.
    pub looked_at: u64,
    /// How many streams were found.
    pub streams: u64,
    /// Whether all streams were looked at.
    pub is_complete: bool,
}

/// A consumer group in full.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct GroupAnswer {
    /// How far it is.
    pub group: GroupLag,
    /// How many entries its stream has.
    pub length: u64,
    /// The first of them.
    pub first_id: Option<EntryId>,
    /// The last of them.
    pub last_id: Option<EntryId>,
    /// The first entry that it has pending.
    pub oldest_pending: Option<EntryId>,
    /// Its consumers, by name.
    pub consumers: Vec<ConsumerStatus>,
    /// How many consumers there are beside those told.
    pub consumers_left_out: u64,
    /// The stream of its dead letters.
    pub dead_stream: StreamKey,
    /// How many dead letters it has.
    pub dead: u64,
    /// How it was in the last minutes, the oldest first, for as long as somebody looked.
    pub samples: Vec<GroupSample>,
    /// How many entries a second were added to its stream lately; nothing until there are two samples.
    pub rate_in: Option<f64>,
    /// How many a second it was given.
    pub rate_out: Option<f64>,
    /// In how many seconds it will have caught up if it goes on like this; nothing where it does not.
    pub catches_up_s: Option<u64>,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ConsumerStatus {
    /// Its name.
    pub consumer: Name,
    /// How many entries it has pending.
    pub pending: u64,
    /// How long ago it last asked for anything, in milliseconds.
    pub idle_ms: u64,
    /// How long ago it last got anything; nothing if never, or if the server does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive_ms: Option<u64>,
}

/// How a group was at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct GroupSample {
    /// The moment, in Unix milliseconds.
    pub at_ms: u64,
    /// How many entries it had not been given, or at most.
    pub lag: u64,
    /// How many it had pending.
    pub pending: u64,
}

/// Pending entries of a group, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PendingPage {
    /// The entries.
    pub entries: Vec<PendingEvent>,
    /// How many the group has pending in all.
    pub total: u64,
    /// Behind which entry the list goes on; nothing at its end.
    pub next_after: Option<EntryId>,
}

/// A pending entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct PendingEvent {
    /// Its id.
    pub id: EntryId,
    /// The consumer that has it; empty if it was given back.
    pub consumer: Name,
    /// How long ago it was last delivered, in milliseconds; nothing if it was given back.
    pub idle_ms: Option<u64>,
    /// How often it was delivered.
    pub deliveries: u64,
    /// The event; nothing if it is no longer in the stream.
    pub event: Option<Event>,
}

/// Dead letters of a group, the oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct DeadPage {
    /// The stream in which they are.
    pub stream: StreamKey,
    /// They.
    pub letters: Vec<Letter>,
    /// How many there are in all.
    pub total: u64,
    /// Behind which one the list goes on; nothing at its end.
    pub next_after: Option<EntryId>,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Letter {
    /// Its id among the dead letters.
    pub id: EntryId,
    /// The event, without the fields that say why it is dead.
    pub event: Event,
    /// The id that it had in its stream; nothing if it was not made by Rewind.
    pub origin: Option<EntryId>,
    /// Why the group gave up.
    pub reason: Option<String>,
    /// How often it was delivered.
    pub deliveries: Option<u64>,
    /// The consumer that had it last.
    pub consumer: Option<Name>,
    /// When the group gave up, in Unix milliseconds.
    pub at_ms: Option<u64>,
}

/// What the groups of a stream have done with one of its events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct DeliveriesAnswer {
    /// A line for each group, by name.
    pub groups: Vec<EventDelivery>,
}

/// What a group has done with an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct EventDelivery {
    /// The group.
    pub group: Name,
    /// What it has done.
    pub state: DeliveryState,
    /// The consumer that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<Name>,
    /// How long that consumer has it, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// How often it was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<u64>,
}

/// What a group can have done with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It was not given it yet.
    NotYet,
    /// It was given it, and has not acknowledged it.
    Pending,
    /// It was given it and is done with it, or was set to a place behind it.
    Behind,
}

/// Operations of the audit log, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AuditPage {
    /// They.
    pub operations: Vec<AuditRow>,
    /// Before which entry of the log the list goes on; nothing at its beginning.
    pub next_before: Option<EntryId>,
}

/// An operation in the audit log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AuditRow {
    /// The entry that was written before it was done.
    pub entry: EntryId,
    /// Its id.
    pub id: String,
    /// What kind it is.
    pub kind: String,
    /// What it was to do.
    pub sentence: String,
    /// When it was about to be done, in Unix milliseconds.
    pub at_ms: i64,
    /// Who asked for it.
    pub who: String,
    /// Whether a login says so.
    pub is_verified: bool,
    /// From which address.
    pub from: Option<String>,
    /// The stream that it changes.
    pub stream: Option<StreamKey>,
    /// The group that it changes.
    pub group: Option<Name>,
    /// The projection that it changes.
    pub projection: Option<String>,
    /// The operation itself; nothing where it was too large to be kept.
    pub operation: Option<Operation>,
    /// What it came to; nothing as long as that is not recorded.
    pub outcome: Option<AuditOutcome>,
    /// How far it was when it was last heard of, where its outcome is not recorded.
    pub heard_of: Option<HeardOf>,
}

/// What an operation came to, as the audit log has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct AuditOutcome {
    /// `done`, `failed`, `cancelled` or `unknown`.
    pub status: String,
    /// In one sentence.
    pub message: String,
    /// How many things it changed.
    pub done: u64,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// How far an operation was that has no outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct HeardOf {
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// How many things it had changed.
    pub done: u64,
    /// How many it is about.
    pub total: u64,
    /// Whether it is still under way, on this server or another one.
    pub is_running: bool,
}
