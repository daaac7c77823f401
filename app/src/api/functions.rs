//! The server functions: thin scripts between the parameters of a URL and the [`Backend`](super::Backend).

#![allow(
    missing_docs,
    reason = "the macro makes a struct of each function's parameters, which `docs/api.md` describes"
)]

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};

use super::{About, ApiError, EventsPage, ReplayAnswer, StreamsPage, WindowAnswer};

/// `GET /api/about`
#[server(name = GetAbout, prefix = "/api", endpoint = "about", input = GetUrl, output = Json)]
pub async fn about() -> Result<About, ApiError> {
    Ok(server::backend()?.about().await)
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

/// `GET /api/events`: a page of a stream's events.
#[server(name = GetEvents, prefix = "/api", endpoint = "events", input = GetUrl, output = Json)]
pub async fn events(
    #[server(default)] stream: String,
    #[server(default)] after: Option<String>,
    #[server(default)] before: Option<String>,
    #[server(default)] limit: Option<String>,
    #[server(default)] order: Option<String>,
    #[server(default)] filter: Option<String>,
) -> Result<EventsPage, ApiError> {
    use super::backend::{DEFAULT_PAGE_EVENTS, EventsQuery, MAX_PAGE_EVENTS};
    use super::params;

    // An answer that ignored it would look filtered and not be.
    if filter.is_some_and(|filter| !filter.is_empty()) {
        return Err(ApiError::bad_parameter(
            "filter",
            "filters are not available yet; leave it out",
        ));
    }
    let query = EventsQuery {
        stream: params::stream(&stream)?,
        after: params::optional("after", after.as_deref())?,
        before: params::optional("before", before.as_deref())?,
        limit: params::limit(limit.as_deref(), DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS)?,
        order: params::order(order.as_deref())?,
    };
    server::backend()?.events(query).await
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
