//! Deleting: entries out of a stream, and whole streams.

use rewind_domain::{EntryId, StreamKey};

use crate::consume::replies;
use crate::{EventStore, WriteError};

/// How many entries are deleted by one command: a few milliseconds of Redis's time.
const AT_ONCE: usize = 1_000;

/// Deletes entries of a stream. Returns how many of them there were. The versions of the entries behind them are no longer exact.
///
/// # Errors
/// What Redis refuses; [`WriteError::Unknown`] if a reply was lost. Repeating it is harmless.
pub async fn delete_entries(
    store: &EventStore,
    stream: &StreamKey,
    ids: &[EntryId],
) -> Result<u64, WriteError> {
    let mut deleted = 0;
    for ids in ids.chunks(AT_ONCE) {
        let mut command = redis::cmd("XDEL");
        command.arg(stream.as_bytes());
        for id in ids {
            command.arg(id.to_string());
        }
        deleted += replies::count(&store.writes(stream.as_bytes()).send(&command).await?)?;
    }
    Ok(deleted)
}

/// Deletes a stream with its groups. Returns whether there was one. Its memory is freed aside, so that nobody waits for it.
///
/// # Errors
/// What Redis refuses; [`WriteError::Unknown`] if the reply was lost. Repeating it is harmless unless the stream was made again.
pub async fn delete_stream(store: &EventStore, stream: &StreamKey) -> Result<bool, WriteError> {
    let mut command = redis::cmd("UNLINK");
    command.arg(stream.as_bytes());
    Ok(replies::count(&store.writes(stream.as_bytes()).send(&command).await?)? > 0)
}
