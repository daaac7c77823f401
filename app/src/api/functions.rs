//! The server functions: thin scripts between the parameters of a URL and the [`Backend`](super::Backend).

#![allow(
    missing_docs,
    reason = "the macro makes a struct of each function's parameters, which `docs/api.md` describes"
)]

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::export::ExportStatus;
use super::related::RelatedAnswer;
use super::{
    About, ApiError, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, DiffAnswer,
    DiscoveryStatus, EventAnswer, EventsPage, FoldAnswer, HistoryAnswer, IndexAnswer, Overview,
    ReplayAnswer, StreamRates, StreamsPage, TimelineAnswer, TrialAnswer, WindowAnswer,
};

/// `GET /api/about`
#[server(name = GetAbout, prefix = "/api", endpoint = "about", input = GetUrl, output = Json)]
pub async fn about() -> Result<About, ApiError> {
    Ok(server::backend()?.about().await)
}

/// `GET /api/overview`: what is going on.
#[server(name = GetOverview, prefix = "/api", endpoint = "overview", input = GetUrl, output = Json)]
pub async fn overview(
    #[server(default)] since: Option<String>,
    #[server(default)] tag: Option<String>,
) -> Result<Overview, ApiError> {
    use super::backend::OverviewQuery;
    use super::params;

    let query = OverviewQuery {
        since_s: params::number("since", since.as_deref())?,
        tag: tag.unwrap_or_default(),
    };
    server::backend()?.overview(query).await
}

/// `POST /api/rates`: how many events some streams had in the last minutes. Changes nothing; keys may be too long for a URL.
#[server(name = GetRates, prefix = "/api", endpoint = "rates", input = Json, output = Json)]
pub async fn rates(#[server(default)] streams: Vec<String>) -> Result<StreamRates, ApiError> {
    use super::backend::MAX_RATED_STREAMS;
    use super::params;

    if streams.len() > MAX_RATED_STREAMS {
        let reason = format!("at most {MAX_RATED_STREAMS} can be given");
        return Err(ApiError::bad_parameter("streams", reason));
    }
    let streams = streams.iter().map(|stream| params::stream(stream)).collect::<Result<_, _>>()?;
    server::backend()?.rates(streams).await
}

/// `GET /api/streams`: the streams in the next part of the keyspace.
#[server(name = GetStreams, prefix = "/api", endpoint = "streams", input = GetUrl, output = Json)]
pub async fn streams(
    #[server(default)] prefix: Option<String>,
    #[server(default)] cursor: Option<String>,
    #[server(default)] limit: Option<String>,
) -> Result<StreamsPage, ApiError> {
    use super::backend::{DEFAULT_PAGE_STREAMS, MAX_PAGE_STREAMS, StreamsQuery};
    use super::params;

    let query = StreamsQuery {
        prefix: params::optional("prefix", prefix.as_deref())?.unwrap_or_else(|| "".into()),
        cursor: params::number("cursor", cursor.as_deref())?.unwrap_or(0),
        limit: params::limit(limit.as_deref(), DEFAULT_PAGE_STREAMS, MAX_PAGE_STREAMS)?,
    };
    server::backend()?.streams(query).await
}

/// `GET /api/catalog`: a part of the list of all streams found so far.
#[server(name = GetCatalog, prefix = "/api", endpoint = "catalog", input = GetUrl, output = Json)]
pub async fn catalog(
    #[server(default)] category: Option<String>,
    #[server(default)] search: Option<String>,
    #[server(default)] sort: Option<String>,
    #[server(default)] offset: Option<String>,
    #[server(default)] limit: Option<String>,
) -> Result<CatalogPage, ApiError> {
    use super::backend::{CatalogQuery, DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS};
    use super::params;

    let query = CatalogQuery {
        category: params::optional("category", category.as_deref())?.unwrap_or_default(),
        search: params::optional("search", search.as_deref())?.unwrap_or_else(|| "".into()),
        sort: params::sort(sort.as_deref())?,
        offset: params::number("offset", offset.as_deref())?.unwrap_or(0),
        limit: params::limit(limit.as_deref(), DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS)?,
    };
    server::backend()?.catalog(query).await
}

