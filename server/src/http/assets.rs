//! The front end, as `cargo xtask build` made it: embedded in the binary, compressed beforehand.

use std::borrow::Cow;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rewind_app::api::{ApiError, ErrorCode};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::errors;

#[derive(RustEmbed)]
#[cfg_attr(not(quick_front_end), folder = "../dist/")]
#[cfg_attr(quick_front_end, folder = "../target/xtask/frontend/quick/dist/")]
#[allow_missing = true]
struct Dist;

const INDEX: &str = "index.html";

/// A file of the front end; for the path of a page, which is no file, the document that draws all pages.
pub(super) async fn asset(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let message = format!("`{}` does not answer {}", request.uri().path(), request.method());
        let mut response = errors::response(&ApiError::new(ErrorCode::MethodNotAllowed, message));
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        return response;
    }
    let path = request.uri().path().trim_start_matches('/');
    let is_file = path.rsplit('/').next().is_some_and(|name| name.contains('.'));
    let name = if is_file { path } else { INDEX };
    // Compressed twins are answers to a name, not names of their own; hidden files are those of tools.
    let is_twin = name.ends_with(".br") || name.ends_with(".gz");
    let is_hidden = name.split('/').any(|part| part.starts_with('.'));
    match file(name, request.headers()).filter(|_| !is_twin && !is_hidden) {
        Some(response) => response,
        None if name == INDEX => no_front_end(),
        None => errors::response(&ApiError::new(
            ErrorCode::NotFound,
            format!("there is no file `{}`", request.uri().path()),
        )),
    }
}

/// Allows what the front end needs: its own files, the wasm, and the scripts inside its document, by their hashes.
pub(super) fn content_security_policy() -> HeaderValue {
    static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
        let document = Dist::get(INDEX).map(|file| file.data).unwrap_or_default();
        let policy = policy(&String::from_utf8_lossy(&document));
        HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
    });
    POLICY.clone()
}

fn policy(document: &str) -> String {
    let mut scripts = String::new();
    for script in inline_scripts(document) {
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script));
        scripts.push_str(&format!(" 'sha256-{hash}'"));
    }
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{scripts}; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

/// The texts of the scripts that stand in the document itself.
fn inline_scripts(document: &str) -> impl Iterator<Item = &str> {
    document.split("<script").skip(1).filter_map(|rest| {
        let (attributes, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!attributes.contains("src=") && !script.is_empty()).then_some(script)
    })
}

fn file(name: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Dist::get(name)?;
    let (data, encoding) = best_encoding(name, plain.data, headers);
    let mut response = Response::new(match data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    });
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    // The hash is one of all contents, so what is under such a name never changes.
    let cache = if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    Some(response)
}

fn best_encoding(
    name: &str,
    plain: Cow<'static, [u8]>,
    headers: &HeaderMap,
) -> (Cow<'static, [u8]>, Option<&'static str>) {
    for (ending, encoding) in [("br", "br"), ("gz", "gzip")] {
        if accepts(headers, encoding)
            && let Some(twin) = Dist::get(&format!("{name}.{ending}"))
        {
            return (twin.data, Some(encoding));
        }
    }
    (plain, None)
}

fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    accepted.unwrap_or_default().split(',').any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let is_it = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let is_refused = parts.any(|p| p.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)));
        is_it && !is_refused
    })
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "wasm" => "application/wasm",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// Whether a name has a 64-bit hash in it, as in `assets-1f2e3d4c5b6a7988/rewind.js`.
fn has_hash(name: &str) -> bool {
    const HASH_DIGITS: usize = 16;
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| part.len() == HASH_DIGITS && part.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn no_front_end() -> Response {
    let text = "This build of Rewind has no front end. Build it with `cargo xtask build`.\n";
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_a_hash_never_change() {
        assert!(has_hash("assets-1f2e3d4c5b6a7988/rewind_bg.wasm"));
        assert!(has_hash("assets-0000000000000000/rewind.css"));
        assert!(!has_hash("assets/rewind.css"));
        assert!(!has_hash("index.html"));
        assert!(!has_hash("favicon.svg"));
    }

    #[test]
    fn encodings_are_taken_only_where_offered() {
        let offered = |value: &str, encoding| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            accepts(&headers, encoding)
        };
        assert!(offered("gzip, deflate, br", "br"));
        assert!(offered("BR;q=0.5", "br"));
        assert!(!offered("gzip, br;q=0", "br"));
        assert!(!offered("brotli", "br"));
    }

    #[test]
    fn the_policy_allows_exactly_the_scripts_of_the_document() {
        let document = "<script>a()</script><script src=\"/x.js\"></script><script type=\"module\">b()</script>";
        assert_eq!(inline_scripts(document).collect::<Vec<_>>(), ["a()", "b()"]);
        assert_eq!(policy(document).matches("'sha256-").count(), 2);
        assert!(!policy(document).contains("unsafe-inline"));
    }
}
