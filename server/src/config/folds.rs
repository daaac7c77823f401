//! Where folds are, and what they may use.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;
use rewind_script::Limits;

use super::{ConfigError, MIB, numbers};

/// Where folds are, and what they may use.
#[derive(Args, Clone, Debug, Default)]
pub struct FoldOptions {
    /// A folder of folds, a JavaScript file for each type of aggregate: `Order.js` for `aggregate:Order:…`
    ///
    /// Types without a file are folded by merging the data of their events. A file that changes is read again.
    #[arg(long, value_name = "DIR", env = "REWIND_FOLDS")]
    pub folds: Option<PathBuf>,

    /// Allow to save folds into that folder from the workbench page; the same as `folds` among what `--allow` names
    #[arg(long, env = "REWIND_ALLOW_FOLD_EDITS", value_parser = FalseyValueParser::new())]
    pub allow_fold_edits: bool,

    /// What each fold may use.
    #[command(flatten)]
    pub limits: FoldLimitOptions,
}

/// What a script may use.
#[derive(Args, Clone, Debug, Default)]
pub struct FoldLimitOptions {
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
}

/// How aggregates are folded.
#[derive(Clone, Debug, Default)]
pub struct FoldConfig {
    /// Where folds are.
    pub folder: Option<PathBuf>,
    /// What each of them may use.
    pub limits: Limits,
    /// The program that runs them; this one if none is given.
    pub engine_program: Option<PathBuf>,
}

impl FoldOptions {
    /// What they say, with the defaults for what they do not.
    ///
    /// # Errors
    /// If the folder is none.
    pub fn check(self) -> Result<FoldConfig, ConfigError> {
        match &self.folds {
            Some(folder) if !folder.is_dir() => return Err(ConfigError::NoFolder(folder.clone())),
            _ => {}
        }
        let limits = self.limits.limits();
        Ok(FoldConfig { folder: self.folds, limits, engine_program: None })
    }
}

impl FoldLimitOptions {
    /// What they say, with the defaults for what they do not.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            event_ms: self.fold_event_ms.map_or(default.event_ms, u64::from),
            replay_ms: self.fold_replay_ms.map_or(default.replay_ms, u64::from),
            memory_bytes: self.fold_memory_mb.map_or(default.memory_bytes, |mb| mb as usize * MIB),
            stack_bytes: self.fold_stack_kb.map_or(default.stack_bytes, |kb| kb as usize * 1024),
            state_bytes: self.fold_state_mb.map_or(default.state_bytes, |mb| mb as usize * MIB),
        }
    }
}
