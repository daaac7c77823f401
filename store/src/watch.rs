//! Waiting for what is added to streams.
//!
//! One `XREAD` waits for all of them. Where one stream cannot be read it fails as a whole; then each is looked at by a command of its own,
//! so that one failure is that of one stream. Where streams never can be waited for together, since they are in different slots of a
//! cluster or `XREAD` is refused, they are looked at again and again.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rewind_domain::{EntryId, StreamKey};

use super::connection::connect;
use super::entries::ID_BYTES;
use super::resp::Keep;
use super::{EntryRange, IdRange, Page, PageOrder, Store, StoreError, Wanted, reply};

/// How long one read blocks before it is made anew. Short enough to notice that a server is gone which did not say so.
const BLOCK: Duration = Duration::from_secs(5);
/// How long to pause between two looks where streams cannot be waited for, and how much longer for each of them: so many cost Redis a
/// few percent of its time.
const POLL: Duration = Duration::from_millis(200);
const POLL_PER_STREAM: Duration = Duration::from_micros(100);
/// How many streams are looked at in one go, during which Redis does nothing else.
const LOOKS_AT_ONCE: usize = 200;
/// How much longer than that a reply may take.
const GRACE: Duration = Duration::from_secs(5);

/// A connection of its own for blocking reads.
///
/// A read that is dropped half-way still blocks the connection, so the connection goes with it: drop the watcher then, and
/// make another.
pub struct Watcher {
    store: Store,
    connection: MultiplexedConnection,
    /// Whether streams cannot be waited for together.
    is_polling: bool,
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
    /// Where that is not possible.
    pub async fn watcher(&self) -> Result<Watcher, StoreError> {
        let connection = connect(&self.shared.url, Some(BLOCK + GRACE)).await?;
        Ok(Watcher { store: self.clone(), connection, is_polling: false })
    }
}

impl Watcher {
    /// Waits for entries after the given positions, for some seconds; gives the streams that have some, and those that cannot be read.
    ///
    /// # Errors
    /// Where Redis does not answer.
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
        for positions in positions.chunks(LOOKS_AT_ONCE) {
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
        let mut command = redis::cmd("XREAD");
        // What there is is read as pages, which tell too whether anything is missing before it.
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
        let value = self
            .connection
            .send_packed_command(&command)
            .await
            .map_err(|error| self.store.error(&error))?;
        let value = value.extract_error().map_err(|error| self.store.error(&error))?;
        reply::read_keys(value)
    }
}
