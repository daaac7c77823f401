//! What the server functions need of the server.

use async_trait::async_trait;
use rewind_domain::catalog::{Category, Opened, SortBy};
use rewind_domain::{EntryId, Pointer, StreamKey};
use serde::{Deserialize, Serialize};

use super::export::{ExportStatus, Ticket};
use super::related::{RelatedAnswer, RelatedQuery};
use super::{
    About, ApiError, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, DiffAnswer,
    DiscoveryAction, DiscoveryStatus, EventAnswer, EventsPage, FoldAnswer, HistoryAnswer,
    IndexAnswer, Order, Overview, ReplayAnswer, StreamRates, StreamsPage, TimelineAnswer,
    TrialAnswer, WindowAnswer,
};

/// How many events a page has where nothing is said.
pub const DEFAULT_PAGE_EVENTS: u64 = 100;
/// How many events a page can have: about what a browser draws without a pause.
pub const MAX_PAGE_EVENTS: u64 = 1_000;
/// How many streams are looked for in one call where nothing is said.
pub const DEFAULT_PAGE_STREAMS: u64 = 500;
/// How many streams can be asked for in one call.
pub const MAX_PAGE_STREAMS: u64 = 5_000;
/// How many rows of the list of streams, or of the tree of categories, are told where nothing is said.
pub const DEFAULT_CATALOG_ROWS: u64 = 100;
/// How many rows can be asked for in one call: more than the largest screen has room for.
pub const MAX_CATALOG_ROWS: u64 = 500;
/// Of how many streams rates can be asked for in one call: more than the largest list has at hand.
pub const MAX_RATED_STREAMS: usize = 500;
/// How many categories can be named as open or closed in one call, which have to fit into a URL.
pub const MAX_OPENED_CATEGORIES: usize = 200;
/// How many versions a window has where nothing is said.
pub const DEFAULT_WINDOW_VERSIONS: u64 = 200;
/// How many versions a window can have.
pub const MAX_WINDOW_VERSIONS: u64 = 1_000;
/// How many events of a value's history are told where nothing is said.
pub const DEFAULT_HISTORY_ENTRIES: u64 = 100;
/// How many events of a value's history can be asked for in one call.
pub const MAX_HISTORY_ENTRIES: u64 = 1_000;
/// Into how many parts a timeline is divided where nothing is said.
pub const DEFAULT_TIMELINE_BUCKETS: u64 = 240;
/// Into how many parts a timeline can be divided: more than a screen has room for.
pub const MAX_TIMELINE_BUCKETS: u64 = 2_000;
/// Into how many parts a histogram is divided where nothing is said.
pub const DEFAULT_HISTOGRAM_BUCKETS: u64 = 120;
/// Into how many parts a histogram can be divided: more than a screen has room for.
pub const MAX_HISTOGRAM_BUCKETS: u64 = 2_000;
/// How long the source of a fold can be, in bytes.
pub const MAX_FOLD_BYTES: usize = 256 * 1024;
/// How long an expression can be, in bytes.
pub const MAX_EXPRESSION_BYTES: usize = 8 * 1024;

/// The server behind the server functions, handed to them through Leptos's context.
#[async_trait]
pub trait Backend: Send + Sync {
    /// What this server is and looks at. Answers even while Redis is away.
    async fn about(&self) -> About;

    /// Tells what is going on, and has that be known for as long as somebody asks.
    async fn overview(&self, query: OverviewQuery) -> Result<Overview, ApiError>;

    /// Tells how many events these streams had in the last minutes, as the overview has counted them.
    async fn rates(&self, streams: Vec<StreamKey>) -> Result<StreamRates, ApiError>;

    /// Looks for streams in the next part of the keyspace.
    async fn streams(&self, query: StreamsQuery) -> Result<StreamsPage, ApiError>;

    /// Tells a part of the list of all streams found so far.
    async fn catalog(&self, query: CatalogQuery) -> Result<CatalogPage, ApiError>;

    /// Tells a part of the tree of their categories.
    async fn categories(&self, query: CategoriesQuery) -> Result<CategoriesPage, ApiError>;

    /// Pauses the search for streams, or lets it go on.
    async fn discovery(&self, action: DiscoveryAction) -> DiscoveryStatus;

    /// Tells how far the export with this ticket is.
    async fn export_status(&self, ticket: &Ticket) -> ExportStatus;

    /// Ends the export with this ticket, or has it never begin.
    async fn cancel_export(&self, ticket: &Ticket) -> ExportStatus;

    /// Reads a page of events.
    async fn events(&self, query: EventsQuery) -> Result<EventsPage, ApiError>;

