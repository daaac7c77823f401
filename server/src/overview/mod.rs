//! The overview: what is going on now, found out once for all who look.
//!
//! While anybody asks, one task hears from Redis which streams change, or looks at them in turns where Redis does not tell;
//! reads what is new of them, within bounds; and counts it by second, category and type ([`pulse`]). It also asks how far consumer
//! groups are, and how Redis is. Whoever asks gets the picture of the last second; when nobody has asked for a while the task
//! ends, and with it all that it knew.

mod groups;
mod health;
mod newest;
mod picture;
mod pulse;
mod sweep;
mod watch;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event_reader::EventReader;
use rewind_app::api::query::{GroupsQuery, OverviewQuery};
use rewind_app::api::{ApiError, GroupLag, GroupsPage, Overview, StreamRate, StreamRates};
use rewind_domain::StreamKey;
use tokio::sync::watch as channel;
use tokio::task::JoinHandle;

use crate::api_errors::api_error;
use crate::discovery::Discovery;
use rewind_store::{Store, StoreError};

/// How long the task goes on after anybody asked: longer than a page that reconnects is away.
const LINGER: Duration = Duration::from_secs(15);
/// How long the first one who asks waits for a picture. Redis being away is told sooner.
const FIRST_PICTURE_TIMEOUT: Duration = Duration::from_secs(5);

/// The overview. Clones are handles on the same one.
#[derive(Clone)]
pub struct Overviews {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    event_reader: EventReader,
    discovery: Discovery,
    looking: Mutex<Looking>,
    picture: channel::Sender<Option<Picture>>,
}

/// What is known at the moment, or why nothing is.
type Picture = Result<Arc<Drawn>, StoreError>;

/// What is known at the moment.
struct Drawn {
    overview: Overview,
    /// The counts of all streams that had events, as of a moment ago.
    streams: Arc<Counts>,
    /// All consumer groups, those that are furthest behind first.
    groups: Arc<Vec<GroupLag>>,
}

/// The counts of streams.
#[derive(Default)]
struct Counts {
    /// The second that the first of them stands for.
    from_s: u64,
    of: HashMap<StreamKey, Vec<u64>>,
}

/// Whether anybody looks.
struct Looking {
    asked_at: Instant,
    task: Option<JoinHandle<()>>,
}

impl Overviews {
    /// An overview of what is in `store`, which begins once someone asks.
    pub fn new(store: Store, event_reader: EventReader, discovery: Discovery) -> Self {
        let looking = Mutex::new(Looking { asked_at: Instant::now(), task: None });
        let picture = channel::Sender::new(None);
        Self { shared: Arc::new(Shared { store, event_reader, discovery, looking, picture }) }
    }

    /// What is going on.
    ///
    /// # Errors
    /// If Redis cannot be reached, or does not let us in.
    pub async fn get(&self, query: &OverviewQuery) -> Result<Overview, ApiError> {
        self.drawn().await.map(|drawn| picture::since(&drawn.overview, query))
    }

    /// How many events these streams had lately, as far as they had any.
    ///
    /// # Errors
    /// As for [`Overviews::get`].
    pub async fn rates(&self, streams: &[StreamKey]) -> Result<StreamRates, ApiError> {
        let drawn = self.drawn().await?;
        let Counts { from_s, of } = &*drawn.streams;
        let rate = |stream: &StreamKey| {
            let counts = of.get(stream)?.clone();
            Some(StreamRate { stream: stream.clone(), total: counts.iter().sum(), counts })
        };
        Ok(StreamRates { from_s: *from_s, streams: streams.iter().filter_map(rate).collect() })
    }

    /// A part of the list of all consumer groups, those that are furthest behind first.
    ///
    /// # Errors
    /// As for [`Overviews::get`].
    pub async fn groups(&self, query: &GroupsQuery) -> Result<GroupsPage, ApiError> {
        let drawn = self.drawn().await?;
        let search = query.search.to_lowercase();
        let is_meant = |group: &&GroupLag| {
            query.stream.as_ref().is_none_or(|stream| *stream == group.stream)
                && (search.is_empty()
                    || group.group.to_lowercase().contains(&search)
                    || group.stream.to_string().to_lowercase().contains(&search))
        };
        let meant: Vec<&GroupLag> = drawn.groups.iter().filter(is_meant).collect();
        let offset = usize::try_from(query.offset.unwrap_or_default()).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit.get()).unwrap_or(usize::MAX);
        let coverage = &drawn.overview.coverage;
        Ok(GroupsPage {
            total: meant.len() as u64,
            groups: meant.into_iter().skip(offset).take(limit).cloned().collect(),
            looked_at: coverage.looked_at,
            streams: coverage.streams,
            is_complete: coverage.is_search_complete && coverage.looked_at >= coverage.streams,
        })
    }

    async fn drawn(&self) -> Result<Arc<Drawn>, ApiError> {
        self.attend();
        let mut pictures = self.shared.picture.subscribe();
        let first = pictures.wait_for(Option::is_some);
        let picture = match tokio::time::timeout(FIRST_PICTURE_TIMEOUT, first).await {
            Ok(Ok(picture)) => picture.clone(),
            // Either Redis takes very long, or the server is about to end.
            Ok(Err(_)) | Err(_) => None,
        };
        let slow = || StoreError::Unavailable {
            address: self.shared.store.address(),
            reason: "it takes very long to answer".to_owned(),
        };
        picture.unwrap_or_else(|| Err(slow())).map_err(|error| api_error(None, &error))
    }

    /// Has the task go on since someone looks.
    fn attend(&self) {
        let mut looking = self.shared.looking();
        looking.asked_at = Instant::now();
        if looking.task.as_ref().is_none_or(JoinHandle::is_finished) {
            // What was known is too old to be told.
            self.shared.picture.send_replace(None);
            looking.task = Some(tokio::spawn(watch::run(Arc::clone(&self.shared))));
        }
    }
}

impl Shared {
    fn looking(&self) -> MutexGuard<'_, Looking> {
        // Nothing panics while it is locked.
        self.looking.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody looks any more, in which case the task has to end now.
    fn is_over(&self) -> bool {
        let mut looking = self.looking();
        let is_over = looking.asked_at.elapsed() > LINGER;
        if is_over {
            looking.task = None;
        }
        is_over
    }
}
