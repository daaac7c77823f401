//! Discovery: which streams there are, found once for all who look.
//!
//! Redis has no list of its streams, and walking its keyspace costs something. So there is one walk, at a bounded rate, that
//! goes on while anybody looks, rests while nobody does, and goes on where it was. What a stream holds is asked for only
//! where someone looks at it, or wants a category sorted by it.
//!
//! Between two walks Redis tells which keys change ([`hearing`]), where it does, so that what is new is found at once. Whoever needs
//! all streams that begin alike, such as a search in a category, waits until the list has them ([`within`]).
//!
//! [`state`] decides, the task in [`walk`] does.

mod hearing;
mod look;
mod pace;
mod state;
mod walk;
mod within;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rewind_app::api::query::{CatalogQuery, CategoriesQuery};
use rewind_app::api::{DiscoveryAction, DiscoveryPhase};
use rewind_domain::StreamKey;
use rewind_domain::catalog::{Category, CategoryRow, SortBy};
use tokio::sync::{Notify, watch};

use self::pace::Pace;
use self::state::{MAX_TO_LOOK, State};
pub use self::within::{Need, Waited, Waiting, Within};
use crate::cache_figures::CacheFigures;
use crate::topics::Topics;
use rewind_store::{FoundStream, Store, StoreError};

/// How long a first question waits for the first step of a walk, so that its answer has something in it.
const FIRST_STEP_TIMEOUT: Duration = Duration::from_millis(500);
/// How many streams are sorted by what they hold: that many are looked at in a few seconds, and sorted in a few
/// milliseconds.
const MAX_SORTED: usize = 100_000;
/// How old what is known of streams may be for sorting by it.
const SORT_FRESH: Duration = Duration::from_secs(60);

/// The search for streams. Clones are handles on the same one.
#[derive(Clone)]
pub struct Discovery {
    shared: Arc<Shared>,
}

/// A part of the list of streams.
#[derive(Clone, Debug)]
pub struct Listing {
    /// The streams, with what Redis says about them or why it does not.
    pub streams: Vec<FoundStream>,
    /// How many the list has.
    pub total: usize,
    /// By what it is sorted.
    pub sorted_by: SortBy,
    /// How many of them were looked at, where that matters for the order.
    pub looked_at: Option<usize>,
    /// Whether what was searched for is still looked for.
    pub is_searching: bool,
    /// How far the search is.
    pub status: Status,
}

/// How far the search is.
#[derive(Clone, Debug)]
pub struct Status {
    /// What it does.
    pub phase: DiscoveryPhase,
    /// Whether the whole keyspace was walked at least once.
    pub is_complete: bool,
    /// When the last walk began that came to its end, in Unix milliseconds: the list has all streams that there were then.
    pub as_of_ms: Option<u64>,
    /// Whether streams that came into being since then are found as they do, since Redis tells what changes.
    pub is_told: bool,
    /// About how many keys this walk has looked at.
    pub scanned: u64,
    /// How many keys there are; `None` if Redis does not tell this user.
    pub keys_total: Option<u64>,
    /// How many streams were found.
    pub found: usize,
    /// How many keys a second are looked at, at most.
    pub keys_per_second: u64,
    /// How many in one call.
    pub keys_per_call: u64,
    /// How many streams are kept, where others had to be left out.
    pub cut_at: Option<usize>,
    /// What keeps the walk from going on.
    pub failure: Option<StoreError>,
    /// That there are other nodes of a cluster, which are not walked.
    pub other_nodes: Option<String>,
    /// That this user may not run `XINFO STREAM`.
    pub info_refused: Option<StoreError>,
}

struct Shared {
    store: Store,
    topics: Topics,
    pace: Pace,
    state: Mutex<State>,
    /// That there is something to do.
    wake: Notify,
    /// How many steps were made.
    steps: watch::Sender<u64>,
    /// When the clock of [`Shared::as_of`] began.
    started: Instant,
}

impl Discovery {
    /// A search that looks at no more than this many keys a second, and begins once someone asks.
    pub fn new(store: Store, topics: Topics, scan_rate: NonZeroU32) -> Self {
        let now = Instant::now();
        Self {
            shared: Arc::new(Shared {
                store,
                topics,
                pace: Pace::new(scan_rate),
                state: Mutex::new(State::new(now)),
                wake: Notify::new(),
                steps: watch::channel(0).0,
                started: now,
            }),
        }
    }

    /// How much memory the list takes, and how much it may.
    pub fn figures(&self) -> CacheFigures {
        let bytes = self.shared.state().byte_size();
        CacheFigures { name: "streams", bytes, budget: state::MAX_BYTES, dropped: 0 }
    }

    /// A part of the list of the streams found so far.
    ///
    /// # Errors
    /// If Redis does not tell about any of them.
    pub async fn streams(&self, query: &CatalogQuery) -> Result<Listing, StoreError> {
        self.listen().await;
        self.look_for_keys(query).await?;
        let (keys, mut listing) = self.select(query);
        self.shared.wake.notify_one();
        listing.streams = self.shared.look(&keys).await?;
        // Looking may have shown what Redis refuses.
        listing.status = self.shared.status(&self.shared.state());
        Ok(listing)
    }

