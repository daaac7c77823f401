//! The connection for writes: what is sent on it is never sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Pipeline, RedisError, RedisResult, Value};
use tokio::sync::Mutex;

use super::WriteError;
use crate::connection::{self, RESPONSE_TIMEOUT};
use crate::{StoreError, StoreUrl, WriteRefusal};

/// A connection for writes, shared by clones of its handle.
///
/// A read that was lost is asked again; a write may have been done, so its fate is told instead: [`WriteError::Unknown`].
/// A connection that is known to have ended is replaced before anything is sent on it, so a server that was restarted between two
/// writes disturbs neither.
#[derive(Clone)]
pub(crate) struct WriteConnection(Arc<Shared>);

struct Shared {
    url: StoreUrl,
    /// How long Redis may take for one request.
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: Option<Open>,
    /// When connecting failed last, and why.
    failed: Option<(Instant, StoreError)>,
}

#[derive(Clone)]
struct Open {
    connection: MultiplexedConnection,
    has_ended: Arc<AtomicBool>,
}

impl WriteConnection {
    /// A connection that is made when it is first needed.
    pub(crate) fn new(url: StoreUrl) -> Self {
        Self::with_patience(url, RESPONSE_TIMEOUT)
    }

    /// The same, for requests that may take this long.
    pub(crate) fn with_patience(url: StoreUrl, patience: Duration) -> Self {
        Self(Arc::new(Shared { url, patience, state: Mutex::default() }))
    }

    /// Sends one command.
    ///
    /// # Errors
    /// [`WriteError::NotDone`] where Redis refuses it or cannot be reached, [`WriteError::Unknown`] where its reply was lost.
    pub(crate) async fn send(&self, command: &redis::Cmd) -> Result<Value, WriteError> {
        let open = self.open().await?;
        let mut connection = open.connection.clone();
        let reply: RedisResult<Value> = command.query_async(&mut connection).await;
        match reply {
            Ok(value) => match self.checked(value) {
                Err(error) => {
                    self.leave_replica(&open, &error).await;
                    Err(error.into())
                }
                value => Ok(value?),
            },
            Err(error) => {
                let error = self.failed(&open, &error).await;
                self.leave_replica(&open, error.cause()).await;
                Err(error)
            }
        }
    }

    /// Sends commands in one go and gives the reply to each, refusals among them.
    ///
    /// # Errors
    /// As [`Self::send`], for all of them.
    pub(crate) async fn send_all(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<Result<Value, StoreError>>, WriteError> {
        let open = self.open().await?;
        match connection::run_on(open.connection.clone(), pipeline).await {
            Ok(replies) if replies.len() == pipeline.len() => Ok(replies
                .into_iter()
                .map(|reply| match reply {
                    Ok(value) => self.checked(value),
                    Err(error) => Err(StoreError::from_redis(&self.0.url, &error)),
                })
                .collect()),
            Ok(_) => Err(StoreError::unexpected("another number of replies than commands").into()),
            Err(error) => Err(self.failed(&open, &error).await),
        }
    }

    /// A reply within another one, which may be a refusal.
    pub(crate) fn checked(&self, reply: Value) -> Result<Value, StoreError> {
        match reply {
            Value::ServerError(error) => Err(StoreError::from_redis(&self.0.url, &error.into())),
            value => Ok(value),
        }
    }

    async fn open(&self) -> Result<Open, StoreError> {
        let asked = Instant::now();
        let mut state = self.0.state.lock().await;
        if let Some(open) =
            state.open.as_ref().filter(|open| !open.has_ended.load(Ordering::Acquire))
        {
            return Ok(open.clone());
        }
        // Those who waited while somebody else tried share what came of it, instead of each waiting as long once more.
        if let Some((_, error)) = state.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(error.clone());
        }
        let has_ended = Arc::new(AtomicBool::new(false));
        let config = AsyncConnectionConfig::new().set_response_timeout(Some(self.0.patience));
        let (url, settings) = (&self.0.url, self.0.url.settings());
        let connecting =
            connection::connect_noting_end(url, settings, config, Arc::clone(&has_ended));
        match connecting.await {
            Ok(connection) => {
                state.failed = None;
                Ok(state.open.insert(Open { connection, has_ended }).clone())
            }
            Err(error) => {
                state.open = None;
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// What became of what was sent, where no reply can be read.
    async fn failed(&self, used: &Open, error: &RedisError) -> WriteError {
        let cause = StoreError::from_redis(&self.0.url, error);
        let was_answered = error.code().is_some();
        if was_answered {
            return cause.into();
        }
        // Whatever else is on its way there is not waited for by the next write.
        self.leave(used).await;
        WriteError::Unknown { cause: Box::new(cause) }
    }

    /// Leaves a server that has become a replica: a new connection to the same address may lead to its successor.
    async fn leave_replica(&self, used: &Open, error: &StoreError) {
        if *error == StoreError::WritesRefused(WriteRefusal::Replica) {
            self.leave(used).await;
        }
    }

    async fn leave(&self, used: &Open) {
        let mut state = self.0.state.lock().await;
        let is_used = |open: &Open| Arc::ptr_eq(&open.has_ended, &used.has_ended);
        if state.open.as_ref().is_some_and(is_used) {
            state.open = None;
        }
    }
}
