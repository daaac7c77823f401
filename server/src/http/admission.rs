//! How many requests of each kind are answered at the same time.
//!
//! What takes long, a search, an export, a walk through a history, has a number of places. Who finds none waits a moment, and is
//! then told to come again. Health and short questions need no place, so they are answered whatever else goes on.

use crate::capacity::{Capacity, WALKS};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use rewind_app::api::{ApiError, ErrorCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::{AppState, errors, export};
use crate::serving::{OnReserve, hold};
use crate::throttle::Throttle;

/// How long a request waits for a place: about as long as people wait for a page without a word.
const WAITS: Duration = Duration::from_secs(5);

/// What a request is, by how long its answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// How the server is.
    Health,
    /// A question that is answered at once, or a file of the front end.
    Short,
    /// A walk through a history, or several streams read for one answer.
    Walk,
    /// A search.
    Find,
    /// An export.
    Export,
    /// A line of live events, of which [`crate::live`] counts its own.
    Live,
}

impl Kind {
    fn of(path: &str) -> Self {
        match path {
            "/healthz" | "/readyz" | "/metrics" => Self::Health,
            "/api/find" => Self::Find,
            "/api/export" => Self::Export,
            "/api/live" => Self::Live,
            "/api/replay" | "/api/window" | "/api/diff" | "/api/blame" | "/api/history"
            | "/api/bisect" | "/api/timeline" | "/api/try_fold" | "/api/related" => Self::Walk,
            _ => Self::Short,
        }
    }
}

/// The places of all kinds. Clones are the same.
#[derive(Clone)]
pub struct Admission(Arc<All>);

struct All {
    finds: Places,
    exports: Places,
    walks: Places,
    on_reserve: Refusals,
}

/// The places of one kind.
struct Places {
    /// What they are called in texts.
    name: &'static str,
    /// The option that gives more of them.
    option: Option<&'static str>,
    limit: usize,
    free: Arc<Semaphore>,
    refused: Refusals,
}

#[derive(Default)]
struct Refusals {
    count: AtomicU64,
    log: Throttle,
}

/// How many places of a kind are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlaceFigures {
    pub(super) kind: &'static str,
    pub(super) limit: usize,
    pub(super) taken: usize,
    pub(super) refused: u64,
}

impl Admission {
    /// This many places.
    pub fn new(capacity: Capacity) -> Self {
        Self(Arc::new(All {
            finds: Places::new("searches", Some("--max-finds"), capacity.finds),
            exports: Places::new("exports", Some("--max-exports"), capacity.exports),
            walks: Places::new("walks through histories", None, WALKS),
            on_reserve: Refusals::default(),
        }))
    }

    /// How many places are taken.
    pub(super) fn figures(&self) -> [PlaceFigures; 3] {
        let All { finds, exports, walks, .. } = &*self.0;
        [("find", finds), ("export", exports), ("walk", walks)].map(|(kind, places)| PlaceFigures {
            kind,
            limit: places.limit,
            taken: places.limit.saturating_sub(places.free.available_permits()),
            refused: places.refused.count.load(Ordering::Relaxed),
        })
    }

    /// How many requests were refused since only connections for short questions were left.
    pub(super) fn refused_on_reserve(&self) -> u64 {
        self.0.on_reserve.count.load(Ordering::Relaxed)
    }

    fn refuse_on_reserve(&self) -> ApiError {
        self.0.on_reserve.note(|unsaid| {
            tracing::warn!(unsaid, "a request was refused, as nearly all connections are taken");
        });
        let message = "nearly all connections of the server are taken, and the others are for short questions; try again in a moment";
        ApiError::new(ErrorCode::TooBusy, message)
    }

    fn places(&self, kind: Kind) -> Option<&Places> {
        match kind {
            Kind::Find => Some(&self.0.finds),
            Kind::Export => Some(&self.0.exports),
            Kind::Walk => Some(&self.0.walks),
            Kind::Health | Kind::Short | Kind::Live => None,
        }
    }
}

impl Places {
    fn new(name: &'static str, option: Option<&'static str>, limit: usize) -> Self {
        let free = Arc::new(Semaphore::new(limit));
        Self { name, option, limit, free, refused: Refusals::default() }
    }

    async fn take(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let place = timeout(WAITS, Arc::clone(&self.free).acquire_owned()).await;
        place.ok().and_then(Result::ok).ok_or_else(|| self.refuse())
    }

    fn refuse(&self) -> ApiError {
        let Self { name, option, limit, .. } = self;
        self.refused.note(|unsaid| {
            tracing::warn!(
                kind = name,
                limit,
                unsaid,
                "a request was refused, as all places are taken"
            );
        });
        let help = option.map_or_else(String::new, |option| {
            format!(", or start the server with a higher `{option}`")
        });
        let message = format!("{limit} {name} are under way already; try again in a moment{help}");
        ApiError::new(ErrorCode::TooBusy, message)
    }
}

impl Refusals {
    fn note(&self, say: impl FnOnce(u64)) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.log.tell(say);
    }
}

/// Lets a request through once there is a place for it, which is taken until the answer was sent.
pub(super) async fn admit(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let kind = Kind::of(request.uri().path());
    let on_reserve = request.extensions().get::<OnReserve>().is_some();
    let admission = &state.admission;
    let place = match admission.places(kind) {
        _ if on_reserve && !matches!(kind, Kind::Health | Kind::Short) => {
            Err(admission.refuse_on_reserve())
        }
        Some(places) => places.take().await.map(Some),
        None => Ok(None),
    };
    match place {
        Ok(Some(place)) => next.run(request).await.map(|body| hold(body, place)),
        Ok(None) => next.run(request).await,
        Err(error) => {
            if kind == Kind::Export {
                export::refuse(&state, request.uri().query().unwrap_or_default(), &error);
            }
            errors::response(&error)
        }
    }
}
