//! Which streams are histories of aggregates, as the server is configured.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::stream_key::StreamKind;

/// The patterns of the server; the default ones until it told.
#[derive(Clone, Copy)]
pub(crate) struct Aggregates(Memo<AggregatePatterns>);

impl Aggregates {
    /// Has all of the page know them.
    pub(crate) fn provide(patterns: Memo<AggregatePatterns>) {
        provide_context(Self(patterns));
    }

    /// How a stream is read. Tracked.
    pub(crate) fn kind(stream: &StreamKey) -> StreamKind {
        let Self(patterns) = expect_context();
        patterns.with(|patterns| patterns.kind(stream))
    }
}
