//! How much memory caches may take, and how much is asked of Redis.

use std::num::NonZeroU32;

use clap::Args;

use super::{MIB, numbers};

/// How much memory keyframes may take by default, in MiB: some thousand states of usual size.
const DEFAULT_KEYFRAME_MB: u32 = 64;
/// How much memory indexes may take by default, in MiB: about 200 million entries.
const DEFAULT_INDEX_MB: u32 = 32;
/// How much memory to use for noting which events of topics are about which aggregate by default, in MiB: about a million
/// aggregates with ten events each.
const DEFAULT_TOPIC_MB: u32 = 256;

/// How many keys a second the search for streams looks at by default: Redis spends a little less than a
/// tenth of its time on that (measured: 0.9 ms for 1,000 keys).
pub const DEFAULT_SCAN_RATE: NonZeroU32 = match NonZeroU32::new(100_000) {
    Some(rate) => rate,
    None => NonZeroU32::MIN,
};

/// How much memory caches may take, and how much is asked of Redis.
#[derive(Args, Clone, Debug, Default)]
pub struct BudgetOptions {
    /// How much memory to use for states that replays go on from, in MiB, from 0 to 16384 [default: 64]
    #[arg(long, value_name = "MIB", env = "REWIND_KEYFRAME_MB", value_parser = numbers::KEYFRAME_MB)]
    pub keyframe_mb: Option<u32>,

    /// How much memory to use for indexes of streams, in MiB, from 0 to 16384; 0 for none [default: 32]
    #[arg(long, value_name = "MIB", env = "REWIND_INDEX_MB", value_parser = numbers::INDEX_MB)]
    pub index_mb: Option<u32>,

    /// How much memory to use for noting which events of topics are about which aggregate, in MiB, from 1 to 16384 [default: 256]
    #[arg(long, value_name = "MIB", env = "REWIND_TOPIC_MB", value_parser = numbers::TOPIC_MB)]
    pub topic_mb: Option<u32>,

    /// How many entries a second may be read from Redis by what reads whole streams in the background, from 1 to 10000000 [default: as many as it sends]
    #[arg(long, value_name = "ENTRIES", env = "REWIND_READ_RATE", value_parser = numbers::READ_RATE)]
    pub read_rate: Option<u32>,

    /// How many keys a second the search for streams looks at, at most, from 1 to 10000000 [default: 100000]
    ///
    /// One walk serves all who look at the list of streams, and rests while nobody does. By default it makes 100 calls of
    /// 1,000 keys a second, for which Redis needs about a tenth of its time.
    #[arg(long, value_name = "KEYS", env = "REWIND_SCAN_RATE", value_parser = numbers::SCAN_RATE)]
    pub scan_rate: Option<u32>,
}

impl BudgetOptions {
    /// How much memory keyframes may take, in bytes.
    pub fn keyframe_bytes(&self) -> usize {
        bytes(self.keyframe_mb, DEFAULT_KEYFRAME_MB)
    }

    /// How much memory indexes may take, in bytes.
    pub fn index_bytes(&self) -> usize {
        bytes(self.index_mb, DEFAULT_INDEX_MB)
    }

    /// How much memory may be used for noting what the events of topics are about, in bytes.
    pub fn topic_bytes(&self) -> usize {
        bytes(self.topic_mb, DEFAULT_TOPIC_MB)
    }

    /// How many entries scans may read in a second, all together; `None` if as many as Redis sends.
    pub fn read_rate(&self) -> Option<NonZeroU32> {
        self.read_rate.and_then(NonZeroU32::new)
    }

    /// How many keys a second the search for streams looks at, at most.
    pub fn scan_rate(&self) -> NonZeroU32 {
        self.scan_rate.and_then(NonZeroU32::new).unwrap_or(DEFAULT_SCAN_RATE)
    }
}

fn bytes(given: Option<u32>, default_mb: u32) -> usize {
    given.unwrap_or(default_mb) as usize * MIB
}
