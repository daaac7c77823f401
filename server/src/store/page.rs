//! Pages: a few entries at a time, with the stream as it is at that moment.
//!
//! Each is read without a transaction, which Redis may refuse, and compared with the stream before and after ([`fit`]).

use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Value};
use rewind_domain::{Entry, EntryId, StreamKey};

use super::connection::run_on;
use super::fit::{self, ATTEMPTS, ReadIds};
use super::look::Look;
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

    /// Its ends as Redis takes them, both included. Redis refuses what excludes the first id that there can be, or the last one: an
    /// empty range is asked for by the wrong ends.
    pub(super) fn arguments(&self) -> [String; 2] {
        if self.is_empty() {
            return ["+".to_owned(), "-".to_owned()];
        }
        let low = self.after.and_then(EntryId::next);
        let high = self.before.and_then(EntryId::prev);
        let text = |id: EntryId| id.to_string();
        [low.map_or("-".to_owned(), text), high.map_or("+".to_owned(), text)]
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

/// Entries, and the stream that they fit.
pub type Page = (Vec<Entry>, StreamInfo);

impl Store {
    /// Up to `count` entries of a stream, and the stream that they fit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] and [`StoreError::WrongType`] where the key is no stream, [`StoreError::Changed`] where the stream loses
    /// entries faster than it can be read, and whatever else Redis refuses.
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
        let wanted = [Wanted { key: key.clone(), range, count }];
        let page = self.pages_by(None, &wanted, order).await?.pop();
        page.unwrap_or(Err(StoreError::unexpected("no page")))
    }

    /// A page of each of several streams, oldest entries first, in one round trip.
    ///
    /// # Errors
    /// Where the whole fails; of each page, as for [`Store::page`].
    pub async fn pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.pages_by(None, wanted, PageOrder::OldestFirst).await
    }

    /// As [`Store::pages`], but the newest entries of each range, the newest first.
    ///
    /// # Errors
    /// As for [`Store::pages`].
    pub async fn newest_pages(
        &self,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.pages_by(None, wanted, PageOrder::NewestFirst).await
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
        let looked_at = self.look_at(std::slice::from_ref(key)).await?.pop();
        looked_at.map_or(Err(StoreError::NotFound), |found| found.info)
    }

    /// As [`Store::pages`], on a connection of one's own.
    pub(super) async fn pages_on(
        &self,
        connection: &MultiplexedConnection,
        wanted: &[Wanted],
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        self.pages_by(Some(connection), wanted, PageOrder::OldestFirst).await
    }

    /// Reads the pages in one round trip, on the connection for short commands unless another one is given, and those again that do
    /// not fit their stream.
    async fn pages_by(
        &self,
        connection: Option<&MultiplexedConnection>,
        wanted: &[Wanted],
        order: PageOrder,
    ) -> Result<Vec<Result<Page, StoreError>>, StoreError> {
        let mut pages: Vec<Result<Page, StoreError>> =
            wanted.iter().map(|_| Err(StoreError::Changed)).collect();
        let mut open: Vec<usize> = (0..wanted.len()).collect();
        for _ in 0..ATTEMPTS {
            let look = self.look();
            let pipeline = pages_pipeline(look, wanted, &open, order);
            let replies = match connection {
                Some(connection) => run_on(connection.clone(), &pipeline)
                    .await
                    .map_err(|error| self.error(&error))?,
                None => self.run(&pipeline).await?,
            };
            let mut replies = replies.into_iter().map(|reply| reply.map_err(|e| self.error(&e)));
            let mut unfit = Vec::new();
            for at in open {
                match read_page(look, &wanted[at], order, &mut replies) {
                    Err(StoreError::Changed) => unfit.push(at),
                    Err(error) if look == Look::Info && self.is_look_refused(&error) => {
                        unfit.push(at);
                    }
                    page => pages[at] = page,
                }
            }
            open = unfit;
            if open.is_empty() {
                break;
            }
        }
        Ok(pages)
    }
}

/// The next page of these replies; [`StoreError::Changed`] where it does not fit the stream.
fn read_page(
    look: Look,
    wanted: &Wanted,
    order: PageOrder,
    replies: &mut impl Iterator<Item = Result<Value, StoreError>>,
) -> Result<Page, StoreError> {
    let before = look.read(replies);
    let entries =
        replies.next().unwrap_or(Err(StoreError::unexpected("fewer replies than commands")));
    let after = look.read(replies);
    let entries = reply::entries(entries?)?;
    let (before, after) = fit::both(before, after)?;
    let ids: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
    let read = ReadIds { range: wanted.range, order, count: wanted.count, ids: &ids };
    let extent = fit::extent_between(&before.extent, &after.extent, read);
    Ok((entries, StreamInfo { extent: extent.ok_or(StoreError::Changed)?, ..after }))
}

/// The entries of each range between two looks at their stream, so that [`fit`] can tell whether they fit.
fn pages_pipeline(look: Look, wanted: &[Wanted], which: &[usize], order: PageOrder) -> Pipeline {
    let mut pipeline = redis::pipe();
    for Wanted { key, range, count } in which.iter().map(|&at| &wanted[at]) {
        look.add_to(&mut pipeline, key);
        range_command(&mut pipeline, key, *range, order, *count);
        look.add_to(&mut pipeline, key);
    }
    pipeline
}

/// Adds the command that reads up to `count` entries of a range.
pub(super) fn range_command(
    pipeline: &mut Pipeline,
    key: &StreamKey,
    range: IdRange,
    order: PageOrder,
    count: u64,
) {
    let [low, high] = range.arguments();
    match order {
        PageOrder::OldestFirst => pipeline.cmd("XRANGE").arg(key.as_bytes()).arg(low).arg(high),
        PageOrder::NewestFirst => pipeline.cmd("XREVRANGE").arg(key.as_bytes()).arg(high).arg(low),
    };
    pipeline.arg("COUNT").arg(count);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_asked_for_by_the_ends_that_it_has() {
        let ends = |after: Option<EntryId>, before: Option<EntryId>| {
            IdRange { after, before }.arguments().join(" ")
        };
        let id = |ms| Some(EntryId::new(ms, 0));
        assert_eq!(ends(None, None), "- +");
        assert_eq!(ends(id(5), id(7)), "5-1 6-18446744073709551615");
        assert_eq!(
            ends(Some(EntryId::MIN), Some(EntryId::MAX)),
            "0-1 18446744073709551615-18446744073709551614"
        );
        for (after, before) in
            [(Some(EntryId::MAX), None), (None, Some(EntryId::MIN)), (id(7), id(5)), (id(5), id(5))]
        {
            assert_eq!(ends(after, before), "+ -");
        }
        let last = IdRange::within(EntryId::MAX, EntryId::MAX);
        assert_eq!((last.is_empty(), last.after), (false, EntryId::MAX.prev()));
    }
}
