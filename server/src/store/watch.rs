//! Waiting for what is added to streams.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rewind_domain::{EntryId, StreamKey};

use super::connection::connect;
use super::{Page, Store, StoreError, Wanted, reply};

/// How long one read blocks before it is made anew. Short enough to notice that a server is gone which did not say so.
const BLOCK: Duration = Duration::from_secs(5);
/// How much longer than that a reply may take.
const GRACE: Duration = Duration::from_secs(5);

/// A connection of its own for blocking reads.
///
/// A read that is dropped half-way still blocks the connection, so the connection goes with it: drop the watcher then, and
/// make another.
pub struct Watcher {
    store: Store,
    connection: MultiplexedConnection,
}

impl Store {
    /// Connects a watcher.
    ///
    /// # Errors
    /// Where that is not possible.
    pub async fn watcher(&self) -> Result<Watcher, StoreError> {
        let connection = connect(&self.shared.url, Some(BLOCK + GRACE)).await?;
        Ok(Watcher { store: self.clone(), connection })
    }
}

impl Watcher {
    /// Waits for entries after the given positions, for some seconds; gives the streams that have some.
    ///
    /// # Errors
    /// One stream that cannot be read fails the whole; [`Watcher::check`] tells which it is.
    pub async fn wait(
        &mut self,
        positions: &[(StreamKey, EntryId)],
    ) -> Result<Vec<StreamKey>, StoreError> {
        self.read(positions, Some(BLOCK)).await
    }

    /// Reads pages of streams.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn pages(
        &mut self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.store.pages_on(&self.connection, wanted).await
    }

    /// Whether this stream can be read.
    ///
    /// # Errors
    /// Why not.
    pub async fn check(&mut self, key: &StreamKey) -> Result<(), StoreError> {
        self.read(&[(key.clone(), EntryId::MAX)], None).await.map(|_| ())
    }

    async fn read(
        &mut self,
        positions: &[(StreamKey, EntryId)],
        block: Option<Duration>,
    ) -> Result<Vec<StreamKey>, StoreError> {
        let mut command = redis::cmd("XREAD");
        // What there is is read as pages, which tell too whether anything is missing before it.
        command.arg("COUNT").arg(1);
        if let Some(block) = block {
            command.arg("BLOCK").arg(block.as_millis().to_string());
        }
        command.arg("STREAMS");
        for (key, _) in positions {
            command.arg(key.as_bytes());
        }
        for (_, position) in positions {
            command.arg(position.to_string());
        }
        let value = self
            .connection
            .send_packed_command(&command)
            .await
            .map_err(|error| self.store.error(&error))?;
        let value = value.extract_error().map_err(|error| self.store.error(&error))?;
        reply::read_keys(value)
    }
}
