//! Operations: each change to the event store as plain data.
//!
//! An [`Operation`] is previewed and then executed. Its [`Preview`] says exactly what it will do and has a fingerprint of what that was
//! computed from, so that it is executed only while that still holds. Pages, the HTTP interface and the audit log all speak of
//! operations in these terms.

mod choice;
mod draft;
mod name;
mod outcome;
mod pending_filter;
mod place;
mod preview;
mod sentence;

use serde::{Deserialize, Serialize};

use crate::caller::Permission;
use crate::{EntryId, StreamKey};

pub use choice::{LetterChoice, MAX_CHOSEN_IDS, PendingChoice};
pub use draft::EventDraft;
pub use name::Name;
pub use outcome::{Outcome, OutcomeStatus};
pub use pending_filter::{Delivered, PendingFilter, PendingFilterError};
pub use place::Place;
pub use preview::{Effect, EffectKind, Preview, Thing};

/// One change to the event store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Adds events to the end of a stream, all or none.
    Publish {
        /// The stream, which is made if there is none.
        stream: StreamKey,
        /// The events, in order.
        events: Vec<EventDraft>,
        /// How many of the newest entries the stream keeps, about; all where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_len: Option<u64>,
    },
    /// Adds events to an aggregate, all or none, if it is at this version.
    Append {
        /// The stream of the aggregate.
        stream: StreamKey,
        /// The events, in order.
        events: Vec<EventDraft>,
        /// The version that the aggregate is expected to be at; 0 for a new one.
        expected: u64,
    },
    /// Makes a consumer group, and an empty stream if there is none.
    CreateGroup {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// Where it begins.
        from: Place,
    },
    /// Has a group go on from another place.
    ResetGroup {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// Where it goes on.
        to: Place,
    },
    /// Deletes a group with its pending list.
    DeleteGroup {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
    },
    /// Makes a consumer of a group.
    CreateConsumer {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// The consumer.
        consumer: Name,
    },
    /// Removes a consumer, after what it has pending was given to another one or acknowledged.
    DeleteConsumer {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// The consumer.
        consumer: Name,
        /// Who gets what it has pending; acknowledged where nobody does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heir: Option<Name>,
    },
    /// Acknowledges pending entries: the group is done with them.
    Ack {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// Which entries.
        entries: PendingChoice,
    },
    /// Gives pending entries to a consumer.
    Claim {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// Which entries.
        entries: PendingChoice,
        /// The consumer that gets them.
        to: Name,
    },
    /// Moves pending entries to the dead letters of the group.
    Bury {
        /// The stream.
        stream: StreamKey,
        /// The group.
        group: Name,
        /// Which entries.
        entries: PendingChoice,
        /// Why the group gives up on them.
        reason: String,
    },
    /// Replays dead letters, each once.
    Replay {
        /// The stream that they were in.
        stream: StreamKey,
        /// The group that gave up on them.
        group: Name,
        /// Which dead letters.
        letters: LetterChoice,
        /// Whether only the group gets them again; else they become new events of the stream, which everybody gets.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        to_group: bool,
        /// How many a second, at most; as fast as possible where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        per_second: Option<u32>,
    },
    /// Deletes dead letters.
    Drop {
        /// The stream that they were in.
        stream: StreamKey,
        /// The group that gave up on them.
        group: Name,
        /// Which dead letters.
        letters: LetterChoice,
    },
    /// Deletes entries of a stream.
    DeleteEntries {
        /// The stream.
        stream: StreamKey,
        /// Their ids.
        ids: Vec<EntryId>,
    },
    /// Removes the oldest entries of a stream.
    Trim {
        /// The stream.
        stream: StreamKey,
        /// Which.
        by: TrimTo,
        /// Whether whole blocks of entries are removed only, which costs less and keeps more than asked for.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        about: bool,
    },
    /// Deletes a stream with its groups.
    DeleteStream {
        /// The stream.
        stream: StreamKey,
    },
    /// Removes all that is kept of a projection, so that it begins again with the first event.
    ResetProjection {
        /// The projection.
        projection: String,
    },
    /// Begins a projection again beside its present state, which is replaced once the new one has caught up.
    RebuildProjection {
        /// The projection.
        projection: String,
    },
    /// Has nobody run a projection until it is resumed.
    PauseProjection {
        /// The projection.
        projection: String,
    },
    /// Has a projection be run again: one that was paused, or one that waits after a failure.
    ResumeProjection {
        /// The projection.
        projection: String,
    },
    /// Has a projection that failed go on behind the event at which it did.
    SkipEvent {
        /// The projection.
        projection: String,
        /// The stream of the event.
        stream: StreamKey,
        /// The event.
        id: EntryId,
    },
}

/// Up to where a stream is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TrimTo {
    /// All but this many of the newest entries go.
    Length(u64),
    /// Entries older than this many milliseconds go, by the clock of Redis.
    OlderThanMs(u64),
    /// Entries before this id go.
    Before(EntryId),
    /// What every group has acknowledged goes.
    Acknowledged,
}

