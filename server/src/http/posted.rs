//! The bodies of `POST` calls: read within bounds before anything is done, so that what is wrong with one is told as what it is.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use futures::StreamExt as _;
use http::{HeaderMap, header};
use rewind_app::api::{ApiError, ErrorCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::throttle::Throttle;

/// How large a body may be, in bytes. The largest has a fold of 256 KiB in it, of which JSON may make six times as much.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// How much of a body that is too large is still read, in bytes, so that the client has sent it all and reads why it was refused.
const DRAINED_BYTES: usize = 16 * 1024 * 1024;
/// Up to which size, in bytes, a body is read at once. What pages send is smaller, but for folds.
const SMALL_BODY_BYTES: usize = 16 * 1024;
/// How many larger bodies are read at the same time. Together they take at most as much memory as one answer.
const LARGE_AT_ONCE: usize = 16;

/// Reads the body of a `POST`, which must be a JSON object, and gives the request back with it whole.
///
/// That it must say so in its `Content-Type` also keeps hostile pages out: without asking first, a browser lets them send forms and
/// plain text alone.
///
/// # Errors
/// If it is anything else, too large or too slow.
pub(super) async fn read(request: Request, patience: Duration) -> Result<Request, ApiError> {
    let (parts, body) = request.into_parts();
    let bytes = read_all(body, patience).await?;
    if !is_json(&parts.headers) {
        let message =
            "the body must be JSON; send it with the header `Content-Type: application/json`";
        return Err(ApiError::new(ErrorCode::ContentTypeUnsupported, message));
    }
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&bytes).map_err(
        |error| {
            let message = format!("the body is no JSON object: {error}");
            ApiError::new(ErrorCode::BadParameter, message)
        },
    )?;
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Whether a body says once that it is JSON, in an encoding that JSON has.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else { return false };
    let Ok(only) = only.to_str() else { return false };
    let mut parts = only.split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |parameter: &str| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            let value = value.trim().trim_matches('"');
            value.eq_ignore_ascii_case("utf-8") || value.eq_ignore_ascii_case("utf8")
        }
        _ => true,
    };
    is_json && parts.all(is_utf8)
}

async fn read_all(body: Body, patience: Duration) -> Result<Bytes, ApiError> {
    static TURNS: Semaphore = Semaphore::const_new(LARGE_AT_ONCE);
    let deadline = Instant::now() + patience;
    let mut turn = None;
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    loop {
        let chunk = match timeout_at(deadline, chunks.next()).await {
            Err(_) if length > MAX_BODY_BYTES => return Err(too_large()),
            Err(_) => return Err(too_slow(patience)),
            Ok(None) if length > MAX_BODY_BYTES => return Err(too_large()),
            Ok(None) => return Ok(bytes.into()),
            Ok(Some(Err(error))) => {
                let message = format!("the body cannot be read: {error}");
                return Err(ApiError::new(ErrorCode::BadParameter, message));
            }
            Ok(Some(Ok(chunk))) => chunk,
        };
        length = length.saturating_add(chunk.len());
        if length > DRAINED_BYTES {
            return Err(too_large());
        }
        if length > SMALL_BODY_BYTES && turn.is_none() {
            let taken = timeout_at(deadline, TURNS.acquire()).await;
            turn = Some(taken.map_err(|_| {
                let message = "too many large bodies are being sent; try again in a moment";
                ApiError::new(ErrorCode::TooBusy, message)
            })?);
        }
        if length <= MAX_BODY_BYTES {
            bytes.extend_from_slice(&chunk);
        } else {
            bytes = Vec::new();
        }
    }
}

fn too_large() -> ApiError {
    let message = format!("the body is larger than {MAX_BODY_BYTES} bytes");
    ApiError::new(ErrorCode::BodyTooLarge, message)
}

fn too_slow(patience: Duration) -> ApiError {
    static LOG: Throttle = Throttle::new();
    LOG.tell(|unsaid| {
        tracing::warn!(
            patience_secs = patience.as_secs(),
            unsaid,
            "a body was not complete in time"
        );
    });
    let message = format!("the body was not complete within {} seconds", patience.as_secs());
    ApiError::new(ErrorCode::RequestTimeout, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_that_it_is_json_is_taken_for_json() {
        let is_json = |types: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in types {
                headers.append(header::CONTENT_TYPE, name.parse().unwrap());
            }
            super::is_json(&headers)
        };
        for name in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=\"UTF-8\"",
        ] {
            assert!(is_json(&[name]), "{name}");
        }
        for name in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=application/json",
            "text/plain; application/json",
            "application/json+evil",
            "application/json; charset=utf-16",
            "application/jsonp",
            "",
        ] {
            assert!(!is_json(&[name]), "{name}");
        }
        assert!(!is_json(&[]));
        assert!(!is_json(&["application/json", "text/plain"]));
    }
}
