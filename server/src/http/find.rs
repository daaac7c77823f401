//! `GET /api/find`: what a filter finds, as it is found.

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Method};
use rewind_app::api::ApiError;
use rewind_app::api::query::{FindQuery, Selection, read_url};
use rewind_domain::caller::Caller;
use rewind_domain::merge::IdSpan;
use rewind_domain::{EntryId, Filter, FilterError};
use std::sync::Arc;

use super::{AppState, errors, sse};
use crate::api_errors::engine_error;
use crate::engines::{Engines, EventFilter, FilterFault};
use crate::find::{FindFrame, FindQuery as Search, Place, Position, find};

pub(super) async fn find_events(
    Extension(_caller): Extension<Arc<Caller>>,
    State(state): State<AppState>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let search = match asked(query.as_deref().unwrap_or_default(), &headers, &state.engines).await {
        Ok(search) => search,
        Err(error) => return errors::response(&error),
    };
    if method == Method::HEAD {
        return sse::head();
    }
    let AppState { store, indexes, discovery, event_reader, stopping, .. } = state;
    let found = find(store, indexes, discovery, event_reader, search);
    sse::response(found.map(|frame| bytes_of(&frame)), stopping)
}

/// The search that is asked for. What the browser remembers of where it was wins over what the URL says.
async fn asked(query: &str, headers: &HeaderMap, engines: &Engines) -> Result<Search, ApiError> {
    let mut query: FindQuery = read_url(query)?;
    let limit = query.limit.get();
    let remembered = headers.get("last-event-id").filter(|id| !id.is_empty());
    let remembered =
        remembered.map(|id| position("Last-Event-ID", &String::from_utf8_lossy(id.as_bytes())));
    if remembered.is_some() {
        query.position = None;
    }
    let search = search(query, engines).await?;
    let position = remembered.transpose()?.or(search.position);
    Ok(Search { position, is_whole: false, limit: Some(limit), ..search })
}

/// The search for all that a question means, whole.
pub(super) async fn search(query: FindQuery, engines: &Engines) -> Result<Search, ApiError> {
    let place = match query.selection()? {
        Selection::Prefix(prefix) => Place::Prefix(prefix),
        Selection::Streams(mut streams) => {
            streams.sort();
            streams.dedup();
            Place::Streams(streams)
        }
    };
    Ok(Search {
        place,
        filter: read_filter(&query.filter, engines).await?,
        span: span(query.after, query.before),
        order: query.order,
        position: query.position.map(|text| position("position", &text)).transpose()?,
        is_whole: true,
        limit: None,
    })
}

fn position(name: &str, text: &str) -> Result<Position, ApiError> {
    text.parse().map_err(|error| ApiError::bad_parameter(name, error))
}

/// The ids between both ends, which are exclusive.
fn span(after: Option<EntryId>, before: Option<EntryId>) -> IdSpan {
    let nothing = IdSpan { from: EntryId::MAX, to: EntryId::MIN };
    let from = after.map_or(Some(EntryId::MIN), EntryId::next);
    let to = before.map_or(Some(EntryId::MAX), EntryId::prev);
    from.zip(to).map_or(nothing, |(from, to)| IdSpan { from, to })
}

/// Reads a filter.
pub(super) async fn read_filter(text: &str, engines: &Engines) -> Result<EventFilter, ApiError> {
    let filter = Filter::parse(text).map_err(wrong_filter)?;
    EventFilter::read(filter, engines).await.map_err(|fault| match fault {
        FilterFault::Filter(error) => wrong_filter(error),
        FilterFault::Engine(error) => engine_error(&error),
    })
}

fn wrong_filter(error: FilterError) -> ApiError {
    ApiError { column: Some(error.column), ..ApiError::bad_parameter("filter", error) }
}

fn bytes_of(frame: &FindFrame) -> Bytes {
    let text = |position: &Option<Position>| position.as_ref().map(ToString::to_string);
    match frame {
        FindFrame::Begun(begun) => sse::frame("begun", None, begun),
        FindFrame::Found(found, position) => {
            sse::frame("found", Some(&position.to_string()), found)
        }
        FindFrame::Progress(progress, position) => {
            sse::frame("progress", text(position).as_deref(), progress)
        }
        FindFrame::Done(done, position) => sse::frame("done", text(position).as_deref(), done),
        FindFrame::Failed(error) => sse::frame("failed", None, error),
    }
}

#[cfg(test)]
mod tests {
    use crate::event_reader::EventReader;
    use rewind_script::Limits;

    use super::*;

    /// What is asked for by a text, without JavaScript.
    async fn asked(text: &str) -> Result<Search, ApiError> {
        let engines = Engines::new(None, Limits::default(), &EventReader::default()).unwrap();
        super::asked(text, &HeaderMap::new(), &engines).await
    }

    async fn place(text: &str) -> Place {
        asked(text).await.ok().unwrap().place
    }

    #[tokio::test]
    async fn bad_parameters_are_named() {
        for (text, name) in [
            ("", "stream"),
            ("stream=a\\", "stream"),
            ("stream=a&category=b", "category"),
            ("stream=a&all", "all"),
            ("stream=a&order=up", "order"),
            ("stream=a&after=x", "after"),
            ("stream=a&limit=0", "limit"),
            ("stream=a&limit=10001", "limit"),
            ("stream=a&position=5", "position"),
            ("stream=a&filter=data.", "filter"),
            ("stream=a&fliter=x", "fliter"),
            ("stream=a&limit=5&limit=6", "limit"),
        ] {
            let error = asked(text).await.err().unwrap();
            assert_eq!(error.parameter.as_deref(), Some(name), "{text}: {error}");
        }
    }

    #[tokio::test]
    async fn a_filter_that_is_none_says_where() {
        let error = asked("stream=a&filter=x+data.total%3E").await.err().unwrap();
        assert!(error.column.is_some_and(|column| column > 2), "{error:?}");
    }

    #[tokio::test]
    async fn streams_are_searched_once_and_in_the_order_of_their_keys() {
        let found = place("stream=b&stream=a&stream=b").await;
        assert_eq!(found, Place::Streams(vec!["a".into(), "b".into()]));
    }

    #[tokio::test]
    async fn all_streams_are_those_whose_keys_begin_with_nothing() {
        assert_eq!(place("all").await, Place::Prefix("".into()));
    }

    #[tokio::test]
    async fn a_category_has_the_streams_below_it() {
        for category in ["aggregate:Order", "aggregate:Order:", "aggregate:Order:*"] {
            let found = place(&format!("category={category}")).await;
            assert_eq!(found, Place::Prefix("aggregate:Order:".into()), "{category}");
        }
    }
}
