//! Which streams are histories of aggregates, as the server is configured.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::stream_key::StreamKind;

/// The patterns of the server; none until it told.
#[derive(Clone, Copy)]
pub(crate) struct Aggregates(Memo<Vec<String>>);

impl Aggregates {
    /// Has all of the page know them.
    pub(crate) fn provide(patterns: Memo<Vec<String>>) {
        provide_context(Self(patterns));
    }

    /// How a stream is read: as the default pattern says until the server told its own. Tracked.
    pub(crate) fn kind(stream: &StreamKey) -> StreamKind {
        let Self(patterns) = expect_context();
        let patterns = patterns.with(|texts| texts.iter().flat_map(|text| text.parse()).collect());
        AggregatePatterns::new(patterns).kind(stream)
    }
}
