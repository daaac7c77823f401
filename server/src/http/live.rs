//! `GET /api/live`: new events as they arrive.

use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, header};
use rewind_app::api::ApiError;
use rewind_domain::{EntryId, StreamKey};
use tokio_stream::wrappers::ReceiverStream;

use super::{AppState, errors};
use crate::backend::api_error;
use crate::live::{Viewer, Watched};

/// How many streams one line can carry.
const MAX_STREAMS: usize = 100;

pub(super) async fn live(
    State(state): State<AppState>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let watched = match watched(&headers, query.as_deref().unwrap_or_default()) {
        Ok(watched) => watched,
        Err(error) => return errors::response(&error),
    };
    let (viewer, line) = match Viewer::subscribe(state.hub.clone(), watched).await {
        Ok(both) => both,
        Err((stream, error)) => return errors::response(&api_error(Some(&stream), &error)),
    };
    tokio::spawn(viewer.run());
    let mut stopping = state.stopping.clone();
    // An open line would hold up a server that waits for its requests to end.
    let stop = async move {
        // Fails where the server is gone already.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let frames = ReceiverStream::new(line).map(Ok::<_, Infallible>).take_until(Box::pin(stop));
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Asks nginx, which buffers by default, to pass frames on at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The streams, each with the position to go on from: what the browser remembers wins over what the URL says.
fn watched(headers: &HeaderMap, query: &str) -> Result<Vec<Watched>, ApiError> {
    let mut streams = Vec::new();
    let mut after = None;
    for (name, value) in form_urlencoded(query) {
        match name.as_str() {
            "stream" => streams.push(
                value
                    .parse::<StreamKey>()
                    .map_err(|error| ApiError::bad_parameter("stream", error))?,
            ),
            "after" if !value.is_empty() => after = Some(("after", value)),
            "filter" if !value.is_empty() => {
                return Err(ApiError::bad_parameter(
                    "filter",
                    "filters are not available yet; leave it out",
                ));
            }
            _ => {}
        }
    }
    if streams.is_empty() || streams.iter().any(|stream| stream.as_bytes().is_empty()) {
        return Err(ApiError::bad_parameter("stream", "is missing; give the key of a stream"));
    }
    if streams.len() > MAX_STREAMS {
        return Err(ApiError::bad_parameter(
            "stream",
            format!("at most {MAX_STREAMS} can be watched at once"),
        ));
    }
    if let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) {
        after = Some(("Last-Event-ID", String::from_utf8_lossy(id.as_bytes()).into_owned()));
    }
    let positions: Vec<Option<EntryId>> = match after {
        None => vec![None; streams.len()],
        Some((name, text)) => text
            .split(',')
            .map(|id| id.parse().map(Some).map_err(|error| ApiError::bad_parameter(name, error)))
            .collect::<Result<_, _>>()?,
    };
    if positions.len() != streams.len() {
        let reason = format!("has {} positions for {} streams", positions.len(), streams.len());
        return Err(ApiError::bad_parameter("after", reason));
    }
    Ok(streams
        .into_iter()
        .zip(positions)
        .map(|(stream, after)| Watched { stream, after })
        .collect())
}

fn form_urlencoded(query: &str) -> impl Iterator<Item = (String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        query: &str,
        last_event_id: Option<&str>,
    ) -> Result<Vec<(String, Option<String>)>, String> {
        let mut headers = HeaderMap::new();
        if let Some(id) = last_event_id {
            headers.insert("last-event-id", id.parse().unwrap());
        }
        let watched = watched(&headers, query).map_err(|error| error.to_string())?;
        Ok(watched
            .into_iter()
            .map(|w| (w.stream.to_string(), w.after.map(|id| id.to_string())))
            .collect())
    }

    #[test]
    fn each_stream_has_its_position() {
        let watched = parse("stream=a&stream=b%3A1&after=5-0,7-1", None).unwrap();
        assert_eq!(watched, [("a".into(), Some("5-0".into())), ("b:1".into(), Some("7-1".into()))]);
    }

    #[test]
    fn what_the_browser_remembers_wins() {
        assert_eq!(
            parse("stream=a&after=5-0", Some("9-0")).unwrap(),
            [("a".into(), Some("9-0".into()))]
        );
        assert_eq!(parse("stream=a", None).unwrap(), [("a".into(), None)]);
    }

    #[test]
    fn bad_parameters_are_named() {
        for (query, name) in [
            ("", "`stream`"),
            ("stream=", "`stream`"),
            ("stream=a\\", "`stream`"),
            ("stream=a&after=x", "`after`"),
            ("stream=a&after=1-0,2-0", "`after`"),
            ("stream=a&filter=x", "`filter`"),
        ] {
            let error = parse(query, None).unwrap_err();
            assert!(error.contains(name), "{query}: {error}");
        }
    }
}
