//! Server-Sent Events as responses.

use std::convert::Infallible;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::{Stream, StreamExt as _};
use http::{HeaderValue, header};
use serde::Serialize;
use tokio::sync::watch;

use crate::sse;

/// A frame with a name, JSON, and perhaps the position to go on from.
pub(super) fn frame(name: &str, id: Option<&str>, data: &impl Serialize) -> Bytes {
    let json = sse::json(data);
    let mut bytes = Vec::with_capacity(json.len() + 80);
    if let Some(id) = id {
        sse::push_id(&mut bytes, id);
    }
    sse::push_event(&mut bytes, name, &json);
    bytes.into()
}

/// A response of frames that ends when the server is about to stop, which an open line would hold up.
pub(super) fn response(
    frames: impl Stream<Item = Bytes> + Send + 'static,
    mut stopping: watch::Receiver<bool>,
) -> Response {
    let stop = async move {
        // Fails where the server is gone already.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let frames = frames.map(Ok::<_, Infallible>).take_until(Box::pin(stop));
    with_body(Body::from_stream(frames))
}

/// The response to `HEAD`: the headers of [`response`], and nothing behind them.
pub(super) fn head() -> Response {
    with_body(Body::from_stream(futures::stream::empty::<Result<Bytes, Infallible>>()))
}

fn with_body(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Asks nginx, which buffers by default, to pass frames on at once.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_position_name_and_json() {
        let text = |id| String::from_utf8(frame("found", id, &["a\r\nb"]).to_vec()).unwrap();
        assert_eq!(text(Some("5-0")), "id: 5-0\nevent: found\ndata: [\"a\\r\\nb\"]\n\n");
        assert_eq!(text(None), "event: found\ndata: [\"a\\r\\nb\"]\n\n");
    }
}
