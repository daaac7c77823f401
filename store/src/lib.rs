//! The store: everything that Rewind asks of Redis, in Rewind's own words.
//!
//! This crate is the only one that names the `redis` crate. A [`Store`] is a cheap handle; clones share one
//! connection for commands whose replies are short, which is made when first needed and again when it was lost. What blocks, or
//! may have a long reply, has connections of its own, so that it keeps nobody waiting: a [`Watcher`] each for
//! blocking reads, [`ChangeFeed`] for hearing which of many streams changed, a reader for each read of entries, and
//! the bulk handles for import and export.
//!
//! Nothing here writes, but for [`bulk::BulkWriter`], which only `rewind import` uses. No read is unbounded, in entries or in bytes.

mod add;
pub mod aggregate;
mod batch;
pub mod bulk;
mod change_feed;
mod clock;
mod cluster;
pub mod commands;
mod connection;
pub mod consume;
pub mod delete;
mod digest;
mod discover;
mod dry_run;
mod entries;
mod entry_page;
mod entry_range;
mod error;
mod event_store;
mod fit;
mod groups;
mod history;
mod info;
pub mod inspect;
mod look;
mod new_event;
mod notes;
mod pace;
mod packed;
mod page;
mod page_size;
mod parts;
pub mod project;
pub mod publish;
mod ranges;
mod read_ahead;
mod reader;
mod reply;
mod resp;
mod scan;
mod scan_pace;
mod tls;
mod topology;
mod transport;
pub mod trim;
mod url;
mod value;
mod version_at;
mod watch;
mod whole;
mod write;

use std::num::NonZeroU32;
use std::sync::Arc;

use rewind_domain::versions::StreamExtent;

pub use add::{
    EventsError, Expected, IdempotencyKey, MAX_BATCH_EVENTS, MAX_BATCH_FIELDS, MAX_BATCH_WORDS,
    MAX_EVENT_BYTES,
};
pub use change_feed::{ChangeFeed, Hearing};
pub use clock::Clocks;
pub use cluster::Cluster;
pub use digest::digest;
pub use discover::COMPARED_A_KEY;
pub use discover::{Discovered, FoundStream, MAX_SCAN_COUNT, ScanStep};
pub use entry_page::{EntryPage, PageEntry};
pub use entry_range::EntryRange;
pub use error::{StoreError, WriteRefusal};
pub use event_store::EventStore;
pub use groups::GroupInfo;
pub use history::{History, HistoryEnd, HistoryPage, Place};
pub use info::ServerInfo;
pub use new_event::{EncodeError, NewEvent, TypedError, typed};
pub use packed::{PackedEvents, Packer};
pub use page::{IdRange, Page, PageOrder, Wanted};
pub use page_size::{PAGE_ENTRIES, PageSize, entry_bytes};
pub use parts::{Part, Parts};
pub use ranges::{RangeEntries, RangeRead};
pub use rewind_domain::time::backoff::Backoff;
pub use scan::{Scan, ScanPage};
pub use tls::{TlsFileError, TlsFiles};
pub use url::{StoreUrl, StoreUrlError};
pub use value::LongValue;
pub use watch::{News, Watcher};
pub use whole::WholeEntries;
pub use write::WriteError;

use commands::Refusals;
use connection::SharedConnection;
use look::Look;
use pace::Pace;
use reader::ReaderPool;
use scan_pace::ScanPace;
use topology::{Node, PerNode, Topology};

/// A handle on Redis.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    /// What is read like a stream, and is part of one.
    parts: Arc<dyn Parts>,
}

struct Shared {
    nodes: PerNode<Node>,
    pace: Pace,
    refusals: Arc<Refusals>,
    scan_pace: ScanPace,
}

/// A stream as `XINFO STREAM` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo {
    /// How far it reaches.
    pub extent: StreamExtent,
    /// How many consumer groups it has.
    pub groups: u64,
    /// Of a part of a stream: changes with [`Part::lineage`].
    pub lineage: u64,
}

impl Store {
    /// A handle on the server at `url`. Does not connect yet.
    pub fn new(url: StoreUrl) -> Self {
        Self::with_read_rate(url, None)
    }

    /// The same, whose scans together read at most this many entries a second; as many as they can where nothing is said.
    pub fn with_read_rate(url: StoreUrl, entries_per_second: Option<NonZeroU32>) -> Self {
        Self::with_rates(url, entries_per_second, None)
    }

