//! The task that finds out what is going on, once a second for as long as somebody looks.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use rewind_app::api::{
    Coverage, Finding, Overview, OverviewProblem, RedisHealth, STREAM_SLOT_SECONDS,
};
use rewind_domain::{Entry, RawEvent, StreamKey};
use tokio::time::MissedTickBehavior;

use super::groups::Groups;
use super::health;
use super::newest::{MAX_NEWEST, Newest};
use super::picture::Series;
use super::pulse::{Counted, Pulse, Verdict};
use super::sweep::Sweep;
use super::{Counts, Drawn, Picture, Shared};
use crate::api_errors::api_error;
use crate::discovery::Status;
use crate::long_work;
use rewind_store::commands::COMMANDS;
use rewind_store::{
    ChangeFeed, FoundStream, Hearing, IdRange, Page, Store, StoreError, StreamInfo, Wanted,
};
use rewind_store::{PageSize, entry_bytes};

/// How often it is looked what is going on.
const TICK: Duration = Duration::from_secs(1);
/// How long to wait after Redis was not there, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(4);
/// How often groups and the server are asked: their figures change slowly, and somebody reads them.
const FIGURES_EVERY: Duration = Duration::from_secs(3);
/// How often the counts of all streams are put together: there may be thousands, and their slots are longer.
const STREAMS_EVERY: Duration = Duration::from_secs(2);
/// Of how many streams entries are read in one round trip.
const STREAMS_AT_ONCE: usize = 32;
/// About how many bytes one round trip brings.
const BYTES_AT_ONCE: usize = 1 << 20;
/// How many entries are read in a second: enough that nothing is estimated on most servers, a few percent of a core.
const ENTRIES_PER_TICK: usize = 5_000;
/// How many bytes of them.
const BYTES_PER_TICK: usize = 8 << 20;
/// How many streams wait to be read at most. Those beyond are found by the sweep.
const MAX_WAITING: usize = 20_000;
/// How many keys of which only is known that they changed are looked at in a second.
const LOOKS_PER_TICK: usize = 1_000;
/// How many streams that had events lately are looked at each second, where Redis does not tell which change.
const ACTIVE_LOOKS: usize = 500;
/// How long a type is kept at most, in characters: longer ones are none.
const MAX_TYPE_CHARS: usize = 200;

/// Finds out until nobody looks any more.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut watcher = Watcher::new(&shared);
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut wait = FIRST_WAIT;
    while !shared.is_over() {
        let picture: Picture = watcher.tick().await.map(Arc::new);
        let is_well = picture.is_ok();
        shared.picture.send_replace(Some(picture));
        if is_well {
            wait = FIRST_WAIT;
            ticks.tick().await;
        } else {
            watcher.signals = None;
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

/// How many streams are looked at each second to see whether the database is another one.
const SOME: usize = 50;

struct Watcher<'a> {
    shared: &'a Shared,
    /// Nothing until there is a connection.
    signals: Option<ChangeFeed>,
    pulse: Pulse,
    sweep: Sweep,
    newest: Newest,
    groups: Groups,
    series: Series,
    /// The streams that have something new to be read.
    waiting: VecDeque<StreamKey>,
    is_waiting: HashSet<StreamKey>,
    /// Keys that changed, of which is not known whether they are streams.
    unknown: VecDeque<StreamKey>,
    size: PageSize,
    redis: Option<RedisHealth>,
    findings: Vec<Finding>,
    /// Whether there are other nodes of a cluster, whose keys are not shown.
    is_one_of_many: bool,
    figures_at: Option<Instant>,
    /// Whether the newest events of before anybody looked were read.
    is_newest_filled: bool,
    streams: Arc<Counts>,
    streams_at: Option<Instant>,
    /// How many of the streams were looked at in turns.
    looked_at_some: usize,
}

/// Whether streams that were looked at are those that were known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Same,
    Others,
}

impl<'a> Watcher<'a> {
    fn new(shared: &'a Shared) -> Self {
        Self {
            shared,
            signals: None,
            pulse: Pulse::new(clock_ms()),
            sweep: Sweep::default(),
            newest: Newest::default(),
            groups: Groups::default(),
            series: Series::default(),
            waiting: VecDeque::new(),
            is_waiting: HashSet::new(),
            unknown: VecDeque::new(),
            size: PageSize::of_bytes(BYTES_AT_ONCE),
            redis: None,
            findings: Vec::new(),
            is_one_of_many: false,
            figures_at: None,
            is_newest_filled: false,
            streams: Arc::default(),
            streams_at: None,
            looked_at_some: 0,
        }
    }

