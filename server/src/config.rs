//! Configuration: flags win over the environment, which wins over the file.

mod numbers;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::FalseyValueParser;
use serde::Deserialize;

use rewind_codec::{Codecs, DecoderRule, RuleError};
use rewind_domain::StreamKey;
use rewind_script::Limits;

use crate::http::Capacity;
use crate::live::LiveLimits;
use crate::relations::{RelationConfig, RelationOptions, StreamPatternError};
use crate::serving::Patience;
use crate::topics::{Inside, Topic, TopicRule, TopicRuleError, read_rules};
use rewind_store::{StoreUrl, StoreUrlError};

pub use numbers::{Number, NumberError};

/// Where Redis is looked for when nothing is said.
const DEFAULT_REDIS_URL: &str = "redis://127.0.0.1:6379";
/// Where the server listens when nothing is said.
const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 7117));

/// How much memory keyframes may take when nothing is said, in MiB: some thousand states of usual size.
const DEFAULT_KEYFRAME_MB: u32 = 64;
/// How much memory indexes may take when nothing is said, in MiB: about 200 million entries.
const DEFAULT_INDEX_MB: u32 = 32;

/// How much memory to use for noting which events of topics are about which aggregate when nothing is said, in MiB: about a million
/// aggregates with ten events each.
const DEFAULT_TOPIC_MB: u32 = 256;