    /// The same, whose walks through the keyspace together look at no more than this many keys a second.
    pub fn with_rates(
        url: StoreUrl,
        entries_per_second: Option<NonZeroU32>,
        keys_per_second: Option<NonZeroU32>,
    ) -> Self {
        let pace = Pace::new(entries_per_second);
        let scan_pace = ScanPace::new(keys_per_second);
        let refusals = Arc::<Refusals>::default();
        let nodes = Topology::Single(url).per_node(|url| Node {
            url: url.clone(),
            quick: SharedConnection::new(url.clone()),
            readers: ReaderPool::new(url.clone(), Arc::clone(&refusals)),
        });
        let shared = Arc::new(Shared { nodes, pace, refusals, scan_pace });
        Self { shared, parts: Arc::new(parts::NoParts) }
    }

    /// How often the keyspace was asked for a part of its keys since this began.
    pub fn scan_calls(&self) -> u64 {
        self.shared.scan_pace.calls()
    }

    /// Where the server is, without credentials.
    pub fn address(&self) -> String {
        self.shared.nodes.address().to_string()
    }

    /// Where the node is that has a key, and how to log in there.
    pub(crate) fn url_of(&self, key: &[u8]) -> &StoreUrl {
        &self.shared.nodes.route(key).url
    }

    /// Asks whether the server is there.
    ///
    /// # Errors
    /// If it is not, or does not let us in.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("PING");
        match self.single_on(self.shared.nodes.seed(), &pipeline).await {
            // Whoever refuses is there.
            Ok(_) | Err(StoreError::CommandRefused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// How this command was refused lately, if it was.
    pub fn refusal(&self, command: &str) -> Option<StoreError> {
        self.shared.refusals.of(command)
    }

    /// How streams are looked at.
    fn look(&self) -> Look {
        Look::allowed(&self.shared.refusals)
    }

    /// Whether an error is that `XINFO STREAM` is refused, so that streams are looked at in another way from now on.
    fn is_look_refused(&self, error: &StoreError) -> bool {
        self.shared.refusals.note(error, "XINFO STREAM")
    }

    /// The number of the database that is read.
    pub fn database(&self) -> i64 {
        self.shared.nodes.address().settings().db()
    }

    /// Runs a pipeline of one command about a key.
    async fn single(
        &self,
        key: &[u8],
        pipeline: &redis::Pipeline,
    ) -> Result<redis::Value, StoreError> {
        self.single_on(self.shared.nodes.route(key), pipeline).await
    }

    /// Runs a pipeline of one command on a node.
    async fn single_on(
        &self,
        node: &Node,
        pipeline: &redis::Pipeline,
    ) -> Result<redis::Value, StoreError> {
        let mut replies = self.run_on(node, pipeline).await?;
        match replies.pop() {
            Some(reply) => reply.map_err(|error| self.error(&error)),
            None => Err(StoreError::unexpected("an empty reply")),
        }
    }

    /// Runs short commands about a key, for which scans make room.
    async fn run(
        &self,
        key: &[u8],
        pipeline: &redis::Pipeline,
    ) -> Result<Vec<redis::RedisResult<redis::Value>>, StoreError> {
        self.run_on(self.shared.nodes.route(key), pipeline).await
    }

    /// Runs short commands on a node.
    async fn run_on(
        &self,
        node: &Node,
        pipeline: &redis::Pipeline,
    ) -> Result<Vec<redis::RedisResult<redis::Value>>, StoreError> {
        let _under_way = self.shared.pace.short_command();
        node.quick.run(pipeline).await
    }

    /// Runs short commands, each about a key, in one round trip for each node. Returns the replies in the order of the commands.
    async fn run_each(
        &self,
        commands: &[(&[u8], redis::Cmd)],
    ) -> Result<Vec<redis::RedisResult<redis::Value>>, StoreError> {
        let nodes = &self.shared.nodes;
        let split = nodes.split(commands.iter().map(|(key, _)| *key));
        let mut replies = Vec::with_capacity(commands.len());
        for (indices, node) in split.iter().zip(nodes.all()).filter(|(of, _)| !of.is_empty()) {
            let mut pipeline = redis::Pipeline::with_capacity(indices.len());
            for &index in indices {
                pipeline.add_command(commands[index].1.clone());
            }
            let answered = self.run_on(node, &pipeline).await?;
            if answered.len() != indices.len() {
                return Err(StoreError::unexpected("another number of replies than commands"));
            }
            replies.extend(indices.iter().copied().zip(answered));
        }
        replies.sort_by_key(|(index, _)| *index);
        Ok(replies.into_iter().map(|(_, reply)| reply).collect())
    }

    fn error(&self, error: &redis::RedisError) -> StoreError {
        StoreError::from_redis(self.shared.nodes.address(), error)
    }
}
