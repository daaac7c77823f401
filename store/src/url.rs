//! The address of a Redis server, which may hold a password and never shows it.

use std::fmt;
use std::str::FromStr;

use redis::{ConnectionAddr, IntoConnectionInfo};

use super::StoreError;

/// Where a Redis server is and how to log in there.
///
/// Written as `redis://[user:password@]host[:port][/database]`, or `redis+unix:///path/to/socket` for a Unix socket.
/// Showing it, in either way, leaves user and password out.
#[derive(Clone)]
pub struct StoreUrl {
    client: redis::Client,
    shown: String,
}

/// Why a text is no such address. Does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// It does not have the form.
    #[error(
        "the Redis URL cannot be read ({0}); write it as `redis://[user:password@]host[:port][/database]` or `redis+unix:///path/to/socket`"
    )]
    Malformed(String),
    /// It asks for TLS.
    #[error(
        "this build of Rewind does not speak TLS (`rediss://`); connect through a TLS tunnel such as stunnel"
    )]
    Tls,
}

impl StoreUrl {
    /// It is not there for this reason.
    pub(super) fn unavailable(&self, reason: &str) -> StoreError {
        StoreError::Unavailable { address: self.to_string(), reason: reason.to_owned() }
    }

    /// What makes connections to it that are told of things without asking (RESP3).
    pub(super) fn pushing_client(&self) -> redis::RedisResult<redis::Client> {
        let info = self.client.get_connection_info().clone();
        let settings = info.redis_settings().clone().set_protocol(redis::ProtocolVersion::RESP3);
        redis::Client::open(info.set_redis_settings(settings))
    }

    /// The number of the database there.
    pub(super) fn database(&self) -> i64 {
        self.client.get_connection_info().redis_settings().db()
    }

    /// What makes connections to it.
    pub(super) fn client(&self) -> &redis::Client {
        &self.client
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let scheme = text.split(':').next().unwrap_or_default();
        if matches!(scheme, "rediss" | "valkeys") {
            return Err(StoreUrlError::Tls);
        }
        let malformed = |error: redis::RedisError| {
            // The category is a fixed phrase; the detail may quote the URL.
            StoreUrlError::Malformed(error.category().to_owned())
        };
        let info = text.into_connection_info().map_err(malformed)?;
        let shown = match info.addr() {
            ConnectionAddr::Tcp(host, port) if host.contains(':') => {
                format!("redis://[{host}]:{port}/{}", info.redis_settings().db())
            }
            ConnectionAddr::Tcp(host, port) => {
                format!("redis://{host}:{port}/{}", info.redis_settings().db())
            }
            ConnectionAddr::Unix(path) => format!("redis+unix://{}", path.display()),
            _ => return Err(StoreUrlError::Tls),
        };
        let settings =
            info.redis_settings().clone().set_lib_name("rewind", env!("CARGO_PKG_VERSION"));
        let client = redis::Client::open(info.set_redis_settings(settings)).map_err(malformed)?;
        Ok(Self { client, shown })
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_never_shown() {
        for url in [
            "redis://user:s3cret@db.example:6380/2",
            "redis://:s3cret@db.example:6380/2",
            "redis://:s3cret%40@db.example:6380/2",
        ] {
            let url: StoreUrl = url.parse().unwrap();
            assert_eq!(url.to_string(), "redis://db.example:6380/2");
            assert_eq!(format!("{url:?}"), "redis://db.example:6380/2");
        }
    }

    #[test]
    fn defaults_are_shown_in_full() {
        let shown = |text: &str| text.parse::<StoreUrl>().unwrap().to_string();
        assert_eq!(shown("redis://localhost"), "redis://localhost:6379/0");
        assert_eq!(shown("redis://[::1]:7000"), "redis://[::1]:7000/0");
        assert_eq!(shown("redis+unix:///run/redis.sock"), "redis+unix:///run/redis.sock");
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for bad in [
            "",
            "s3cret",
            "http://:s3cret@host",
            "redis://:s3cret@host:notaport",
            "rediss://:s3cret@host",
        ] {
            let error = bad.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