/// How many keys a second the search for streams looks at when nothing is said: Redis spends a little less than a
/// tenth of its time on that (measured: 0.9 ms for 1,000 keys).
pub const DEFAULT_SCAN_RATE: NonZeroU32 = match NonZeroU32::new(100_000) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

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

    /// A folder of folds, a JavaScript file for each type of aggregate: `Order.js` for `aggregate:Order:…`
    ///
    /// Types without a file are folded by merging the data of their events. A file that changes is read again.
    #[arg(long, value_name = "DIR", env = "REWIND_FOLDS")]
    pub folds: Option<PathBuf>,

    /// Allow to save folds into that folder from the workbench page
    #[arg(long, env = "REWIND_ALLOW_FOLD_EDITS", value_parser = FalseyValueParser::new())]
    pub allow_fold_edits: bool,

    /// How long a fold may take for one event, in milliseconds, from 1 to 60000 [default: 100]
    #[arg(long, value_name = "MS", env = "REWIND_FOLD_EVENT_MS", value_parser = numbers::FOLD_EVENT_MS)]
    pub fold_event_ms: Option<u32>,

    /// How long a fold may take for a whole replay, in milliseconds, from 1 to 3600000 [default: 30000]
    #[arg(long, value_name = "MS", env = "REWIND_FOLD_REPLAY_MS", value_parser = numbers::FOLD_REPLAY_MS)]
    pub fold_replay_ms: Option<u32>,

    /// How much memory a fold may use, in MiB, from 2 to 4096 [default: 128]
    #[arg(long, value_name = "MIB", env = "REWIND_FOLD_MEMORY_MB", value_parser = numbers::FOLD_MEMORY_MB)]
    pub fold_memory_mb: Option<u32>,

    /// How much stack a fold may use, in KiB, from 64 to 1024 [default: 512]
    #[arg(long, value_name = "KIB", env = "REWIND_FOLD_STACK_KB", value_parser = numbers::FOLD_STACK_KB)]
    pub fold_stack_kb: Option<u32>,

    /// How large a state may become, in MiB of JSON, from 1 to 1024 [default: 32]
    #[arg(long, value_name = "MIB", env = "REWIND_FOLD_STATE_MB", value_parser = numbers::FOLD_STATE_MB)]
    pub fold_state_mb: Option<u32>,

    /// How much memory to use for states that replays go on from, in MiB, from 0 to 16384 [default: 64]
    #[arg(long, value_name = "MIB", env = "REWIND_KEYFRAME_MB", value_parser = numbers::KEYFRAME_MB)]
    pub keyframe_mb: Option<u32>,

    /// How many lines of live events may be open, from 1 to 100000 [default: 2000]
    #[arg(long, value_name = "COUNT", env = "REWIND_MAX_VIEWERS", value_parser = numbers::MAX_VIEWERS)]
    pub max_viewers: Option<u32>,

    /// How many of them from one address; behind a reverse proxy, everybody comes from the same, from 1 to 100000 [default: 1000]
    #[arg(long, value_name = "COUNT", env = "REWIND_MAX_VIEWERS_PER_ADDRESS", value_parser = numbers::MAX_VIEWERS_PER_ADDRESS)]
    pub max_viewers_per_address: Option<u32>,

    /// How many connections of clients there can be, from 16 to 100000; fewer where the system lets the process open few files
    /// [default: 4096]
    #[arg(long, value_name = "COUNT", env = "REWIND_MAX_CONNECTIONS")]
    #[arg(value_parser = numbers::MAX_CONNECTIONS)]
    pub max_connections: Option<u32>,

    /// How many searches can run at the same time, from 1 to 200 [default: 64]
    #[arg(long, value_name = "COUNT", env = "REWIND_MAX_FINDS", value_parser = numbers::MAX_FINDS)]
    pub max_finds: Option<u32>,

    /// How many exports of browsers can run at the same time, from 1 to 200 [default: 16]
    #[arg(long, value_name = "COUNT", env = "REWIND_MAX_EXPORTS")]
    #[arg(value_parser = numbers::MAX_EXPORTS)]
    pub max_exports: Option<u32>,

    /// How related events are found.
    #[command(flatten)]
    pub relations: RelationOptions,

    /// How much memory to use for indexes of streams, in MiB, from 0 to 16384; 0 for none [default: 32]
    #[arg(long, value_name = "MIB", env = "REWIND_INDEX_MB", value_parser = numbers::INDEX_MB)]
    pub index_mb: Option<u32>,

    /// How many entries a second may be read from Redis by what reads whole streams in the background, from 1 to 10000000 [default: as many as it sends]
    #[arg(long, value_name = "ENTRIES", env = "REWIND_READ_RATE", value_parser = numbers::READ_RATE)]
    pub read_rate: Option<u32>,

    /// What payloads of which streams are, where they are no JSON text. Only in the file.
    #[arg(skip)]
    pub decoders: Vec<DecoderRule>,

    /// Which streams have the events of many aggregates, each to be looked at like a stream of its own. Only in the file.
    #[arg(skip)]
    pub topics: Vec<TopicRule>,

    /// How much memory to use for noting which events of topics are about which aggregate, in MiB, from 1 to 16384 [default: 256]
    #[arg(long, value_name = "MIB", env = "REWIND_TOPIC_MB", value_parser = numbers::TOPIC_MB)]
    pub topic_mb: Option<u32>,

    /// How many keys a second the search for streams looks at, at most, from 1 to 10000000 [default: 100000]
    ///
    /// One walk serves all who look at the list of streams, and rests while nobody does. By default it makes 100 calls of
    /// 1,000 keys a second, for which Redis needs about a tenth of its time.
    #[arg(long, value_name = "KEYS", env = "REWIND_SCAN_RATE", value_parser = numbers::SCAN_RATE)]
    pub scan_rate: Option<u32>,

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
    /// How aggregates are folded.
    pub folds: FoldConfig,
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
    /// How many connections, searches and exports there can be.
    pub capacity: Capacity,
    /// How long the server waits for clients.
    pub patience: Patience,
}

/// What has to be known to read events, and nothing about serving them.
#[derive(Clone)]
pub struct ReadConfig {
    /// Redis.
    pub redis_url: StoreUrl,
    /// What payloads are that are no JSON text.
    pub codecs: Codecs,
    /// Which streams have the events of many aggregates.
    pub topics: Vec<Topic>,
}

impl ReadConfig {
    /// This Redis, with nothing said of what is in it.
    pub fn of(redis_url: StoreUrl) -> Self {
        Self { redis_url, codecs: Codecs::default(), topics: Vec::new() }
    }

    /// What the key of an aggregate inside of a topic stands for.
    pub fn inside(&self, key: &StreamKey) -> Option<Inside> {
        Inside::of(&self.topics, key)
    }
}

