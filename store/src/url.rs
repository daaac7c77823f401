//! The address of a Redis server, which may hold a password and never shows it.

use std::fmt;
use std::io;
use std::str::FromStr;
use std::sync::Arc;

use redis::{ConnectionAddr, IntoConnectionInfo as _, RedisConnectionInfo};

use super::StoreError;
use super::tls::{Tls, TlsFileError, TlsFiles};
use super::transport::{Address, reason};

/// Where a Redis server is and how to log in there.
///
/// Written as `redis://[user:password@]host[:port][/database]`, `rediss://…` for a server with TLS, or
/// `redis+unix:///path/to/socket` for a Unix socket. Showing it, in either way, leaves user and password out.
#[derive(Clone)]
pub struct StoreUrl {
    address: Address,
    settings: RedisConnectionInfo,
    shown: String,
}

/// Why a text is no such address. Does not repeat the text, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// It does not have the form.
    #[error(
        "the Redis URL cannot be read ({0}); write it as `redis://[user:password@]host[:port][/database]`, `rediss://…` for TLS, or `redis+unix:///path/to/socket`"
    )]
    Malformed(String),
    /// It asks not to check who the server is.
    #[error(
        "the Redis URL ends with `#insecure`, and Rewind does not send passwords to a server that could be anybody; name the authority of its certificate with `--redis-ca` instead"
    )]
    Insecure,
}

impl StoreUrl {
    /// The same server, with these files for TLS.
    ///
    /// # Errors
    /// If one of them is not what it should be, or the server is not reached by TLS.
    pub fn with_tls_files(mut self, files: TlsFiles) -> Result<Self, TlsFileError> {
        let Some(option) = files.first_option() else { return Ok(self) };
        let Address::Tls { tls, .. } = &mut self.address else {
            return Err(TlsFileError::NotUsed { option });
        };
        *tls = Arc::new(Tls::new(files)?);
        Ok(self)
    }

    /// It is not there for this reason.
    pub(super) fn unavailable(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Unavailable { address: self.to_string(), reason: reason.into() }
    }

    /// A connection to it could not be opened, or was lost.
    pub(super) fn lost(&self, error: &io::Error) -> StoreError {
        self.unavailable(reason(error))
    }

    /// Where it is.
    pub(super) fn at(&self) -> &Address {
        &self.address
    }

    /// How to log in, and which database to use.
    pub(super) fn settings(&self) -> &RedisConnectionInfo {
        &self.settings
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (plain, is_tls) = without_tls(text);
        if is_tls && plain.ends_with("#insecure") {
            return Err(StoreUrlError::Insecure);
        }
        let malformed = |error: redis::RedisError| {
            // The category is a fixed phrase; the detail may quote the URL.
            StoreUrlError::Malformed(error.category().to_owned())
        };
        let info = plain.as_str().into_connection_info().map_err(malformed)?;
        let (address, shown) = match info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let (host, port) = (host.clone(), *port);
                let shown_host =
                    if host.contains(':') { format!("[{host}]") } else { host.clone() };
                let scheme = if is_tls { "rediss" } else { "redis" };
                let shown =
                    format!("{scheme}://{shown_host}:{port}/{}", info.redis_settings().db());
                let address = match is_tls {
                    true => Address::Tls { host, port, tls: Arc::new(Tls::of_the_system()) },
                    false => Address::Tcp { host, port },
                };
                (address, shown)
            }
            ConnectionAddr::Unix(path) => {
                (Address::Unix(path.clone()), format!("redis+unix://{}", path.display()))
            }
            _ => return Err(StoreUrlError::Malformed("Kind of address not known".into())),
        };
        // It would be one more right that a reader needs, and without it a refusal in the log of the ACL for each connection.
        let settings = info.redis_settings().clone().set_skip_set_lib_name();
        Ok(Self { address, settings, shown })
    }
}

/// The same address without TLS, and whether it was with TLS.
fn without_tls(text: &str) -> (String, bool) {
    for (tls, plain) in [("rediss://", "redis://"), ("valkeys://", "valkey://")] {
        if let Some(rest) = text.strip_prefix(tls) {
            return (format!("{plain}{rest}"), true);
        }
    }
    (text.to_owned(), false)
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
    fn nothing_is_sent_on_a_connection_that_nobody_asked_for() {
        let url: StoreUrl = "redis://127.0.0.1:6379".parse().unwrap();
        assert!(url.settings().skip_set_lib_name());
    }

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
        assert_eq!(shown("rediss://[::1]"), "rediss://[::1]:6379/0");
        assert_eq!(shown("valkeys://user:s3cret@host:7000/3"), "rediss://host:7000/3");
        assert_eq!(shown("redis+unix:///run/redis.sock"), "redis+unix:///run/redis.sock");
    }

    #[test]
    fn a_bad_url_is_refused_without_repeating_it() {
        for bad in [
            "",
            "s3cret",
            "http://:s3cret@host",
            "redis://:s3cret@host:notaport",
            "rediss://:s3cret@host:notaport",
            "rediss://:s3cret@host#insecure",
        ] {
            let error = bad.parse::<StoreUrl>().unwrap_err().to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}
