//! Readers: connections that keep replies as the bytes that they are, for what reads many entries.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::commands::Refusals;
use super::connection::{CONNECT_TIMEOUT, NO_ANSWER};
use super::resp::{Arrived, Keep, ReplyBuffer, Token, write_command};
use super::transport::{self, Duplex};
use super::{StoreError, StoreUrl};

/// How long Redis may keep silent while a reply is expected.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many connections are kept when nobody uses them: as many as people who look at histories at the same moment, mostly.
const KEPT: usize = 4;
/// How many short reads are under way at the same moment, each on a connection of its own, so that a long reply holds up no other. More
/// would not make Redis any quicker; the others wait.
const SHORT_READS: usize = 16;
/// How much is read at a time, in bytes, once it is clear that there is much.
const CHUNK: usize = 256 * 1024;

/// Lends out readers, and keeps a few for the next time.
#[derive(Clone)]
pub(super) struct ReaderPool {
    url: StoreUrl,
    kept: Arc<Mutex<Vec<Reader>>>,
    /// Has a permit for each short read that may be under way.
    turns: Arc<Semaphore>,
    /// What is refused to all of them.
    pub(super) refusals: Arc<Refusals>,
}

/// A connection of one's own.
pub(super) struct Reader {
    stream: Box<dyn Duplex>,
    url: StoreUrl,
    request: Vec<u8>,
    /// How long the last reply was, in bytes: the next one will be about as long.
    last_length: usize,
}

impl ReaderPool {
    pub(super) fn new(url: StoreUrl, refusals: Arc<Refusals>) -> Self {
        Self { url, kept: Arc::default(), turns: Arc::new(Semaphore::new(SHORT_READS)), refusals }
    }

    /// Waits for a turn at a short read, which lasts until what this gives is dropped.
    pub(super) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        // Closed never, since nothing closes it.
        self.turns.acquire().await.ok()
    }

    /// A reader that was kept. It may turn out to be lost.
    pub(super) fn kept(&self) -> Option<Reader> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// A new reader.
    pub(super) async fn connect(&self) -> Result<Reader, StoreError> {
        let connecting = Reader::connect(self.url.clone());
        timeout(CONNECT_TIMEOUT, connecting).await.map_err(|_| self.url.unavailable(NO_ANSWER))?
    }

    /// Keeps a reader whose replies were all read.
    pub(super) fn keep(&self, mut reader: Reader) {
        // Whoever has it next may read much less.
        reader.last_length = 0;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(reader);
        }
    }

    /// Forgets the readers that are kept, since one of them turned out to be lost.
    pub(super) fn forget(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Reader {
    async fn connect(url: StoreUrl) -> Result<Self, StoreError> {
        let stream = transport::open(&url).await?;
        let mut reader = Self { stream, url: url.clone(), request: Vec::new(), last_length: 0 };
        reader.log_in().await?;
        Ok(reader)
    }

    async fn log_in(&mut self) -> Result<(), StoreError> {
        let settings = self.url.settings().clone();
        if let Some(password) = settings.password() {
            let parts = match settings.username() {
                Some(user) => vec![&b"AUTH"[..], user.as_bytes(), password.as_bytes()],
                None => vec![&b"AUTH"[..], password.as_bytes()],
            };
            self.must(&parts).await?;
        }
        if settings.db() != 0 {
            self.must(&[b"SELECT", settings.db().to_string().as_bytes()]).await?;
        }
        Ok(())
    }

    async fn must(&mut self, parts: &[&[u8]]) -> Result<(), StoreError> {
        /// More than Redis says to this.
        const ROOM: usize = 64 * 1024;
        self.send(&[parts]).await?;
        let (reply, _) = self.receive(vec![Keep::Whole], ROOM).await?;
        match reply.tokens() {
            [Token::Error(span)] => {
                Err(StoreError::from_reply(&self.url, &String::from_utf8_lossy(reply.text(*span))))
            }
            _ => Ok(()),
        }
    }

    /// Sends commands in one go.
    pub(super) async fn send(&mut self, commands: &[&[&[u8]]]) -> Result<(), StoreError> {
        self.request.clear();
        for command in commands {
            write_command(&mut self.request, command);
        }
        self.stream.write_all(&self.request).await.map_err(|error| self.url.lost(&error))
    }

    /// Where it leads.
    pub(super) fn url(&self) -> &StoreUrl {
        &self.url
    }

    /// The connection itself, for whoever reads the reply in a way of its own, and where it leads.
    pub(super) fn into_parts(self) -> (Box<dyn Duplex>, StoreUrl) {
        (self.stream, self.url)
    }

    /// Makes a new connection of it, where what is still to come on the old one is not wanted.
    pub(super) async fn renew(&mut self) -> Result<(), StoreError> {
        let connecting = Self::connect(self.url.clone());
        let renewed = timeout(CONNECT_TIMEOUT, connecting).await;
        *self = renewed.map_err(|_| self.url.unavailable(NO_ANSWER))??;
        Ok(())
    }

    /// Waits for the replies to some commands, which take at most `room` bytes of memory. A reader that was left while it waited, or
    /// whose replies had no room, is of no further use until it is renewed.
    pub(super) async fn receive(
        &mut self,
        replies: Vec<Keep>,
        room: usize,
    ) -> Result<(ReplyBuffer, Arrived), StoreError> {
        let capacity = self.last_length + self.last_length / 8;
        let mut buffer = ReplyBuffer::expecting(replies, room, capacity);
        loop {
            let room = if buffer.len() < CHUNK / 16 { 4 * 1024 } else { CHUNK };
            let bytes = buffer.bytes_mut();
            // Where it is known how much is to come, there is room for that.
            if bytes.capacity() == bytes.len() {
                bytes.reserve(room);
            }
            let read = timeout(RESPONSE_TIMEOUT, self.stream.read_buf(bytes)).await;
            match read {
                Err(_) => return Err(self.url.unavailable(NO_ANSWER)),
                Ok(Err(error)) => return Err(self.url.lost(&error)),
                Ok(Ok(0)) => return Err(self.url.unavailable("the connection was lost")),
                Ok(Ok(_)) => {}
            }
            match buffer.advance()? {
                Arrived::Part => {}
                arrived => {
                    self.last_length = buffer.len();
                    return Ok((buffer, arrived));
                }
            }
        }
    }
}
