//! How a stream is looked at from the outside.

use redis::Value;
use rewind_domain::StreamKey;
use rewind_domain::versions::StreamExtent;

use super::commands::Refusals;
use super::resp::ReplyBuffer;
use super::{StoreError, StoreUrl, StreamInfo, reply};

/// By which commands a stream is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// By `XINFO STREAM`.
    Info,
    /// Where that is refused, by its length and the entries at both ends: this tells neither groups nor what was trimmed, and takes a
    /// stream that is gone for an empty one.
    Ends,
}

impl Look {
    /// How streams are looked at by a user to whom these commands were refused.
    pub(super) fn allowed(refusals: &Refusals) -> Self {
        if refusals.has("XINFO STREAM") { Self::Ends } else { Self::Info }
    }

    /// How many replies it has.
    pub(super) const fn replies(self) -> usize {
        match self {
            Self::Info => 1,
            Self::Ends => 3,
        }
    }

    /// The commands.
    pub(super) fn commands(self, key: &StreamKey) -> Vec<Vec<&[u8]>> {
        let key = key.as_bytes();
        match self {
            Self::Info => vec![vec![b"XINFO", b"STREAM", key]],
            Self::Ends => vec![
                vec![b"XLEN", key],
                vec![b"XRANGE", key, b"-", b"+", b"COUNT", b"1"],
                vec![b"XREVRANGE", key, b"+", b"-", b"COUNT", b"1"],
            ],
        }
    }

    /// What the replies say that begin at `at`, which moves behind them.
    pub(super) fn read(
        self,
        buffer: &ReplyBuffer,
        at: &mut usize,
        url: &StoreUrl,
    ) -> Result<StreamInfo, StoreError> {
        let mut next = || {
            let begin = *at;
            *at = buffer.value_end(begin);
            (begin, buffer.reply(begin, url))
        };
        match self {
            Self::Info => {
                let (at, reply) = next();
                let mut info = reply::stream_info(reply?)?;
                let digest = |name| buffer.digest_of_entry(buffer.value_of(at, name)?);
                info.extent.first_digest = digest(b"first-entry");
                info.extent.last_digest = digest(b"last-entry");
                Ok(info)
            }
            Self::Ends => {
                let ((_, length), (first_at, first), (last_at, last)) = (next(), next(), next());
                let length = length.map_err(|error| match error {
                    // Allowing the other command helps more.
                    StoreError::CommandRefused { is_unknown, .. } => StoreError::CommandRefused {
                        command: "xinfo|stream".to_owned(),
                        is_unknown,
                    },
                    error => error,
                })?;
                let mut info = ends(&length, first?, last?)?;
                // Each is a list of one entry.
                info.extent.first_digest = buffer.digest_of_entry(first_at + 1);
                info.extent.last_digest = buffer.digest_of_entry(last_at + 1);
                Ok(info)
            }
        }
    }
}

fn ends(length: &Value, first: Value, last: Value) -> Result<StreamInfo, StoreError> {
    let id = |reply: Value| Ok(reply::entries(reply)?.first().map(|entry| entry.id));
    let (first_id, last_id) = (id(first)?, id(last)?);
    let extent = StreamExtent {
        length: reply::number(length).ok_or(StoreError::unexpected("a length of another shape"))?,
        first_id,
        last_id,
        last_generated_id: last_id.unwrap_or_default(),
        ..StreamExtent::default()
    };
    Ok(StreamInfo { extent, groups: 0, lineage: 0 })
}
