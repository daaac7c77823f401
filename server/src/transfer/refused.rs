//! Streams that are not in an export, since they could not be read.

use rewind_domain::StreamKey;
use rewind_store::StoreError;

use super::words;

/// How many of them are named.
const MAX_NAMED: usize = 100;

/// A stream that is not in the export, since it could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stream.
    pub stream: StreamKey,
    /// Why.
    pub error: StoreError,
}

/// Some streams are not in an export that has all others.
#[derive(Debug, thiserror::Error)]
#[error("{}", refused_text(.0))]
pub struct NotAll(pub(super) Vec<Refused>);

/// That a stream cannot be read, and why.
pub(super) fn stream_text(stream: &StreamKey, error: &StoreError) -> String {
    match error {
        StoreError::NotFound => format!("stream `{stream}` does not exist"),
        StoreError::WrongType => format!("`{stream}` holds something else than a stream"),
        error => format!("stream `{stream}` cannot be read: {error}"),
    }
}

fn refused_text(refused: &[Refused]) -> String {
    let count = words::streams(refused.len() as u64);
    let mut lines = vec![format!("{count} could not be read; all else was written")];
    let named = refused.iter().take(MAX_NAMED);
    lines.extend(named.map(|Refused { stream, error }| stream_text(stream, error)));
    if refused.len() > MAX_NAMED {
        lines.push(format!("and {} more", refused.len() - MAX_NAMED));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_is_none_is_named() {
        let text = |error| stream_text(&"orders".into(), &error);
        assert_eq!(text(StoreError::NotFound), "stream `orders` does not exist");
        assert_eq!(text(StoreError::WrongType), "`orders` holds something else than a stream");
    }

    #[test]
    fn those_that_are_missing_are_named_as_far_as_anyone_reads() {
        let refused =
            |n| Refused { stream: format!("s:{n}").as_str().into(), error: StoreError::KeyRefused };
        let text = NotAll((0..102).map(refused).collect()).to_string();
        assert!(
            text.starts_with("102 streams could not be read; all else was written\n"),
            "{text}"
        );
        assert!(text.contains("stream `s:99` cannot be read: Redis does not allow"), "{text}");
        assert!(text.ends_with("and 2 more"), "{text}");
    }
}
