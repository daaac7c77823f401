//! Hearing which of many streams changed, without asking for each.
//!
//! Redis broadcasts the keys that change to whoever tracks a prefix (`CLIENT TRACKING … BCAST`), which needs no configuration of the
//! server. Where it refuses that, its keyspace notifications serve, if somebody switched them on. Where there is neither,
//! one has to look again and again.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, PushInfo, PushKind, Value};
use rewind_domain::StreamKey;
use tokio::sync::Notify;

use super::connection::{RESPONSE_TIMEOUT, connect, connect_with};
use super::discover::glob_escaped;
use super::{Page, Store, StoreError, Wanted, reply};

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

/// A connection that hears of the keys that change and begin with a prefix.
pub struct ChangeFeed {
    store: Store,
    connection: MultiplexedConnection,
    heard: Arc<Heard>,
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
    /// Connects, and asks to be told of the keys that begin with `prefix`.
    ///
    /// # Errors
    /// Where there is no connection.
    pub async fn signals(&self, prefix: &StreamKey) -> Result<ChangeFeed, StoreError> {
        let heard = Arc::<Heard>::default();
        let listener = Arc::clone(&heard);
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_push_sender(move |push: PushInfo| {
                listener.hear(push);
                Ok::<(), std::convert::Infallible>(())
            });
        let url = &self.shared.url;
        // Over RESP3 Redis tells of things without being asked.
        let settings = url.settings().clone().set_protocol(ProtocolVersion::RESP3);
        let connection = connect_with(url, &settings, config).await;
        let Ok(connection) = connection else {
            // Redis may refuse this kind of connection only (`HELLO`).
            let connection = connect(&self.shared.url, Some(RESPONSE_TIMEOUT)).await?;
            let hearing = Hearing::Looking;
            return Ok(ChangeFeed { store: self.clone(), connection, heard, hearing });
        };
        let mut signals =
            ChangeFeed { store: self.clone(), connection, heard, hearing: Hearing::Looking };
        if signals.track(prefix).await? || signals.subscribe(prefix).await? {
            signals.hearing = Hearing::Told;
        }
        Ok(signals)
    }
}

impl ChangeFeed {
    /// How it learns of changes.
    pub fn hearing(&self) -> Hearing {
        self.hearing
    }

    /// The server's clock, in Unix milliseconds. Every change that was made before that moment has been heard of when this
    /// returns.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn now_ms(&mut self) -> Result<u64, StoreError> {
        let now_ms = self.store.clock_ms().await?;
        // Redis tells of changes once it has worked off what came in together; the answer to the next command comes later, be it only
        // that this user may not run it.
        match self.ask(&redis::cmd("PING")).await {
            Err(error) if !error.is_command_refused() => Err(error),
            _ => Ok(now_ms),
        }
    }

    /// Waits until every change that was made before this was called has been heard of.
    ///
    /// # Errors
    /// Where the connection is lost: changes may have been missed then.
    pub async fn settle(&mut self) -> Result<(), StoreError> {
        // Redis tells of changes once it has worked off what came in together; the answer to the second command comes later.
        self.ask(&redis::cmd("PING")).await?;
        self.ask(&redis::cmd("PING")).await?;
        Ok(())
    }

    /// Waits until something changed.
    pub async fn some(&self) {
        self.heard.some.notified().await;
    }

    /// What changed since this was last asked; nothing where it may be anything.
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

    async fn track(&mut self, prefix: &StreamKey) -> Result<bool, StoreError> {
        let mut command = redis::cmd("CLIENT");
        command.arg("TRACKING").arg("ON").arg("BCAST");
        if !prefix.as_bytes().is_empty() {
            command.arg("PREFIX").arg(prefix.as_bytes());
        }
        self.is_allowed(&command).await
    }

    async fn subscribe(&mut self, prefix: &StreamKey) -> Result<bool, StoreError> {
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
        let mut pattern = format!("__keyspace@{}__:", self.store.database()).into_bytes();
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
            .map_err(|error| self.store.error(&error))
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
