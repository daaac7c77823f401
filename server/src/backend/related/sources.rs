//! Which streams are looked through.

use std::collections::HashSet;

use rewind_app::api::ApiError;
use rewind_app::api::related::RelatedCursor;
use rewind_domain::{ScanCursor, StreamKey};

use crate::api_errors::api_error;
use crate::relations::StreamPattern;
use rewind_store::{Store, StoreError};

/// About how many streams one call looks in; there may be as many more as one step through the keyspace finds.
const MAX_STREAMS: u64 = 100;
/// How many bounded parts of the keyspace one call walks at most.
const MAX_PARTS: usize = 4;

/// Streams to look in, and where to find more.
pub(super) struct Sources {
    pub(super) streams: Vec<StreamKey>,
    pub(super) next: Option<RelatedCursor>,
    /// Why no streams could be looked for.
    pub(super) unlisted: Option<String>,
}

/// All streams that may have related events: those of the event's own category and those that are configured.
pub(super) fn patterns(stream: &StreamKey, configured: &[StreamPattern]) -> Vec<StreamPattern> {
    let own = match stream.category() {
        Some(category) => {
            let prefix = [category.as_bytes(), b":"].concat();
            StreamPattern::Prefix(StreamKey::from_bytes(prefix))
        }
        None => StreamPattern::Key(stream.clone()),
    };
    let mut patterns = vec![own];
    for pattern in configured {
        if !patterns.iter().any(|wider| covers(wider, pattern)) {
            patterns.push(pattern.clone());
        }
    }
    patterns
}

/// The streams to look in next: at first the event's own and those that are named, then those that the keyspace is walked for.
pub(super) async fn next(
    store: &Store,
    stream: &StreamKey,
    patterns: &[StreamPattern],
    cursor: Option<RelatedCursor>,
) -> Result<Sources, ApiError> {
    let mut streams = Vec::new();
    let prefixes = patterns.iter().filter_map(|pattern| match pattern {
        StreamPattern::Prefix(prefix) => Some(prefix),
        StreamPattern::Key(_) => None,
    });
    if cursor.is_none() {
        let named = patterns.iter().filter_map(|pattern| match pattern {
            StreamPattern::Key(key) => Some(key.clone()),
            StreamPattern::Prefix(_) => None,
        });
        streams.extend(std::iter::once(stream.clone()).chain(named));
    }
    let mut place = cursor.unwrap_or_default();
    let mut parts = 0;
    let mut unlisted = None;
    for prefix in prefixes.skip(place.source as usize) {
        loop {
            let left = MAX_STREAMS.saturating_sub(streams.len() as u64);
            if parts == MAX_PARTS || left == 0 {
                return Ok(Sources {
                    streams: without_repeats(streams),
                    next: Some(place),
                    unlisted,
                });
            }
            let found = match store.discover(prefix, place.scan, left).await {
                Ok(found) => found,
                Err(error @ StoreError::CommandRefused { .. }) => {
                    unlisted = Some(error.to_string());
                    break;
                }
                Err(error) => return Err(api_error(None, &error)),
            };
            parts += 1;
            streams.extend(found.streams.into_iter().map(|found| found.key));
            match found.next_cursor {
                Some(scan) => place.scan = scan,
                None => break,
            }
        }
        place = RelatedCursor { source: place.source + 1, scan: ScanCursor::START };
    }
    Ok(Sources { streams: without_repeats(streams), next: None, unlisted })
}

/// Whether all that one pattern names is named by another.
fn covers(wider: &StreamPattern, pattern: &StreamPattern) -> bool {
    let (StreamPattern::Key(key) | StreamPattern::Prefix(key)) = pattern;
    match wider {
        StreamPattern::Prefix(prefix) => key.as_bytes().starts_with(prefix.as_bytes()),
        StreamPattern::Key(_) => wider == pattern,
    }
}

fn without_repeats(mut streams: Vec<StreamKey>) -> Vec<StreamKey> {
    let mut seen = HashSet::new();
    streams.retain(|stream| seen.insert(stream.clone()));
    streams
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_another_covers_is_left_out() {
        let texts = |stream: &str, configured: &[&str]| {
            let configured: Vec<StreamPattern> =
                configured.iter().map(|text| text.parse().unwrap()).collect();
            let patterns = patterns(&stream.into(), &configured);
            patterns.iter().map(StreamPattern::to_string).collect::<Vec<_>>()
        };
        assert_eq!(texts("a:B:1", &["events:*", "audit"]), ["a:B:*", "events:*", "audit"]);
        assert_eq!(
            texts("events:x", &["events:*", "events:y", "audit", "audit"]),
            ["events:*", "audit"]
        );
        assert_eq!(texts("audit", &["audit*"]), ["audit", "audit*"]);
    }
}
