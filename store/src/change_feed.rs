//! Hearing which of many streams changed, without asking for each.
//!
//! Redis broadcasts the keys that change to whoever tracks a prefix (`CLIENT TRACKING … BCAST`), which needs no configuration of the
//! server. Where it refuses that, its keyspace notifications serve, if somebody switched them on. Where there is neither,
//! one has to look again and again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, Value};
use rewind_domain::StreamKey;
use tokio::sync::Notify;

use super::connection::{RESPONSE_TIMEOUT, connect, connect_with};
use super::discover::glob_escaped;
use super::topology::PerNode;
use super::{Clocks, Page, Store, StoreError, StoreUrl, Wanted, reply};

/// How many changed keys are kept until somebody takes them. Beyond that it takes less to look at all streams than to
/// remember which; it is some megabytes.
const MAX_HEARD: usize = 50_000;

/// How one learns of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Redis says which keys change.
    Told,
    /// It does not; one has to look.
    Looking,
}

/// Connections that hear of the keys that change and begin with a prefix, one for each node.
pub struct ChangeFeed {
    store: Store,
    listeners: PerNode<Listener>,
    heard: Arc<Heard>,
}

/// What hears of the changes on one node.
struct Listener {
    url: StoreUrl,
    connection: MultiplexedConnection,
    hearing: Hearing,
}

#[derive(Default)]
struct Heard {
    keys: Mutex<Keys>,
    some: Notify,
}

#[derive(Default)]
struct Keys {
    changed: HashSet<StreamKey>,
    /// There were too many to remember, or all keys changed at once.
    is_any: bool,
}

impl Store {
    /// Connects, and asks to be told about the keys that begin with `prefix`.
    ///
    /// # Errors
    /// If there is no connection.
    pub async fn signals(&self, prefix: &StreamKey) -> Result<ChangeFeed, StoreError> {
        let heard = Arc::<Heard>::default();
        let topology = self.shared.nodes.topology();
        let mut listeners = Vec::new();
        for url in topology.urls() {
            listeners.push(self.listen(url, prefix, Arc::clone(&heard)).await?);
        }
        let listeners = PerNode::of(topology.clone(), listeners);
        Ok(ChangeFeed { store: self.clone(), listeners, heard })
    }

    async fn listen(
        &self,
        url: &StoreUrl,
        prefix: &StreamKey,
        heard: Arc<Heard>,
    ) -> Result<Listener, StoreError> {
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_push_sender(move |push: PushInfo| {
                heard.hear(push);
                Ok::<(), std::convert::Infallible>(())
            });
        // Over RESP3 Redis sends messages that nobody asked for.
        let settings = url.settings().clone().set_protocol(ProtocolVersion::RESP3);
        let connection = connect_with(url, &settings, config).await;
        let Ok(connection) = connection else {
            // Redis may refuse this kind of connection only (`HELLO`).
            let connection = connect(url, Some(RESPONSE_TIMEOUT)).await?;
            return Ok(Listener { url: url.clone(), connection, hearing: Hearing::Looking });
        };
        let mut listener = Listener { url: url.clone(), connection, hearing: Hearing::Looking };
        if listener.track(prefix).await? || listener.subscribe(prefix, self.database()).await? {
            listener.hearing = Hearing::Told;
        }
        Ok(listener)
    }
}

impl ChangeFeed {
    /// How it learns of changes: it has to look if one node says nothing.
    pub fn hearing(&self) -> Hearing {
        let is_told = |listener: &Listener| listener.hearing == Hearing::Told;
        if self.listeners.all().iter().all(is_told) { Hearing::Told } else { Hearing::Looking }
    }

    /// The clocks of the nodes. Every change that was made before the earliest of them has been heard of when this returns.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn clocks(&mut self) -> Result<Clocks, StoreError> {
        let clocks = self.store.clocks().await?;
        // Redis sends the changes once it has executed what came in together. It answers the next command later, even if the answer is
        // that this user may not run it.
        match self.ping().await {
            Err(error) if !error.is_command_refused() => Err(error),
            _ => Ok(clocks),
        }
    }

    /// Waits until every change that was made before this was called has been heard of.
    ///
    /// # Errors
    /// If the connection is lost: changes may have been missed then.
    pub async fn settle(&mut self) -> Result<(), StoreError> {
        // Redis sends the changes once it has executed what came in together. It answers the second command later.
        self.ping().await?;
        self.ping().await
    }

    /// Waits until each node has answered.
    async fn ping(&mut self) -> Result<(), StoreError> {
        let ping = redis::cmd("PING");
        let pings = self.listeners.all_mut().iter_mut().map(|listener| listener.ask(&ping));
        for answer in join_all(pings).await {
            answer?;
        }
        Ok(())
    }

    /// Waits until something changed.
    pub async fn some(&self) {
        self.heard.some.notified().await;
    }

    /// What changed since this was last asked; `None` if it may be anything.
    pub fn take(&mut self) -> Option<HashSet<StreamKey>> {
        let Keys { changed, is_any } = std::mem::take(&mut *self.heard.keys());
        (!is_any).then_some(changed)
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
}

