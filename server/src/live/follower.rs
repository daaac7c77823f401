//! The follower of a category: hears which of its streams changed, reads those, and passes their entries on in order.
//!
//! Each node of Redis makes ids from its clock. Once all clocks show a later millisecond, and everything that changed before was read,
//! no entry of an earlier millisecond can come any more. Up to there entries are passed on; younger ones wait for the next round, which is
//! a millisecond or two. Where Redis does not tell what changes, a round looks at all streams, and there is a pause before
//! the next.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rewind_app::api::find::{MAX_UNREAD_NAMES, UnreadStreams};
use rewind_app::api::live::{LiveWatching, RedisStatus, WatchedBy};
use rewind_domain::{EntryId, StreamKey};

use super::category::Category;
use super::followed::{Another, Followed};
use super::merge::Merge;
use super::position::Position;
use super::reader::{BACKOFF, PAGES_AT_ONCE};
use super::watches::Watches;
use super::{LiveError, batch};
use crate::api_errors::api_error;
use crate::discovery::{Need, Waited};
use rewind_store::PageSize;
use rewind_store::{ChangeFeed, FoundStream, Hearing, StoreError, StreamInfo, Wanted};

/// How often it is looked whether the database is another one by now, and at how many streams for that. Of `SWAPDB` Redis tells nobody; it
/// makes most streams others at once.
const LOOK_AT_SOME: Duration = Duration::from_secs(2);
const SOME: usize = 100;
/// How often Redis is asked whether it is still there while nothing changes.
const QUIET: Duration = Duration::from_secs(5);
/// How long entries of the current millisecond wait.
const TICK: Duration = Duration::from_millis(1);
/// How long to pause between two looks at all streams, at least and at most.
const MIN_PAUSE: Duration = Duration::from_millis(500);
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How many times as long to pause as the look took, so that it takes at most a tenth of the time of Redis.
const PAUSE_FACTOR: u32 = 9;
/// How many streams are looked at before others are let through.
const STREAMS_AT_ONCE: usize = 1_000;
/// How often it is looked whether the search for streams goes on again that somebody paused.
const PAUSED: Duration = Duration::from_millis(500);
/// How long a stream that may not be read is left alone, however often it changes.
const REFUSAL_HOLDS: Duration = Duration::from_secs(30);
/// How many of them are kept in mind; beyond that they are asked for again.
const MAX_REFUSED: usize = 100_000;
/// How many entries are passed on in one go.
const PASSED_AT_ONCE: usize = 500;

/// Follows a category for as long as somebody watches it.
pub(super) async fn follow(shared: Arc<Watches>, category: Arc<Category>) {
    let mut failures = 0;
    loop {
        let mut follower = Follower {
            shared: &shared,
            category: &category,
            merge: Merge::default(),
            size: PageSize::default(),
            refused: BTreeMap::new(),
            looked_at_some: (Instant::now(), 0),
        };
        match follower.run(&mut failures).await {
            Ok(()) => return,
            Err(error) if error.is_passing() && category.is_ready() => {
                tracing::warn!(prefix = %category.prefix(), %error, "following a category was interrupted");
                category.set_redis(RedisStatus::Down);
            }
            Err(error) => {
                shared.close(&category, Some(error));
                return;
            }
        }
        failures += 1;
        tokio::time::sleep(BACKOFF.after(failures)).await;
        if shared.close(&category, None) {
            return;
        }
    }
}

struct Follower<'a> {
    shared: &'a Arc<Watches>,
    category: &'a Arc<Category>,
    merge: Merge,
    size: PageSize,
    /// The streams that may not be read, since when, and why.
    refused: BTreeMap<StreamKey, (Instant, StoreError)>,
    /// When some streams were looked at last, and how many came before them.
    looked_at_some: (Instant, usize),
}

