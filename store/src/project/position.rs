//! How far each stream is in a projection, and what the stream looked like then.

use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use super::{Keys, ProjectError};
use crate::{EventStore, StoreError, WriteError, reply};

/// How far a stream is in the state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The last of its events that are in the state.
    pub id: EntryId,
    /// How many entries the stream had been given up to that one, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The checkpoint that was written with it: another one now was written by another program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<EntryId>,
    /// What the stream looked like. A stream that does not go on from that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<StreamExtent>,
    /// How many of its events were trimmed or deleted before they could be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missed: u64,
    /// Whether there may be more of them, since Redis before version 7 does not tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_have_missed: bool,
}

/// What is stored of a projection besides its state.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    /// Tells this life of the projection from the one before a reset or a rebuild.
    pub(crate) generation: String,
    /// The checkpoint as it stands in Redis; empty where there is none.
    pub(crate) checkpoint: Vec<u8>,
    /// A position for each stream, as it stands in Redis; empty where there is none.
    pub(crate) texts: Vec<Vec<u8>>,
    /// What these mean.
    pub(crate) positions: Vec<Position>,
    /// Whether nothing is in the state yet.
    pub(crate) is_from_start: bool,
    /// What is odd about it, in words.
    pub(crate) notice: Option<String>,
    /// How many events were handled since the beginning.
    pub(crate) events: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Loaded {
    /// Reads it. The checkpoint is what counts: whoever moved it, this goes on from there, and without it from the beginning.
    pub(crate) async fn read(
        store: &EventStore,
        keys: &Keys,
        streams: &[StreamKey],
    ) -> Result<Self, ProjectError> {
        let fields: Vec<&[u8]> = streams.iter().map(StreamKey::as_bytes).collect();
        let mut pipeline = redis::pipe();
        pipeline.add_command(checkpoint_command(&keys.checkpoint()));
        pipeline.cmd("HMGET").arg(keys.streams()).arg(&fields);
        pipeline.cmd("HMGET").arg(keys.status()).arg(&["generation", "events"]);
        let replies = store
            .writes(keys.checkpoint())
            .send_all(&pipeline)
            .await
            .map_err(WriteError::into_cause)?;
        const SHAPE: StoreError = StoreError::Unexpected { what: "a checkpoint of another shape" };
        let [checkpoint, texts, status] =
            <[_; 3]>::try_from(replies).map_err(|_| ProjectError::from(SHAPE))?;
        let checkpoint = reply::bytes(checkpoint?).unwrap_or_default();
        let texts = texts_of(texts?).ok_or(SHAPE)?;
        let Ok([generation, events]) = <[_; 2]>::try_from(texts_of(status?).ok_or(SHAPE)?) else {
            return Err(SHAPE.into());
        };
        let mut loaded = Self {
            generation: String::from_utf8_lossy(&generation).into_owned(),
            checkpoint,
            texts,
            positions: Vec::new(),
            is_from_start: false,
            notice: None,
            events: String::from_utf8_lossy(&events).parse().unwrap_or_default(),
        };
        loaded.positions = loaded.read_positions(keys)?;
        loaded.agree(keys)?;
        Ok(loaded)
    }

    fn read_positions(&self, keys: &Keys) -> Result<Vec<Position>, ProjectError> {
        let read = |text: &Vec<u8>| match text.is_empty() {
            true => Ok(Position::default()),
            false => serde_json::from_slice(text).map_err(|error| ProjectError::Stored {
                key: keys.streams(),
                reason: error.to_string(),
            }),
        };
        self.texts.iter().map(read).collect()
    }

    /// Has the positions agree with the checkpoint.
    fn agree(&mut self, keys: &Keys) -> Result<(), ProjectError> {
        let stored = |reason: String| ProjectError::Stored { key: keys.checkpoint(), reason };
        let checkpoint = match self.checkpoint.as_slice() {
            b"" => None,
            text => Some(checkpoint_id(text).ok_or_else(|| {
                let text = String::from_utf8_lossy(text);
                stored(format!("`{text}` is no id; write one such as `1706185200000-0`"))
            })?),
        };
        // The checkpoint `0` is what the reference takes for none.
        let Some(id) = checkpoint.filter(|id| *id != EntryId::MIN) else {
            self.is_from_start = true;
            self.positions = vec![Position::default(); self.positions.len()];
            self.events = 0;
            return Ok(());
        };
        if self.positions.iter().any(|position| position.checkpoint == checkpoint) {
            return Ok(());
        }
        let written = self.positions.iter().find_map(|position| position.checkpoint);
        if let Some(written) = written {
            self.notice = Some(format!(
                "another program moved the checkpoint from `{written}` to `{id}`; the events between are handled there or not at all"
            ));
        }
        for position in &mut self.positions {
            // What the stream looked like still tells whether it is the same one, but not how many entries it had up to here.
            *position = Position { id, version: None, ..position.clone() };
        }
        Ok(())
    }
}

/// Reads a checkpoint, or what is in its place: of that no more than shows that it is none.
pub(crate) fn checkpoint_command(key: &str) -> redis::Cmd {
    const MOST_BYTES: usize = 64;
    redis::cmd("GETRANGE").arg(key).arg(0).arg(MOST_BYTES).take()
}

/// The id that a checkpoint is; `None` if it is none. Redis takes milliseconds alone for the first id that they have, and so do programs that
/// write checkpoints.
pub(crate) fn checkpoint_id(text: &[u8]) -> Option<EntryId> {
    EntryId::from_bytes(text).ok().or_else(|| {
        let digits = std::str::from_utf8(text).ok()?;
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        Some(EntryId::new(digits.parse().ok().filter(|_| is_number)?, 0))
    })
}

impl Position {
    /// What is written of it.
    pub(crate) fn text(&self) -> Vec<u8> {
        // Ids, numbers and texts are always JSON.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

fn texts_of(reply: redis::Value) -> Option<Vec<Vec<u8>>> {
    match reply {
        redis::Value::Array(texts) => {
            Some(texts.into_iter().map(|text| reply::bytes(text).unwrap_or_default()).collect())
        }
        _ => None,
    }
}

/// How many events are behind these positions, where that can be told.
pub(crate) fn lag(positions: &[Position]) -> Option<u64> {
    positions.iter().map(Position::lag).sum()
}

impl Position {
    fn lag(&self) -> Option<u64> {
        let Some(extent) = &self.extent else { return (self.id == EntryId::MIN).then_some(0) };
        if extent.last_id.is_none_or(|last| last <= self.id) {
            return Some(0);
        }
        match self.version {
            Some(version) => Some(extent.latest_version().saturating_sub(version)),
            None if self.id == EntryId::MIN => Some(extent.length),
            None => None,
        }
    }
}