/// `GET /api/categories`: a part of the tree of their categories.
#[server(name = GetCategories, prefix = "/api", endpoint = "categories", input = GetUrl, output = Json)]
pub async fn categories(
    #[server(default)] open: Option<String>,
    #[server(default)] closed: Option<String>,
    #[server(default)] offset: Option<String>,
    #[server(default)] limit: Option<String>,
) -> Result<CategoriesPage, ApiError> {
    use rewind_domain::catalog::Opened;

    use super::backend::{CategoriesQuery, DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS};
    use super::params;

    let query = CategoriesQuery {
        opened: Opened {
            open: params::categories("open", open.as_deref())?,
            closed: params::categories("closed", closed.as_deref())?,
        },
        offset: params::number("offset", offset.as_deref())?.unwrap_or(0),
        limit: params::limit(limit.as_deref(), DEFAULT_CATALOG_ROWS, MAX_CATALOG_ROWS)?,
    };
    server::backend()?.categories(query).await
}

/// `POST /api/discovery`: pauses the search for streams, lets it go on, or begins it anew.
#[server(name = SetDiscovery, prefix = "/api", endpoint = "discovery", input = Json, output = Json)]
pub async fn discovery(#[server(default)] action: String) -> Result<DiscoveryStatus, ApiError> {
    let action = super::params::action(&action)?;
    Ok(server::backend()?.discovery(action).await)
}

/// `GET /api/export_status`: how far an export is.
#[server(name = GetExportStatus, prefix = "/api", endpoint = "export_status", input = GetUrl, output = Json)]
pub async fn export_status(#[server(default)] ticket: String) -> Result<ExportStatus, ApiError> {
    let ticket = super::params::ticket(&ticket)?;
    Ok(server::backend()?.export_status(&ticket).await)
}

/// `POST /api/cancel_export`: ends an export, or has it never begin.
#[server(name = CancelExport, prefix = "/api", endpoint = "cancel_export", input = Json, output = Json)]
pub async fn cancel_export(#[server(default)] ticket: String) -> Result<ExportStatus, ApiError> {
    let ticket = super::params::ticket(&ticket)?;
    Ok(server::backend()?.cancel_export(&ticket).await)
}

/// `GET /api/events`: a page of a stream's events.
#[server(name = GetEvents, prefix = "/api", endpoint = "events", input = GetUrl, output = Json)]
pub async fn events(
    #[server(default)] stream: String,
    #[server(default)] after: Option<String>,
    #[server(default)] before: Option<String>,
    #[server(default)] limit: Option<String>,
    #[server(default)] order: Option<String>,
    #[server(default)] filter: Option<String>,
    #[server(default)] version: Option<String>,
) -> Result<EventsPage, ApiError> {
    use super::backend::{DEFAULT_PAGE_EVENTS, EventsQuery, MAX_PAGE_EVENTS};
    use super::params;

    // An answer that ignored it would look filtered and not be.
    if filter.is_some_and(|filter| !filter.is_empty()) {
        return Err(ApiError::bad_parameter(
            "filter",
            "is for `/api/find`, which answers while it searches; leave it out",
        ));
    }
    let query = EventsQuery {
        stream: params::stream(&stream)?,
        after: params::optional("after", after.as_deref())?,
        before: params::optional("before", before.as_deref())?,
        version: params::number("version", version.as_deref())?,
        limit: params::limit(limit.as_deref(), DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS)?,
        order: params::order(order.as_deref())?,
    };
    if query.version.is_some() && (query.after.is_some() || query.before.is_some()) {
        return Err(ApiError::bad_parameter(
            "version",
            "give either `version`, or `after` and `before`",
        ));
    }
    server::backend()?.events(query).await
}

/// `GET /api/event`: one event.
#[server(name = GetEvent, prefix = "/api", endpoint = "event", input = GetUrl, output = Json)]
pub async fn event(
    #[server(default)] stream: String,
    #[server(default)] id: String,
) -> Result<EventAnswer, ApiError> {
    use super::backend::EventQuery;
    use super::params;

    let query = EventQuery { stream: params::stream(&stream)?, id: params::id(&id)? };
    server::backend()?.event(query).await
}

