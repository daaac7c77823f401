//! Pages: a few entries at a time, with the stream as it is at that moment.

use redis::Pipeline;
use redis::aio::MultiplexedConnection;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::connection::run_on;
use super::{EntryPage, EntryRange, Store, StoreError, StreamInfo, reply};

/// The ids that a read is limited to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdRange {
    /// Only after this one.
    pub after: Option<EntryId>,
    /// Only before this one.
    pub before: Option<EntryId>,
}

impl IdRange {
    /// From `first` to `last`, both included.
    pub fn within(first: EntryId, last: EntryId) -> Self {
        // Before the first id that there can be, and after the last one, there is nothing to leave out.
        Self { after: first.prev(), before: last.next() }
    }

    /// Whether no id lies in it.
    pub fn is_empty(&self) -> bool {
        match (self.after, self.before) {
            (Some(after), Some(before)) => after.next().is_none_or(|first| first >= before),
            (Some(after), None) => after == EntryId::MAX,
            (None, Some(before)) => before == EntryId::MIN,
            (None, None) => false,
        }
    }
}

/// From which end of the range a page is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageOrder {
    /// From the oldest entry on.
    OldestFirst,
    /// From the newest entry back.
    NewestFirst,
}

impl PageOrder {
    /// The version so many entries further on in this order.
    pub fn onward(self, version: u64, distance: u64) -> Option<u64> {
        match self {
            Self::OldestFirst => version.checked_add(distance),
            Self::NewestFirst => version.checked_sub(distance),
        }
    }
}

/// A part of a stream to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The stream.
    pub key: StreamKey,
    /// Which entries.
    pub range: IdRange,
    /// At most so many.
    pub count: u64,
}

/// Entries, and the stream as it is at the very same moment.
pub type Page = (Vec<Entry>, StreamInfo);

impl Store {
    /// Up to `count` entries of a stream, and the stream as it is at the very same moment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and [`StoreError::WrongType`] where the key is no stream, and whatever else Redis refuses.
    pub async fn page(
        &self,
        key: &StreamKey,
        range: IdRange,
        order: PageOrder,
        count: u64,
    ) -> Result<(Vec<Entry>, StreamInfo), StoreError> {
        if self.parts.is_part(key) {
            let range = EntryRange::new(range, order, count);
            let (pages, info) = self.read(key, vec![range]).await?;
            let entries = pages.iter().flat_map(EntryPage::entries);
            return Ok((entries.map(|entry| entry.to_entry()).collect(), info));
        }
        let pipeline = page_pipeline(key, range, order, count);
        let replies = self.run(&pipeline).await?;
        self.read_page(replies)
    }

    /// A page of each of several streams, oldest entries first, in one round trip.
    ///
    /// # Errors
    /// Where the whole fails; of each page, as for [`Store::page`].
    pub async fn pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        let replies = self.run(&pages_pipeline(wanted, PageOrder::OldestFirst)).await?;
        Ok(self.read_pages(replies))
    }

    /// As [`Store::pages`], but the newest entries of each range, the newest first.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn newest_pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        let replies = self.run(&pages_pipeline(wanted, PageOrder::NewestFirst)).await?;
        Ok(self.read_pages(replies))
    }

    /// The same for users who may not run `XINFO STREAM`: nothing is told of the streams.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn newest_entries(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = redis::pipe();
        for Wanted { key, range, count } in wanted {
            range_command(&mut pipeline, key, *range, PageOrder::NewestFirst, *count);
        }
        let replies = self.run(&pipeline).await?;
        let entries = |reply: redis::RedisResult<redis::Value>| {
            reply.map_err(|error| self.error(&error)).and_then(reply::entries)
        };
        Ok(replies.into_iter().map(entries).collect())
    }

    /// The stream as a whole.
    ///
    /// # Errors
    /// As for [`Store::page`].
    pub async fn info(&self, key: &StreamKey) -> Result<StreamInfo, StoreError> {
        if let Some(part) = self.part(key).await? {
            return Ok(part.info());
        }
        let mut pipeline = redis::pipe();
        pipeline.cmd("XINFO").arg("STREAM").arg(key.as_bytes());
        reply::stream_info(self.single(&pipeline).await?)
    }

    /// As [`Store::pages`], on a connection of one's own.
    pub(super) async fn pages_on(
        &self,
        connection: &MultiplexedConnection,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        let replies =
            run_on(connection.clone(), &pages_pipeline(wanted, PageOrder::OldestFirst)).await;
        Ok(self.read_pages(replies.map_err(|error| self.error(&error))?))
    }

    fn read_pages(
        &self,
        replies: Vec<redis::RedisResult<redis::Value>>,
    ) -> Vec<Result<Page, StoreError>> {
        let mut replies = replies.into_iter();
        let pairs = std::iter::from_fn(|| Some(vec![replies.next()?, replies.next()?]));
        pairs.map(|pair| self.read_page(pair)).collect()
    }

    pub(super) fn read_page(
        &self,
        replies: Vec<redis::RedisResult<redis::Value>>,
    ) -> Result<(Vec<Entry>, StreamInfo), StoreError> {
        let mut replies = replies.into_iter();
        let (Some(entries), Some(info)) = (replies.next(), replies.next()) else {
            return Err(StoreError::unexpected("a page without its parts"));
        };
        let entries = entries.map_err(|error| self.error(&error))?;
        let info = info.map_err(|error| self.error(&error))?;
        Ok((reply::entries(entries)?, reply::stream_info(info)?))
    }
}

/// The entries and the information in one transaction: only then do versions counted from the one fit the other while
/// entries are being added and trimmed.
pub(super) fn page_pipeline(
    key: &StreamKey,
    range: IdRange,
    order: PageOrder,
    count: u64,
) -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    add_page(&mut pipeline, key, range, order, count);
    pipeline
}

fn pages_pipeline(wanted: &[Wanted], order: PageOrder) -> Pipeline {
    let mut pipeline = redis::pipe();
    pipeline.atomic();
    for Wanted { key, range, count } in wanted {
        add_page(&mut pipeline, key, *range, order, *count);
    }
    pipeline
}

fn add_page(
    pipeline: &mut Pipeline,
    key: &StreamKey,
    range: IdRange,
    order: PageOrder,
    count: u64,
) {
    range_command(pipeline, key, range, order, count);
    pipeline.cmd("XINFO").arg("STREAM").arg(key.as_bytes());
}

/// Adds the command that reads up to `count` entries of a range.
pub(super) fn range_command(
    pipeline: &mut Pipeline,
    key: &StreamKey,
    range: IdRange,
    order: PageOrder,
    count: u64,
) {
    let low = range.after.map_or("-".to_owned(), |id| format!("({id}"));
    let high = range.before.map_or("+".to_owned(), |id| format!("({id}"));
    match order {
        PageOrder::OldestFirst => pipeline.cmd("XRANGE").arg(key.as_bytes()).arg(low).arg(high),
        PageOrder::NewestFirst => pipeline.cmd("XREVRANGE").arg(key.as_bytes()).arg(high).arg(low),
    };
    pipeline.arg("COUNT").arg(count);
}
