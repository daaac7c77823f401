//! Transactions: a look, and writes that are done only if what was looked at did not change.

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::sync::{Mutex, MutexGuard};

use super::WriteError;
use crate::connection::{self, RESPONSE_TIMEOUT};
use crate::{StoreError, StoreUrl};

/// A connection for transactions, one at a time: what is watched belongs to a connection as a whole.
pub(crate) struct TransactionConnection {
    url: StoreUrl,
    idle: Mutex<Option<MultiplexedConnection>>,
}

/// A transaction under way. Dropped without a commit it changes nothing.
pub(crate) struct Transaction<'a> {
    url: &'a StoreUrl,
    /// Where the connection goes back to once it watches nothing.
    idle: MutexGuard<'a, Option<MultiplexedConnection>>,
    connection: MultiplexedConnection,
}

impl TransactionConnection {
    /// A connection that is made when it is first needed.
    pub(crate) fn new(url: StoreUrl) -> Self {
        Self { url, idle: Mutex::default() }
    }

    /// Begins a transaction, after the one before has ended.
    pub(crate) async fn begin(&self) -> Result<Transaction<'_>, StoreError> {
        let mut idle = self.idle.lock().await;
        let connection = match idle.take() {
            Some(connection) => connection,
            None => connection::connect(&self.url, Some(RESPONSE_TIMEOUT)).await?,
        };
        Ok(Transaction { url: &self.url, idle, connection })
    }
}

impl Transaction<'_> {
    /// From now on, a change of one of these keys by somebody else keeps the writes from being done.
    ///
    /// A connection that was lost while it was idle is replaced: nothing has been sent on it yet.
    pub(crate) async fn watch(&mut self, keys: &[&[u8]]) -> Result<(), StoreError> {
        let mut command = redis::cmd("WATCH");
        command.arg(keys);
        let watched: RedisResult<Value> = command.query_async(&mut self.connection).await;
        match watched {
            Err(error) if error.code().is_none() => {
                self.connection = connection::connect(self.url, Some(RESPONSE_TIMEOUT)).await?;
                self.ask(&command).await.map(drop)
            }
            Err(error) => Err(StoreError::from_redis(self.url, &error)),
            Ok(reply) => self.checked(reply).map(drop),
        }
    }

    /// The same for a further key. On another connection nothing that is watched would be.
    pub(crate) async fn watch_also(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.ask(redis::cmd("WATCH").arg(key)).await.map(drop)
    }

    /// Reads something.
    pub(crate) async fn ask(&mut self, command: &Cmd) -> Result<Value, StoreError> {
        let reply: RedisResult<Value> = command.query_async(&mut self.connection).await;
        let reply = reply.map_err(|error| StoreError::from_redis(self.url, &error))?;
        self.checked(reply)
    }

    /// Does these writes, all of them; `None` where a watched key changed and none was done.
    ///
    /// # Errors
    /// [`WriteError::NotDone`] where Redis refuses one of them, [`WriteError::Unknown`] where the reply was lost.
    pub(crate) async fn commit(
        mut self,
        writes: &Pipeline,
    ) -> Result<Option<Vec<Value>>, WriteError> {
        // By itself: where it is refused, what follows would be done command by command.
        self.ask(&redis::cmd("MULTI")).await?;
        let mut all = redis::pipe();
        for command in writes.cmd_iter() {
            all.add_command(command.clone());
        }
        all.cmd("EXEC");
        let replies = match connection::run_on(self.connection.clone(), &all).await {
            Ok(replies) => replies,
            Err(error) => {
                let cause = StoreError::from_redis(self.url, &error);
                return Err(match error.code() {
                    Some(_) => cause.into(),
                    None => WriteError::Unknown { cause: Box::new(cause) },
                });
            }
        };
        let mut executed = None;
        for reply in replies {
            let reply = reply.map_err(|error| StoreError::from_redis(self.url, &error))?;
            executed = Some(self.checked(reply)?);
        }
        // Watches nothing any more, so it serves the next transaction.
        *self.idle = Some(self.connection.clone());
        match executed {
            Some(Value::Nil) => Ok(None),
            Some(Value::Array(done)) => {
                let done = done.into_iter().map(|reply| self.checked(reply));
                Ok(Some(done.collect::<Result<_, _>>()?))
            }
            _ => Err(StoreError::unexpected("a transaction that was neither done nor left").into()),
        }
    }

    fn checked(&self, reply: Value) -> Result<Value, StoreError> {
        match reply {
            Value::ServerError(error) => Err(StoreError::from_redis(self.url, &error.into())),
            value => Ok(value),
        }
    }
}