impl Operation {
    /// All names of operations.
    pub const KINDS: [&str; 20] = [
        "publish",
        "append",
        "create_group",
        "reset_group",
        "delete_group",
        "create_consumer",
        "delete_consumer",
        "ack",
        "claim",
        "bury",
        "replay",
        "drop",
        "delete_entries",
        "trim",
        "delete_stream",
        "reset_projection",
        "rebuild_projection",
        "pause_projection",
        "resume_projection",
        "skip_event",
    ];

    /// Its name on the wire and in the audit log.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Publish { .. } => "publish",
            Self::Append { .. } => "append",
            Self::CreateGroup { .. } => "create_group",
            Self::ResetGroup { .. } => "reset_group",
            Self::DeleteGroup { .. } => "delete_group",
            Self::CreateConsumer { .. } => "create_consumer",
            Self::DeleteConsumer { .. } => "delete_consumer",
            Self::Ack { .. } => "ack",
            Self::Claim { .. } => "claim",
            Self::Bury { .. } => "bury",
            Self::Replay { .. } => "replay",
            Self::Drop { .. } => "drop",
            Self::DeleteEntries { .. } => "delete_entries",
            Self::Trim { .. } => "trim",
            Self::DeleteStream { .. } => "delete_stream",
            Self::ResetProjection { .. } => "reset_projection",
            Self::RebuildProjection { .. } => "rebuild_projection",
            Self::PauseProjection { .. } => "pause_projection",
            Self::ResumeProjection { .. } => "resume_projection",
            Self::SkipEvent { .. } => "skip_event",
        }
    }

    /// The permission that it needs.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Publish { .. } => Permission::Publish,
            Self::Append { .. } => Permission::Append,
            Self::CreateGroup { .. }
            | Self::ResetGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::CreateConsumer { .. }
            | Self::DeleteConsumer { .. }
            | Self::Ack { .. }
            | Self::Claim { .. }
            | Self::Bury { .. }
            | Self::Replay { .. }
            | Self::Drop { .. } => Permission::Groups,
            Self::Trim { .. } => Permission::Trim,
            Self::DeleteEntries { .. } | Self::DeleteStream { .. } => Permission::Delete,
            Self::ResetProjection { .. }
            | Self::RebuildProjection { .. }
            | Self::PauseProjection { .. }
            | Self::ResumeProjection { .. }
            | Self::SkipEvent { .. } => Permission::Projections,
        }
    }

    /// The stream that it changes; `None` for a projection.
    pub const fn stream(&self) -> Option<&StreamKey> {
        match self {
            Self::Publish { stream, .. }
            | Self::Append { stream, .. }
            | Self::CreateGroup { stream, .. }
            | Self::ResetGroup { stream, .. }
            | Self::DeleteGroup { stream, .. }
            | Self::CreateConsumer { stream, .. }
            | Self::DeleteConsumer { stream, .. }
            | Self::Ack { stream, .. }
            | Self::Claim { stream, .. }
            | Self::Bury { stream, .. }
            | Self::Replay { stream, .. }
            | Self::Drop { stream, .. }
            | Self::DeleteEntries { stream, .. }
            | Self::Trim { stream, .. }
            | Self::DeleteStream { stream } => Some(stream),
            // An event that is passed over stays in its stream as it is.
            Self::ResetProjection { .. }
            | Self::RebuildProjection { .. }
            | Self::PauseProjection { .. }
            | Self::ResumeProjection { .. }
            | Self::SkipEvent { .. } => None,
        }
    }

    /// The group that it changes.
    pub const fn group(&self) -> Option<&Name> {
        match self {
            Self::CreateGroup { group, .. }
            | Self::ResetGroup { group, .. }
            | Self::DeleteGroup { group, .. }
            | Self::CreateConsumer { group, .. }
            | Self::DeleteConsumer { group, .. }
            | Self::Ack { group, .. }
            | Self::Claim { group, .. }
            | Self::Bury { group, .. }
            | Self::Replay { group, .. }
            | Self::Drop { group, .. } => Some(group),
            _ => None,
        }
    }

    /// The projection that it changes.
    pub fn projection(&self) -> Option<&str> {
        match self {
            Self::ResetProjection { projection }
            | Self::RebuildProjection { projection }
            | Self::PauseProjection { projection }
            | Self::ResumeProjection { projection }
            | Self::SkipEvent { projection, .. } => Some(projection),
            _ => None,
        }
    }

    /// Whether something is gone afterwards that cannot be had back, so that it is never done without having seen the preview.
    pub const fn is_destructive(&self) -> bool {
        matches!(
            self,
            Self::DeleteGroup { .. }
                | Self::DeleteConsumer { .. }
                | Self::Ack { .. }
                | Self::Drop { .. }
                | Self::DeleteEntries { .. }
                | Self::Trim { .. }
                | Self::DeleteStream { .. }
                | Self::ResetProjection { .. }
                | Self::ResetGroup { .. }
                | Self::SkipEvent { .. }
        )
    }
}
