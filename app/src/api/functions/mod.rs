//! The server functions: what a page calls, with a question and for an answer.
//!
//! Each hands its question and the caller to the [`Backend`](super::Backend).

#![allow(
    missing_docs,
    reason = "the macro makes a struct of each function's question, which `docs/api.md` describes"
)]

mod operations;

use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use super::export::ExportStatus;
use super::query::{
    BisectQuery, BlameQuery, CatalogQuery, CategoriesQuery, DiffQuery, DiscoveryQuery, EventQuery,
    EventsQuery, FoldQuery, HistoryQuery, IndexQuery, JsonBody, NoQuery, OverviewQuery, RatesQuery,
    RelatedQuery, ReplayQuery, SaveFoldQuery, StreamsQuery, TicketQuery, TimelineQuery,
    TryFoldQuery, UrlParameters, WindowQuery, asked_by_post, asked_by_url,
};
use super::related::RelatedAnswer;
use super::{
    About, ApiError, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, DiffAnswer,
    DiscoveryStatus, EventAnswer, EventsPage, FoldAnswer, HistoryAnswer, IndexAnswer, Overview,
    ReplayAnswer, StreamRates, StreamsPage, TimelineAnswer, TrialAnswer, WindowAnswer,
};

pub use operations::*;

/// `GET /api/about`: what this server is, what it looks at, and who asks.
#[server(name = GetAbout, prefix = "/api", endpoint = "about", input = UrlParameters, output = Json)]
pub async fn about(query: NoQuery) -> Result<About, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.about(&caller, query).await
}

/// `GET /api/overview`: what is going on.
#[server(name = GetOverview, prefix = "/api", endpoint = "overview", input = UrlParameters, output = Json)]
pub async fn overview(query: OverviewQuery) -> Result<Overview, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.overview(&caller, query).await
}

/// `POST /api/rates`: how many events some streams had in the last minutes. Changes nothing; keys may be too long for a URL.
#[server(name = GetRates, prefix = "/api", endpoint = "rates", input = JsonBody, output = Json)]
pub async fn rates(query: RatesQuery) -> Result<StreamRates, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.rates(&caller, query).await
}

/// `GET /api/streams`: the streams in the next part of the keyspace.
#[server(name = GetStreams, prefix = "/api", endpoint = "streams", input = UrlParameters, output = Json)]
pub async fn streams(query: StreamsQuery) -> Result<StreamsPage, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.streams(&caller, query).await
}

/// `GET /api/catalog`: a part of the list of all streams found so far.
#[server(name = GetCatalog, prefix = "/api", endpoint = "catalog", input = UrlParameters, output = Json)]
pub async fn catalog(query: CatalogQuery) -> Result<CatalogPage, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.catalog(&caller, query).await
}

/// `GET /api/categories`: a part of the tree of their categories.
#[server(name = GetCategories, prefix = "/api", endpoint = "categories", input = UrlParameters, output = Json)]
pub async fn categories(query: CategoriesQuery) -> Result<CategoriesPage, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.categories(&caller, query).await
}

/// `POST /api/discovery`: pauses the search for streams, lets it go on, or begins it again.
#[server(name = SetDiscovery, prefix = "/api", endpoint = "discovery", input = JsonBody, output = Json)]
pub async fn discovery(query: DiscoveryQuery) -> Result<DiscoveryStatus, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.discovery(&caller, query).await
}

/// `GET /api/export_status`: how far an export is.
#[server(name = GetExportStatus, prefix = "/api", endpoint = "export_status", input = UrlParameters, output = Json)]
pub async fn export_status(query: TicketQuery) -> Result<ExportStatus, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.export_status(&caller, query).await
}

/// `POST /api/cancel_export`: ends an export, or has it never begin.
#[server(name = CancelExport, prefix = "/api", endpoint = "cancel_export", input = JsonBody, output = Json)]
pub async fn cancel_export(query: TicketQuery) -> Result<ExportStatus, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.cancel_export(&caller, query).await
}

/// `GET /api/events`: a page of a stream's events.
#[server(name = GetEvents, prefix = "/api", endpoint = "events", input = UrlParameters, output = Json)]
pub async fn events(query: EventsQuery) -> Result<EventsPage, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.events(&caller, query).await
}

/// `GET /api/event`: one event.
#[server(name = GetEvent, prefix = "/api", endpoint = "event", input = UrlParameters, output = Json)]
pub async fn event(query: EventQuery) -> Result<EventAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.event(&caller, query).await
}

/// `GET /api/related`: the events that share a story with one.
#[server(name = GetRelated, prefix = "/api", endpoint = "related", input = UrlParameters, output = Json)]
pub async fn related(query: RelatedQuery) -> Result<RelatedAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.related(&caller, query).await
}

