//! A group in full.

use std::sync::PoisonError;

use rewind_app::api::query::GroupQuery;
use rewind_app::api::{ConsumerStatus, GroupAnswer, GroupLag, GroupSample};
use rewind_domain::lag::{GroupProgress, Lag, lag};
use rewind_domain::operations::Name;
use rewind_store::consume::DeadLetters;
use rewind_store::{GroupInfo, StoreError};

use super::Groups;

/// How many consumers are told, those with the most pending first.
const MAX_CONSUMERS: usize = 500;
/// Up to how many entries are counted where Redis does not know the lag.
const MAX_COUNTED: u64 = 10_000;

pub(super) async fn group(groups: &Groups, query: &GroupQuery) -> Result<GroupAnswer, StoreError> {
    let GroupQuery { stream, group: name } = query;
    let reads = groups.store.reads();
    let found = reads.groups(std::slice::from_ref(stream)).await?.pop();
    let (known, extent) = match found.unwrap_or(Err(StoreError::NotFound)) {
        Err(StoreError::NotFound) => return Err(StoreError::NoGroup),
        found => found?,
    };
    let info = known.into_iter().find(|group| group.name == name.as_bytes());
    let GroupInfo { consumers, pending, last_delivered_id, lag: told, is_lag_unsupported, .. } =
        info.ok_or(StoreError::NoGroup)?;
    let progress = GroupProgress {
        last_delivered_id,
        told,
        is_supported: !is_lag_unsupported,
        // Counting tells what a replica is not told.
        is_replica: false,
    };
    let mut known = lag(&progress, &extent);
    if matches!(known, Lag::AtMost(..))
        && let Some(counted) = reads.count_after(stream, last_delivered_id, MAX_COUNTED).await?
    {
        known = Lag::Exact(counted);
    }
    let handle = groups.handle(stream, name);
    let mut all: Vec<ConsumerStatus> = handle
        .consumers()
        .await?
        .into_iter()
        .map(|consumer| ConsumerStatus {
            consumer: Name::from_bytes(&consumer.name),
            pending: consumer.pending,
            idle_ms: consumer.idle_ms,
            inactive_ms: consumer.inactive_ms,
        })
        .collect();
    let idle_ms = all.iter().map(|consumer| consumer.idle_ms).min();
    all.sort_by(|a, b| b.pending.cmp(&a.pending).then_with(|| a.consumer.cmp(&b.consumer)));
    let consumers_left_out = all.len().saturating_sub(MAX_CONSUMERS) as u64;
    all.truncate(MAX_CONSUMERS);
    let asked = [(stream.clone(), name.as_bytes().to_vec())];
    let oldest_pending = match pending {
        0 => None,
        _ => reads
            .pending_ids(&asked, 1)
            .await?
            .pop()
            .transpose()?
            .unwrap_or_default()
            .first()
            .copied(),
    };
    let letters = DeadLetters::of(handle);
    let dead = letters.count().await.unwrap_or_default();
    let (lag, lag_at_most, doubt) = match known {
        Lag::Exact(lag) => (Some(lag), None, None),
        Lag::AtMost(most, doubt) => (None, Some(most), Some(doubt)),
    };
    let now_ms = reads.clock_ms(stream).await?;
    let behind = lag.or(lag_at_most).unwrap_or_default();
    let sample = GroupSample { at_ms: now_ms, lag: behind, pending };
    let seen = {
        let mut samples = groups.samples.lock().unwrap_or_else(PoisonError::into_inner);
        samples.add(stream, name, sample, extent.latest_version())
    };
    Ok(GroupAnswer {
        group: GroupLag {
            stream: stream.clone(),
            group: name.to_string(),
            lag,
            lag_at_most,
            unknown_because: doubt.map(|doubt| doubt.explanation().to_owned()),
            pending,
            pending_gone: None,
            pending_checked: None,
            consumers,
            last_delivered_id,
            idle_ms,
        },
        length: extent.length,
        first_id: extent.first_id,
        last_id: extent.last_id,
        oldest_pending,
        consumers: all,
        consumers_left_out,
        dead_stream: letters.key().clone(),
        dead,
        catches_up_s: seen.catches_up_s(behind),
        rate_in: seen.rate_in.map(|rate| rate as f64 / 100.0),
        rate_out: seen.rate_out.map(|rate| rate as f64 / 100.0),
        samples: seen.samples,
    })
}
