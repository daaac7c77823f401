//! The step that stores what a batch came to: state and checkpoint at once, or nothing.

use std::collections::HashMap;

use rewind_domain::{EntryId, StreamKey};

use super::changes::Write;
use super::position::{Loaded, Position};
use super::{Keys, ProjectError};
use crate::write::Script;
use crate::{EventStore, StoreError, WriteError};

static COMMIT: Script = Script::needing(
    "+evalsha +eval +get +set +del +exists +type +hget +hset +hdel +hincrby +hincrbyfloat +sadd +dump +pttl +restore",
    include_str!("commit.lua"),
);

/// The keys that stand before those of handlers.
const OWN_KEYS: usize = 6;
const STATE: usize = 4;
const ROWS: usize = 5;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Committed {
    /// It is stored.
    Done,
    /// Others stored something meanwhile, and this was not.
    Overtaken,
    /// The projection was reset or rebuilt meanwhile, and this was not stored.
    Replaced,
}

/// A step.
pub(crate) struct Commit<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) streams: &'a [StreamKey],
    /// What has to be stored now.
    pub(crate) before: &'a Loaded,
    /// How far the streams are in the new state.
    pub(crate) positions: &'a [Position],
    /// Fields of the status.
    pub(crate) status: Vec<(&'static str, String)>,
    /// The state.
    pub(crate) writes: &'a [Write],
}

impl Commit<'_> {
    /// Does it. The checkpoint and the positions that it wrote come back.
    ///
    /// # Errors
    /// If Redis refuses it: then nothing was written. Where it is not known whether it was done, reading the checkpoint tells.
    pub(crate) async fn run(
        &self,
        store: &EventStore,
    ) -> Result<(Committed, Vec<u8>, Vec<Vec<u8>>), ProjectError> {
        let id = checkpoint(self.positions);
        let checkpoint = id.to_string().into_bytes();
        let text =
            |position: &Position| Position { checkpoint: Some(id), ..position.clone() }.text();
        let texts: Vec<Vec<u8>> = self.positions.iter().map(text).collect();
        let mut data = DataKeys::new(self.keys);
        let mut operations: Vec<Vec<u8>> = Vec::new();
        for write in self.writes {
            data.add(write, &mut operations);
        }
        let mut words: Vec<Vec<u8>> = vec![
            self.before.generation.clone().into_bytes(),
            self.before.checkpoint.clone(),
            checkpoint.clone(),
            flag(self.before.is_from_start),
            number(self.streams.len()),
        ];
        let is_single = self.streams.len() == 1;
        for ((stream, before), now) in self.streams.iter().zip(&self.before.texts).zip(&texts) {
            words.push(stream.as_bytes().to_vec());
            // Of one stream the checkpoint says it all, whoever wrote that.
            words.push(if is_single { b"*".to_vec() } else { before.clone() });
            words.push(now.clone());
        }
        words.push(number(self.status.len() * 2));
        for (name, value) in &self.status {
            words.push(name.as_bytes().to_vec());
            words.push(value.clone().into_bytes());
        }
        words.push(flag(!data.names.is_empty()));
        words.extend(operations);
        let own = own_keys(self.keys);
        let keys: Vec<&[u8]> =
            own.iter().map(String::as_bytes).chain(data.names.iter().map(Vec::as_slice)).collect();
        let reply = COMMIT.run(store, &keys, words).await.map_err(told)?;
        let outcome = match crate::reply::text(&reply).as_deref() {
            Some("done") => Committed::Done,
            Some("generation") => Committed::Replaced,
            Some("checkpoint" | "position") => Committed::Overtaken,
            _ => return Err(StoreError::unexpected("a step of another shape").into()),
        };
        Ok((outcome, checkpoint, texts))
    }
}

/// The id up to which nothing is missing from the state: of several streams the lowest position. One that has no events yet counts
/// for nothing, since the earliest of what there is comes first.
pub(crate) fn checkpoint(positions: &[Position]) -> EntryId {
    let ids = positions.iter().map(|position| position.id);
    ids.filter(|id| *id != EntryId::MIN).min().unwrap_or_default()
}

fn own_keys(keys: &Keys) -> [String; OWN_KEYS] {
    [keys.checkpoint(), keys.streams(), keys.status(), keys.state(), keys.rows(), keys.changed()]
}

/// What Redis says of a key that is no hash or text is not about a stream.
fn told(error: WriteError) -> ProjectError {
    match error {
        WriteError::NotDone(StoreError::WrongType) => {
            let message = "a key of the projection holds something else than it should".to_owned();
            WriteError::NotDone(StoreError::Server { message }).into()
        }
        error => error.into(),
    }
}

/// The keys that handlers change.
struct DataKeys<'a> {
    keys: &'a Keys,
    names: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, usize>,
}

impl<'a> DataKeys<'a> {
    fn new(keys: &'a Keys) -> Self {
        Self { keys, names: Vec::new(), known: HashMap::new() }
    }

    /// Says what a write is to the script.
    fn add(&mut self, write: &Write, to: &mut Vec<Vec<u8>>) {
        let text = |text: &str| text.as_bytes().to_vec();
        let key = write.key().map(|key| self.place(key));
        let key =
            number(key.unwrap_or(if matches!(write, Write::State(_)) { STATE } else { ROWS }));
        match write {
            Write::State(value) => to.extend([text("SET"), key, value.clone()]),
            Write::Row(name, Some(row)) => to.extend([text("HSET"), key, text(name), row.clone()]),
            Write::Row(name, None) => to.extend([text("HDEL"), key, text(name)]),
            Write::Set(_, value) => to.extend([text("SET"), key, value.clone()]),
            Write::Delete(_) => to.extend([text("DEL"), key]),
            Write::HashSet(_, field, value) => {
                to.extend([text("HSET"), key, field.clone(), value.clone()]);
            }
            Write::HashDelete(_, field) => to.extend([text("HDEL"), key, field.clone()]),
            Write::Increment(_, field, by) => {
                to.extend([text("HINCRBY"), key, field.clone(), by.to_string().into_bytes()]);
            }
            Write::IncrementFloat(_, field, by) => {
                to.extend([text("HINCRBYFLOAT"), key, field.clone(), by.to_string().into_bytes()]);
            }
        }
    }

    /// The number of a key among all.
    fn place(&mut self, key: &[u8]) -> usize {
        let name = self.keys.data(key);
        if let Some(place) = self.known.get(&name) {
            return *place;
        }
        self.names.push(name.clone());
        let place = OWN_KEYS + self.names.len();
        self.known.insert(name, place);
        place
    }
}

fn flag(is_set: bool) -> Vec<u8> {
    number(usize::from(is_set))
}

fn number(number: usize) -> Vec<u8> {
    number.to_string().into_bytes()
}
