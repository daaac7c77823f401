//! Configuration: flags win over the environment, which wins over the file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Deserialize;

use crate::store::{StoreUrl, StoreUrlError};

/// Where Redis is looked for when nothing is said.
const DEFAULT_REDIS_URL: &str = "redis://127.0.0.1:6379";
/// Where the server listens when nothing is said.
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 7117));

/// Which Redis to use.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
pub struct RedisOptions {
    /// The Redis or Valkey server: `redis://[user:password@]host[:port][/database]`, or
    /// `redis+unix:///path/to/socket` [default: redis://127.0.0.1:6379]
    ///
    /// Prefer the environment or the file where it holds a password: others can see a process's flags.
    #[arg(long, value_name = "URL", env = "REWIND_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,
}

/// The options of `rewind serve`.
#[derive(Args, Clone, Default, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServeOptions {
    /// The Redis or Valkey server: `redis://[user:password@]host[:port][/database]`, or
    /// `redis+unix:///path/to/socket` [default: redis://127.0.0.1:6379]
    ///
    /// Prefer the environment or the file where it holds a password: others can see a process's flags.
    #[arg(long, value_name = "URL", env = "REWIND_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// The address to listen on; port 0 takes a free one [default: 127.0.0.1:7117]
    ///
    /// Anything but loopback shows your events to everybody who can reach it, so it needs `--allow-remote` too.
    #[arg(long, value_name = "ADDRESS", env = "REWIND_LISTEN")]
    pub listen: Option<SocketAddr>,

    /// Allow to listen on other addresses than loopback
    #[arg(long, env = "REWIND_ALLOW_REMOTE", value_parser = FalseyValueParser::new())]
    pub allow_remote: bool,

    /// A host name under which people reach this server, such as that of a reverse proxy; can be given several times
    ///
    /// Requests that call the server by another name than these, loopback and the address that it listens on are refused,
    /// which is what keeps hostile web pages from reaching it by a name of their own.
    #[arg(long, value_name = "HOST", env = "REWIND_ALLOW_HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,

    /// A TOML file with any of these options, named as the flags are
    #[arg(long, value_name = "FILE", env = "REWIND_CONFIG")]
    #[serde(skip)]
    pub config: Option<PathBuf>,
}

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct ServeConfig {
    /// Which Redis.
    pub redis_url: StoreUrl,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Under which further names.
    pub allow_host: Vec<String>,
}

/// Why there is nothing to run with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("configuration file `{path}` cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("configuration file `{path}`: {message}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, and where.
        message: String,
    },
    /// The Redis URL is not one.
    #[error(transparent)]
    RedisUrl(#[from] StoreUrlError),
    /// It would show events to the network without anybody having said so.
    #[error(
        "`--listen {0}` would show your events to everybody who can reach that address; add `--allow-remote` if that is meant"
    )]
    Remote(SocketAddr),
}

impl RedisOptions {
    /// The server to use.
    ///
    /// # Errors
    /// Where the URL is not one.
    pub fn url(&self) -> Result<StoreUrl, ConfigError> {
        Ok(self.redis_url.as_deref().unwrap_or(DEFAULT_REDIS_URL).parse()?)
    }
}

impl ServeOptions {
    /// Adds what the file says, and checks the whole.
    ///
    /// # Errors
    /// Where something is wrong with it.
    pub fn resolve(self) -> Result<ServeConfig, ConfigError> {
        let file = match &self.config {
            Some(path) => read(path)?,
            None => Self::default(),
        };
        self.over(file).check()
    }

    /// These options, and for those that are not given the ones of `file`.
    fn over(self, file: Self) -> Self {
        Self {
            redis_url: self.redis_url.or(file.redis_url),
            listen: self.listen.or(file.listen),
            allow_remote: self.allow_remote || file.allow_remote,
            allow_host: if self.allow_host.is_empty() { file.allow_host } else { self.allow_host },
            config: self.config,
        }
    }

    fn check(self) -> Result<ServeConfig, ConfigError> {
        let listen = self.listen.unwrap_or(DEFAULT_LISTEN);
        if !listen.ip().is_loopback() && !self.allow_remote {
            return Err(ConfigError::Remote(listen));
        }
        let redis_url = RedisOptions { redis_url: self.redis_url }.url()?;
        Ok(ServeConfig { redis_url, listen, allow_host: self.allow_host })
    }
}

fn read(path: &Path) -> Result<ServeOptions, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    toml::from_str(&text).map_err(|error| ConfigError::Malformed {
        path: path.to_owned(),
        // The full message quotes the line, which may hold the password.
        message: match error.span() {
            Some(span) => {
                let line = text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
                format!("line {line}: {}", error.message())
            }
            None => error.message().to_owned(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(toml: &str) -> ServeOptions {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn what_is_given_wins_over_the_file() {
        let file =
            options("redis-url = 'redis://file'\nlisten = '127.0.0.1:1'\nallow-host = ['file']");
        let given =
            ServeOptions { redis_url: Some("redis://flag".into()), ..ServeOptions::default() };
        let config = given.over(file).check().unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://flag:6379/0");
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.allow_host, ["file"]);
    }

    #[test]
    fn without_anything_it_is_the_local_redis_on_loopback() {
        let config = ServeOptions::default().resolve().unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://127.0.0.1:6379/0");
        assert_eq!(config.listen.to_string(), "127.0.0.1:7117");
    }

    #[test]
    fn another_address_than_loopback_needs_permission() {
        for listen in ["0.0.0.0:7117", "192.168.1.5:7117", "[::]:7117"] {
            let toml = format!("listen = '{listen}'");
            assert!(matches!(options(&toml).check(), Err(ConfigError::Remote(_))), "{listen}");
            assert!(options(&format!("{toml}\nallow-remote = true")).check().is_ok(), "{listen}");
        }
        assert!(options("listen = '[::1]:7117'").check().is_ok());
    }

    #[test]
    fn a_mistake_in_the_file_is_named_by_its_line_and_not_quoted() {
        let path = std::env::temp_dir().join(format!("rewind-config-{}.toml", std::process::id()));
        std::fs::write(&path, "listen = '127.0.0.1:1'\nredis-url = 's3cret' oops\n").unwrap();
        let error = read(&path).err().unwrap().to_string();
        std::fs::write(&path, "lisen = '127.0.0.1:1'\n").unwrap();
        let unknown = read(&path).err().unwrap().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("line 2") && !error.contains("s3cret"), "{error}");
        assert!(unknown.contains("lisen"), "{unknown}");
    }
}
