//! The index of one stream: how it is brought up to date, and built.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rewind_domain::StreamKey;
use rewind_domain::block_index::BLOCK_ENTRIES;
use rewind_domain::members::Members;
use rewind_domain::versions::StreamExtent;
use tokio::sync::watch;

use super::cache::{IndexCache, Room};
use super::state::{Contradiction, HeadEntry, IndexView, Standing, State};
use super::typed_page::{Reading, TypedPage};
use rewind_store::{
    EntryPage, EntryRange, IdRange, PAGE_ENTRIES, PageOrder, Store, StoreError, StreamInfo,
};

/// How often a stream is read in one go until the index agrees with it. Trimming takes a second time, a stream made again a third.
const ATTEMPTS: usize = 4;
/// How long to wait before a stream is read all over again that lost entries from its middle each time it was read.
const PAUSE_BEFORE_ANEW: Duration = Duration::from_secs(1);

/// The index of a stream. To be had from [`Indexes`](super::Indexes).
pub struct StreamIndex {
    key: StreamKey,
    store: Store,
    entries: Reading,
    /// Locked for moments only, never while waiting for anything.
    state: Mutex<State>,
    /// Held by who brings it up to date, unless it is being built.
    reading: tokio::sync::Mutex<()>,
    /// Whether a task is building it. Nobody else reads for it then.
    is_building: AtomicBool,
    changed: watch::Sender<()>,
}

/// Where reading came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reached {
    /// The index has all that the stream has.
    End,
    /// There is more.
    NotYet,
}

/// Ends the state of being built when the task does, however it ends.
struct Building(Arc<StreamIndex>);

impl Drop for Building {
    fn drop(&mut self) {
        self.0.is_building.store(false, Ordering::Release);
        self.0.changed.send_replace(());
    }
}

impl StreamIndex {
    pub(super) fn new(store: Store, key: StreamKey, entries: Reading) -> Self {
        Self {
            key,
            store,
            state: Mutex::new(State::new(entries.members.len())),
            entries,
            reading: tokio::sync::Mutex::default(),
            is_building: AtomicBool::new(false),
            changed: watch::Sender::new(()),
        }
    }

    /// Looks at the index. Whoever looks keeps others waiting, and must be quick.
    pub fn view<T>(&self, look: impl FnOnce(IndexView<'_>) -> T) -> T {
        look(self.state().view())
    }

    /// Whether it is being built in the background.
    pub fn is_building(&self) -> bool {
        self.is_building.load(Ordering::Acquire)
    }

    /// Tells when the index came further.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn key(&self) -> &StreamKey {
        &self.key
    }

    pub(super) fn byte_size(&self) -> usize {
        let state = self.state();
        let IndexView { blocks, members, .. } = state.view();
        let members = members.iter().map(Members::byte_size).sum::<usize>();
        size_of::<Self>() + self.key.as_bytes().len() + blocks.byte_size() + members
    }

