//! Publishing: events added to the end of a stream, one or several at a time.

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

use crate::write::Script;
use crate::{EventStore, NewEvent, StoreError, WriteError, reply};

/// Adds all events or none. `ARGV` has for each event how many words its fields are, and the words.
static ADD_ALL: Script = Script::new(include_str!("add_all.lua"));

/// Adds events to one stream.
#[derive(Clone)]
pub struct Publisher {
    store: EventStore,
    stream: StreamKey,
}

impl Publisher {
    /// A publisher to this stream, which is made by its first event.
    #[must_use]
    pub fn new(store: &EventStore, stream: impl Into<StreamKey>) -> Self {
        Self { store: store.clone(), stream: stream.into() }
    }

    /// Adds an event and returns its id.
    ///
    /// # Errors
    /// [`WriteError::NotDone`] if Redis refuses it, [`WriteError::Unknown`] if the reply was lost.
    pub async fn publish(&self, event: &NewEvent) -> Result<EntryId, WriteError> {
        let mut command = redis::cmd("XADD");
        command.arg(self.stream.as_bytes()).arg("*");
        for (name, value) in event.fields() {
            command.arg(name).arg(value);
        }
        Ok(reply::added_id(&self.store.writes().send(&command).await?)?)
    }

    /// Adds all of these events, one directly after the other, or none. Returns their ids.
    ///
    /// # Errors
    /// As [`Publisher::publish`], for all of them.
    pub async fn publish_all(&self, events: &[NewEvent]) -> Result<Vec<EntryId>, WriteError> {
        let mut words = Vec::new();
        for event in events {
            words.push((event.fields().len() * 2).to_string().into_bytes());
            words.extend(event.fields().flat_map(|(name, value)| [name.to_vec(), value.to_vec()]));
        }
        let keys = [self.stream.as_bytes()];
        match ADD_ALL.run(self.store.writes(), &keys, words).await? {
            Value::Array(ids) => Ok(ids.iter().map(reply::added_id).collect::<Result<_, _>>()?),
            _ => Err(StoreError::unexpected("ids of another shape").into()),
        }
    }
}
