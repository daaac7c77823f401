//! What the server functions need of the server.

use async_trait::async_trait;
use rewind_domain::caller::Caller;

use super::Operate;
use super::export::ExportStatus;
use super::query::{
    BisectQuery, BlameQuery, CatalogQuery, CategoriesQuery, DiffQuery, DiscoveryQuery, EventQuery,
    EventsQuery, FoldQuery, HistoryQuery, IndexQuery, NoQuery, OverviewQuery, RatesQuery,
    RelatedQuery, ReplayQuery, SaveFoldQuery, StreamsQuery, TicketQuery, TimelineQuery,
    TryFoldQuery, WindowQuery,
};
use super::related::RelatedAnswer;
use super::{
    About, ApiError, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, DiffAnswer,
    DiscoveryStatus, EventAnswer, EventsPage, FoldAnswer, HistoryAnswer, IndexAnswer, Overview,
    ReplayAnswer, StreamRates, StreamsPage, TimelineAnswer, TrialAnswer, WindowAnswer,
};

/// The server behind the server functions, handed to them through Leptos's context.
///
/// Every question has a caller, who comes first: what one may do and see depends on who asks.
#[async_trait]
pub trait Backend: Operate + Send + Sync {
    /// What this server is, what it looks at, and who asks. Answers even while Redis is away.
    async fn about(&self, caller: &Caller, query: NoQuery) -> Result<About, ApiError>;

    /// What is going on. It is found out for as long as somebody asks.
    async fn overview(&self, caller: &Caller, query: OverviewQuery) -> Result<Overview, ApiError>;

    /// How many events some streams had in the last minutes, as the overview has counted them.
    async fn rates(&self, caller: &Caller, query: RatesQuery) -> Result<StreamRates, ApiError>;

    /// The streams in the next part of the keyspace.
    async fn streams(&self, caller: &Caller, query: StreamsQuery) -> Result<StreamsPage, ApiError>;

    /// A part of the list of all streams found so far.
    async fn catalog(&self, caller: &Caller, query: CatalogQuery) -> Result<CatalogPage, ApiError>;

    /// A part of the tree of their categories.
    async fn categories(
        &self,
        caller: &Caller,
        query: CategoriesQuery,
    ) -> Result<CategoriesPage, ApiError>;

    /// Pauses the search for streams, lets it go on, or begins it again. Needs the permission `discovery`.
    async fn discovery(
        &self,
        caller: &Caller,
        query: DiscoveryQuery,
    ) -> Result<DiscoveryStatus, ApiError>;

    /// How far an export is.
    async fn export_status(
        &self,
        caller: &Caller,
        query: TicketQuery,
    ) -> Result<ExportStatus, ApiError>;

    /// Ends an export, or has it never begin.
    async fn cancel_export(
        &self,
        caller: &Caller,
        query: TicketQuery,
    ) -> Result<ExportStatus, ApiError>;

    /// A page of events.
    async fn events(&self, caller: &Caller, query: EventsQuery) -> Result<EventsPage, ApiError>;

    /// One event.
    async fn event(&self, caller: &Caller, query: EventQuery) -> Result<EventAnswer, ApiError>;

    /// The events that share a story with one.
    async fn related(
        &self,
        caller: &Caller,
        query: RelatedQuery,
    ) -> Result<RelatedAnswer, ApiError>;

    /// How many events of which types there are when, as far as that is known; what is not known yet is found out.
    async fn index(&self, caller: &Caller, query: IndexQuery) -> Result<IndexAnswer, ApiError>;

    /// The state of an aggregate at a point.
    async fn replay(&self, caller: &Caller, query: ReplayQuery) -> Result<ReplayAnswer, ApiError>;

    /// The state of an aggregate at a point, with the versions around it.
    async fn window(&self, caller: &Caller, query: WindowQuery) -> Result<WindowAnswer, ApiError>;

    /// What differs between two versions of an aggregate.
    async fn diff(&self, caller: &Caller, query: DiffQuery) -> Result<DiffAnswer, ApiError>;

    /// Who last set each leaf of a state.
    async fn blame(&self, caller: &Caller, query: BlameQuery) -> Result<BlameAnswer, ApiError>;

    /// The events that changed a value, or are of a type.
    async fn history(
        &self,
        caller: &Caller,
        query: HistoryQuery,
    ) -> Result<HistoryAnswer, ApiError>;

    /// The versions at which an expression over the state becomes true or false.
    async fn bisect(&self, caller: &Caller, query: BisectQuery) -> Result<BisectAnswer, ApiError>;

    /// How the events lie in time, and when values that take few values had which.
    async fn timeline(
        &self,
        caller: &Caller,
        query: TimelineQuery,
    ) -> Result<TimelineAnswer, ApiError>;

    /// The fold of an aggregate.
    async fn fold(&self, caller: &Caller, query: FoldQuery) -> Result<FoldAnswer, ApiError>;

    /// What a fold that is being written makes of an aggregate.
    async fn try_fold(&self, caller: &Caller, query: TryFoldQuery)
    -> Result<TrialAnswer, ApiError>;

    /// Saves the fold for an aggregate's type in place of the one with this tag. Needs the permission `folds`.
    async fn save_fold(
        &self,
        caller: &Caller,
        query: SaveFoldQuery,
    ) -> Result<FoldAnswer, ApiError>;
}
