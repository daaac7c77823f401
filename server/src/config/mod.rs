//! Configuration: flags win over the environment, which wins over the file.
//!
//! Each option is declared once, in the file of its group: the flag, the environment variable, the name in the configuration file, the
//! bounds and the help are that one declaration.

mod access;
mod budgets;
mod clients;
mod file;
mod folds;
mod keys;
mod listening;
mod numbers;
mod operating;
mod projections;
mod redis;
mod retention;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use http::HeaderName;
use rewind_codec::{Codecs, RuleError};
use rewind_domain::StreamKey;
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::caller::{Grant, Permission};
use rewind_store::{StoreUrl, StoreUrlError, TlsFileError};

use crate::capacity::Capacity;
use crate::live::LiveLimits;
use crate::relations::{RelationConfig, RelationOptions, StreamPatternError};
use crate::serving::Patience;
use crate::topics::{Topic, TopicAggregate, TopicRuleError, read_rules};

pub use access::{AccessConfig, AccessOptions, Network};
pub use budgets::{BudgetOptions, DEFAULT_SCAN_RATE};
pub use clients::ClientOptions;
pub use file::{ArgumentError, matches};
pub use folds::{FoldConfig, FoldLimitOptions, FoldOptions};
pub use keys::KeyOptions;
pub use listening::ListenOptions;
pub use operating::{OperatingConfig, OperatingOptions};
pub use projections::ProjectionOptions;
pub use redis::RedisOptions;
pub use retention::RetentionPolicy;

const MIB: usize = 1024 * 1024;

/// The options of `rewind serve`.
#[derive(Args, Clone, Default)]
pub struct ServeOptions {
    /// Which Redis to use.
    #[command(flatten)]
    pub redis: RedisOptions,
    /// Where to listen.
    #[command(flatten)]
    pub listening: ListenOptions,
    /// Who may do what.
    #[command(flatten)]
    pub access: AccessOptions,
    /// With what the event store is changed.
    #[command(flatten)]
    pub operating: OperatingOptions,
    /// What the keys of streams say.
    #[command(flatten)]
    pub keys: KeyOptions,
    /// Where folds are.
    #[command(flatten)]
    pub folds: FoldOptions,
    /// Where projections are.
    #[command(flatten)]
    pub projections: ProjectionOptions,
    /// How many clients there can be.
    #[command(flatten)]
    pub clients: ClientOptions,
    /// How related events are found.
    #[command(flatten)]
    pub relations: RelationOptions,
    /// How much memory and Redis it may take.
    #[command(flatten)]
    pub budgets: BudgetOptions,
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
    /// Who may do what.
    pub access: AccessConfig,
    /// With what the event store is changed.
    pub operating: OperatingConfig,
    /// Which keys are those of aggregates.
    pub aggregates: AggregatePatterns,
    /// How aggregates are folded.
    pub folds: FoldConfig,
    /// The folder of projections that it runs.
    pub projections: Option<PathBuf>,
    /// How much memory keyframes may take, in bytes.
    pub keyframe_bytes: usize,
    /// How many viewers there may be.
    pub live: LiveLimits,
    /// How related events are found.
    pub relations: RelationConfig,
    /// How much memory indexes may take, in bytes.
    pub index_bytes: usize,
    /// How many entries scans may read in a second, all together.
    pub read_rate: Option<NonZeroU32>,
    /// What payloads are that are no JSON text.
    pub codecs: Codecs,
    /// Which streams have the events of many aggregates.
    pub topics: Vec<Topic>,
    /// How much memory may be used for noting which of their events are about which, in bytes.
    pub topic_bytes: usize,
    /// How many keys a second the search for streams looks at, at most.
    pub scan_rate: NonZeroU32,
    /// How long the entries of which streams are kept.
    pub retention: Vec<RetentionPolicy>,
    /// How many connections, searches and exports there can be.
    pub capacity: Capacity,
    /// How long the server waits for clients.
    pub patience: Patience,
}

/// What has to be known to read events, and nothing about serving them.
#[derive(Clone, Debug)]
pub struct ReadConfig {
    /// Redis.
    pub redis_url: StoreUrl,
    /// What payloads are that are no JSON text.
    pub codecs: Codecs,
    /// Which streams have the events of many aggregates.
    pub topics: Vec<Topic>,
    /// What callers may do on some streams.
    pub grants: Vec<Grant>,
    /// How long the entries of which streams are kept.
    pub retention: Vec<RetentionPolicy>,
}

impl ReadConfig {
    /// This Redis, with nothing said of what is in it.
    pub fn of(redis_url: StoreUrl) -> Self {
        Self {
            redis_url,
            codecs: Codecs::default(),
            topics: Vec::new(),
            grants: Vec::new(),
            retention: Vec::new(),
        }
    }

