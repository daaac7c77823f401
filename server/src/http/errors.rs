//! Errors as responses: JSON, with the status that fits.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use rewind_app::api::{ApiError, ErrorCode};

/// After how many seconds who was refused for want of room may come again.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("5");
/// The header by which Leptos marks the answer of a server function that failed.
const FAILED_HEADER: &str = "serverfnerror";

/// The response for an error.
pub(super) fn response(error: &ApiError) -> Response {
    let body = serde_json::to_vec(error).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error.code);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    match error.code {
        ErrorCode::TooBusy => {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_SECS);
        }
        // What is left of the body may still come, and is nothing that could be answered.
        ErrorCode::BodyTooLarge | ErrorCode::RequestTimeout => {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        _ => {}
    }
    response
}

/// Leptos answers every failed server function with status 500; gives it the status of its error.
pub(super) async fn with_fitting_status(answer: Response) -> Response {
    if !answer.headers().contains_key(FAILED_HEADER) {
        return answer;
    }
    // It is in memory already, and texts of errors are bounded.
    let error = match to_bytes(answer.into_body(), usize::MAX).await {
        Ok(body) => serde_json::from_slice::<ApiError>(&body).ok(),
        Err(_) => None,
    };
    let unknown = || ApiError::new(ErrorCode::Internal, "the call failed in an unknown way");
    response(&error.unwrap_or_else(unknown))
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
