//! Trimming: the oldest entries of a stream are removed, by length, by age, or as far as every group has acknowledged them.
//!
//! ```
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! # let redis = rewind_dev::TestRedis::start().await;
//! # redis.add_many("events:orders", 100).await;
//! use rewind_store::EventStore;
//! use rewind_store::publish::Precision;
//! use rewind_store::trim::{TrimBy, preview, trim};
//!
//! let store = EventStore::new(redis.url());
//! let orders = "events:orders".into();
//! let preview = preview(store.reads(), &orders, TrimBy::Length(40)).await?;
//! assert_eq!((preview.removed, preview.losses.len()), (60, 0));
//! // Exactly what was previewed goes, whatever was added since.
//! let removed = trim(&store, &orders, TrimBy::From(preview.keep_from), Precision::Exact).await?;
//! assert_eq!(removed, 60);
//! # Ok::<_, rewind_store::trim::TrimError>(())
//! # }).unwrap();
//! ```

mod preview;

use std::time::Duration;

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

pub use preview::{GroupLoss, TrimPreview, preview};

use crate::publish::{Limit, Precision};
use crate::write::Script;
use crate::{EventStore, StoreError, WriteError, reply};

static ACKNOWLEDGED: Script =
    Script::needing("+xinfo|groups +xpending +xrange +xtrim", include_str!("acknowledged.lua"));

/// Which entries are removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimBy {
    /// All but this many of the newest ones.
    Length(u64),
    /// Those before this id.
    From(EntryId),
    /// Those whose id was made longer ago than this, by the clock of Redis.
    Age(Duration),
    /// The oldest ones, as far as every group has acknowledged them: up to the first that a group was not given or has not acknowledged.
    Acknowledged,
}

/// Why nothing was trimmed, or perhaps something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrimError {
    /// Nobody acknowledges anything.
    #[error(
        "the stream has no consumer groups, so there is nothing that all of them have acknowledged"
    )]
    NoGroups,
    /// Redis refuses it, is away, or did not answer.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl From<StoreError> for TrimError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

/// Removes the oldest entries of a stream and returns how many went.
///
/// With [`Precision::AtLeast`] Redis removes whole blocks only, and keeps more than asked for. What groups have pending of what goes stays in
/// their pending lists without an entry; [`preview`] says how many that would be.
///
/// # Errors
/// [`TrimError::NoGroups`] for [`TrimBy::Acknowledged`] where the stream has none, and whatever Redis refuses.
pub async fn trim(
    store: &EventStore,
    stream: &StreamKey,
    by: TrimBy,
    precision: Precision,
) -> Result<u64, TrimError> {
    let limit = match by {
        TrimBy::Length(length) => Limit::newest(length),
        TrimBy::From(id) => Limit::from(id),
        TrimBy::Age(_) => Limit::from(preview::from(store.reads(), stream, by, &[]).await?),
        TrimBy::Acknowledged => return acknowledged(store, stream, precision).await,
    };
    let mut command = redis::cmd("XTRIM");
    command.arg(stream.as_bytes()).arg(limit.with_precision(precision).words());
    removed(&store.writes(stream.as_bytes()).send(&command).await?)
}

/// In one step, so that no group is made and no entry is given to one meanwhile.
async fn acknowledged(
    store: &EventStore,
    stream: &StreamKey,
    precision: Precision,
) -> Result<u64, TrimError> {
    // A missing stream is an error here as it is for a preview, and has no groups.
    let words = [precision.word()];
    match ACKNOWLEDGED.run(store, &[stream.as_bytes()], words).await? {
        Value::Int(-1) => Err(TrimError::NoGroups),
        reply => removed(&reply),
    }
}

fn removed(reply: &Value) -> Result<u64, TrimError> {
    Ok(reply::number(reply).ok_or(StoreError::unexpected("no number of entries that went"))?)
}