    /// What the key of an aggregate in a topic stands for.
    pub fn inside(&self, key: &StreamKey) -> Option<TopicAggregate> {
        TopicAggregate::of(&self.topics, key)
    }
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
    /// A decoder rule in it cannot be followed.
    #[error("configuration file `{path}`: {source}")]
    Decoder {
        /// The file.
        path: PathBuf,
        /// Which rule, and why.
        source: RuleError,
    },
    /// A topic rule in it cannot be followed.
    #[error("configuration file `{path}`: {source}")]
    Topic {
        /// The file.
        path: PathBuf,
        /// Which rule, and why.
        source: TopicRuleError,
    },
    /// The Redis URL is not one.
    #[error(transparent)]
    RedisUrl(#[from] StoreUrlError),
    /// A file for TLS is not what it should be.
    #[error(transparent)]
    Tls(#[from] TlsFileError),
    /// It would show events to the network without anybody having said so.
    #[error(
        "`--listen {0}` would show your events to everybody who can reach that address; add `--allow-remote` if that is meant"
    )]
    Remote(SocketAddr),
    /// Related events cannot be looked for there.
    #[error(transparent)]
    Relations(#[from] StreamPatternError),
    /// Nothing is allowed, and something is.
    #[error("`--allow none` stands alone; leave it out, or the others")]
    NoneBesideOthers,
    /// One header would be both.
    #[error(
        "`--user-header` and `--groups-header` are both `{0}`; a user's name and groups need a header each"
    )]
    OneHeader(HeaderName),
    /// The name of the environment is too long.
    #[error("`--environment` names it with at most {most} bytes")]
    EnvironmentName {
        /// How many bytes it can have.
        most: usize,
    },
    /// The folder of folds is not there.
    #[error("`--folds {}` is no folder; make it, or give another one", .0.display())]
    NoFolder(PathBuf),
    /// The folder of projections is not there.
    #[error("`--projections {}` is no folder; make it, or give another one", .0.display())]
    NoProjections(PathBuf),
    /// There is nowhere to save folds.
    #[error("`--allow folds` needs a folder to save to; add `--folds DIR`")]
    EditsWithoutFolder,
}

impl RedisOptions {
    /// How events are read: from which Redis, and by which rules of the configuration file.
    ///
    /// # Errors
    /// If something is wrong with that.
    pub fn resolve(&self) -> Result<ReadConfig, ConfigError> {
        let redis_url = self.url()?;
        let Some(path) = &self.config else { return Ok(ReadConfig::of(redis_url)) };
        let rules = file::rules(path)?;
        let topics = read_rules(&rules.topics)
            .map_err(|source| ConfigError::Topic { path: path.clone(), source })?;
        // The files that rules name are looked for beside the one in which the rules are.
        let folder = path.parent().unwrap_or(Path::new(""));
        let codecs = Codecs::load(&rules.decoders, folder)
            .map_err(|source| ConfigError::Decoder { path: path.clone(), source })?;
        let (grants, retention) = (rules.grants, rules.retention);
        Ok(ReadConfig { redis_url, codecs, topics, grants, retention })
    }
}

impl ServeOptions {
    /// What they say, with the defaults for what they do not, and the rules of the configuration file.
    ///
    /// # Errors
    /// If something is wrong with it.
    pub fn resolve(self) -> Result<ServeConfig, ConfigError> {
        let listen = self.listening.address()?;
        let mut access = self.access.check(self.folds.allow_fold_edits)?;
        let operating = self.operating.check(&self.redis)?;
        if access.permissions.contains(&Permission::Folds) && self.folds.folds.is_none() {
            return Err(ConfigError::EditsWithoutFolder);
        }
        let ReadConfig { redis_url, codecs, topics, grants, retention } = self.redis.resolve()?;
        access.grants = grants;
        Ok(ServeConfig {
            redis_url,
            listen,
            access,
            operating,
            aggregates: self.keys.patterns(),
            folds: self.folds.check()?,
            projections: self.projections.check()?,
            keyframe_bytes: self.budgets.keyframe_bytes(),
            live: self.clients.live_limits(),
            relations: self.relations.check()?,
            index_bytes: self.budgets.index_bytes(),
            read_rate: self.budgets.read_rate(),
            codecs,
            topics,
            topic_bytes: self.budgets.topic_bytes(),
            scan_rate: self.budgets.scan_rate(),
            retention,
            allow_host: self.listening.allow_host,
            capacity: self.clients.capacity(),
            patience: Patience::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_anything_it_is_the_local_redis_on_loopback() {
        let config = ServeOptions::default().resolve().unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://127.0.0.1:6379/0");
        assert_eq!(config.listen.to_string(), "127.0.0.1:7117");
    }
}
