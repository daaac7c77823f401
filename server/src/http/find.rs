//! `GET /api/find`: what a filter finds, as it is found.

use std::str::FromStr;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderMap, Method};
use rewind_app::api::find::{DEFAULT_FIND_LIMIT, MAX_FIND_LIMIT, MAX_NAMED_STREAMS};
use rewind_app::api::{ApiError, Order};
use rewind_domain::merge::IdSpan;
use rewind_domain::{EntryId, Filter, FilterError, StreamKey};

use super::{AppState, errors, sse};
use crate::backend::engine_error;
use crate::engines::{Engines, EventFilter, FilterFault};
use crate::find::{FindFrame, FindQuery, Place, Position, find};

pub(super) async fn find_events(
    State(state): State<AppState>,
    method: Method,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::read(query.as_deref().unwrap_or_default());
    let query = match asked {
        Ok(asked) => asked.query(&headers, &state.engines).await,
        Err(error) => Err(error),
    };
    let query = match query {
        Ok(query) => query,
        Err(error) => return errors::response(&error),
    };
    if method == Method::HEAD {
        return sse::head();
    }
    let AppState { store, indexes, discovery, codecs, stopping, .. } = state;
    let found = find(store, indexes, discovery, codecs, query);
    sse::response(found.map(|frame| bytes_of(&frame)), stopping)
}

/// The parameters that say which events are meant, as this call and the export take them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    streams: Vec<StreamKey>,
    category: Option<StreamKey>,
    is_all: bool,
    filter: String,
    order: Order,
    after: Option<EntryId>,
    before: Option<EntryId>,
    position: Option<Position>,
    limit: Option<u64>,
}

impl Asked {
    /// Reads them; passes over those that it does not know.
    pub(super) fn read(query: &str) -> Result<Self, ApiError> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            match name.as_str() {
                "all" => asked.is_all = true,
                _ if value.is_empty() => {}
                "stream" => asked.streams.push(read(&name, &value)?),
                "category" => asked.category = Some(read(&name, &value)?),
                "filter" => asked.filter = value,
                "after" => asked.after = Some(read(&name, &value)?),
                "before" => asked.before = Some(read(&name, &value)?),
                "position" => asked.position = Some(read(&name, &value)?),
                "limit" => asked.limit = Some(read(&name, &value)?),
                "order" => {
                    asked.order = match value.as_str() {
                        "asc" => Order::Asc,
                        "desc" => Order::Desc,
                        _ => {
                            return Err(ApiError::bad_parameter(
                                "order",
                                "must be `asc` or `desc`",
                            ));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(asked)
    }

    /// The query that they are.
    async fn query(self, headers: &HeaderMap, engines: &Engines) -> Result<FindQuery, ApiError> {
        let (limit, position) = self.bounds(headers)?;
        Ok(FindQuery { position, limit: Some(limit), is_whole: false, ..self.all(engines).await? })
    }

    /// How many events are wanted, and behind which.
    fn bounds(&self, headers: &HeaderMap) -> Result<(u64, Option<Position>), ApiError> {
        let limit = self.limit.unwrap_or(DEFAULT_FIND_LIMIT);
        if !(1..=MAX_FIND_LIMIT).contains(&limit) {
            let reason = format!("must be from 1 to {MAX_FIND_LIMIT}");
            return Err(ApiError::bad_parameter("limit", reason));
        }
        let position = match headers.get("last-event-id").filter(|id| !id.is_empty()) {
            Some(id) => Some(read("Last-Event-ID", &String::from_utf8_lossy(id.as_bytes()))?),
            None => self.position.clone(),
        };
        Ok((limit, position))
    }

    /// The query for all that is meant, whole.
    pub(super) async fn all(self, engines: &Engines) -> Result<FindQuery, ApiError> {
        Ok(FindQuery {
            place: self.place()?,
            filter: read_filter(&self.filter, engines).await?,
            span: self.span(),
            order: self.order,
            position: self.position,
            is_whole: true,
            limit: None,
        })
    }

    fn place(&self) -> Result<Place, ApiError> {
        let Self { streams, category, is_all, .. } = self;
        match category {
            _ if *is_all && (category.is_some() || !streams.is_empty()) => {
                Err(ApiError::bad_parameter("all", "stands alone; leave streams and category out"))
            }
            None if *is_all => Ok(Place::Prefix("".into())),
            Some(_) if !streams.is_empty() => {
                Err(ApiError::bad_parameter("category", "give either streams or a category"))
            }
            Some(category) => {
                let prefix = [category.as_bytes(), b":"].concat();
                Ok(Place::Prefix(StreamKey::from_bytes(prefix)))
            }
            None if streams.is_empty() => Err(ApiError::bad_parameter(
                "stream",
                "is missing; give the key of a stream, a category, or `all`",
            )),
            None if streams.len() > MAX_NAMED_STREAMS => Err(ApiError::bad_parameter(
                "stream",
                format!("at most {MAX_NAMED_STREAMS} can be named; give a category instead"),
            )),
            None => {
                let mut streams = streams.clone();
                streams.sort();
                streams.dedup();
                Ok(Place::Streams(streams))
            }
        }
    }

    /// The ids between both ends, which are exclusive.
    fn span(&self) -> IdSpan {
        let nothing = IdSpan { from: EntryId::MAX, to: EntryId::MIN };
        let from = self.after.map_or(Some(EntryId::MIN), EntryId::next);
        let to = self.before.map_or(Some(EntryId::MAX), EntryId::prev);
        from.zip(to).map_or(nothing, |(from, to)| IdSpan { from, to })
    }
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

fn read<T>(name: &str, text: &str) -> Result<T, ApiError>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error| ApiError::bad_parameter(name, error))
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
    use super::*;

    fn query(text: &str) -> Result<Place, ApiError> {
        let asked = Asked::read(text)?;
        asked.bounds(&HeaderMap::new())?;
        Filter::parse(&asked.filter).map_err(wrong_filter)?;
        asked.place()
    }

    #[test]
    fn bad_parameters_are_named() {
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
        ] {
            let error = query(text).map(drop).unwrap_err();
            assert_eq!(error.parameter.as_deref(), Some(name), "{text}: {error}");
        }
    }

    #[test]
    fn a_filter_that_is_none_says_where() {
        let error = query("stream=a&filter=x+data.total%3E").map(drop).unwrap_err();
        assert!(error.column.is_some_and(|column| column > 2), "{error:?}");
    }

    #[test]
    fn streams_are_searched_once_and_in_the_order_of_their_keys() {
        let query = query("stream=b&stream=a&stream=b").unwrap();
        assert_eq!(query, Place::Streams(vec!["a".into(), "b".into()]));
    }

    #[test]
    fn all_streams_are_those_whose_keys_begin_with_nothing() {
        assert_eq!(query("all").unwrap(), Place::Prefix("".into()));
    }

    #[test]
    fn a_category_has_the_streams_below_it() {
        let query = query("category=aggregate:Order").unwrap();
        assert_eq!(query, Place::Prefix("aggregate:Order:".into()));
    }
}
