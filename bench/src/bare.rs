//! The bare client: the `redis` crate, asynchronous, with replies left as the crate's own values.
//!
//! That is the least that a Rust service does which reads from Redis; what Rewind needs beyond it is Rewind's cost.

use std::time::Duration;

use anyhow::{Context as _, Result};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, Value};

/// How many entries a drain reads at a time: with fewer, round trips cost more; more gain little.
const DRAIN_PAGE: usize = 1_000;
/// How long to wait for a reply; far more than any takes, and less than someone would wait.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

/// A connection of one's own.
#[derive(Clone)]
pub(crate) struct BareClient {
    connection: MultiplexedConnection,
}

impl BareClient {
    /// Connects.
    pub(crate) async fn connect(url: &str) -> Result<Self> {
        Self::connect_with(url, Some(RESPONSE_TIMEOUT)).await
    }

    /// Connects for commands that block.
    pub(crate) async fn connect_blocking(url: &str) -> Result<Self> {
        Self::connect_with(url, None).await
    }

    async fn connect_with(url: &str, response_timeout: Option<Duration>) -> Result<Self> {
        let config = AsyncConnectionConfig::new().set_response_timeout(response_timeout);
        let client = redis::Client::open(url)?;
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .with_context(|| format!("cannot connect to `{url}`"))?;
        Ok(Self { connection })
    }

    /// Who is connected to the server.
    pub(crate) async fn clients(&mut self) -> Result<String> {
        let mut command = redis::cmd("CLIENT");
        command.arg("LIST");
        self.query(&command).await
    }

    /// Entries of a stream after an id.
    pub(crate) async fn range(&mut self, stream: &str, after: &str, count: usize) -> Result<Value> {
        let start = format!("({after}");
        let mut command = redis::cmd("XRANGE");
        command.arg(stream).arg(start).arg("+").arg("COUNT").arg(count);
        self.query(&command).await
    }

    /// All entries of a short stream.
    pub(crate) async fn all(&mut self, stream: &str) -> Result<Value> {
        let mut command = redis::cmd("XRANGE");
        command.arg(stream).arg("-").arg("+");
        self.query(&command).await
    }

    /// Reads a stream from end to end, and tells how many entries it has.
    pub(crate) async fn drain(&mut self, stream: &str) -> Result<usize> {
        let mut after = "0-0".to_owned();
        let mut total = 0;
        loop {
            let page = self.range(stream, &after, DRAIN_PAGE).await?;
            let count = entry_count(&page);
            total += count;
            match last_entry_id(&page) {
                Some(id) if count == DRAIN_PAGE => after = id,
                _ => return Ok(total),
            }
        }
    }

    /// Waits for the entry after an id, and gives its id.
    pub(crate) async fn wait_for_entry(&mut self, stream: &str, after: &str) -> Result<String> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(1).arg("BLOCK").arg(0).arg("STREAMS").arg(stream).arg(after);
        let reply: Value = self.query(&command).await?;
        // One stream, which is its key and its entries.
        let entries = item(&reply, 0).and_then(|stream| item(stream, 1));
        entries.and_then(last_entry_id).context("a blocking XREAD gave no entry")
    }

    /// Adds an entry under an id that Redis chooses, and gives the id.
    pub(crate) async fn add(&mut self, stream: &str, fields: &[(&str, &str)]) -> Result<String> {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg("*");
        for (name, value) in fields {
            command.arg(name).arg(value);
        }
        self.query(&command).await
    }

    /// Loads a script, and gives its hash.
    pub(crate) async fn load_script(&mut self, script: &str) -> Result<String> {
        self.query(redis::cmd("SCRIPT").arg("LOAD").arg(script)).await
    }

    /// Runs a loaded script with one key.
    pub(crate) async fn run_script(&mut self, hash: &str, key: &str, args: &[&str]) -> Result<()> {
        let mut command = redis::cmd("EVALSHA");
        command.arg(hash).arg(1).arg(key).arg(args);
        self.query(&command).await
    }

    /// Reads a stream to its end for a new group, in batches of this size, and acknowledges each. Returns how many entries that were.
    pub(crate) async fn consume(
        &mut self,
        stream: &str,
        group: &str,
        count: usize,
    ) -> Result<usize> {
        let mut create = redis::cmd("XGROUP");
        create.arg("CREATE").arg(stream).arg(group).arg(0);
        let _: Value = self.query(&create).await?;
        let mut read = redis::cmd("XREADGROUP");
        read.arg("GROUP").arg(group).arg("bare").arg("COUNT").arg(count);
        read.arg("STREAMS").arg(stream).arg(">");
        let mut consumed = 0;
        loop {
            let reply: Value = self.query(&read).await?;
            let Value::Array(streams) = reply else { return Ok(consumed) };
            let Some(Value::Array(pair)) = streams.into_iter().next() else { return Ok(consumed) };
            let Some(Value::Array(entries)) = pair.into_iter().nth(1) else { return Ok(consumed) };
            let mut ack = redis::cmd("XACK");
            ack.arg(stream).arg(group);
            for entry in &entries {
                if let Value::Array(parts) = entry
                    && let Some(Value::BulkString(id)) = parts.first()
                {
                    ack.arg(&id[..]);
                }
            }
            let acknowledged: usize = self.query(&ack).await?;
            consumed += acknowledged;
        }
    }

    /// How many entries a stream has.
    pub(crate) async fn length(&mut self, stream: &str) -> Result<usize> {
        self.query(redis::cmd("XLEN").arg(stream)).await
    }

    /// Copies a stream.
    pub(crate) async fn copy(&mut self, from: &str, to: &str) -> Result<()> {
        let mut command = redis::cmd("COPY");
        command.arg(from).arg(to).arg("REPLACE");
        self.query(&command).await
    }

    /// Deletes a stream.
    pub(crate) async fn delete(&mut self, stream: &str) -> Result<()> {
        self.query(redis::cmd("DEL").arg(stream)).await
    }

    /// Sends many commands in one go.
    pub(crate) async fn send(&mut self, pipeline: &Pipeline) -> Result<()> {
        Ok(pipeline.query_async(&mut self.connection).await?)
    }

    /// What the server says about itself.
    pub(crate) async fn server_info(&mut self) -> Result<String> {
        let mut command = redis::cmd("INFO");
        command.arg("server");
        self.query(&command).await
    }

    async fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T> {
        Ok(command.query_async(&mut self.connection).await?)
    }
}

/// How many entries there are in a reply.
pub(crate) fn entry_count(reply: &Value) -> usize {
    match reply {
        Value::Array(entries) => entries.len(),
        _ => 0,
    }
}

/// The id of the last entry in a reply.
pub(crate) fn last_entry_id(reply: &Value) -> Option<String> {
    let Value::Array(entries) = reply else { return None };
    match item(entries.last()?, 0)? {
        Value::BulkString(id) => String::from_utf8(id.clone()).ok(),
        _ => None,
    }
}

fn item(value: &Value, index: usize) -> Option<&Value> {
    match value {
        Value::Array(items) => items.get(index),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_id_of_a_reply_is_found() {
        let bulk = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let entry = |id| Value::Array(vec![bulk(id), Value::Array(vec![bulk("a"), bulk("b")])]);
        let reply = Value::Array(vec![entry("1-0"), entry("2-0")]);
        assert_eq!((entry_count(&reply), last_entry_id(&reply)), (2, Some("2-0".to_owned())));
        assert_eq!(last_entry_id(&Value::Array(Vec::new())), None);
    }
}
