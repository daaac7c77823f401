//! How far consumer groups are.

use std::collections::BTreeMap;

use rewind_app::api::GroupLag;
use rewind_domain::{EntryId, StreamKey};

use crate::store::{GroupInfo, Store, StoreError};

/// How many streams are asked for their groups at a time: they are asked in turns where there are more.
const STREAMS_AT_ONCE: usize = 200;
/// How many groups are told, those that are furthest behind.
const MAX_TOLD: usize = 50;
/// Of groups with how many consumers at most it is asked how long these are idle: Redis tells all consumers or none.
const MAX_CONSUMERS: u64 = 100;

/// What is known of consumer groups.
#[derive(Default)]
pub(super) struct Groups {
    known: BTreeMap<StreamKey, Vec<GroupInfo>>,
    /// The stream after which to go on.
    turn: Option<StreamKey>,
    /// Those that are told.
    pub(super) told: Vec<GroupLag>,
    /// How many there are beside.
    pub(super) left_out: u64,
    /// That this user may not ask for them.
    pub(super) refusal: Option<StoreError>,
}

impl Groups {
    /// Asks for the groups of these streams, of very many in turns.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub(super) async fn refresh(
        &mut self,
        store: &Store,
        streams: &BTreeMap<StreamKey, u64>,
        last_ids: impl Fn(&StreamKey) -> Option<EntryId>,
    ) -> Result<(), StoreError> {
        self.known.retain(|stream, _| streams.contains_key(stream));
        let behind = streams.keys().filter(|key| self.turn.as_ref().is_none_or(|at| *key > at));
        let keys: Vec<StreamKey> = behind.take(STREAMS_AT_ONCE).cloned().collect();
        self.turn = if keys.len() < STREAMS_AT_ONCE { None } else { keys.last().cloned() };
        if !keys.is_empty() {
            for (key, groups) in keys.iter().zip(store.groups(&keys).await?) {
                match groups {
                    Ok(groups) => drop(self.known.insert(key.clone(), groups)),
                    Err(error) if error.is_passing() => return Err(error),
                    Err(error) => {
                        self.known.remove(key);
                        if error.is_command_refused() {
                            self.refusal = Some(error);
                        }
                    }
                }
            }
        }
        self.rank(store, last_ids).await
    }

    /// Chooses those that are told.
    async fn rank(
        &mut self,
        store: &Store,
        last_ids: impl Fn(&StreamKey) -> Option<EntryId>,
    ) -> Result<(), StoreError> {
        let pairs =
            self.known.iter().flat_map(|(key, groups)| groups.iter().map(move |g| (key, g)));
        let mut all: Vec<(&GroupInfo, GroupLag)> =
            pairs.map(|(key, group)| (group, told(key, group, last_ids(key)))).collect();
        // What cannot be told may be anything, and is looked at after what is known to be behind.
        all.sort_by(|(_, a), (_, b)| {
            let weight = |group: &GroupLag| (group.lag.unwrap_or(1), group.pending);
            weight(b)
                .cmp(&weight(a))
                .then_with(|| (&a.stream, &a.group).cmp(&(&b.stream, &b.group)))
        });
        let left_out = all.len().saturating_sub(MAX_TOLD) as u64;
        all.truncate(MAX_TOLD);
        let asked: Vec<usize> = (0..all.len())
            .filter(|&at| (1..=MAX_CONSUMERS).contains(&all[at].0.consumers))
            .collect();
        let names: Vec<(StreamKey, Vec<u8>)> =
            asked.iter().map(|&at| (all[at].1.stream.clone(), all[at].0.name.clone())).collect();
        let idle = if names.is_empty() { Vec::new() } else { store.group_idle_ms(&names).await? };
        for (&at, idle_ms) in asked.iter().zip(idle) {
            all[at].1.idle_ms = idle_ms;
        }
        let told = all.into_iter().map(|(_, told)| told).collect();
        (self.told, self.left_out) = (told, left_out);
        Ok(())
    }
}

fn told(stream: &StreamKey, group: &GroupInfo, last_id: Option<EntryId>) -> GroupLag {
    let is_at_end = last_id.is_some_and(|last| group.last_delivered_id >= last);
    let lag = group.lag.or_else(|| is_at_end.then_some(0));
    let unknown_because = lag.is_none().then(|| {
        if group.is_lag_unsupported {
            "Redis before version 7 does not tell it".to_owned()
        } else {
            "Redis has lost count: the group was set to a place in the middle, or entries before it were deleted"
                .to_owned()
        }
    });
    GroupLag {
        stream: stream.clone(),
        group: StreamKey::from_bytes(&group.name[..]).to_string(),
        lag,
        unknown_because,
        pending: group.pending,
        consumers: group.consumers,
        last_delivered_id: group.last_delivered_id,
        idle_ms: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_that_redis_does_not_tell_is_none_only_for_a_group_at_the_end() {
        let group = GroupInfo { last_delivered_id: EntryId::new(5, 0), ..GroupInfo::default() };
        let lag_at = |last| told(&"a".into(), &group, last).lag;
        assert_eq!(lag_at(Some(EntryId::new(5, 0))), Some(0));
        assert_eq!((lag_at(Some(EntryId::new(6, 0))), lag_at(None)), (None, None));
        assert!(told(&"a".into(), &group, None).unknown_because.is_some());
    }
}
