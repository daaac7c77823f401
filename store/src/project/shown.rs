//! What people look at of a projection: its state, or the rows of its table, a bounded part at a time.

use redis::Value;
use rewind_domain::StreamKey;

use super::position::{Position, lag};
use super::{Keys, Status};
use crate::{Store, StoreError, reply};

/// The state of a fold as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredState {
    /// How many bytes it has.
    pub bytes: u64,
    /// It, or its beginning.
    pub text: Vec<u8>,
    /// Whether there is more of it.
    pub is_cut: bool,
}

/// Some rows of a table, in no order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredRows {
    /// Their keys and themselves.
    pub rows: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where the table goes on; 0 at its end.
    pub next: u64,
}

impl Store {
    /// The state of a fold: all of it, or its first `cut_bytes` where it has more than `most_bytes`; `None` where there is none.
    ///
    /// # Errors
    /// If Redis cannot be read, or the key holds something else.
    pub async fn projection_state(
        &self,
        name: &str,
        most_bytes: u64,
        cut_bytes: u64,
    ) -> Result<Option<StoredState>, StoreError> {
        let key = Keys::of(name).state();
        let mut command = redis::pipe();
        command.cmd("STRLEN").arg(&key);
        let bytes = self.number(&key, &command).await?;
        if bytes == 0 {
            return Ok(None);
        }
        let is_cut = bytes > most_bytes;
        // It may have grown since.
        let last = if is_cut { cut_bytes } else { most_bytes }.saturating_sub(1);
        let mut command = redis::pipe();
        command.cmd("GETRANGE").arg(&key).arg(0).arg(last);
        let text = reply::bytes(self.single(key.as_bytes(), &command).await?);
        let text = text.ok_or(StoreError::unexpected("a state that is no text"))?;
        Ok(Some(StoredState { bytes, text, is_cut }))
    }

    /// Some rows of a table from a cursor on, 0 at first: about `count` of them.
    ///
    /// # Errors
    /// If Redis cannot be read, or the key holds something else.
    pub async fn projection_rows(
        &self,
        name: &str,
        cursor: u64,
        count: u64,
    ) -> Result<StoredRows, StoreError> {
        const SHAPE: StoreError = StoreError::Unexpected { what: "rows of another shape" };
        let key = Keys::of(name).rows();
        let mut command = redis::pipe();
        command.cmd("HSCAN").arg(&key).arg(cursor).arg("COUNT").arg(count);
        let Value::Array(parts) = self.single(key.as_bytes(), &command).await? else {
            return Err(SHAPE);
        };
        let Ok([next, rows]) = <[Value; 2]>::try_from(parts) else { return Err(SHAPE) };
        let next = reply::number(&next).ok_or(SHAPE)?;
        let rows = reply::fields(rows).ok_or(SHAPE)?;
        Ok(StoredRows { rows, next })
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// If Redis cannot be read, or the key holds something else.
    pub async fn projection_row_count(&self, name: &str) -> Result<u64, StoreError> {
        let key = Keys::of(name).rows();
        let mut command = redis::pipe();
        command.cmd("HLEN").arg(&key);
        self.number(&key, &command).await
    }

    /// How many events are behind a projection now, whoever runs it: its status says how many there were when it was written. `None` where that is
    /// not known, as of one whose streams nobody told.
    ///
    /// # Errors
    /// If Redis cannot be read.
    pub async fn projection_lag(&self, status: &Status) -> Result<Option<u64>, StoreError> {
        if status.streams.is_empty() {
            return Ok(None);
        }
        let key = Keys::of(&status.name).streams();
        let fields: Vec<&[u8]> = status.streams.iter().map(StreamKey::as_bytes).collect();
        let mut command = redis::pipe();
        command.cmd("HMGET").arg(&key).arg(&fields);
        let Value::Array(texts) = self.single(key.as_bytes(), &command).await? else {
            return Err(StoreError::unexpected("positions of another shape"));
        };
        let mut positions = Vec::with_capacity(status.streams.len());
        for (stream, text) in status.streams.iter().zip(texts) {
            let text = reply::bytes(text).unwrap_or_default();
            let mut position: Position = serde_json::from_slice(&text).unwrap_or_default();
            position.extent = match self.info(stream).await {
                Ok(info) => Some(info.extent),
                Err(StoreError::NotFound) => None,
                Err(error) => return Err(error),
            };
            positions.push(position);
        }
        Ok(lag(&positions))
    }

    async fn number(&self, key: &str, command: &redis::Pipeline) -> Result<u64, StoreError> {
        let reply = self.single(key.as_bytes(), command).await?;
        reply::number(&reply).ok_or(StoreError::unexpected("no number"))
    }
}
