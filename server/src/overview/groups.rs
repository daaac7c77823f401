//! How far consumer groups are.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rewind_app::api::GroupLag;
use rewind_domain::lag::{GroupProgress, Lag, LagDoubt, lag};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, StreamKey};

use rewind_store::{GroupInfo, Store, StoreError};

/// How many streams are asked for their groups each time, every three seconds and by two commands each: they are asked in turns where there
/// are more, so that this takes at most 200 commands a second.
const STREAMS_AT_ONCE: usize = 250;
/// How many of those that were never asked are asked in one step: some ten milliseconds of Redis's time, once.
const NEW_STREAMS_AT_ONCE: usize = 1_000;
/// In how many steps each time, so that the list is soon there.
const NEW_STEPS: usize = 10;
/// How many groups are told, those that are furthest behind.
const MAX_TOLD: usize = 50;
/// Of groups with how many consumers at most it is asked how long these are idle: Redis tells all consumers or none.
const MAX_CONSUMERS: u64 = 100;

/// Up to how many entries are counted where Redis's own count may be wrong.
const MAX_COUNTED: u64 = 500;
/// Of how many groups entries are counted at a time.
const COUNTED_AT_ONCE: usize = 8;
/// Of how many pending entries of a group it is looked whether they are still there.
const MAX_PENDING_CHECKED: u64 = 100;
/// Of how many groups that is looked at a time.
const CHECKED_AT_ONCE: usize = 8;

/// What is known of consumer groups.
#[derive(Default)]
pub(super) struct Groups {
    known: BTreeMap<StreamKey, (Vec<GroupInfo>, StreamExtent)>,
    /// The stream after which to go on.
    turn: Option<StreamKey>,
    /// What was found out about groups by reading.
    found_out: HashMap<(StreamKey, Vec<u8>), FoundOut>,
    /// All of them, those that are furthest behind first.
    pub(super) all: Arc<Vec<GroupLag>>,
    /// Those that the overview tells.
    pub(super) told: Vec<GroupLag>,
    /// How many there are beside.
    pub(super) left_out: u64,
}

/// What was found out about a group by reading, for as long as the group and its stream stay as they were.
#[derive(Clone)]
struct FoundOut {
    group: GroupInfo,
    stream: StreamExtent,
    /// How many entries it was not given.
    counted: Option<u64>,
    /// How many of its pending entries are gone, and of how many.
    gone: Option<(u64, u64)>,
}

/// A group, with all that is known of it.
struct Known<'k> {
    stream: &'k StreamKey,
    group: &'k GroupInfo,
    extent: &'k StreamExtent,
    lag: Lag,
}

impl Groups {
    /// Asks for the groups of these streams, of very many in turns.
    ///
    /// # Errors
    /// If Redis does not answer.
    pub(super) async fn refresh(
        &mut self,
        store: &Store,
        streams: &BTreeMap<StreamKey, u64>,
        is_replica: bool,
    ) -> Result<(), StoreError> {
        self.known.retain(|stream, _| streams.contains_key(stream));
        let new = streams.keys().filter(|key| !self.known.contains_key(*key));
        let new: Vec<StreamKey> = new.take(NEW_STREAMS_AT_ONCE * NEW_STEPS).cloned().collect();
        let room = STREAMS_AT_ONCE.saturating_sub(new.len());
        let behind = streams.keys().filter(|key| self.turn.as_ref().is_none_or(|at| *key > at));
        let behind: Vec<StreamKey> = behind.take(room).cloned().collect();
        self.turn =
            if behind.len() < room { None } else { behind.last().cloned().or(self.turn.take()) };
        let mut keys = [new, behind].concat();
        keys.sort_unstable();
        keys.dedup();
        for keys in keys.chunks(NEW_STREAMS_AT_ONCE) {
            for (key, groups) in keys.iter().zip(store.groups(keys).await?) {
                match groups {
                    Ok(groups) => drop(self.known.insert(key.clone(), groups)),
                    Err(error) if error.is_passing() => return Err(error),
                    Err(_) => drop(self.known.remove(key)),
                }
            }
        }
        self.rank(store, is_replica).await
    }

    /// Chooses those that are told.
    async fn rank(&mut self, store: &Store, is_replica: bool) -> Result<(), StoreError> {
        let known = self.known.iter().flat_map(|(stream, (groups, extent))| {
            groups.iter().map(move |group| Known {
                stream,
                group,
                extent,
                lag: lag(&progress(group, is_replica), extent),
            })
        });
        let mut all: Vec<Known<'_>> = known.collect();
        // What cannot be told may be anything, and is looked at after what is known to be behind.
        all.sort_by(|a, b| {
            let weight = |known: &Known<'_>| match known.lag {
                Lag::Exact(lag) | Lag::AtMost(lag, LagDoubt::TrimmedUnread) => {
                    (lag, known.group.pending)
                }
                Lag::AtMost(..) => (1, known.group.pending),
            };
            weight(b)
                .cmp(&weight(a))
                .then_with(|| (a.stream, &a.group.name).cmp(&(b.stream, &b.group.name)))
        });
        let first = &all[..all.len().min(MAX_TOLD)];
        self.found_out = find_out(store, first, &self.found_out).await?;
        let idle = idle_ms(store, first).await?;
        let first = first.iter().zip(idle).map(|(known, idle_ms)| {
            let found_out = self.found_out.get(&name_of(known));
            GroupLag { idle_ms, ..told(known, found_out) }
        });
        self.told = first.collect();
        let rest = all.iter().skip(MAX_TOLD).map(|known| told(known, None));
        self.left_out = rest.len() as u64;
        self.all = Arc::new(self.told.iter().cloned().chain(rest).collect());
        Ok(())
    }
}