    /// A part of the tree of categories, how many rows it has, and how far the search is.
    pub async fn categories(&self, query: &CategoriesQuery) -> (Vec<CategoryRow>, usize, Status) {
        self.listen().await;
        let range = rows(query.offset.unwrap_or(0), query.limit.get());
        let state = self.shared.state();
        let (rows, total) = state.catalog.categories(&query.opened(), range);
        (rows, total, self.shared.status(&state))
    }

    /// The keys of some of the streams found so far, in their order, and how far the search is, which goes on since someone
    /// asks.
    pub async fn keys(&self, range: std::ops::Range<usize>) -> (Vec<StreamKey>, Status) {
        self.listen().await;
        let state = self.shared.state();
        let keys = state.catalog.select(&Category::All, b"").keys(range);
        (keys, self.shared.status(&state))
    }

    /// What these streams hold now, or why that cannot be told.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub async fn look_again(&self, keys: &[StreamKey]) -> Result<Vec<FoundStream>, StoreError> {
        self.shared.ask(keys).await
    }

    /// Pauses it, lets it go on, or begins again.
    pub fn control(&self, action: DiscoveryAction) -> Status {
        let mut state = self.shared.state();
        match action {
            DiscoveryAction::Pause => state.is_paused = true,
            DiscoveryAction::Resume => state.is_paused = false,
            DiscoveryAction::Restart => state.restart(),
        }
        self.shared.wake.notify_one();
        self.shared.status(&state)
    }

    /// Has the search go on since someone looks who comes back, and Redis tell what changes.
    async fn listen(&self) {
        self.shared.state().is_hearing_wanted = true;
        self.attend().await;
    }

    /// Has the search go on since someone looks, and waits for its very first step.
    async fn attend(&self) {
        {
            let mut state = self.shared.state();
            state.asked_at = Instant::now();
            if state.task.as_ref().is_none_or(tokio::task::JoinHandle::is_finished) {
                state.task = Some(tokio::spawn(walk::run(Arc::clone(&self.shared))));
            }
        }
        self.shared.wake.notify_one();
        let mut steps = self.shared.steps.subscribe();
        // Whichever comes first: the answer says how far it is.
        let _ = tokio::time::timeout(FIRST_STEP_TIMEOUT, steps.wait_for(|steps| *steps > 0)).await;
    }

    /// Asks for the very keys that a search may mean, since the walk may come to them late or never.
    async fn look_for_keys(&self, query: &CatalogQuery) -> Result<(), StoreError> {
        if query.search().as_bytes().is_empty() {
            return Ok(());
        }
        let mut keys = vec![query.search(), state::wanted_prefix(&query.category, &query.search())];
        keys.dedup();
        keys.retain(|key| query.category.has(key));
        let looked_at = self.shared.look(&keys).await?;
        let now = Instant::now();
        for found in looked_at.iter().filter(|found| found.info.is_ok()) {
            self.shared.state().found(found, now, self.shared.as_of(now));
        }
        Ok(())
    }

    /// What a part of the list has in it; what Redis says about it is still to be asked for.
    fn select(&self, query: &CatalogQuery) -> (Vec<StreamKey>, Listing) {
        let mut state = self.shared.state();
        let prefix = state::wanted_prefix(&query.category, &query.search());
        let is_searching = state.want(prefix);
        let selection = state.catalog.select(&query.category, query.search().as_bytes());
        let total = selection.len();
        let is_sorted = query.sort != SortBy::Key && total <= MAX_SORTED;
        let sorted_by = if is_sorted { query.sort } else { SortBy::Key };
        let (looked_at, to_look) = if is_sorted {
            let as_of = self.shared.as_of(Instant::now());
            let fresh_since = as_of.saturating_sub(seconds(SORT_FRESH));
            let to_look = selection.not_looked_at_since(fresh_since, MAX_TO_LOOK);
            (Some(selection.looked_at_since(0)), to_look)
        } else {
            (None, Vec::new())
        };
        let keys =
            selection.sorted(sorted_by).keys(rows(query.offset.unwrap_or(0), query.limit.get()));
        state.want_looks(to_look);
        let status = self.shared.status(&state);
        let streams = Vec::new();
        (keys, Listing { streams, total, sorted_by, looked_at, is_searching, status })
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn status(&self, state: &State) -> Status {
        let other_nodes = state
            .cluster
            .filter(|cluster| !cluster.is_whole())
            .map(|cluster| cluster.explanation(&self.store.address()));
        Status {
            phase: state.phase(),
            is_complete: state.is_complete && other_nodes.is_none(),
            other_nodes,
            as_of_ms: state.walked_since().and_then(unix_ms),
            is_told: state.is_told(),
            scanned: state.scanned,
            keys_total: state.keys_total,
            found: state.catalog.len(),
            keys_per_second: self.pace.keys_per_second,
            keys_per_call: self.pace.keys_per_call,
            cut_at: state.catalog.is_full().then(|| state.catalog.len()),
            failure: state.failure().cloned(),
            info_refused: self.store.refusal("XINFO STREAM"),
        }
    }

    /// The time in seconds, never 0.
    fn as_of(&self, now: Instant) -> u32 {
        seconds(now.duration_since(self.started)).saturating_add(1)
    }
}

/// A moment of the past as Unix time, in milliseconds.
fn unix_ms(moment: Instant) -> Option<u64> {
    let at = SystemTime::now().checked_sub(moment.elapsed())?;
    u64::try_from(at.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis()).ok()
}

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

fn rows(offset: u64, limit: u64) -> std::ops::Range<usize> {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    number(offset)..number(offset.saturating_add(limit))
}