impl Follower<'_> {
    /// Follows on one connection until it is lost, or until nobody watches.
    async fn run(&mut self, failures: &mut u64) -> Result<(), LiveError> {
        let prefix = self.category.prefix();
        let mut signals = self.store(self.shared.store.signals(prefix).await)?;
        let mut look = self.look(&mut signals).await?;
        loop {
            *failures = 0;
            if self.shared.close(self.category, None) {
                return Ok(());
            }
            match signals.hearing() {
                Hearing::Told => {
                    if self.merge.is_done() {
                        // Either way it is time for a round.
                        let _ = tokio::time::timeout(LOOK_AT_SOME, signals.some()).await;
                    } else {
                        tokio::time::sleep(TICK).await;
                    }
                    self.round(&mut signals).await?;
                    if self.has_another_database().await? {
                        look = self.look(&mut signals).await?;
                    }
                    tokio::time::sleep(self.shared.pace()).await;
                }
                Hearing::Looking => {
                    let pause = pause_after(look);
                    self.say_how(WatchedBy::Polling, pause + look);
                    self.sleep_while_watched(pause).await;
                    look = self.look(&mut signals).await?;
                }
            }
        }
    }

    /// Reads what changed, and passes on what is ready.
    async fn round(&mut self, signals: &mut ChangeFeed) -> Result<(), LiveError> {
        let now_ms = self.store(signals.clocks().await)?.earliest_ms;
        let Some(changed) = signals.take() else {
            self.look(signals).await?;
            return Ok(());
        };
        for stream in changed {
            if self.refused.get(&stream).is_some_and(|(at, _)| at.elapsed() < REFUSAL_HOLDS) {
                continue;
            }
            let position = self.category.followed(&stream).position;
            self.merge.add(stream, position, None);
        }
        self.pass_on(signals, now_ms).await?;
        self.say_how(WatchedBy::Notifications, Duration::ZERO);
        Ok(())
    }

    /// Whether some streams became others without Redis having told so. Looks at them in turns, now and then.
    async fn has_another_database(&mut self) -> Result<bool, LiveError> {
        let (at, before) = self.looked_at_some;
        if at.elapsed() < LOOK_AT_SOME || !self.merge.is_done() {
            return Ok(false);
        }
        let streams = self.category.some(before, SOME);
        let looked_at = if streams.len() < SOME { 0 } else { before + SOME };
        self.looked_at_some = (Instant::now(), looked_at);
        let keys: Vec<StreamKey> = streams.iter().map(|(stream, _)| stream.clone()).collect();
        let found = self.store(self.shared.store.look_at(&keys).await)?;
        let is_another = |((_, followed), found): (&(_, Followed), &FoundStream)| match &found.info
        {
            Ok(info) => !followed.is_continued_by(&info.extent),
            Err(error) => *error == StoreError::NotFound,
        };
        Ok(streams.iter().zip(&found).any(is_another))
    }

    /// Looks at all streams, and says how long that took. The first time it only takes note of where they are.
    async fn look(&mut self, signals: &mut ChangeFeed) -> Result<Duration, LiveError> {
        let begun = Instant::now();
        let now_ms = self.store(signals.clocks().await)?.earliest_ms;
        self.category.set_redis(RedisStatus::Up);
        // What was heard of until now is about to be seen.
        let _ = signals.take();
        let mut found: Vec<(StreamKey, StreamInfo)> = Vec::new();
        for keys in self.streams().await?.chunks(STREAMS_AT_ONCE) {
            let looked_at = self.shared.discovery.look_again(keys).await;
            for stream in self.store(looked_at)? {
                match stream.info {
                    Ok(info) => {
                        self.refused.remove(&stream.key);
                        found.push((stream.key, info));
                    }
                    // What was a stream a moment ago and is none any more.
                    Err(StoreError::NotFound | StoreError::WrongType) => {}
                    Err(error) => self.leave_out(stream.key, error),
                }
            }
        }
        if self.category.is_ready() {
            self.category
                .keep(&found.iter().map(|(stream, _)| stream.clone()).collect::<HashSet<_>>());
            for (stream, info) in found {
                let followed = self.category.followed(&stream);
                if !followed.is_continued_by(&info.extent) {
                    self.begin_again(stream);
                } else if followed.id() != info.extent.last_generated_id {
                    self.merge.add(stream, followed.position, None);
                }
            }
            self.pass_on(signals, now_ms).await?;
        } else {
            let later_ms = self.store(signals.clocks().await)?.latest_ms;
            self.open(found, before(now_ms), later_ms);
        }
        let by = match signals.hearing() {
            Hearing::Told => WatchedBy::Notifications,
            Hearing::Looking => WatchedBy::Polling,
        };
        let took = begun.elapsed();
        let delay =
            if by == WatchedBy::Polling { pause_after(took) + took } else { Duration::ZERO };
        self.say_how(by, delay);
        Ok(took)
    }

    /// The keys of the streams, as they are found for all who look. While the search is paused there is nothing to go by.
    async fn streams(&self) -> Result<Vec<StreamKey>, LiveError> {
        let mut waiting = self.shared.discovery.within(self.category.prefix(), Need::Now);
        loop {
            match self.store(waiting.next().await)? {
                Waited::Found(within) if within.is_whole => {
                    self.category.check_size(within.keys.len())?;
                    return Ok(within.keys);
                }
                Waited::Found(_) => tokio::time::sleep(PAUSED).await,
                Waited::NotYet { found, .. } => self.category.check_size(found)?,
            }
        }
    }

    /// Takes note of where the streams are. Everything up to `mark` is past. What was added while they were looked at is new:
    /// were it past for some streams and not for others, no mark would say so.
    fn open(&mut self, streams: Vec<(StreamKey, StreamInfo)>, mark: EntryId, later_ms: u64) {
        let followed = streams.into_iter().map(|(stream, info)| {
            let followed = Followed::from_its_end(&info);
            if followed.id() <= mark || followed.id().ms() > later_ms {
                return (stream, followed);
            }
            let position = Position { id: mark, version: None };
            self.merge.add(stream.clone(), position, None);
            (stream, Followed::at(position))
        });
        let followed = followed.collect();
        self.category.open(followed, mark);
    }

    /// A stream is another one by now: passes it on from its beginning.
    fn begin_again(&mut self, stream: StreamKey) {
        self.merge.remove(&stream);
        self.category.begin_again(&stream);
        self.merge.add(stream, Position::START, None);
    }

    /// Passes on everything that was added before `now_ms`, in order.
    async fn pass_on(&mut self, signals: &mut ChangeFeed, now_ms: u64) -> Result<(), LiveError> {
        loop {
            while self.merge.is_hungry() {
                self.feed(signals).await?;
            }
            let mut batch = Vec::new();
            while batch.len() < PASSED_AT_ONCE
                && let Some(next) = self.merge.next(now_ms)
            {
                batch.push(next);
            }
            if batch.is_empty() && !self.merge.is_hungry() {
                return Ok(());
            }
            let batch = batch::decode(&self.shared.event_reader, batch).await;
            self.category.publish(batch, before(now_ms), self.shared.channel_bytes());
        }
    }

    async fn feed(&mut self, signals: &mut ChangeFeed) -> Result<(), LiveError> {
        let mut wanted = self.merge.wanted(PAGES_AT_ONCE, self.size.entries(PAGES_AT_ONCE));
        let followed: Vec<Followed> =
            wanted.iter_mut().map(|wanted| self.reading_again(wanted)).collect();
        let pages = self.store(signals.pages(&wanted).await)?;
        for ((wanted, mut followed), page) in wanted.into_iter().zip(followed).zip(pages) {
            match page {
                Ok(mut page) => {
                    if followed.look_at(&mut page) == Err(Another)
                        || Some(page.info.extent.last_generated_id) < wanted.range.after
                    {
                        self.begin_again(wanted.key);
                        continue;
                    }
                    if !page.entries.is_empty() && self.category.was_gone(&wanted.key) {
                        self.category.begin_again(&wanted.key);
                        followed.position = Position::START;
                    }
                    self.category.saw(&wanted.key, followed);
                    self.size.learn(&page.entries);
                    self.merge.feed(&wanted.key, page);
                }
                Err(error) if error.is_passing() => return Err(self.failed(error)),
                // Is read again.
                Err(StoreError::Changed) => {}
                Err(error) => {
                    self.merge.remove(&wanted.key);
                    self.category.forget(&wanted.key);
                    // Other keys than streams may begin like that as well.
                    if !matches!(error, StoreError::NotFound | StoreError::WrongType) {
                        self.leave_out(wanted.key, error);
                    }
                }
            }
        }
        self.category.check_size(self.category.stream_count())
    }

    /// The stream as far as it was passed on. Has the last entry that was passed on read again, where reading goes on from there.
    fn reading_again(&self, wanted: &mut Wanted) -> Followed {
        let followed = self.category.followed(&wanted.key);
        if wanted.range.after == Some(followed.id()) {
            wanted.range.after = followed.next_range().after;
            wanted.count += 1;
            return followed;
        }
        // What was read beyond it is still held back.
        followed.unmarked()
    }

    /// Takes note of a stream that may not be read; the others go on.
    fn leave_out(&mut self, stream: StreamKey, error: StoreError) {
        if self.refused.len() >= MAX_REFUSED {
            self.refused.clear();
        }
        if self.refused.is_empty() {
            tracing::warn!(%stream, %error, "a stream of a category cannot be watched");
        }
        self.refused.insert(stream, (Instant::now(), error));
    }

    /// What is said of those that may not be read.
    fn unread(&self) -> Option<UnreadStreams> {
        let mut unread = None;
        for (stream, (_, error)) in self.refused.iter().take(MAX_UNREAD_NAMES) {
            UnreadStreams::add(&mut unread, stream, || api_error(Some(stream), error).message);
        }
        let count = self.refused.len() as u64;
        unread.map(|unread| UnreadStreams { count, ..unread })
    }

    fn say_how(&self, by: WatchedBy, delay: Duration) {
        self.category.set_watching(LiveWatching {
            streams: self.category.stream_count() as u64,
            by,
            delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            is_unsure: false,
            unread: self.unread(),
        });
    }

    async fn sleep_while_watched(&self, pause: Duration) {
        let until = Instant::now() + pause;
        while self.category.is_watched() && Instant::now() < until {
            let left = until.saturating_duration_since(Instant::now());
            tokio::time::sleep(left.min(QUIET)).await;
        }
    }

    fn store<T>(&self, outcome: Result<T, StoreError>) -> Result<T, LiveError> {
        outcome.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: StoreError) -> LiveError {
        LiveError::Store { key: self.category.prefix().clone(), error }
    }
}

fn pause_after(look: Duration) -> Duration {
    (look * PAUSE_FACTOR).clamp(MIN_PAUSE, MAX_PAUSE)
}

/// The last id of the milliseconds before this one.
fn before(now_ms: u64) -> EntryId {
    EntryId::new(now_ms, 0).prev().unwrap_or(EntryId::MIN)
}
