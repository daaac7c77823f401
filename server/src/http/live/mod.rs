//! `GET /api/live`: new events as they arrive.

mod asked;
mod joined;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use http::{HeaderMap, Method};
use rewind_app::api::ApiError;
use rewind_app::api::query::{LiveQuery, read_url};
use rewind_domain::caller::Caller;

use self::asked::{Asked, What};
use super::find::read_filter;
use super::{AppState, errors, sse};
use crate::live::{CategoryViewer, Viewer};
use crate::serving::Peer;

pub(super) async fn live(
    Extension(_caller): Extension<Arc<Caller>>,
    State(state): State<AppState>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let stopping = state.stopping.clone();
    let query: LiveQuery = match read_url(&query) {
        Ok(query) => query,
        Err(error) => return errors::response(&error),
    };
    if method == Method::HEAD {
        let meant = match query.watch.is_empty() {
            true => asked::asked(&headers, query).map(drop),
            false => Ok(()),
        };
        return meant.map_or_else(|error| errors::response(&error), |()| sse::head());
    }
    if !query.watch.is_empty() {
        let open = move |watch: String| {
            let state = state.clone();
            async move { open(state, peer.ip(), HeaderMap::new(), read_watch(&watch)?).await }
        };
        return sse::response(joined::join(query.watch.into_iter().map(open)), stopping);
    }
    match open(state, peer.ip(), headers, query).await {
        Ok(frames) => sse::response(frames, stopping),
        Err(error) => errors::response(&error),
    }
}

/// Reads one of several watches, which carries no further ones.
fn read_watch(watch: &str) -> Result<LiveQuery, ApiError> {
    let query: LiveQuery = read_url(watch)?;
    match query.watch.is_empty() {
        true => Ok(query),
        false => Err(ApiError::bad_parameter("watch", "carries no further ones")),
    }
}

/// The frames of one watch.
async fn open(
    state: AppState,
    address: IpAddr,
    headers: HeaderMap,
    query: LiveQuery,
) -> Result<BoxStream<'static, Bytes>, ApiError> {
    let Asked { what, filter } = asked::asked(&headers, query)?;
    let filter = match filter {
        Some(text) => Some(read_filter(&text, &state.engines).await?),
        None => None,
    };
    let hub = state.hub;
    let seat = hub.seat(address).map_err(|error| error.to_api())?;
    Ok(match what {
        What::Streams(watched) => {
            let viewer = Viewer::subscribe(hub, seat, watched, filter).await;
            let next = async |mut viewer: Viewer| Some((viewer.next().await?, viewer));
            stream::unfold(viewer.map_err(|error| error.to_api())?, next).boxed()
        }
        What::Category(prefix, from) => {
            let viewer = CategoryViewer::subscribe(hub, seat, &prefix, from, filter).await;
            let next = async |mut viewer: CategoryViewer| Some((viewer.next().await?, viewer));
            stream::unfold(viewer.map_err(|error| error.to_api())?, next).boxed()
        }
    })
}
