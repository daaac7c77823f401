//! Which Redis to use, and how to reach it.

use std::path::PathBuf;

use clap::Args;
use rewind_store::{StoreUrl, TlsFiles};

use super::ConfigError;

/// Where Redis is looked for by default.
const DEFAULT_URL: &str = "redis://127.0.0.1:6379";

/// Which Redis to use. Every command that reads or writes events has these options.
///
/// They cannot be shown for debugging, since the URL may hold a password.
#[derive(Args, Clone, Default)]
pub struct RedisOptions {
    /// The Redis or Valkey server: `redis://[user:password@]host[:port][/database]`, `rediss://…` with TLS, or
    /// `redis+unix:///path/to/socket` [default: redis://127.0.0.1:6379]
    ///
    /// Prefer the environment or the file where it holds a password: others can see a process's flags.
    #[arg(long, value_name = "URL", env = "REWIND_REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<String>,

    /// The certificates of the authorities that may vouch for a server with TLS, as a PEM file [default: those that the system trusts]
    #[arg(long, value_name = "FILE", env = "REWIND_REDIS_CA")]
    pub redis_ca: Option<PathBuf>,

    /// The certificate to show to a server that asks clients for one, as a PEM file; needs `--redis-key`
    #[arg(long, value_name = "FILE", env = "REWIND_REDIS_CERT")]
    pub redis_cert: Option<PathBuf>,

    /// The private key of that certificate, as a PEM file
    #[arg(long, value_name = "FILE", env = "REWIND_REDIS_KEY")]
    pub redis_key: Option<PathBuf>,

    /// A TOML file with options, named as the flags of `rewind serve` are; flags and the environment win over it
    #[arg(long, value_name = "FILE", env = "REWIND_CONFIG")]
    pub config: Option<PathBuf>,
}

impl RedisOptions {
    /// The server to use.
    ///
    /// # Errors
    /// If the URL is not one, or a file for TLS is not what it should be.
    pub fn url(&self) -> Result<StoreUrl, ConfigError> {
        let url: StoreUrl = self.redis_url.as_deref().unwrap_or(DEFAULT_URL).parse()?;
        let files = TlsFiles {
            ca: self.redis_ca.clone(),
            certificate: self.redis_cert.clone(),
            key: self.redis_key.clone(),
        };
        Ok(url.with_tls_files(files)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_for_tls_are_refused_where_the_address_does_not_use_it() {
        let options = RedisOptions {
            redis_url: Some("redis://localhost".into()),
            redis_ca: Some("ca.pem".into()),
            ..RedisOptions::default()
        };
        let error = options.url().unwrap_err().to_string();
        assert!(error.contains("`--redis-ca`") && error.contains("`rediss://`"), "{error}");
    }

    #[test]
    fn a_certificate_needs_its_key() {
        let options = RedisOptions {
            redis_url: Some("rediss://localhost".into()),
            redis_cert: Some("client.pem".into()),
            ..RedisOptions::default()
        };
        let error = options.url().unwrap_err().to_string();
        assert!(error.contains("`--redis-cert`") && error.contains("`--redis-key`"), "{error}");
    }
}
