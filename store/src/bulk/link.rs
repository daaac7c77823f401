//! The connections that the reader and the writer look with.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, ServerError, Value};
use rewind_domain::StreamKey;

use crate::connection::connect;
use crate::topology::{PerNode, Topology};
use crate::{StoreError, StoreUrl, StreamInfo, reply};

/// How long Redis may take for one request. What is asked at once is small, but a single entry may have hundreds of
/// megabytes, and the way to the server may be slow.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(120);
/// How many streams are asked about in one round trip.
const INFO_BATCH: usize = 100;

/// A connection of its own to each node.
pub(super) struct Link {
    pub(super) nodes: PerNode<NodeLink>,
}

pub(super) struct NodeLink {
    url: StoreUrl,
    connection: MultiplexedConnection,
}

impl Link {
    pub(super) async fn new(url: &StoreUrl) -> Result<Self, StoreError> {
        let topology = Topology::Single(url.clone());
        let mut nodes = Vec::new();
        for url in topology.urls() {
            let connection = connect(url, Some(RESPONSE_TIMEOUT)).await?;
            nodes.push(NodeLink { url: url.clone(), connection });
        }
        Ok(Self { nodes: PerNode::of(topology, nodes) })
    }

    /// Sends commands, each about a key, in one round trip for each node. Returns the replies in the order of the commands, errors
    /// among them.
    pub(super) async fn run_each(
        &mut self,
        commands: Vec<(&StreamKey, Cmd)>,
    ) -> Result<Vec<Value>, StoreError> {
        let split = self.nodes.split(commands.iter().map(|(key, _)| key.as_bytes()));
        let mut replies = Vec::with_capacity(commands.len());
        for (indices, node) in split.iter().zip(self.nodes.all_mut()) {
            if indices.is_empty() {
                continue;
            }
            let mut pipeline = Pipeline::with_capacity(indices.len());
            for &index in indices {
                pipeline.add_command(commands[index].1.clone());
            }
            replies.extend(indices.iter().copied().zip(node.run(pipeline).await?));
        }
        replies.sort_by_key(|(index, _)| *index);
        Ok(replies.into_iter().map(|(_, reply)| reply).collect())
    }

    pub(super) async fn infos(
        &mut self,
        keys: &[&StreamKey],
    ) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
        let mut infos = Vec::with_capacity(keys.len());
        for keys in keys.chunks(INFO_BATCH) {
            let info =
                |key: &StreamKey| redis::cmd("XINFO").arg("STREAM").arg(key.as_bytes()).take();
            let commands = keys.iter().map(|key| (*key, info(key))).collect();
            let replies = self.run_each(commands).await?.into_iter();
            infos.extend(replies.map(|reply| reply::stream_info(self.checked(reply)?)));
        }
        Ok(infos)
    }

    pub(super) fn checked(&self, reply: Value) -> Result<Value, StoreError> {
        match reply {
            Value::ServerError(error) => Err(self.error(error)),
            reply => Ok(reply),
        }
    }

    fn error(&self, error: ServerError) -> StoreError {
        StoreError::from_redis(self.nodes.address(), &error.into())
    }
}

impl NodeLink {
    /// Sends commands in one go and gives the reply to each, errors among them.
    pub(super) async fn run(&mut self, mut pipeline: Pipeline) -> Result<Vec<Value>, StoreError> {
        let commands = pipeline.len();
        let replies: Vec<Value> = pipeline
            .ignore_errors()
            .query_async(&mut self.connection)
            .await
            .map_err(|error| StoreError::from_redis(&self.url, &error))?;
        if replies.len() == commands {
            Ok(replies)
        } else {
            Err(StoreError::unexpected("another number of replies than commands"))
        }
    }
}
