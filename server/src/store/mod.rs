//! The store: everything that Rewind asks of Redis, in Rewind's own words.
//!
//! This folder is the only place that knows the `redis` crate. A [`Store`] is a cheap handle; clones share one
//! connection for short commands, which is made when first needed and made anew when it was lost. What blocks or
//! reads a stream end to end has connections of its own, so that it keeps nobody waiting: a [`Watcher`] each for
//! blocking reads, [`Signals`] for hearing which of many streams changed, a history's reader for replays, and the bulk handles for import and export.
//!
//! Nothing here writes, but for [`bulk::BulkWriter`], which only `rewind import` uses. No read is unbounded.

pub mod bulk;
mod connection;
mod discover;
mod error;
mod history;
mod page;
mod reader;
mod reply;
mod resp;
mod signals;
mod url;
mod watch;

use std::sync::Arc;

use rewind_domain::versions::StreamExtent;

pub use discover::{Discovered, FoundStream};
pub use error::StoreError;
pub use history::{History, HistoryEnd, HistoryPage, Place, digest};
pub use page::{IdRange, Page, PageOrder, Wanted};
pub use signals::{Hearing, Signals};
pub use url::{StoreUrl, StoreUrlError};
pub use watch::Watcher;

use connection::SharedConnection;
use reader::ReaderPool;

/// A handle on one Redis server.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    url: StoreUrl,
    /// For commands that Redis answers at once.
    quick: SharedConnection,
    /// For what reads many entries.
    readers: ReaderPool,
}

/// A stream as `XINFO STREAM` tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// How far it reaches.
    pub extent: StreamExtent,
    /// How many consumer groups it has.
    pub groups: u64,
}

impl Store {
    /// A handle on the server at `url`. Does not connect yet.
    pub fn new(url: StoreUrl) -> Self {
        let quick = SharedConnection::new(url.clone());
        let readers = ReaderPool::new(url.clone());
        Self { shared: Arc::new(Shared { url, quick, readers }) }
    }

    /// Where the server is, without credentials.
    pub fn address(&self) -> String {
        self.shared.url.to_string()
    }

    /// Asks whether the server is there.
    ///
    /// # Errors
    /// Where it is not, or does not let us in.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("PING");
        self.single(&pipeline).await.map(|_| ())
    }

    /// What the server calls itself, such as `Redis 7.0.15` or `Valkey 8.1.1`.
    ///
    /// # Errors
    /// Where it cannot be reached or does not tell.
    pub async fn server_version(&self) -> Result<Option<String>, StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("INFO").arg("server");
        let reply = self.single(&pipeline).await?;
        Ok(reply::text(&reply).and_then(|info| reply::server_version(&info)))
    }

    /// Runs a pipeline of one command.
    async fn single(&self, pipeline: &redis::Pipeline) -> Result<redis::Value, StoreError> {
        let mut replies = self.shared.quick.run(pipeline).await?;
        match replies.pop() {
            Some(reply) => reply.map_err(|error| self.error(&error)),
            None => Err(StoreError::unexpected("an empty reply")),
        }
    }

    fn error(&self, error: &redis::RedisError) -> StoreError {
        StoreError::from_redis(&self.shared.url, error)
    }
}