    /// Reads one event.
    async fn event(&self, query: EventQuery) -> Result<EventAnswer, ApiError>;

    /// Finds the events that share a story with one.
    async fn related(&self, query: RelatedQuery) -> Result<RelatedAnswer, ApiError>;

    /// Tells how many events of which types there are when, as far as that is known, and has it be known.
    async fn index(&self, query: IndexQuery) -> Result<IndexAnswer, ApiError>;

    /// Folds an aggregate up to a point.
    async fn replay(&self, query: ReplayQuery) -> Result<ReplayAnswer, ApiError>;

    /// Folds an aggregate up to a point, with the versions around it.
    async fn window(&self, query: WindowQuery) -> Result<WindowAnswer, ApiError>;

    /// Compares two versions of an aggregate.
    async fn diff(&self, query: DiffQuery) -> Result<DiffAnswer, ApiError>;

    /// Tells who last set each leaf of a state.
    async fn blame(&self, query: BlameQuery) -> Result<BlameAnswer, ApiError>;

    /// Finds the events that changed a value, or are of a type.
    async fn history(&self, query: HistoryQuery) -> Result<HistoryAnswer, ApiError>;

    /// Finds the versions at which an expression over the state becomes true or false.
    async fn bisect(&self, query: BisectQuery) -> Result<BisectAnswer, ApiError>;

    /// Tells how the events lie in time, and when values that take few values had which.
    async fn timeline(&self, query: TimelineQuery) -> Result<TimelineAnswer, ApiError>;

    /// Tells the fold of an aggregate.
    async fn fold(&self, stream: StreamKey) -> Result<FoldAnswer, ApiError>;

    /// Tries a fold that is being written on an aggregate.
    async fn try_fold(&self, query: TrialQuery) -> Result<TrialAnswer, ApiError>;

    /// Saves the fold for an aggregate's type in place of the one with this tag, where the server lets it be saved.
    async fn save_fold(
        &self,
        stream: StreamKey,
        source: String,
        tag: Option<String>,
    ) -> Result<FoldAnswer, ApiError>;
}

/// What of the overview is known already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverviewQuery {
    /// The second from which on counts are wanted; nothing for all.
    pub since_s: Option<u64>,
    /// The tag of the counts before that. Where it is another one by now, all counts are told.
    pub tag: String,
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

/// Which rows of the list of streams to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogQuery {
    /// Only streams of this category.
    pub category: Category,
    /// Only streams with this in their key.
    pub search: StreamKey,
    /// By what they are sorted.
    pub sort: SortBy,
    /// The first row.
    pub offset: u64,
    /// How many rows.
    pub limit: u64,
}

/// Which rows of the tree of categories to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoriesQuery {
    /// Which of them are open.
    pub opened: Opened,
    /// The first row.
    pub offset: u64,
    /// How many rows.
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
    /// The version of the first event, wherever in the stream that is. There is neither `after` nor `before` then.
    pub version: Option<u64>,
    /// How many at most.
    pub limit: u64,
    /// In which order.
    pub order: Order,
}

/// Which event to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// The stream.
    pub stream: StreamKey,
    /// The id of its entry.
    pub id: EntryId,
}

/// What to tell about all events of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexQuery {
    /// The stream.
    pub stream: StreamKey,
    /// Into how many parts to divide the time.
    pub buckets: u64,
    /// The first moment that is of interest, in Unix milliseconds; that of the first event where nothing is said.
    pub from_ms: Option<u64>,
    /// The last moment; that of the last event where nothing is said.
    pub to_ms: Option<u64>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// Which versions to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// The version to compare with; the one before `to` where nothing is said.
    pub from: Option<u64>,
    /// The version to compare.
    pub to: Until,
}

/// Whose leaves to tell the authors of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlameQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// At which point of its history.
    pub at: Until,
    /// Types of events that are no authors, wherever there is another one.
    pub ignored_types: Vec<String>,
}

/// Which events to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// Only those that changed this value or something inside of it.
    pub path: Option<Pointer>,
    /// Only those of this type.
    pub event_type: Option<String>,
    /// Only those that made a later version than this one.
    pub after: Option<u64>,
    /// Only those that made an earlier version than this one.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: u64,
    /// In which order.
    pub order: Order,
}

/// What to look for in the states of an aggregate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BisectQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// JavaScript over `state`, `event` and `version`.
    pub expression: String,
}

/// Which history to lay out in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// Into how many parts to divide it.
    pub buckets: u64,
}

/// Which fold to try, on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialQuery {
    /// The aggregate's stream.
    pub stream: StreamKey,
    /// The fold's source.
    pub source: String,
    /// The version whose state is shown.
    pub at: Until,
}
