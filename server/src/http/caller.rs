//! Who asks: the one place where a request becomes a [`Caller`].

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName};
use rewind_app::api::{ApiError, ErrorCode};
use rewind_domain::caller::{Caller, Identity};

use super::{AppState, errors};
use crate::config::AccessConfig;
use crate::serving::Peer;
use crate::throttle::Throttle;

/// How long a name can be, in bytes: longer than any that a directory gives.
const MAX_NAME_BYTES: usize = 256;
/// How many groups somebody can be in.
const MAX_GROUPS: usize = 200;

/// Gives the request its caller, or answers why it has none.
pub(super) async fn identify(
    State(state): State<AppState>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&state.access, peer.ip(), request.headers()) {
        Ok(caller) => {
            request.extensions_mut().insert(Arc::new(caller));
            next.run(request).await
        }
        Err(why) => {
            static LOG: Throttle = Throttle::new();
            let from = peer.ip();
            LOG.tell(|unsaid| tracing::warn!(%from, why, unsaid, "a request was refused"));
            errors::response(&ApiError::new(ErrorCode::OriginForbidden, why))
        }
    }
}

/// Who makes a request that came from this address with these headers.
fn caller(access: &AccessConfig, from: IpAddr, headers: &HeaderMap) -> Result<Caller, String> {
    let AccessConfig { permissions, grants, proxies, user_header, groups_header } = access;
    if !proxies.iter().any(|proxy| proxy.has(from)) {
        let given =
            [user_header, groups_header].into_iter().find(|name| headers.contains_key(*name));
        return match given {
            // Whoever reaches the server past the proxy could call themselves anybody.
            Some(name) => Err(format!(
                "the header `{name}` came from `{from}`, which is no trusted proxy; if it is one, start the server with `--trusted-proxy {from}`"
            )),
            None => Ok(Caller::local(permissions.clone())
                .with_grants(grants.clone())
                .from_address(from)),
        };
    }
    let identity = match user(headers, user_header)? {
        None => Identity::Anonymous,
        Some(name) => Identity::User { name, groups: groups(headers, groups_header)? },
    };
    Ok(Caller::new(identity, permissions.clone()).with_grants(grants.clone()).from_address(from))
}

fn groups(headers: &HeaderMap, name: &HeaderName) -> Result<Vec<String>, String> {
    let text = text(headers, name)?.unwrap_or_default();
    let groups = text.split(',').map(str::trim).filter(|group| !group.is_empty());
    let groups: Vec<String> = groups.map(str::to_owned).collect();
    match groups.iter().any(|group| group.len() > MAX_NAME_BYTES) || groups.len() > MAX_GROUPS {
        true => Err(format!(
            "the header `{name}` has more than {MAX_GROUPS} groups, or one of more than {MAX_NAME_BYTES} bytes"
        )),
        false => Ok(groups),
    }
}

/// The text of a header; `None` if it is not there, or empty.
fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, String> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(format!(
            "the header `{name}` is there twice; a proxy has to replace what a client sends"
        ));
    }
    let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default().trim();
    let is_plain = value.is_empty() || !text.is_empty() && !text.chars().any(char::is_control);
    if !is_plain {
        return Err(format!("the header `{name}` is no text"));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

fn user(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, String> {
    let user = text(headers, name)?;
    match user.as_ref().is_some_and(|user| user.len() > MAX_NAME_BYTES) {
        true => Err(format!("the header `{name}` has more than {MAX_NAME_BYTES} bytes")),
        false => Ok(user),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rewind_domain::caller::Permission;

    use super::*;

    fn asked(from: &str, headers: &[(&'static str, &[u8])]) -> Result<Caller, String> {
        let access = AccessConfig {
            permissions: vec![Permission::Folds],
            proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..AccessConfig::default()
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value).unwrap());
        }
        caller(&access, from.parse().unwrap(), &map)
    }

    fn named(name: &str, groups: &[&str]) -> Identity {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        Identity::User { name: name.to_owned(), groups }
    }

    const USER: &str = "x-forwarded-user";
    const GROUPS: &str = "x-forwarded-groups";

    #[test]
    fn a_trusted_proxy_says_who_somebody_is() {
        let caller = asked("10.1.2.3", &[(USER, b"ada"), (GROUPS, b"ops, dev,,")]).unwrap();
        assert_eq!(caller.identity, named("ada", &["ops", "dev"]));
        assert!(caller.may(Permission::Folds));
        let caller = asked("::ffff:10.1.2.3", &[(USER, "Zoë".as_bytes())]).unwrap();
        assert_eq!(caller.identity, named("Zoë", &[]));
    }

    #[test]
    fn somebody_whom_the_proxy_does_not_name_may_only_read() {
        for headers in [&[][..], &[(USER, &b""[..])], &[(GROUPS, b"ops")]] {
            let caller = asked("10.1.2.3", headers).unwrap();
            assert_eq!(caller.identity, Identity::Anonymous);
            assert!(!caller.may(Permission::Folds));
        }
    }

    #[test]
    fn from_anywhere_else_the_headers_are_refused() {
        for from in ["127.0.0.1", "11.0.0.1", "::1"] {
            for name in [USER, GROUPS] {
                let error = asked(from, &[(name, b"ada")]).unwrap_err();
                assert!(error.contains(name) && error.contains(&format!("`{from}`")), "{error}");
            }
            let caller = asked(from, &[]).unwrap();
            assert_eq!(caller.identity, Identity::Local);
            assert!(caller.may(Permission::Folds));
        }
    }

    #[test]
    fn a_header_that_is_there_twice_or_no_text_is_refused() {
        let long = vec![b'a'; MAX_NAME_BYTES + 1];
        for headers in [
            &[(USER, &b"ada"[..]), (USER, b"root")][..],
            &[(USER, b"\xff")],
            &[(USER, b"a\tb")],
            &[(USER, &long)],
            &[(USER, b"ada"), (GROUPS, &long)],
        ] {
            assert!(asked("10.1.2.3", headers).is_err(), "{headers:?}");
        }
    }
}
