//! How many clients and long questions there can be at the same time.

use clap::Args;

use super::numbers;
use crate::capacity::Capacity;
use crate::live::LiveLimits;

/// How many clients and long questions there can be at the same time.
#[derive(Args, Clone, Debug, Default)]
pub struct ClientOptions {
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
}

impl ClientOptions {
    /// How many connections, searches and exports.
    pub fn capacity(&self) -> Capacity {
        let default = Capacity::default();
        Capacity {
            connections: or(self.max_connections, default.connections),
            finds: or(self.max_finds, default.finds),
            exports: or(self.max_exports, default.exports),
        }
    }

    /// How many viewers of live events.
    pub fn live_limits(&self) -> LiveLimits {
        let default = LiveLimits::default();
        LiveLimits {
            max_viewers: or(self.max_viewers, default.max_viewers),
            max_viewers_per_address: or(
                self.max_viewers_per_address,
                default.max_viewers_per_address,
            ),
        }
    }
}

fn or(given: Option<u32>, default: usize) -> usize {
    given.map_or(default, |count| count as usize)
}
