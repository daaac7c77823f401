//! Inspecting: how a stream is, with its groups and their consumers.

use rewind_domain::lag::{GroupProgress, Lag, lag};
use rewind_domain::versions::{IncompleteReason, StreamExtent};
use rewind_domain::{Entry, EntryId, StreamKey};

use crate::consume::ConsumerInfo;
use crate::consume::replies;
use crate::{GroupInfo, IdRange, PageOrder, Store, StoreError};

/// Up to how many entries are counted for a group whose lag Redis does not know.
const MAX_COUNTED: u64 = 10_000;

/// How a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamReport {
    /// The stream.
    pub stream: StreamKey,
    /// How many entries it has.
    pub length: u64,
    /// How many were ever added; `None` before Redis 7, which does not count them.
    pub added: Option<u64>,
    /// How many were trimmed from its beginning; `None` where that cannot be told from what was deleted, or before Redis 7.
    pub trimmed: Option<u64>,
    /// How many were deleted from elsewhere; `None` where that cannot be told from what was trimmed, or before Redis 7.
    pub deleted: Option<u64>,
    /// The first entry.
    pub first: Option<Entry>,
    /// The last entry.
    pub last: Option<Entry>,
    /// The id that was given out last, though its entry may be gone.
    pub last_generated_id: EntryId,
    /// How much memory it takes, in bytes, as Redis estimates it; `None` where it does not tell.
    pub memory_bytes: Option<u64>,
    /// Its consumer groups.
    pub groups: Vec<GroupReport>,
}

/// How a consumer group is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupReport {
    /// Its name.
    pub name: Vec<u8>,
    /// The last entry that it was given.
    pub last_delivered_id: EntryId,
    /// How many entries it was given and has not acknowledged.
    pub pending: u64,
    /// The first of these.
    pub first_pending_id: Option<EntryId>,
    /// How many entries it was not given.
    pub lag: Lag,
    /// Its consumers.
    pub consumers: Vec<ConsumerInfo>,
}

/// How a stream is.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let redis = rewind_dev::TestRedis::start().await;
/// # redis.add_many("events:orders", 3).await;
/// # redis.run("XGROUP CREATE events:orders billing 0").await;
/// use rewind_domain::lag::Lag;
/// use rewind_store::{Store, inspect::inspect};
///
/// let report = inspect(&Store::new(redis.url()), &"events:orders".into()).await?;
/// assert_eq!((report.length, report.groups[0].lag), (3, Lag::Exact(3)));
/// # Ok::<_, rewind_store::StoreError>(())
/// # }).unwrap();
/// ```
///
/// # Errors
/// [`StoreError::NotFound`] and [`StoreError::WrongType`] where the key is no stream, and whatever Redis refuses.
pub async fn inspect(store: &Store, stream: &StreamKey) -> Result<StreamReport, StoreError> {
    let all = IdRange::default();
    let first = store.page(stream, all, PageOrder::OldestFirst, 1).await?;
    let last = store.page(stream, all, PageOrder::NewestFirst, 1).await?;
    let extent = &last.info.extent;
    let found = store.groups(std::slice::from_ref(stream)).await?.pop();
    let groups = found.unwrap_or(Err(StoreError::NotFound))?.0;
    // What a replica is told about groups is less; who may not ask is not told about it.
    let is_replica = store.server_info_about("replication").await;
    let is_replica = is_replica.is_ok_and(|info| info.text("role") == Some("slave"));
    let mut reports = Vec::with_capacity(groups.len());
    for group in groups {
        reports.push(report(store, stream, extent, group, is_replica).await?);
    }
    let gone = extent.entries_added.map(|added| added.saturating_sub(extent.length));
    let is_mixed = extent
        .incomplete()
        .is_some_and(|incomplete| incomplete.reason == IncompleteReason::Deleted);
    Ok(StreamReport {
        stream: stream.clone(),
        length: extent.length,
        added: extent.entries_added,
        trimmed: gone.filter(|_| !is_mixed),
        deleted: gone.filter(|_| !is_mixed).map(|_| 0),
        first: first.entries.into_iter().next(),
        last_generated_id: extent.last_generated_id,
        memory_bytes: store.memory_of(stream).await,
        groups: reports,
        last: last.entries.into_iter().next(),
    })
}

async fn report(
    store: &Store,
    stream: &StreamKey,
    extent: &StreamExtent,
    group: GroupInfo,
    is_replica: bool,
) -> Result<GroupReport, StoreError> {
    let progress = GroupProgress {
        last_delivered_id: group.last_delivered_id,
        told: group.lag,
        is_supported: !group.is_lag_unsupported,
        is_replica,
    };
    let mut lag = lag(&progress, extent);
    if matches!(lag, Lag::AtMost(..))
        && let Some(counted) =
            store.count_after(stream, group.last_delivered_id, MAX_COUNTED).await?
    {
        lag = Lag::Exact(counted);
    }
    let mut command = redis::pipe();
    command.cmd("XINFO").arg("CONSUMERS").arg(stream.as_bytes()).arg(&group.name);
    let consumers = replies::consumers(store.single(stream.as_bytes(), &command).await?)?;
    let asked = [(stream.clone(), group.name.clone())];
    let pending = match group.pending {
        0 => Vec::new(),
        _ => store.pending_ids(&asked, 1).await?.pop().transpose()?.unwrap_or_default(),
    };
    Ok(GroupReport {
        name: group.name,
        last_delivered_id: group.last_delivered_id,
        pending: group.pending,
        first_pending_id: pending.first().copied(),
        lag,
        consumers,
    })
}

impl Store {
    /// How much memory a stream takes, in bytes, as `MEMORY USAGE` estimates it; `None` where this user may not ask.
    pub async fn memory_of(&self, stream: &StreamKey) -> Option<u64> {
        let mut command = redis::pipe();
        command.cmd("MEMORY").arg("USAGE").arg(stream.as_bytes());
        crate::reply::number(&self.single(stream.as_bytes(), &command).await.ok()?)
    }
}