/// `GET /api/related`: the events that share a story with one.
#[server(name = GetRelated, prefix = "/api", endpoint = "related", input = GetUrl, output = Json)]
pub async fn related(
    #[server(default)] stream: String,
    #[server(default)] id: String,
    #[server(default)] cursor: Option<String>,
    #[server(default)] r#in: Option<String>,
) -> Result<RelatedAnswer, ApiError> {
    use super::params;
    use super::related::RelatedQuery;

    let query = RelatedQuery {
        stream: params::stream(&stream)?,
        id: params::id(&id)?,
        cursor: params::optional("cursor", cursor.as_deref())?,
        within: params::optional("in", r#in.as_deref())?,
    };
    server::backend()?.related(query).await
}

/// `GET /api/index`: how many events of which types there are when, and how far that is known.
#[server(name = GetIndex, prefix = "/api", endpoint = "index", input = GetUrl, output = Json)]
pub async fn index(
    #[server(default)] stream: String,
    #[server(default)] buckets: Option<String>,
    #[server(default)] from: Option<String>,
    #[server(default)] to: Option<String>,
) -> Result<IndexAnswer, ApiError> {
    use super::backend::{DEFAULT_HISTOGRAM_BUCKETS, IndexQuery, MAX_HISTOGRAM_BUCKETS};
    use super::params;

    let query = IndexQuery {
        stream: params::stream(&stream)?,
        buckets: params::bounded(
            "buckets",
            buckets.as_deref(),
            DEFAULT_HISTOGRAM_BUCKETS,
            MAX_HISTOGRAM_BUCKETS,
        )?,
        from_ms: params::number("from", from.as_deref())?,
        to_ms: params::number("to", to.as_deref())?,
    };
    if let (Some(from), Some(to)) = (query.from_ms, query.to_ms)
        && from > to
    {
        return Err(ApiError::bad_parameter("to", "is before `from`"));
    }
    server::backend()?.index(query).await
}

/// `GET /api/replay`: an aggregate's state at a version, an entry or a time.
#[server(name = GetReplay, prefix = "/api", endpoint = "replay", input = GetUrl, output = Json)]
pub async fn replay(
    #[server(default)] stream: String,
    #[server(default)] version: Option<String>,
    #[server(default)] id: Option<String>,
    #[server(default)] time_ms: Option<String>,
) -> Result<ReplayAnswer, ApiError> {
    use super::backend::ReplayQuery;
    use super::params;

    let query = ReplayQuery {
        stream: params::stream(&stream)?,
        until: params::until(version.as_deref(), id.as_deref(), time_ms.as_deref())?,
    };
    server::backend()?.replay(query).await
}

/// `GET /api/window`: the versions around a version, an entry or a time.
#[server(name = GetWindow, prefix = "/api", endpoint = "window", input = GetUrl, output = Json)]
pub async fn window(
    #[server(default)] stream: String,
    #[server(default)] version: Option<String>,
    #[server(default)] id: Option<String>,
    #[server(default)] time_ms: Option<String>,
    #[server(default)] limit: Option<String>,
) -> Result<WindowAnswer, ApiError> {
    use super::backend::{DEFAULT_WINDOW_VERSIONS, MAX_WINDOW_VERSIONS, WindowQuery};
    use super::params;

    let query = WindowQuery {
        stream: params::stream(&stream)?,
        around: params::until(version.as_deref(), id.as_deref(), time_ms.as_deref())?,
        limit: params::limit(limit.as_deref(), DEFAULT_WINDOW_VERSIONS, MAX_WINDOW_VERSIONS)?,
    };
    server::backend()?.window(query).await
}

/// `GET /api/diff`: what differs between two versions.
#[server(name = GetDiff, prefix = "/api", endpoint = "diff", input = GetUrl, output = Json)]
pub async fn diff(
    #[server(default)] stream: String,
    #[server(default)] from: Option<String>,
    #[server(default)] to: Option<String>,
) -> Result<DiffAnswer, ApiError> {
    use super::backend::{DiffQuery, Until};
    use super::params;

    let query = DiffQuery {
        stream: params::stream(&stream)?,
        from: params::number("from", from.as_deref())?,
        to: params::number("to", to.as_deref())?.map_or(Until::Latest, Until::Version),
    };
    server::backend()?.diff(query).await
}

/// `GET /api/blame`: who last set each leaf of a state.
#[server(name = GetBlame, prefix = "/api", endpoint = "blame", input = GetUrl, output = Json)]
pub async fn blame(
    #[server(default)] stream: String,
    #[server(default)] version: Option<String>,
    #[server(default)] id: Option<String>,
    #[server(default)] time_ms: Option<String>,
    #[server(default)] ignore: Option<String>,
) -> Result<BlameAnswer, ApiError> {
    use super::backend::BlameQuery;
    use super::params;

    let query = BlameQuery {
        stream: params::stream(&stream)?,
        at: params::until(version.as_deref(), id.as_deref(), time_ms.as_deref())?,
        ignored_types: params::list(ignore.as_deref()),
    };
    server::backend()?.blame(query).await
}

/// `GET /api/history`: the events that changed a value, or are of a type.
#[server(name = GetHistory, prefix = "/api", endpoint = "history", input = GetUrl, output = Json)]
pub async fn history(
    #[server(default)] stream: String,
    #[server(default)] path: Option<String>,
    #[server(default)] r#type: Option<String>,
    #[server(default)] after: Option<String>,
    #[server(default)] before: Option<String>,
    #[server(default)] limit: Option<String>,
    #[server(default)] order: Option<String>,
) -> Result<HistoryAnswer, ApiError> {
    use super::backend::{DEFAULT_HISTORY_ENTRIES, HistoryQuery, MAX_HISTORY_ENTRIES};
    use super::params;

    let query = HistoryQuery {
        stream: params::stream(&stream)?,
        path: params::pointer("path", path.as_deref())?,
        event_type: r#type.filter(|event_type| !event_type.is_empty()),
        after: params::number("after", after.as_deref())?,
        before: params::number("before", before.as_deref())?,
        limit: params::limit(limit.as_deref(), DEFAULT_HISTORY_ENTRIES, MAX_HISTORY_ENTRIES)?,
        order: params::order(order.as_deref())?,
    };
    if query.path.is_none() && query.event_type.is_none() {
        return Err(ApiError::bad_parameter("path", "is missing; give a `path`, a `type` or both"));
    }
    server::backend()?.history(query).await
}

/// `GET /api/bisect`: the versions at which an expression over the state becomes true or false.
#[server(name = GetBisect, prefix = "/api", endpoint = "bisect", input = GetUrl, output = Json)]
pub async fn bisect(
    #[server(default)] stream: String,
    #[server(default)] expression: String,
) -> Result<BisectAnswer, ApiError> {
    use super::backend::{BisectQuery, MAX_EXPRESSION_BYTES};
    use super::params;

    let stream = params::stream(&stream)?;
    params::source("expression", &expression, MAX_EXPRESSION_BYTES)?;
    server::backend()?.bisect(BisectQuery { stream, expression }).await
}

/// `GET /api/timeline`: how the events lie in time.
#[server(name = GetTimeline, prefix = "/api", endpoint = "timeline", input = GetUrl, output = Json)]
pub async fn timeline(
    #[server(default)] stream: String,
    #[server(default)] buckets: Option<String>,
) -> Result<TimelineAnswer, ApiError> {
    use super::backend::{DEFAULT_TIMELINE_BUCKETS, MAX_TIMELINE_BUCKETS, TimelineQuery};
    use super::params;

    let query = TimelineQuery {
        stream: params::stream(&stream)?,
        buckets: params::bounded(
            "buckets",
            buckets.as_deref(),
            DEFAULT_TIMELINE_BUCKETS,
            MAX_TIMELINE_BUCKETS,
        )?,
    };
    server::backend()?.timeline(query).await
}

/// `GET /api/fold`: the fold of an aggregate.
#[server(name = GetFold, prefix = "/api", endpoint = "fold", input = GetUrl, output = Json)]
pub async fn fold(#[server(default)] stream: String) -> Result<FoldAnswer, ApiError> {
    let stream = super::params::stream(&stream)?;
    server::backend()?.fold(stream).await
}

/// `POST /api/try_fold`: what a fold that is being written makes of an aggregate. Changes nothing.
#[server(name = TryFold, prefix = "/api", endpoint = "try_fold", input = Json, output = Json)]
pub async fn try_fold(
    #[server(default)] stream: String,
    #[server(default)] source: String,
    #[server(default)] version: Option<u64>,
) -> Result<TrialAnswer, ApiError> {
    use super::backend::{MAX_FOLD_BYTES, TrialQuery, Until};
    use super::params;

    let stream = params::stream(&stream)?;
    params::source("source", &source, MAX_FOLD_BYTES)?;
    let at = version.map_or(Until::Latest, Until::Version);
    server::backend()?.try_fold(TrialQuery { stream, source, at }).await
}

/// `POST /api/save_fold`: saves the fold for an aggregate's type into the folder of folds.
#[server(name = SaveFold, prefix = "/api", endpoint = "save_fold", input = Json, output = Json)]
pub async fn save_fold(
    #[server(default)] stream: String,
    #[server(default)] source: String,
    #[server(default)] tag: Option<String>,
) -> Result<FoldAnswer, ApiError> {
    use super::backend::MAX_FOLD_BYTES;
    use super::params;

    let stream = params::stream(&stream)?;
    params::source("source", &source, MAX_FOLD_BYTES)?;
    server::backend()?.save_fold(stream, source, tag).await
}

#[cfg(feature = "ssr")]
mod server {
    use std::sync::Arc;

    use leptos::prelude::use_context;

    use crate::api::{ApiError, Backend, ErrorCode};

    /// The backend of the request being answered.
    pub(super) fn backend() -> Result<Arc<dyn Backend>, ApiError> {
        use_context::<Arc<dyn Backend>>()
            .ok_or_else(|| ApiError::new(ErrorCode::Internal, "the server is not set up"))
    }
}
