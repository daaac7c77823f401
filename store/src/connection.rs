//! Connections: one that all share for short commands, and how to make others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, ErrorKind, Pipeline, RedisConnectionInfo, RedisError, RedisResult, Value,
};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::transport::{self, Address};
use super::{StoreError, StoreUrl};

/// How long making a connection may take. A server on the same continent answers in a tenth of that.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Why a server is not there that does not answer.
pub(super) const NO_ANSWER: &str = "it does not answer in time";
/// How long a short command may take. Longer than Redis blocks for its slowest usual work (a fork, a big `DEL`), shorter
/// than people wait.
pub(super) const RESPONSE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a failure to connect is taken as the answer for others, so that those who wait while Redis is away do not
/// queue up for one attempt after the other.
const FAILURE_HOLDS: Duration = Duration::from_millis(200);

/// A connection for reads that are answered at once, shared by all, made again when lost.
pub(super) struct SharedConnection {
    url: StoreUrl,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that only the one that failed is thrown away, not its replacement.
    generation: u64,
    last_failure: Option<(Instant, StoreError)>,
}

impl SharedConnection {
    pub(super) fn new(url: StoreUrl) -> Self {
        Self { url, state: Mutex::default() }
    }

    /// Sends commands in one go and gives the reply to each. They must be reads: where the connection turns out to be
    /// lost they are sent once more on a new one.
    pub(super) async fn run(
        &self,
        pipeline: &Pipeline,
    ) -> Result<Vec<RedisResult<Value>>, StoreError> {
        let (generation, connection) = self.get().await?;
        match run_on(connection, pipeline).await {
            Err(error) if is_lost(&error) => {
                self.discard(generation).await;
                let (generation, connection) = self.get().await?;
                let second = run_on(connection, pipeline).await;
                if second.as_ref().is_err_and(is_lost) {
                    self.discard(generation).await;
                }
                second.map_err(|error| StoreError::from_redis(&self.url, &error))
            }
            Err(error) => {
                if error.is_timeout() {
                    // Its reply would still come; a connection without such debts is quicker.
                    self.discard(generation).await;
                }
                Err(StoreError::from_redis(&self.url, &error))
            }
            Ok(replies) => Ok(replies),
        }
    }

    async fn get(&self) -> Result<(u64, MultiplexedConnection), StoreError> {
        let mut state = self.state.lock().await;
        if let Some(connection) = &state.connection {
            return Ok((state.generation, connection.clone()));
        }
        if let Some((at, error)) = &state.last_failure
            && at.elapsed() < FAILURE_HOLDS
        {
            return Err(error.clone());
        }
        match connect(&self.url, Some(RESPONSE_TIMEOUT)).await {
            Ok(connection) => {
                state.generation += 1;
                state.last_failure = None;
                state.connection = Some(connection.clone());
                Ok((state.generation, connection))
            }
            Err(error) => {
                state.last_failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn discard(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.connection = None;
        }
    }
}

/// Makes a connection of one's own. `response_timeout` must be longer than any command on it blocks.
pub(super) async fn connect(
    url: &StoreUrl,
    response_timeout: Option<Duration>,
) -> Result<MultiplexedConnection, StoreError> {
    let config = AsyncConnectionConfig::new().set_response_timeout(response_timeout);
    connect_with(url, url.settings(), config).await
}

/// Makes a connection with these settings.
pub(super) async fn connect_with(
    url: &StoreUrl,
    settings: &RedisConnectionInfo,
    config: AsyncConnectionConfig,
) -> Result<MultiplexedConnection, StoreError> {
    connect_noting_end(url, settings, config, Arc::default()).await
}

/// The same, and sets `has_ended` once nothing can be sent on it any more.
pub(super) async fn connect_noting_end(
    url: &StoreUrl,
    settings: &RedisConnectionInfo,
    config: AsyncConnectionConfig,
    has_ended: Arc<AtomicBool>,
) -> Result<MultiplexedConnection, StoreError> {
    let connecting = async {
        let stream = transport::open(url).await?;
        let (connection, driver) = MultiplexedConnection::new_with_config(settings, stream, config)
            .await
            .map_err(|error| failed_to_begin(url, &error))?;
        // Ends when the connection is lost, or the last handle on it is dropped.
        tokio::spawn(async move {
            driver.await;
            has_ended.store(true, Ordering::Release);
        });
        // A server of another kind, or one that wants a certificate, shows at the first words only.
        let asked: RedisResult<Value> =
            redis::cmd("PING").query_async(&mut connection.clone()).await;
        match asked {
            Err(error) if error.code().is_none() => Err(failed_to_begin(url, &error)),
            // What it refuses is told to whoever asks for something.
            _ => Ok(connection),
        }
    };
    timeout(CONNECT_TIMEOUT, connecting).await.unwrap_or_else(|_| Err(url.unavailable(NO_ANSWER)))
}

/// Why a connection that was opened could not be used. A server that speaks TLS says nothing that a client without it understands.
fn failed_to_begin(url: &StoreUrl, error: &RedisError) -> StoreError {
    let is_garbled = error.kind() == ErrorKind::Parse || is_lost(error);
    match url.at() {
        Address::Tcp { .. } if is_garbled => url.unavailable(
            "the connection was lost as soon as it was made; if this port speaks TLS, begin the Redis URL with `rediss://`",
        ),
        _ => StoreError::from_redis(url, error),
    }
}

/// Sends a pipeline; an error of one command is that command's reply, not that of the whole.
pub(super) async fn run_on(
    mut connection: MultiplexedConnection,
    pipeline: &Pipeline,
) -> RedisResult<Vec<RedisResult<Value>>> {
    let mut pipeline = pipeline.clone();
    pipeline.ignore_errors().query_async(&mut connection).await
}

fn is_lost(error: &redis::RedisError) -> bool {
    error.is_connection_dropped() || error.is_unrecoverable_error()
}
