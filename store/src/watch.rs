//! Waiting for what is added to streams.
//!
//! One `XREAD` waits for all streams of a node. If one stream cannot be read it fails as a whole; then each is looked at by a command
//! of its own, so that one failure is that of one stream. If streams cannot be waited for together, since they are in different slots
//! of a cluster or `XREAD` is refused, they are looked at at intervals.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use redis::aio::MultiplexedConnection;
use rewind_domain::{EntryId, StreamKey};

use super::connection::connect;
use super::entries::ID_BYTES;
use super::resp::Keep;
use super::topology::PerNode;
use super::{EntryRange, IdRange, Page, PageOrder, Store, StoreError, StoreUrl, Wanted, reply};

/// How long one read blocks before the next one is made. Short enough to notice a server that is gone and did not say so.
const BLOCK: Duration = Duration::from_secs(5);
/// How long to pause between two looks if streams cannot be waited for, and how much longer for each of them. Such looks take Redis a
/// few percent of its time.
const POLL: Duration = Duration::from_millis(200);
const POLL_PER_STREAM: Duration = Duration::from_micros(100);
/// How many streams are looked at in one go, during which Redis does nothing else.
const LOOKS_AT_ONCE: usize = 200;
/// How much longer than that a reply may take.
const GRACE: Duration = Duration::from_secs(5);

/// Connections of its own for blocking reads, one for each node.
///
/// A read that is dropped half-way still blocks its connection, so the connection goes with it; the next read makes another.
pub struct Watcher {
    store: Store,
    nodes: PerNode<NodeWatch>,
    /// Whether streams cannot be waited for together.
    is_polling: bool,
}

struct NodeWatch {
    url: StoreUrl,
    /// `None` while it is used, and after a read on it was dropped.
    connection: Option<MultiplexedConnection>,
}

/// What waiting came to.
#[derive(Debug, Default)]
pub struct News {
    /// The streams that have entries after their positions.
    pub streams: Vec<StreamKey>,
    /// The streams that cannot be read, and why.
    pub failed: Vec<(StreamKey, StoreError)>,
}

impl Store {
    /// Connects a watcher.
    ///
    /// # Errors
    /// If that is not possible.
    pub async fn watcher(&self) -> Result<Watcher, StoreError> {
        let topology = self.shared.nodes.topology();
        let mut nodes = Vec::new();
        for url in topology.urls() {
            let connection = Some(connect(url, Some(BLOCK + GRACE)).await?);
            nodes.push(NodeWatch { url: url.clone(), connection });
        }
        let nodes = PerNode::of(topology.clone(), nodes);
        Ok(Watcher { store: self.clone(), nodes, is_polling: false })
    }
}

impl Watcher {
    /// Waits for entries after the given positions, for some seconds. Returns streams that have some, and those that cannot be read.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn wait(&mut self, positions: &[(StreamKey, EntryId)]) -> Result<News, StoreError> {
        if self.is_polling || self.store.shared.refusals.has("XREAD") {
            let streams = u32::try_from(positions.len()).unwrap_or(u32::MAX);
            tokio::time::sleep(POLL + POLL_PER_STREAM.saturating_mul(streams)).await;
            return self.look(positions).await;
        }
        match self.read(positions, Some(BLOCK)).await {
            Ok(streams) => return Ok(News { streams, failed: Vec::new() }),
            Err(error) if error.is_passing() => return Err(error),
            Err(StoreError::CrossSlot) => self.is_polling = true,
            Err(error) => drop(self.store.shared.refusals.note(&error, "XREAD")),
        }
        let news = self.look(positions).await?;
        if news.streams.is_empty() && news.failed.is_empty() {
            // Without a culprit, trying again at once would spin.
            tokio::time::sleep(POLL).await;
        }
        Ok(news)
    }

    /// Looks at each stream by a command of its own.
    async fn look(&mut self, positions: &[(StreamKey, EntryId)]) -> Result<News, StoreError> {
        let mut news = News::default();
        let split = self.nodes.split(positions.iter().map(|(key, _)| key.as_bytes()));
        for at_once in split.iter().flat_map(|indices| indices.chunks(LOOKS_AT_ONCE)) {
            let positions: Vec<_> = at_once.iter().map(|&index| &positions[index]).collect();
            let range = |position| IdRange { after: Some(position), before: None };
            let asked: Vec<(&StreamKey, EntryRange)> = positions
                .iter()
                .map(|(key, position)| (key, range(*position)))
                .map(|(key, range)| (key, EntryRange::new(range, PageOrder::OldestFirst, 1)))
                .collect();
            let keep = Keep::Beginnings(ID_BYTES);
            let replies = self.store.batch_of_entries(&asked, keep).await?;
            for ((key, _), entries) in positions.iter().zip(replies) {
                match entries {
                    Ok(entries) if entries.is_empty() => {}
                    Ok(_) => news.streams.push(key.clone()),
                    Err(error) if error.is_passing() => return Err(error),
                    Err(error) => news.failed.push((key.clone(), error)),
                }
            }
        }
        Ok(news)
    }

    /// Reads pages of streams.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn pages(
        &mut self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.store.pages(wanted).await
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
        let split = self.nodes.split(positions.iter().map(|(key, _)| key.as_bytes()));
        let nodes = self.nodes.all_mut().iter_mut().zip(split);
        let mut reads: FuturesUnordered<_> = nodes
            .filter(|(_, indices)| !indices.is_empty())
            .map(|(node, indices)| {
                let positions: Vec<_> = indices.iter().map(|&index| &positions[index]).collect();
                node.send(xread(&positions, block))
            })
            .collect();
        // One node with news is enough: the others are read from the same positions next time.
        match reads.next().await {
            Some(reply) => reply.and_then(reply::read_keys),
            None => Ok(Vec::new()),
        }
    }
}

impl NodeWatch {
    async fn send(&mut self, command: redis::Cmd) -> Result<redis::Value, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => connect(&self.url, Some(BLOCK + GRACE)).await?,
        };
        let reply = connection.send_packed_command(&command).await;
        self.connection = Some(connection);
        reply
            .and_then(redis::Value::extract_error)
            .map_err(|error| StoreError::from_redis(&self.url, &error))
    }
}

fn xread(positions: &[&(StreamKey, EntryId)], block: Option<Duration>) -> redis::Cmd {
    let mut command = redis::cmd("XREAD");
    // What there is is read as pages, which also say whether anything is missing before it.
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
    command
}
