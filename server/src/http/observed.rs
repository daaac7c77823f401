//! What is seen of each request: its id, a span in the log, and a panic, which is an answer like any other.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware;
use axum::response::Response;
use http::{HeaderMap, HeaderName, header};
use rewind_app::api::{ApiError, ErrorCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{
    MakeRequestUuid, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::sensitive_headers::SetSensitiveRequestHeadersLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;

use super::errors;

/// How long an id may be that a proxy or client gives a request, in bytes: more than any of the usual kinds has.
const LONGEST_ID: usize = 128;
const ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Has all of this be seen of the requests that a router answers.
pub(super) fn observed<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    // The last layer is the first one that a request meets.
    router
        .layer(CatchPanicLayer::custom(panicked))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_response(answered)
                .on_failure(()),
        )
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
        .layer(middleware::map_request(without_odd_id))
        .layer(SetSensitiveRequestHeadersLayer::new([
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
        ]))
}

/// An id that came with a request is kept, so that it leads through the logs of several servers, unless it is none.
async fn without_odd_id(mut request: Request) -> Request {
    if !has_usable_id(request.headers()) {
        request.headers_mut().remove(&ID_HEADER);
    }
    request
}

fn has_usable_id(headers: &HeaderMap) -> bool {
    let mut ids = headers.get_all(&ID_HEADER).iter();
    let is_usable = |id: &[u8]| {
        (1..=LONGEST_ID).contains(&id.len())
            && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:=+/".contains(byte))
    };
    ids.next().is_some_and(|id| is_usable(id.as_bytes())) && ids.next().is_none()
}

/// What stands before each line of the log that a request causes. Parameters are left out: they may be anybody's data.
fn span<B>(request: &http::Request<B>) -> Span {
    let id = request.extensions().get::<RequestId>();
    let id = id.and_then(|id| id.header_value().to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", id, method = %request.method(), path = request.uri().path())
}

fn answered<B>(response: &http::Response<B>, after: Duration, _: &Span) {
    let (status, ms) = (response.status().as_u16(), after.as_millis());
    tracing::debug!(status, ms, "answered");
}

/// A fault of the server's own, which the default hook has printed with its place.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request ended in a panic");
    let message = "the server failed at this; its log says where";
    errors::response(&ApiError::new(ErrorCode::Internal, message))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::routing::get;
    use http::StatusCode;
    use tower_service::Service as _;

    use super::*;

    async fn fails() -> &'static str {
        panic!("on purpose")
    }

    async fn ask(path: &str, id: Option<&str>) -> (StatusCode, HeaderMap, String) {
        let router = Router::new().route("/well", get(|| async { "well" }));
        let mut router = observed(router.route("/fails", get(fails)));
        let mut request = Request::builder().uri(path);
        if let Some(id) = id {
            request = request.header(&ID_HEADER, id);
        }
        let response = router.call(request.body(Body::empty()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (head.status, head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_that_says_so_and_nothing_else() {
        let (status, headers, body) = ask("/fails", None).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains(r#""code":"internal""#) && !body.contains("on purpose"), "{body}");
        assert!(headers.contains_key(&ID_HEADER));
    }

    #[tokio::test]
    async fn each_answer_has_the_id_of_its_request() {
        let (_, headers, body) = ask("/well", Some("proxy-7.a")).await;
        assert_eq!((headers[&ID_HEADER].to_str().unwrap(), body.as_str()), ("proxy-7.a", "well"));
        let made = ask("/well", None).await.1[&ID_HEADER].clone();
        assert_ne!(made, ask("/well", None).await.1[&ID_HEADER]);
    }

    #[tokio::test]
    async fn an_id_that_is_none_is_replaced() {
        for odd in ["", "a b", "a\"b", &"x".repeat(LONGEST_ID + 1)] {
            let (_, headers, _) = ask("/well", Some(odd)).await;
            assert_eq!(headers[&ID_HEADER].len(), 36, "{odd:?}");
        }
    }
}
