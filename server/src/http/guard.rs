//! Who may call: a page in another tab must reach the server neither under a name of its own (DNS rebinding) nor across
//! sites.

use std::borrow::Cow;
use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::terminal;

use super::authority::{Authority, Host};
use super::{AppState, errors};
use crate::throttle::Throttle;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The hosts under which the server may be called.
#[derive(Clone, Debug, Default)]
pub struct TrustedHosts {
    /// Besides the loopback ones.
    hosts: Vec<Host>,
}

/// A name under which nobody can reach the server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`--allow-host {0}` is no host; give a name such as `rewind.example`, or an address")]
pub struct NoHost(String);

impl TrustedHosts {
    /// Loopback, the address that the server listens on, and these names.
    ///
    /// # Errors
    /// If one of them is no host.
    pub fn new(
        listen: SocketAddr,
        names: impl IntoIterator<Item = String>,
    ) -> Result<Self, NoHost> {
        let own = (!listen.ip().is_unspecified()).then(|| Host::Address(listen.ip()));
        let host = |name: String| match Authority::read(&name) {
            Some(Authority { host, .. }) => Ok(host),
            // IPv6 addresses may be given without brackets here.
            _ => name.parse().map(Host::Address).map_err(|_| NoHost(name)),
        };
        let named = names.into_iter().map(host).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { hosts: named.into_iter().chain(own).collect() })
    }

    /// Whether a host is one of them.
    fn trust(&self, host: &Host) -> bool {
        host.is_loopback() || self.hosts.contains(host)
    }
}

/// Lets a request through, or answers why not.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match refusal(&state.hosts, request.method(), request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(why) => {
            static LOG: Throttle = Throttle::new();
            let path = excerpt(request.uri().path());
            LOG.tell(|unsaid| tracing::warn!(%path, why, unsaid, "a request was refused"));
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
    let text = |name: HeaderName| only(headers, &name).and_then(|value| value.to_str().ok());
    let in_target = uri.authority().map(|authority| authority.as_str());
    let host = text(header::HOST).or(in_target.filter(|_| !headers.contains_key(header::HOST)));
    let Some(host) = host else {
        return Some("the request names no host, or several; send one `Host` header".into());
    };
    // A target that names a host as well must name a trusted one: who is between here and the client may go by either.
    for named in [Some(host), in_target].into_iter().flatten() {
        let Some(authority) = Authority::read(named) else {
            return Some(format!("host `{}` cannot be read", excerpt(named)));
        };
        if !hosts.trust(&authority.host) {
            return Some(format!(
                "host `{}` is not trusted; if this is how people reach this server, start it with `--allow-host {}`",
                excerpt(named),
                authority.host,
            ));
        }
    }
    let cross_site = Some("requests from other sites are not answered".to_owned());
    if headers.contains_key(header::ORIGIN) {
        let origin = text(header::ORIGIN).and_then(|origin| origin.split_once("://"));
        // The port counts here: another server on the same machine is another site.
        return match origin {
            Some(("http" | "https", authority)) if authority.eq_ignore_ascii_case(host) => None,
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

/// The value of a header that is there once.
fn only<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}

/// Host names are at most 253 bytes; a header may hold anything.
fn excerpt(text: &str) -> Cow<'_, str> {
    terminal::excerpt(text, 253)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(headers: &[(&'static str, &str)], path: &str) -> bool {
        let hosts =
            TrustedHosts::new(([192, 168, 1, 5], 7117).into(), ["Rewind.example".to_owned()])
                .unwrap();
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
            "localhost.",
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
            "[::1].evil.example",
            "[::1].evil.example:7117",
            "localhost@evil.example",
            "evil.example@localhost",
            "evil.example/localhost",
            "localhost:7117, evil.example",
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
            "http://localhost:7117/",
            "http://localhost:7117@evil.example",
            "http://localhost",
            "file://localhost:7117",
            "localhost:7117",
            "",
        ] {
            assert!(call(origin), "{origin}");
        }
    }

    #[test]
    fn a_header_that_comes_twice_or_contradicts_the_target_is_refused() {
        let hosts = TrustedHosts::new(([127, 0, 0, 1], 7117).into(), []).unwrap();
        let refused = |headers: &[(&'static str, &str)], uri: &str| {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.append(*name, value.parse().unwrap());
            }
            refusal(&hosts, &Method::GET, &uri.parse().unwrap(), &map).is_some()
        };
        assert!(refused(&[("host", "localhost"), ("host", "evil.example")], "/"));
        assert!(refused(&[("host", "localhost"), ("host", "localhost")], "/"));
        assert!(refused(&[("host", "localhost")], "http://evil.example/"));
        assert!(!refused(&[("host", "localhost")], "http://localhost/"));
        let origins = [("host", "a.localhost"), ("origin", "http://a.localhost"), ("origin", "x")];
        assert!(refused(&origins, "/"));
    }

    #[test]
    fn a_name_to_be_trusted_must_be_one() {
        for name in ["https://rewind.example", "rewind.example/", "*", "", "a b"] {
            let hosts = TrustedHosts::new(([127, 0, 0, 1], 1).into(), [name.to_owned()]);
            assert_eq!(hosts.unwrap_err(), NoHost(name.to_owned()));
        }
        for name in ["rewind.example", "Rewind.example:443", "10.0.0.1", "fd00::1", "[fd00::1]"] {
            assert!(TrustedHosts::new(([127, 0, 0, 1], 1).into(), [name.to_owned()]).is_ok());
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
