//! Who may call: a page in another tab must reach the server neither under a name of its own (DNS rebinding) nor across
//! sites.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use rewind_app::api::{ApiError, ErrorCode};

use super::{AppState, errors};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The names under which the server may be called.
#[derive(Clone, Debug, Default)]
pub struct TrustedHosts {
    /// Besides the loopback names.
    names: Vec<String>,
}

impl TrustedHosts {
    /// Loopback, the address that the server listens on, and these names.
    pub fn new(listen: SocketAddr, names: impl IntoIterator<Item = String>) -> Self {
        let own = (!listen.ip().is_unspecified()).then(|| listen.ip().to_string());
        let names = names.into_iter().chain(own).map(|name| name.to_ascii_lowercase()).collect();
        Self { names }
    }

    /// Whether an authority such as `localhost:7117` is one of them. Ports are not told apart.
    fn trust(&self, authority: &str) -> bool {
        let host = host_of(authority).to_ascii_lowercase();
        let is_loopback = host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        is_loopback || self.names.contains(&host)
    }
}

/// Lets a request through, or answers why not.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match refusal(&state.hosts, request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(why) => {
            tracing::warn!(path = request.uri().path(), why, "a request was refused");
            errors::response(&ApiError::new(ErrorCode::OriginForbidden, why))
        }
    }
}

fn refusal(
    hosts: &TrustedHosts,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Option<String> {
    let text =
        |name: HeaderName| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let host = text(header::HOST).or(uri.authority().map(|authority| authority.as_str()));
    let Some(host) = host else {
        return Some("the request names no host; send a `Host` header".into());
    };
    if !hosts.trust(host) {
        return Some(format!(
            "host `{}` is not trusted; if this is how people reach this server, start it with `--allow-host {}`",
            excerpt(host),
            excerpt(host_of(host)),
        ));
    }
    let cross_site = Some("requests from other sites are not answered".to_owned());
    if headers.contains_key(header::ORIGIN) {
        let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
        // The port counts here: another server on the same machine is another site.
        return match origin {
            Some((_, authority)) if authority.eq_ignore_ascii_case(host) => None,
            _ => cross_site,
        };
    }
    // Images, scripts and the like are asked for without `Origin`; following a link to a page is fine.
    let from_elsewhere = matches!(text(SEC_FETCH_SITE), Some("cross-site" | "same-site"));
    let follows_link = method == Method::GET
        && text(SEC_FETCH_MODE) == Some("navigate")
        && text(SEC_FETCH_DEST) == Some("document")
        && !uri.path().starts_with("/api");
    if from_elsewhere && !follows_link { cross_site } else { None }
}

/// The host of an authority, without port and brackets.
fn host_of(authority: &str) -> &str {
    match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            _ => authority,
        },
    }
}

/// Host names are at most 253 bytes; a header may hold anything.
fn excerpt(text: &str) -> &str {
    text.get(..253).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &str)], path: &str) -> bool {
        let hosts =
            TrustedHosts::new(([192, 168, 1, 5], 7117).into(), ["Rewind.example".to_owned()]);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        refusal(&hosts, &Method::GET, &path.parse().unwrap(), &map).is_some()
    }

    #[test]
    fn loopback_the_own_address_and_configured_names_are_trusted() {
        for host in [
            "localhost:7117",
            "127.0.0.1:7117",
            "127.0.0.1",
            "[::1]:7117",
            "192.168.1.5:7117",
            "rewind.example",
            "REWIND.example:443",
            "app.localhost",
        ] {
            assert!(!refused(&[("host", host)], "/"), "{host}");
        }
    }

    #[test]
    fn any_other_name_is_refused() {
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:7117",
            "",
            "[::2]",
            "192.168.1.6",
        ] {
            assert!(refused(&[("host", host)], "/"), "{host}");
        }
        assert!(refused(&[], "/"));
    }

    #[test]
    fn another_origin_is_refused_and_the_own_one_is_not() {
        let call =
            |origin| refused(&[("host", "localhost:7117"), ("origin", origin)], "/api/streams");
        assert!(!call("http://localhost:7117"));
        for origin in [
            "http://evil.example",
            "null",
            "http://localhost:3000",
            "http://localhost:7117.evil.example",
        ] {
            assert!(call(origin), "{origin}");
        }
    }

    #[test]
    fn a_link_from_elsewhere_leads_to_a_page_but_not_to_data() {
        let link = |path| {
            let headers = [
                ("host", "localhost"),
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ];
            refused(&headers, path)
        };
        assert!(!link("/events?stream=a"));
        assert!(link("/api/events?stream=a"));
        let image = [
            ("host", "localhost"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-dest", "image"),
        ];
        assert!(refused(&image, "/api/events?stream=a"));
        let frame = [
            ("host", "localhost"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-mode", "navigate"),
            ("sec-fetch-dest", "iframe"),
        ];
        assert!(refused(&frame, "/"));
    }
}