/// How aggregates are folded.
#[derive(Clone, Debug, Default)]
pub struct FoldConfig {
    /// Where folds are.
    pub folder: Option<PathBuf>,
    /// Whether they may be saved there.
    pub is_editable: bool,
    /// What each of them may use.
    pub limits: Limits,
    /// The program that runs them; this one where none is given.
    pub engine_program: Option<PathBuf>,
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
    /// A number in it is none, or beyond its bounds.
    #[error(transparent)]
    Number(#[from] NumberError),
    /// The Redis URL is not one.
    #[error(transparent)]
    RedisUrl(#[from] StoreUrlError),
    /// It would show events to the network without anybody having said so.
    #[error(
        "`--listen {0}` would show your events to everybody who can reach that address; add `--allow-remote` if that is meant"
    )]
    Remote(SocketAddr),
    /// Related events cannot be looked for there.
    #[error(transparent)]
    Relations(#[from] StreamPatternError),
    /// The folder of folds is not there.
    #[error("`--folds {}` is no folder; make it, or give another one", .0.display())]
    NoFolder(PathBuf),
    /// There is nowhere to save folds.
    #[error("`--allow-fold-edits` needs a folder to save to; add `--folds DIR`")]
    EditsWithoutFolder,
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

    /// The part of it that is about reading.
    ///
    /// # Errors
    /// Where something is wrong with that.
    pub fn resolve_reading(self) -> Result<ReadConfig, ConfigError> {
        let file = match &self.config {
            Some(path) => read(path)?,
            None => Self::default(),
        };
        self.over(file).reading()
    }

    fn reading(&self) -> Result<ReadConfig, ConfigError> {
        let topics = read_rules(&self.topics).map_err(|source| ConfigError::Topic {
            path: self.config.clone().unwrap_or_default(),
            source,
        })?;
        let redis_url = RedisOptions { redis_url: self.redis_url.clone() }.url()?;
        Ok(ReadConfig { redis_url, codecs: self.codecs()?, topics })
    }

    /// These options, and for those that are not given the ones of `file`.
    fn over(self, file: Self) -> Self {
        Self {
            redis_url: self.redis_url.or(file.redis_url),
            listen: self.listen.or(file.listen),
            allow_remote: self.allow_remote || file.allow_remote,
            allow_host: if self.allow_host.is_empty() { file.allow_host } else { self.allow_host },
            folds: self.folds.or(file.folds),
            allow_fold_edits: self.allow_fold_edits || file.allow_fold_edits,
            fold_event_ms: self.fold_event_ms.or(file.fold_event_ms),
            fold_replay_ms: self.fold_replay_ms.or(file.fold_replay_ms),
            fold_memory_mb: self.fold_memory_mb.or(file.fold_memory_mb),
            fold_stack_kb: self.fold_stack_kb.or(file.fold_stack_kb),
            fold_state_mb: self.fold_state_mb.or(file.fold_state_mb),
            keyframe_mb: self.keyframe_mb.or(file.keyframe_mb),
            max_viewers: self.max_viewers.or(file.max_viewers),
            max_viewers_per_address: self.max_viewers_per_address.or(file.max_viewers_per_address),
            max_connections: self.max_connections.or(file.max_connections),
            max_finds: self.max_finds.or(file.max_finds),
            max_exports: self.max_exports.or(file.max_exports),
            relations: self.relations.over(file.relations),
            index_mb: self.index_mb.or(file.index_mb),
            read_rate: self.read_rate.or(file.read_rate),
            decoders: file.decoders,
            topics: file.topics,
            topic_mb: self.topic_mb.or(file.topic_mb),
            scan_rate: self.scan_rate.or(file.scan_rate),
            config: self.config,
        }
    }

    fn check(self) -> Result<ServeConfig, ConfigError> {
        let listen = self.listen.unwrap_or(DEFAULT_LISTEN);
        if !listen.ip().is_loopback() && !self.allow_remote {
            return Err(ConfigError::Remote(listen));
        }
        let folds = self.fold_config()?;
        let live = self.live_limits();
        let capacity = self.capacity();
        let ReadConfig { redis_url, codecs, topics } = self.reading()?;
        let keyframe_mb = self.keyframe_mb.unwrap_or(DEFAULT_KEYFRAME_MB);
        Ok(ServeConfig {
            redis_url,
            listen,
            folds,
            keyframe_bytes: keyframe_mb as usize * MIB,
            live,
            relations: self.relations.check()?,
            index_bytes: self.index_mb.unwrap_or(DEFAULT_INDEX_MB) as usize * MIB,
            read_rate: self.read_rate.and_then(NonZeroU32::new),
            codecs,
            topics,
            topic_bytes: self.topic_mb.unwrap_or(DEFAULT_TOPIC_MB) as usize * MIB,
            scan_rate: self.scan_rate.and_then(NonZeroU32::new).unwrap_or(DEFAULT_SCAN_RATE),
            allow_host: self.allow_host,
            capacity,
            patience: Patience::default(),
        })
    }

    fn capacity(&self) -> Capacity {
        let default = Capacity::default();
        let or = |given: Option<u32>, default| given.map_or(default, |count| count as usize);
        Capacity {
            connections: or(self.max_connections, default.connections),
            finds: or(self.max_finds, default.finds),
            exports: or(self.max_exports, default.exports),
        }
    }

    fn live_limits(&self) -> LiveLimits {
        let default = LiveLimits::default();
        LiveLimits {
            max_viewers: self.max_viewers.map_or(default.max_viewers, |count| count as usize),
            max_viewers_per_address: self
                .max_viewers_per_address
                .map_or(default.max_viewers_per_address, |count| count as usize),
        }
    }

    /// The files that rules name are looked for beside the one in which the rules are.
    fn codecs(&self) -> Result<Codecs, ConfigError> {
        let path = self.config.clone().unwrap_or_default();
        let folder = path.parent().unwrap_or(Path::new(""));
        Codecs::load(&self.decoders, folder)
            .map_err(|source| ConfigError::Decoder { path: path.clone(), source })
    }

    fn fold_config(&self) -> Result<FoldConfig, ConfigError> {
        match &self.folds {
            Some(folder) if !folder.is_dir() => return Err(ConfigError::NoFolder(folder.clone())),
            None if self.allow_fold_edits => return Err(ConfigError::EditsWithoutFolder),
            _ => {}
        }
        let default = Limits::default();
        let limits = Limits {
            event_ms: self.fold_event_ms.map_or(default.event_ms, u64::from),
            replay_ms: self.fold_replay_ms.map_or(default.replay_ms, u64::from),
            memory_bytes: self.fold_memory_mb.map_or(default.memory_bytes, |mb| mb as usize * MIB),
            stack_bytes: self.fold_stack_kb.map_or(default.stack_bytes, |kb| kb as usize * 1024),
            state_bytes: self.fold_state_mb.map_or(default.state_bytes, |mb| mb as usize * MIB),
        };
        Ok(FoldConfig {
            folder: self.folds.clone(),
            is_editable: self.allow_fold_edits,
            limits,
            engine_program: None,
        })
    }
}

const MIB: usize = 1024 * 1024;

fn read(path: &Path) -> Result<ServeOptions, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    // A file that is no TOML is refused below, with the line.
    if let Ok(table) = text.parse() {
        numbers::check_file(&table, path)?;
    }
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
    fn a_decoder_rule_that_cannot_be_followed_is_named_with_its_file() {
        let folder = std::env::temp_dir().join(format!("rewind-decoders-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("rewind.toml");
        let resolve = |text: &str| {
            std::fs::write(&path, text).unwrap();
            ServeOptions { config: Some(path.clone()), ..ServeOptions::default() }.resolve()
        };
        let rule = "[[decoders]]\nstream = 'events:*'\nas = 'avro'\nschema = 'order.avsc'\n";
        let missing = resolve(rule).unwrap_err().to_string();
        std::fs::write(folder.join("order.avsc"), "\"long\"").unwrap();
        let is_found = resolve(rule).is_ok();
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(is_found, "files are looked for beside the configuration");
        assert!(
            missing.contains("rewind.toml`: decoder rule 1: `") && missing.contains("order.avsc"),
            "{missing}"
        );
    }

    #[test]
    fn topics_are_read_from_the_file_and_wrong_ones_are_named() {
        let rule = "[[topics]]\ntype = 'Order'\nstream = 'events:orders'\nby = 'data.order_id'\n";
        let config = options(rule).check().unwrap();
        assert_eq!(config.topics.len(), 1);
        let error = options(&rule.replace("data.", "")).check().err().unwrap().to_string();
        assert!(error.contains("topic rule 1: `by` is `order_id`"), "{error}");
        assert!(toml::from_str::<ServeOptions>(&format!("{rule}from = 'x'")).is_err());
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