    /// Brings it up to date, or has a task do that where it takes more than a short read.
    pub(super) async fn bring_up_to_date(
        self: &Arc<Self>,
        cache: &Arc<IndexCache>,
    ) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        if self.is_building() {
            // What is built so far is looked into as well.
            let extent = self.store.info(&self.key).await?.extent;
            if !self.state().is_of(&extent) {
                self.restart(cache, &extent);
            }
            return Ok(());
        }
        if self.state().view().standing == Standing::TooLarge {
            let extent = self.store.info(&self.key).await?.extent;
            self.state().note(extent);
            return Ok(());
        }
        let reached = self.catch_up(cache).await?;
        if cache.fit(self) == Room::TooLittle {
            self.give_up(cache);
        } else if reached == Reached::NotYet {
            self.is_building.store(true, Ordering::Release);
            let building = Building(Arc::clone(self));
            tokio::spawn(building.run(Arc::clone(cache)));
        }
        Ok(())
    }

    /// Reads what came behind the last entry, if it is not too much, and compares with the stream.
    async fn catch_up(&self, cache: &IndexCache) -> Result<Reached, StoreError> {
        for _ in 0..ATTEMPTS {
            let (after, is_cut, piece) = {
                let state = self.state();
                (state.read_after(), state.is_cut(), state.next_check())
            };
            let range = |range, count| EntryRange::new(range, PageOrder::OldestFirst, count);
            // One more, since the last entry indexed is read again.
            let mut ranges = vec![range(IdRange { after, before: None }, PAGE_ENTRIES + 1)];
            if is_cut {
                ranges.push(range(IdRange::default(), BLOCK_ENTRIES.into()));
            }
            if let Some(piece) = &piece {
                ranges.push(range(IdRange::within(piece.first_id, piece.last_id), piece.count + 1));
            }
            let (mut pages, StreamInfo { extent, .. }) = self.store.read(&self.key, ranges).await?;
            let checked = piece.and_then(|piece| Some((piece, pages.pop()?)));
            let mut pages = pages.into_iter();
            let Some(tail) = pages.next() else { break };
            let has_more = !tail.is_last();
            let tail = TypedPage::of(tail, &self.entries).await;
            let head = match pages.next() {
                Some(head) => match self.whole_head(head, &extent).await? {
                    Some(head) => head,
                    None => continue,
                },
                None => Vec::new(),
            };
            let mut state = self.state();
            let checked =
                checked.map_or(Ok(()), |(piece, page)| state.check(&piece, &page, &extent));
            let taken = checked.and_then(|()| state.go_on(&tail, &extent));
            let taken = taken.and_then(|()| match head.is_empty() {
                false if state.is_cut() => state.recount(&head),
                _ => Ok(()),
            });
            if taken.is_ok() && has_more {
                return Ok(Reached::NotYet);
            }
            if taken.is_ok() && state.is_cut() {
                continue;
            }
            match taken.and_then(|()| state.settle()) {
                Ok(()) => return Ok(Reached::End),
                Err(Contradiction) => {
                    drop(state);
                    self.restart(cache, &extent);
                }
            }
        }
        Ok(Reached::NotYet)
    }

    /// The first entries of the stream, of which these were read: in several pages where they are large. `None` where the stream
    /// changes meanwhile.
    async fn whole_head(
        &self,
        first: EntryPage,
        extent: &StreamExtent,
    ) -> Result<Option<Vec<HeadEntry>>, StoreError> {
        let mut left = u64::from(BLOCK_ENTRIES);
        let (mut head, mut next) = (Vec::new(), Some(first));
        while let Some(page) = next.take() {
            left = left.saturating_sub(page.len() as u64);
            let last_id = page.last_id();
            if left > 0 && !page.is_last() {
                let range = IdRange { after: last_id, before: None };
                let range = EntryRange::new(range, PageOrder::OldestFirst, left);
                let (mut pages, info) = self.store.read(&self.key, vec![range]).await?;
                if info.extent != *extent {
                    return Ok(None);
                }
                next = pages.pop();
            }
            let page = TypedPage::of(page, &self.entries).await;
            let entries = page.entries();
            head.extend(
                entries.map(|(entry, name)| (entry.id, name.map(str::to_owned), entry.digest())),
            );
        }
        Ok(Some(head))
    }

    /// Begins again, the stream being as it is now.
    fn restart(&self, cache: &IndexCache, extent: &StreamExtent) {
        self.state().restart(extent);
        cache.note_restart();
    }

    /// Drops what is indexed, since there is no room for it.
    fn give_up(self: &Arc<Self>, cache: &IndexCache) {
        self.state().give_up();
        cache.fit(self);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked; and if, what is wrong would be noticed when it is compared with the stream.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Building {
    /// Reads until the index has everything, nobody asks any more, or something fails, of which those who ask learn themselves.
    async fn run(self, cache: Arc<IndexCache>) {
        let index = &self.0;
        let _turn = cache.turn().await;
        let mut is_again = false;
        loop {
            let restarts = index.state().restarts();
            match self.pass(&cache).await {
                Ok(Reached::End) => return,
                Ok(Reached::NotYet) if !cache.is_wanted(index) => return,
                Ok(Reached::NotYet) => {}
                Err(error) => {
                    tracing::debug!(stream = %index.key, %error, "indexing was interrupted");
                    return;
                }
            }
            if index.state().restarts() > restarts {
                if is_again {
                    tokio::time::sleep(PAUSE_BEFORE_ANEW).await;
                }
                is_again = true;
            }
        }
    }

    /// Reads to the end that the stream has right now.
    async fn pass(&self, cache: &IndexCache) -> Result<Reached, StoreError> {
        let index = &self.0;
        let (restarts, after) = {
            let state = index.state();
            (state.restarts(), state.read_after())
        };
        let range = IdRange { after, before: None };
        let mut scan = index.store.scan(&index.key, range, PageOrder::OldestFirst).await?;
        let mut is_first = true;
        while let Some(page) = scan.next_page().await? {
            if !cache.is_wanted(index) {
                return Ok(Reached::NotYet);
            }
            let extent = page.info.extent;
            let entries = TypedPage::of(page.entries, &index.entries).await;
            {
                let mut state = index.state();
                if state.restarts() > restarts {
                    // Whoever asked saw that the stream is another one by now.
                    return Ok(Reached::NotYet);
                }
                let taken = if is_first {
                    state.go_on(&entries, &extent)
                } else {
                    state.append(&entries, &extent)
                };
                is_first = false;
                if taken.is_err() {
                    drop(state);
                    index.restart(cache, &extent);
                    return Ok(Reached::NotYet);
                }
            }
            if cache.fit(index) == Room::TooLittle {
                index.give_up(cache);
                return Ok(Reached::End);
            }
            index.changed.send_replace(());
        }
        index.catch_up(cache).await
    }
}
