//! What the server functions need of the server.

use async_trait::async_trait;
use rewind_domain::{EntryId, StreamKey};

use super::{About, ApiError, EventsPage, Order, ReplayAnswer, StreamsPage, WindowAnswer};

/// How many events a page has where nothing is said.
pub const DEFAULT_PAGE_EVENTS: u64 = 100;
/// How many events a page can have: about what a browser draws without a pause.
pub const MAX_PAGE_EVENTS: u64 = 1_000;
/// How many streams are looked for in one call where nothing is said.
pub const DEFAULT_PAGE_STREAMS: u64 = 500;
/// How many streams can be asked for in one call.
pub const MAX_PAGE_STREAMS: u64 = 5_000;
/// How many versions a window has where nothing is said.
pub const DEFAULT_WINDOW_VERSIONS: u64 = 200;
/// How many versions a window can have.
pub const MAX_WINDOW_VERSIONS: u64 = 1_000;

/// The server behind the server functions, handed to them through Leptos's context.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What this server is and looks at. Answers even while Redis is away.
    async fn about(&self) -> About;

    /// Looks for streams in the next part of the keyspace.
    async fn streams(&self, query: StreamsQuery) -> Result<StreamsPage, ApiError>;

    /// Reads a page of events.
    async fn events(&self, query: EventsQuery) -> Result<EventsPage, ApiError>;

    /// Folds an aggregate up to a point.
    async fn replay(&self, query: ReplayQuery) -> Result<ReplayAnswer, ApiError>;

    /// Folds an aggregate up to a point, with the versions around it.
    async fn window(&self, query: WindowQuery) -> Result<WindowAnswer, ApiError>;
}

/// Which streams to look for, and where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamsQuery {
    /// How their keys begin.
    pub prefix: StreamKey,
    /// Where the last answer said to go on; 0 to begin.
    pub cursor: u64,
    /// About how many to look for in this call.
    pub limit: u64,
}

/// Which events to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsQuery {
    /// The stream.
    pub stream: StreamKey,
    /// Only events after this one.
    pub after: Option<EntryId>,
    /// Only events before this one.
    pub before: Option<EntryId>,
    /// How many at most.
    pub limit: u64,
    /// In which order.
    pub order: Order,
}

/// Which state to compute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// Up to where to fold.
    pub until: Until,
}

/// A point in an aggregate's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The last version.
    Latest,
    /// This version.
    Version(u64),
    /// The event with this id, or the last one before it.
    Id(EntryId),
    /// The last event at or before this time, in Unix milliseconds, by the time in its id.
    TimeMs(u64),
}

/// Which versions to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// The point that the window must cover.
    pub around: Until,
    /// How many versions it has at most.
    pub limit: u64,
}