impl Listener {
    async fn track(&mut self, prefix: &StreamKey) -> Result<bool, StoreError> {
        let mut command = redis::cmd("CLIENT");
        command.arg("TRACKING").arg("ON").arg("BCAST");
        if !prefix.as_bytes().is_empty() {
            command.arg("PREFIX").arg(prefix.as_bytes());
        }
        self.is_allowed(&command).await
    }

    async fn subscribe(&mut self, prefix: &StreamKey, database: i64) -> Result<bool, StoreError> {
        let mut flags = redis::cmd("CONFIG");
        flags.arg("GET").arg("notify-keyspace-events");
        let flags = match self.ask(&flags).await {
            Ok(Value::Map(pairs)) => pairs.first().and_then(|(_, flags)| reply::text(flags)),
            Err(error) if error.is_passing() => return Err(error),
            _ => None,
        };
        let flags = flags.unwrap_or_default();
        if !flags.contains('K') || !flags.contains(['A', 't']) {
            return Ok(false);
        }
        let mut pattern = format!("__keyspace@{database}__:").into_bytes();
        pattern.extend(glob_escaped(prefix.as_bytes()));
        pattern.push(b'*');
        self.is_allowed(redis::cmd("PSUBSCRIBE").arg(pattern)).await
    }

    async fn is_allowed(&mut self, command: &redis::Cmd) -> Result<bool, StoreError> {
        match self.ask(command).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                tracing::debug!(%error, "Redis does not tell of changes in this way");
                Ok(false)
            }
        }
    }

    async fn ask(&mut self, command: &redis::Cmd) -> Result<Value, StoreError> {
        self.connection
            .send_packed_command(command)
            .await
            .and_then(Value::extract_error)
            .map_err(|error| StoreError::from_redis(&self.url, &error))
    }
}

impl Heard {
    fn keys(&self) -> MutexGuard<'_, Keys> {
        // Nothing panics while it is locked.
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hear(&self, push: PushInfo) {
        match (push.kind, &push.data[..]) {
            (PushKind::Invalidate, [Value::Array(keys)]) => {
                self.note(keys.iter().filter_map(|key| match key {
                    Value::BulkString(key) => Some(StreamKey::from_bytes(&key[..])),
                    _ => None,
                }));
            }
            // All keys at once, as `FLUSHALL` does.
            (PushKind::Invalidate, _) => self.keys().is_any = true,
            (PushKind::PMessage, [_, Value::BulkString(channel), _]) => {
                self.note(key_of_channel(channel).map(StreamKey::from_bytes));
            }
            // The next command says that the connection is lost.
            (PushKind::Disconnection, _) => {}
            _ => return,
        }
        self.some.notify_one();
    }

    fn note(&self, keys: impl IntoIterator<Item = StreamKey>) {
        let mut heard = self.keys();
        heard.changed.extend(keys);
        if heard.changed.len() > MAX_HEARD {
            *heard = Keys { is_any: true, ..Keys::default() };
        }
    }
}

/// The key in `__keyspace@0__:key`.
fn key_of_channel(channel: &[u8]) -> Option<&[u8]> {
    let at = channel.windows(3).position(|three| three == b"__:")?;
    channel.get(at + 3..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard_of(push: PushInfo) -> Keys {
        let heard = Heard::default();
        heard.hear(push);
        std::mem::take(&mut *heard.keys())
    }

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn changed_keys_are_heard_from_either_kind_of_message() {
        let tracked = PushInfo {
            kind: PushKind::Invalidate,
            data: vec![Value::Array(vec![bulk("a"), bulk("b")])],
        };
        assert_eq!(heard_of(tracked).changed, HashSet::from(["a".into(), "b".into()]));
        let notified = PushInfo {
            kind: PushKind::PMessage,
            data: vec![bulk("__keyspace@0__:*"), bulk("__keyspace@0__:a__:b"), bulk("xadd")],
        };
        assert_eq!(heard_of(notified).changed, HashSet::from(["a__:b".into()]));
    }

    #[test]
    fn too_many_keys_or_all_of_them_mean_any() {
        let all = PushInfo { kind: PushKind::Invalidate, data: vec![Value::Nil] };
        assert!(heard_of(all).is_any);
        let many = (0..=MAX_HEARD).map(|n| bulk(&n.to_string())).collect();
        let many = PushInfo { kind: PushKind::Invalidate, data: vec![Value::Array(many)] };
        let heard = heard_of(many);
        assert!(heard.is_any && heard.changed.is_empty());
    }
}