/// `GET /api/index`: how many events of which types there are when, and how far that is known.
#[server(name = GetIndex, prefix = "/api", endpoint = "index", input = UrlParameters, output = Json)]
pub async fn index(query: IndexQuery) -> Result<IndexAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.index(&caller, query).await
}

/// `GET /api/replay`: an aggregate's state at a version, an entry or a time.
#[server(name = GetReplay, prefix = "/api", endpoint = "replay", input = UrlParameters, output = Json)]
pub async fn replay(query: ReplayQuery) -> Result<ReplayAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.replay(&caller, query).await
}

/// `GET /api/window`: the versions around a version, an entry or a time.
#[server(name = GetWindow, prefix = "/api", endpoint = "window", input = UrlParameters, output = Json)]
pub async fn window(query: WindowQuery) -> Result<WindowAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.window(&caller, query).await
}

/// `GET /api/diff`: what differs between two versions.
#[server(name = GetDiff, prefix = "/api", endpoint = "diff", input = UrlParameters, output = Json)]
pub async fn diff(query: DiffQuery) -> Result<DiffAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.diff(&caller, query).await
}

/// `GET /api/blame`: who last set each leaf of a state.
#[server(name = GetBlame, prefix = "/api", endpoint = "blame", input = UrlParameters, output = Json)]
pub async fn blame(query: BlameQuery) -> Result<BlameAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.blame(&caller, query).await
}

/// `GET /api/history`: the events that changed a value, or are of a type.
#[server(name = GetHistory, prefix = "/api", endpoint = "history", input = UrlParameters, output = Json)]
pub async fn history(query: HistoryQuery) -> Result<HistoryAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.history(&caller, query).await
}

/// `GET /api/bisect`: the versions at which an expression over the state becomes true or false.
#[server(name = GetBisect, prefix = "/api", endpoint = "bisect", input = UrlParameters, output = Json)]
pub async fn bisect(query: BisectQuery) -> Result<BisectAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.bisect(&caller, query).await
}

/// `GET /api/timeline`: how the events lie in time.
#[server(name = GetTimeline, prefix = "/api", endpoint = "timeline", input = UrlParameters, output = Json)]
pub async fn timeline(query: TimelineQuery) -> Result<TimelineAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.timeline(&caller, query).await
}

/// `GET /api/fold`: the fold of an aggregate.
#[server(name = GetFold, prefix = "/api", endpoint = "fold", input = UrlParameters, output = Json)]
pub async fn fold(query: FoldQuery) -> Result<FoldAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.fold(&caller, query).await
}

/// `POST /api/try_fold`: what a fold that is being written makes of an aggregate. Changes nothing.
#[server(name = TryFold, prefix = "/api", endpoint = "try_fold", input = JsonBody, output = Json)]
pub async fn try_fold(query: TryFoldQuery) -> Result<TrialAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.try_fold(&caller, query).await
}

/// `POST /api/save_fold`: saves the fold for an aggregate's type into the folder of folds.
#[server(name = SaveFold, prefix = "/api", endpoint = "save_fold", input = JsonBody, output = Json)]
pub async fn save_fold(query: SaveFoldQuery) -> Result<FoldAnswer, ApiError> {
    let (backend, caller) = server::asked()?;
    backend.save_fold(&caller, query).await
}

asked_by_url! {
    GetAbout => NoQuery,
    GetOverview => OverviewQuery,
    GetStreams => StreamsQuery,
    GetCatalog => CatalogQuery,
    GetCategories => CategoriesQuery,
    GetExportStatus => TicketQuery,
    GetEvents => EventsQuery,
    GetEvent => EventQuery,
    GetRelated => RelatedQuery,
    GetIndex => IndexQuery,
    GetReplay => ReplayQuery,
    GetWindow => WindowQuery,
    GetDiff => DiffQuery,
    GetBlame => BlameQuery,
    GetHistory => HistoryQuery,
    GetBisect => BisectQuery,
    GetTimeline => TimelineQuery,
    GetFold => FoldQuery,
}

asked_by_post! {
    GetRates => RatesQuery,
    SetDiscovery => DiscoveryQuery,
    CancelExport => TicketQuery,
    TryFold => TryFoldQuery,
    SaveFold => SaveFoldQuery,
}

#[cfg(feature = "ssr")]
mod server {
    use std::sync::Arc;

    use leptos::prelude::use_context;
    use rewind_domain::caller::Caller;

    use crate::api::{ApiError, Backend, ErrorCode};

    /// Who answers the request, and who makes it.
    pub(super) fn asked() -> Result<(Arc<dyn Backend>, Arc<Caller>), ApiError> {
        use_context::<Arc<dyn Backend>>()
            .zip(use_context::<Arc<Caller>>())
            .ok_or_else(|| ApiError::new(ErrorCode::Internal, "the server is not set up"))
    }
}
