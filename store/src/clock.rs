//! The clocks of the nodes, which make the ids of events.

use std::time::{Duration, SystemTime};

use rewind_domain::StreamKey;

use super::topology::Node;
use super::{Store, StoreError, reply};

/// How far the clock of this machine is set back if that of Redis cannot be read: an event must not come with an id that the
/// clock has passed already, and clocks of servers differ by less.
const SET_BACK: Duration = Duration::from_secs(1);

/// What the clocks of all nodes showed, each at some moment during the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The one that is furthest behind, in Unix milliseconds: no node gives out an id of an earlier millisecond any more.
    pub earliest_ms: u64,
    /// The one that is furthest ahead: an id of a later millisecond was not made by a clock.
    pub latest_ms: u64,
}

impl Store {
    /// Reads the clocks of all nodes. For a node that tells the time neither by `TIME` nor by `INFO`, the clock of this machine is
    /// taken, set back by a second.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn clocks(&self) -> Result<Clocks, StoreError> {
        let mut clocks = Clocks { earliest_ms: u64::MAX, latest_ms: 0 };
        for node in self.shared.nodes.all() {
            let now_ms = self.clock_of_node(node).await?;
            clocks.earliest_ms = clocks.earliest_ms.min(now_ms);
            clocks.latest_ms = clocks.latest_ms.max(now_ms);
        }
        Ok(clocks)
    }

    /// Reads the clock that makes the ids of a stream, in Unix milliseconds.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn clock_ms(&self, stream: &StreamKey) -> Result<u64, StoreError> {
        self.clock_of_node(self.shared.nodes.route(stream.as_bytes())).await
    }

    async fn clock_of_node(&self, node: &Node) -> Result<u64, StoreError> {
        if !self.shared.refusals.has("TIME") {
            let mut pipeline = redis::pipe();
            pipeline.cmd("TIME");
            match self.single_on(node, &pipeline).await {
                Ok(reply) => return reply::time_ms(reply),
                Err(error) if self.shared.refusals.note(&error, "TIME") => {}
                Err(error) => return Err(error),
            }
        }
        let own_ms = || {
            let now = SystemTime::now().checked_sub(SET_BACK).unwrap_or(SystemTime::UNIX_EPOCH);
            let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        };
        if self.shared.refusals.has("INFO") {
            return Ok(own_ms());
        }
        match self.info_of_node(node, "server").await {
            Ok(info) => {
                let told_ms = info.number("server_time_usec").map(|micros| micros / 1_000);
                Ok(told_ms.unwrap_or_else(own_ms))
            }
            Err(error) if error.is_command_refused() => Ok(own_ms()),
            Err(error) => Err(error),
        }
    }
}