    fn store(&self) -> &'a Store {
        &self.shared.store
    }

    /// Finds out what went on since the last time.
    async fn tick(&mut self) -> Result<Drawn, StoreError> {
        let now_ms = self.hear().await?;
        self.pulse.advance(now_ms);
        let is_told = self.is_told();
        let status = self.sweep_on(now_ms, is_told).await?;
        if is_told {
            self.look_at_some(now_ms).await?;
        } else {
            let active: Vec<StreamKey> =
                self.pulse.streams.top(ACTIVE_LOOKS).into_iter().map(|(key, _)| key).collect();
            self.look(&active, now_ms).await?;
        }
        self.look_at_unknown(now_ms).await?;
        self.read_waiting(now_ms).await?;
        self.fill_newest(now_ms).await?;
        if self.figures_at.is_none_or(|at| at.elapsed() >= FIGURES_EVERY) {
            self.figures_at = Some(Instant::now());
            self.ask_for_figures().await?;
        }
        if self.streams_at.is_none_or(|at| at.elapsed() >= STREAMS_EVERY) {
            self.streams_at = Some(Instant::now());
            let streams = &self.pulse.streams;
            let from_s = streams.oldest() * STREAM_SLOT_SECONDS;
            self.streams = Arc::new(Counts { from_s, of: streams.all_counts() });
        }
        let overview = self.draw(now_ms, is_told, &status);
        let (streams, groups) = (Arc::clone(&self.streams), Arc::clone(&self.groups.all));
        Ok(Drawn { overview, streams, groups })
    }

    fn is_told(&self) -> bool {
        self.signals.as_ref().is_some_and(|signals| signals.hearing() == Hearing::Told)
    }

    /// Takes in which keys changed, and tells the time on the clock of Redis.
    async fn hear(&mut self) -> Result<u64, StoreError> {
        let signals = match &mut self.signals {
            Some(signals) => signals,
            None => {
                // What changed while nobody listened is found by looking at all.
                self.sweep.restart();
                self.signals.insert(self.shared.store.signals(&"".into()).await?)
            }
        };
        let now_ms = match signals.clocks().await.map(|clocks| clocks.earliest_ms) {
            Ok(now_ms) => now_ms,
            Err(error) if error.is_passing() => return Err(error),
            // This user may not ask for the time.
            Err(_) => clock_ms(),
        };
        let Some(changed) = signals.take() else {
            self.sweep.restart();
            return Ok(now_ms);
        };
        for key in changed {
            if self.pulse.knows(&key) {
                self.wait_for(key);
            } else if self.unknown.len() < MAX_WAITING && !self.sweep.was_other(&key) {
                self.unknown.push_back(key);
            }
        }
        Ok(now_ms)
    }

    fn wait_for(&mut self, key: StreamKey) {
        if self.waiting.len() < MAX_WAITING && self.is_waiting.insert(key.clone()) {
            self.waiting.push_back(key);
        }
    }

    /// Looks at the next part of all streams.
    async fn sweep_on(&mut self, now_ms: u64, is_told: bool) -> Result<Status, StoreError> {
        let turn = self.sweep.turn(Instant::now(), is_told);
        // The search for streams goes on for as long as somebody looks, also while this rests.
        let (keys, status) = self.shared.discovery.keys(turn.clone().unwrap_or(0..0)).await;
        if let Some(error) = status.failure.as_ref().filter(|error| error.is_passing()) {
            return Err(error.clone());
        }
        if let Some(turn) = turn {
            self.look(&keys, now_ms).await?;
            let is_last = keys.len() < turn.len();
            // Until the search was everywhere, what is last now is not the end.
            if !is_last || status.is_complete || status.failure.is_some() {
                self.sweep.turned(keys.len(), is_last, Instant::now());
            } else {
                self.sweep.turned(keys.len(), false, Instant::now());
            }
        }
        Ok(status)
    }

    /// Looks whether the database is another one by now: of `SWAPDB` Redis tells nobody, and it makes most streams others at once.
    async fn look_at_some(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let keys = self.pulse.some(self.looked_at_some, SOME);
        self.looked_at_some = if keys.len() < SOME { 0 } else { self.looked_at_some + SOME };
        if self.look(&keys, now_ms).await? == Found::Others {
            self.sweep.restart();
        }
        Ok(())
    }

    async fn look_at_unknown(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let count = self.unknown.len().min(LOOKS_PER_TICK);
        let keys: Vec<StreamKey> = self.unknown.drain(..count).collect();
        self.look(&keys, now_ms).await?;
        // The ids of some do not tell that their events are new.
        self.is_newest_filled &= keys.is_empty() || !self.sweep.has_untimed();
        Ok(())
    }

    /// Looks at streams, and says whether some are others than those that were known.
    async fn look(&mut self, keys: &[StreamKey], now_ms: u64) -> Result<Found, StoreError> {
        let mut found = Found::Same;
        // The events of an aggregate in a topic are the topic's.
        let keys: Vec<StreamKey> =
            keys.iter().filter(|key| !self.store().is_part(key)).cloned().collect();
        if keys.is_empty() {
            return Ok(found);
        }
        for FoundStream { key, info } in self.shared.discovery.look_again(&keys).await? {
            match info {
                Ok(info) => {
                    self.sweep.noted(&key, &info, now_ms);
                    match self.pulse.noted(&key, &info, now_ms) {
                        Verdict::Quiet => {}
                        Verdict::Another => {
                            found = Found::Others;
                            self.begin_again(key, &info, now_ms);
                        }
                        Verdict::HasNew { .. } => self.wait_for(key),
                    }
                }
                Err(StoreError::NotFound) => {
                    self.pulse.forget(&key);
                    self.newest.keep_present(&key, None);
                }
                Err(_) => {
                    self.newest.keep_present(&key, None);
                    self.sweep.is_other(&key);
                }
            }
        }
        Ok(found)
    }

    /// A stream is another one by now: nothing of the one before is told any more.
    fn begin_again(&mut self, key: StreamKey, info: &StreamInfo, now_ms: u64) {
        self.pulse.forget(&key);
        self.newest.keep_present(&key, None);
        self.sweep.noted(&key, info, now_ms);
        // Its newest events may be among the newest of all, however old they are.
        self.is_newest_filled = false;
        self.wait_for(key);
    }

    /// Reads what is new, and leaves for the next time what is too much.
    async fn read_waiting(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let (mut entries, mut bytes) = (0, 0);
        while entries < ENTRIES_PER_TICK && bytes < BYTES_PER_TICK && !self.waiting.is_empty() {
            let batch = self.waiting.len().min(STREAMS_AT_ONCE);
            let keys: Vec<StreamKey> = self.waiting.drain(..batch).collect();
            for key in &keys {
                self.is_waiting.remove(key);
            }
            let count = self.size.entries(keys.len());
            let wanted = |key: StreamKey| {
                let range = IdRange { after: Some(self.pulse.read_after(&key)), before: None };
                Wanted { key, range, count }
            };
            let wanted: Vec<Wanted> = keys.into_iter().map(wanted).collect();
            let pages = self.store().newest_pages(&wanted).await?;
            // Those that there was no room for have their turn next.
            for Wanted { key, .. } in wanted.iter().skip(pages.len()) {
                self.wait_for(key.clone());
            }
            let mut candidates = Vec::new();
            for (Wanted { key, .. }, page) in wanted.iter().zip(pages) {
                let Page { entries: page, info, is_last, .. } = match page {
                    Ok(page) => page,
                    Err(error) if error.is_passing() => return Err(error),
                    // It may come back.
                    Err(StoreError::NotFound) => {
                        self.pulse.forget(key);
                        self.newest.keep_present(key, None);
                        continue;
                    }
                    Err(_) => {
                        self.pulse.forget(key);
                        self.newest.keep_present(key, None);
                        self.sweep.is_other(key);
                        continue;
                    }
                };
                self.size.learn(&page);
                entries += page.len().max(1);
                if !self.pulse.is_of(key, &info.extent) {
                    self.begin_again(key.clone(), &info, now_ms);
                    continue;
                }
                bytes += page.iter().map(entry_bytes).sum::<usize>();
                if info.extent.last_id.is_some() || info.extent.entries_added.is_some() {
                    self.newest.keep_present(key, Some(&info.extent));
                }
                let (counted, page) = self.types_of(key, page).await;
                candidates.extend(self.newest.candidates(key, page, now_ms, Some(now_ms)));
                self.pulse.read(key, &counted, &info, is_last, now_ms);
            }
            self.newest.add(&self.shared.event_reader, candidates).await;
        }
        Ok(())
    }

    /// The types of some entries, which are given back.
    async fn types_of(&self, key: &StreamKey, page: Vec<Entry>) -> (Vec<Counted>, Vec<Entry>) {
        let codec = self.shared.event_reader.for_answer(key);
        let event = |entry: &'_ Entry| entry.id;
        let is_long =
            page.iter().any(|entry| rewind_domain::layout::needs_decoder(&entry.fields, &codec));
        long_work::run(is_long, move || {
            let counted = |entry: &Entry| {
                let raw = RawEvent::new(entry.id, 0, &entry.fields).with_decoder(&codec);
                let event_type = raw.event_type();
                let is_short = |name: &String| name.len() <= MAX_TYPE_CHARS;
                Counted { id: event(entry), event_type: event_type.filter(is_short) }
            };
            (page.iter().map(counted).collect(), page)
        })
        .await
    }

    /// Reads the newest events of before anybody looked.
    async fn fill_newest(&mut self, now_ms: u64) -> Result<(), StoreError> {
        if self.is_newest_filled {
            return Ok(());
        }
        // Until all streams were looked at, newer ones may be found.
        self.is_newest_filled = self.sweep.is_whole;
        let keys = self.sweep.take_recent(|time_ms| self.newest.has_room_for(time_ms));
        let count = self.size.entries(keys.len()).min(MAX_NEWEST as u64);
        let wanted = |key| Wanted { key, range: IdRange::default(), count };
        let wanted: Vec<Wanted> = keys.into_iter().map(wanted).collect();
        let mut rest = &wanted[..];
        while !rest.is_empty() {
            let batch = rest.get(..STREAMS_AT_ONCE).unwrap_or(rest);
            let pages = self.store().newest_entries(batch).await?;
            rest = rest.get(pages.len().max(1)..).unwrap_or_default();
            let mut candidates = Vec::new();
            for (Wanted { key, .. }, page) in batch.iter().zip(pages) {
                let Ok(page) = page else { continue };
                self.size.learn(&page);
                candidates.extend(self.newest.candidates(key, page, now_ms, None));
            }
            self.newest.add(&self.shared.event_reader, candidates).await;
        }
        Ok(())
    }

    /// Asks how Redis is, and how far consumer groups are.
    async fn ask_for_figures(&mut self) -> Result<(), StoreError> {
        self.redis = match self.store().server_info().await {
            Ok(info) => Some(health::health(&info, self.store().database())),
            Err(error) if error.is_passing() => return Err(error),
            Err(_) => None,
        };
        let is_replica = self.redis.as_ref().is_some_and(|redis| redis.role == "slave");
        self.groups.refresh(&self.shared.store, &self.sweep.with_groups, is_replica).await?;
        let cluster = match self.redis.as_ref().is_some_and(|redis| redis.mode == "cluster") {
            true => self.store().cluster().await?,
            false => None,
        };
        let findings = self.redis.as_ref().map(health::findings).unwrap_or_default();
        let of_cluster =
            cluster.and_then(|cluster| health::of_cluster(cluster, &self.store().address()));
        let refused = COMMANDS.iter().filter_map(|command| {
            let error = self.store().refusal(command.name)?;
            Some(health::refused(command, &error))
        });
        let mut all: Vec<Finding> = findings.into_iter().chain(of_cluster).chain(refused).collect();
        all.sort_by_key(|finding| finding.severity);
        self.is_one_of_many = cluster.is_some_and(|cluster| !cluster.is_whole());
        self.findings = all;
        Ok(())
    }

    fn draw(&mut self, now_ms: u64, is_told: bool, status: &Status) -> Overview {
        let delay = if is_told { TICK } else { self.sweep.took.max(TICK * 2) };
        let refusal = status.failure.as_ref();
        let problem = refusal.map(|error| {
            let error = api_error(None, error);
            OverviewProblem { code: error.code, message: error.message }
        });
        let mut overview = Overview {
            now_ms,
            newest: self.newest.events(),
            groups: self.groups.told.clone(),
            groups_left_out: self.groups.left_out,
            redis: self.redis.clone(),
            findings: self.findings.clone(),
            coverage: Coverage {
                streams: status.found as u64,
                is_search_complete: status.is_complete && !self.is_one_of_many,
                looked_at: self.sweep.looked_at.min(status.found) as u64,
                is_told,
                delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
                whole_since_s: self.pulse.whole_since_s,
                is_estimated: self.pulse.is_estimated(),
                problem,
            },
            ..Overview::default()
        };
        self.series.draw(&self.pulse, &mut overview);
        overview
    }
}

/// The time on the clock of this machine, in Unix milliseconds.
fn clock_ms() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