fn name_of(known: &Known<'_>) -> (StreamKey, Vec<u8>) {
    (known.stream.clone(), known.group.name.clone())
}

fn progress(group: &GroupInfo, is_replica: bool) -> GroupProgress {
    GroupProgress {
        last_delivered_id: group.last_delivered_id,
        told: group.lag,
        is_supported: !group.is_lag_unsupported,
        is_replica,
    }
}

/// How long ago consumers of each group did anything, where that can be told.
async fn idle_ms(store: &Store, all: &[Known<'_>]) -> Result<Vec<Option<u64>>, StoreError> {
    let is_asked = |known: &&Known<'_>| (1..=MAX_CONSUMERS).contains(&known.group.consumers);
    let names: Vec<(StreamKey, Vec<u8>)> = all.iter().filter(is_asked).map(name_of).collect();
    let idle = if names.is_empty() { Vec::new() } else { store.group_idle_ms(&names).await? };
    let mut idle = idle.into_iter();
    let of = |known: &Known<'_>| {
        if is_asked(&known) { idle.next().flatten() } else { None }
    };
    Ok(all.iter().map(of).collect())
}

/// Reads what Redis does not count: entries that a group was not given, and pending ones that are gone. A few groups at a time,
/// the others keep what was found out of them before.
async fn find_out(
    store: &Store,
    all: &[Known<'_>],
    before: &HashMap<(StreamKey, Vec<u8>), FoundOut>,
) -> Result<HashMap<(StreamKey, Vec<u8>), FoundOut>, StoreError> {
    let mut found = HashMap::new();
    let (mut to_count, mut to_check) = (COUNTED_AT_ONCE, CHECKED_AT_ONCE);
    for known in all {
        let name = name_of(known);
        let is_same = |old: &&FoundOut| old.group == *known.group && old.stream == *known.extent;
        let old = before.get(&name).filter(is_same).cloned();
        let (group, stream) = (known.group.clone(), known.extent.clone());
        let mut new = old.unwrap_or(FoundOut { group, stream, counted: None, gone: None });
        let is_countable =
            matches!(known.lag, Lag::AtMost(most, LagDoubt::TrimmedUnread) if most <= MAX_COUNTED);
        if is_countable && new.counted.is_none() && to_count > 0 {
            to_count -= 1;
            let after = known.group.last_delivered_id;
            new.counted =
                passing(store.count_after(known.stream, after, MAX_COUNTED).await)?.flatten();
        }
        if known.group.pending > 0 && new.gone.is_none() && to_check > 0 {
            to_check -= 1;
            new.gone = passing(gone(store, known).await)?;
        }
        found.insert(name, new);
    }
    Ok(found)
}

/// How many of the first pending entries of a group are gone, and of how many.
async fn gone(store: &Store, known: &Known<'_>) -> Result<(u64, u64), StoreError> {
    let pending = store.pending_ids(&[name_of(known)], MAX_PENDING_CHECKED).await?;
    let pending = pending.into_iter().next().unwrap_or(Ok(Vec::new()))?;
    let Some(first) = known.extent.first_id else {
        return Ok((pending.len() as u64, pending.len() as u64));
    };
    // Behind the greatest id that was ever deleted, and from the first entry on, all are there.
    let deleted = known.extent.max_deleted_id.unwrap_or(EntryId::MAX);
    let (trimmed, rest): (Vec<EntryId>, Vec<EntryId>) =
        pending.into_iter().partition(|id| *id < first);
    let (unsure, there): (Vec<EntryId>, Vec<EntryId>) =
        rest.into_iter().partition(|id| *id <= deleted);
    let (gone, checked) = store.count_gone(known.stream, &unsure).await?;
    let trimmed = trimmed.len() as u64;
    Ok((gone + trimmed, checked + trimmed + there.len() as u64))
}

/// What was found out; `None` if this user may not ask.
fn passing<T>(result: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_passing() => Err(error),
        Err(_) => Ok(None),
    }
}

fn told(known: &Known<'_>, found_out: Option<&FoundOut>) -> GroupLag {
    let Known { stream, group, .. } = known;
    let lag = match (known.lag, found_out.and_then(|found| found.counted)) {
        (Lag::AtMost(..), Some(counted)) => Lag::Exact(counted),
        (lag, _) => lag,
    };
    let (lag, lag_at_most, doubt) = match lag {
        Lag::Exact(lag) => (Some(lag), None, None),
        Lag::AtMost(most, doubt) => (None, Some(most), Some(doubt)),
    };
    let gone = found_out.and_then(|found| found.gone);
    GroupLag {
        stream: (*stream).clone(),
        group: StreamKey::from_bytes(&group.name[..]).to_string(),
        lag,
        lag_at_most,
        unknown_because: doubt.map(|doubt| doubt.explanation().to_owned()),
        pending: group.pending,
        pending_gone: gone.map(|(gone, _)| gone),
        pending_checked: gone.map(|(_, checked)| checked),
        consumers: group.consumers,
        last_delivered_id: group.last_delivered_id,
        idle_ms: None,
    }
}
