//! With what the event store is changed, and what the place is called in which that happens.

use clap::Args;
use clap::builder::PossibleValuesParser;
use rewind_store::StoreUrl;

use super::{ConfigError, RedisOptions};

/// How long the name of an environment can be, in bytes: it stands in a bar.
const MAX_NAME_BYTES: usize = 40;
/// The colours that an environment can have.
const COLOURS: [&str; 5] = ["blue", "green", "grey", "orange", "red"];

/// With what the event store is changed.
#[derive(Args, Clone, Default)]
pub struct OperatingOptions {
    /// The same Redis server with another user, whom Rewind uses for what callers change and for its audit log; without it, the one of
    /// `--redis-url`, which then needs more rights than to read
    #[arg(long, value_name = "URL", env = "REWIND_OPERATE_REDIS_URL", hide_env_values = true)]
    pub operate_redis_url: Option<String>,

    /// What this environment is called, such as `production`; it stands in the top bar and wherever something is about to be changed
    #[arg(long, value_name = "NAME", env = "REWIND_ENVIRONMENT")]
    pub environment: Option<String>,

    /// The colour of the environment [default: grey]
    #[arg(
        long,
        value_name = "COLOUR",
        env = "REWIND_ENVIRONMENT_COLOUR",
        requires = "environment"
    )]
    #[arg(value_parser = PossibleValuesParser::new(COLOURS))]
    pub environment_colour: Option<String>,
}

/// With what the event store is changed.
#[derive(Clone, Debug)]
pub struct OperatingConfig {
    /// Which Redis user changes it.
    pub redis_url: StoreUrl,
    /// What the environment is called, and its colour.
    pub environment: Option<(String, String)>,
}

impl OperatingOptions {
    /// What they say, for a server that reads as `redis` says.
    ///
    /// # Errors
    /// If the URL is not one, or the name is too long.
    pub fn check(self, redis: &RedisOptions) -> Result<OperatingConfig, ConfigError> {
        let redis_url = match self.operate_redis_url {
            None => redis.url()?,
            // With the same files for TLS: it is the same server.
            Some(url) => RedisOptions { redis_url: Some(url), ..redis.clone() }.url()?,
        };
        let name =
            self.environment.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        if name.as_ref().is_some_and(|name| name.len() > MAX_NAME_BYTES) {
            return Err(ConfigError::EnvironmentName { most: MAX_NAME_BYTES });
        }
        let colour = self.environment_colour.unwrap_or_else(|| "grey".to_owned());
        Ok(OperatingConfig { redis_url, environment: name.map(|name| (name, colour)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anything_the_user_that_reads_writes() {
        let redis = RedisOptions { redis_url: Some("redis://a".into()), ..RedisOptions::default() };
        let config = OperatingOptions::default().check(&redis).unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://a:6379/0");
        assert_eq!(config.environment, None);
        let other = OperatingOptions {
            operate_redis_url: Some("redis://b".into()),
            environment: Some(" production ".into()),
            ..OperatingOptions::default()
        };
        let config = other.check(&redis).unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://b:6379/0");
        assert_eq!(config.environment, Some(("production".into(), "grey".into())));
    }

    #[test]
    fn a_name_that_no_bar_can_show_is_refused() {
        let long =
            OperatingOptions { environment: Some("x".repeat(41)), ..OperatingOptions::default() };
        let error = long.check(&RedisOptions::default()).unwrap_err().to_string();
        assert!(error.contains("`--environment`") && error.contains("40"), "{error}");
    }
}
