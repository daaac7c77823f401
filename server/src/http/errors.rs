//! Errors as responses: JSON, with the status that fits.

use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use rewind_app::api::{ApiError, ErrorCode};

/// How long the text of an error can be. They are sentences; this is for safety.
const MAX_ERROR_BYTES: usize = 64 * 1024;
/// The header by which Leptos marks the answer of a server function that failed.
const FAILED_HEADER: &str = "serverfnerror";

/// The response that tells of an error.
pub(super) fn response(error: &ApiError) -> Response {
    let body = serde_json::to_vec(error).unwrap_or_default();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error.code);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Leptos answers every failed server function with status 500; gives it the status of its error.
pub(super) async fn with_fitting_status(answer: Response) -> Response {
    if !answer.headers().contains_key(FAILED_HEADER) {
        return answer;
    }
    let error = match to_bytes(answer.into_body(), MAX_ERROR_BYTES).await {
        Ok(body) => serde_json::from_slice::<ApiError>(&body).ok(),
        Err(_) => None,
    };
    let unknown = || ApiError::new(ErrorCode::Internal, "the call failed in an unknown way");
    response(&error.unwrap_or_else(unknown))
}

fn status(code: ErrorCode) -> StatusCode {
    StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
