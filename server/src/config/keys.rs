//! What the keys of streams say.

use clap::Args;
use rewind_domain::aggregate_pattern::{AggregatePattern, AggregatePatterns};

/// What the keys of streams say.
#[derive(Args, Clone, Debug, Default)]
pub struct KeyOptions {
    /// How the keys of aggregates are made: a pattern with `{type}` and `{id}`, such as `{type}-{id}` [default: aggregate:{type}:{id}]
    ///
    /// Streams whose keys fit are histories of one thing each, and are folded by the file of their type. May be repeated; the first
    /// pattern that fits counts, and events are appended to keys of the first one.
    #[arg(long, value_name = "PATTERN", env = "REWIND_AGGREGATE_PATTERN", value_delimiter = ',')]
    pub aggregate_pattern: Vec<AggregatePattern>,
}

impl KeyOptions {
    /// What they say.
    pub fn patterns(self) -> AggregatePatterns {
        AggregatePatterns::new(self.aggregate_pattern)
    }
}
