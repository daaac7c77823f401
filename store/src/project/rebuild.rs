//! A rebuild: the projection from its first event, beside the old one, whose place it takes in one step.

use std::collections::HashSet;

use redis::Value;

use super::work::{new_generation, now_ms};
use super::{Keys, ProjectError};
use crate::write::Script;
use crate::{EventStore, StoreError, WriteError, reply};

static SWAP: Script = Script::needing(
    "+evalsha +eval +exists +hget +hmget +hset +rename +sadd +scard +unlink",
    include_str!("swap.lua"),
);

/// Removes all keys of a projection, unless its handlers changed further ones meanwhile.
static REMOVE: Script =
    Script::needing("+evalsha +eval +scard +unlink", include_str!("remove.lua"));

/// How many keys the handlers of a projection can change: all of them are replaced or removed in one step, which takes Redis about a second for this
/// many. Rows by key are what tables are for.
const MOST_CHANGED_KEYS: u64 = 100_000;

/// How many keys are asked about in one round trip.
const KEYS_AT_ONCE: usize = 1_000;

/// How often it is tried while the old one gets further keys: it does so a few times at most, since handlers change the same ones.
const SWAP_ATTEMPTS: u32 = 20;

/// Makes room for a rebuild: removes what an earlier one left behind. Returns the generation that it has.
pub(crate) async fn begin(store: &EventStore, name: &str) -> Result<String, ProjectError> {
    discard(store, name).await?;
    let generation = new_generation();
    let mut command = redis::cmd("HSET");
    let status = Keys::beside(name).status();
    command.arg(&status).arg("generation").arg(&generation);
    store.writes(status).send(&command).await?;
    Ok(generation)
}

/// Removes a rebuild; whoever works on it notices.
pub(crate) async fn discard(store: &EventStore, name: &str) -> Result<Vec<String>, ProjectError> {
    remove(store, &Keys::beside(name)).await
}

/// The keys of a projection that there are, those among them that its handlers change.
pub(crate) async fn existing(
    store: &EventStore,
    keys: &Keys,
) -> Result<Vec<Vec<u8>>, ProjectError> {
    let (all, _) = keys_of(store, keys).await?;
    let mut found = Vec::new();
    for keys_at_once in all.chunks(KEYS_AT_ONCE) {
        let mut pipeline = redis::pipe();
        for key in keys_at_once {
            pipeline.cmd("EXISTS").arg(key);
        }
        let replies = store
            .writes(keys.status())
            .send_all(&pipeline)
            .await
            .map_err(WriteError::into_cause)?;
        for (key, reply) in keys_at_once.iter().zip(replies) {
            if reply? == Value::Int(1) {
                found.push(key.clone());
            }
        }
    }
    Ok(found)
}

/// Removes all keys of a projection in one step; their names.
pub(crate) async fn remove(store: &EventStore, keys: &Keys) -> Result<Vec<String>, ProjectError> {
    for _ in 0..SWAP_ATTEMPTS {
        let (all, changed) = keys_of(store, keys).await?;
        let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        match REMOVE.run(store, &all, [changed.to_string()]).await? {
            Value::Array(removed) => {
                let name =
                    |key| reply::bytes(key).map(|key| String::from_utf8_lossy(&key).into_owned());
                return Ok(removed.into_iter().filter_map(name).collect());
            }
            // Handlers changed further keys meanwhile.
            Value::Nil => {}
            _ => return Err(StoreError::unexpected("removed keys of another shape").into()),
        }
    }
    Err(StoreError::Changed.into())
}

/// The keys that a projection may have, the set of those that its handlers change first, and how many these are.
async fn keys_of(store: &EventStore, keys: &Keys) -> Result<(Vec<Vec<u8>>, usize), ProjectError> {
    let own = [
        keys.changed(),
        keys.checkpoint(),
        keys.streams(),
        keys.status(),
        keys.state(),
        keys.rows(),
    ];
    let changed = members(store, &keys.changed()).await?;
    let count = changed.len();
    Ok((own.into_iter().map(String::into_bytes).chain(changed).collect(), count))
}

/// Puts the rebuild in the place of the old one.
pub(crate) async fn swap(
    store: &EventStore,
    name: &str,
    generation: &str,
) -> Result<(), ProjectError> {
    let (old, new) = (Keys::of(name), Keys::beside(name));
    for _ in 0..SWAP_ATTEMPTS {
        let before = members(store, &old.changed()).await?;
        let after = members(store, &new.changed()).await?;
        let prefix = new.data(b"");
        let mut pairs: Vec<[Vec<u8>; 2]> = [
            [new.checkpoint(), old.checkpoint()],
            [new.streams(), old.streams()],
            [new.state(), old.state()],
            [new.rows(), old.rows()],
        ]
        .map(|pair| pair.map(String::into_bytes))
        .to_vec();
        let counts = [before.len().to_string(), after.len().to_string()];
        for key in after {
            let to = key.strip_prefix(prefix.as_slice()).unwrap_or(&key).to_vec();
            pairs.push([key, to]);
        }
        let replaced: HashSet<Vec<u8>> = pairs.iter().map(|[_, to]| to.clone()).collect();
        for key in before {
            // What the rebuild did not change is no part of the projection any more.
            if !replaced.contains(&key) {
                pairs.push([new.data(&key), key]);
            }
        }
        let own = [old.status(), old.changed(), new.status(), new.changed()];
        let keys: Vec<&[u8]> = own
            .iter()
            .map(String::as_bytes)
            .chain(pairs.iter().flatten().map(Vec::as_slice))
            .collect();
        let [old_count, new_count] = counts;
        let mut words = vec![generation.to_owned(), old_count, new_count];
        words.extend(["generation".to_owned(), new_generation()]);
        words.extend(["updated".to_owned(), now_ms().to_string()]);
        words.extend(["error", "", "failure", "", "notice", ""].map(str::to_owned));
        let reply = SWAP.run(store, &keys, words).await?;
        match reply::text(&reply).as_deref() {
            Some("done") => return Ok(()),
            Some("generation") => return Err(ProjectError::Cancelled { name: name.to_owned() }),
            Some("keys") => {}
            _ => return Err(StoreError::unexpected("a swap of another shape").into()),
        }
    }
    Err(StoreError::Changed.into())
}

async fn members(store: &EventStore, key: &str) -> Result<Vec<Vec<u8>>, ProjectError> {
    let mut command = redis::cmd("SCARD");
    command.arg(key);
    let reply = store.writes(key).send(&command).await.map_err(WriteError::into_cause)?;
    let count = reply::number(&reply).unwrap_or_default();
    if count > MOST_CHANGED_KEYS {
        let reason =
            format!("it names {count} keys; a projection changes at most {MOST_CHANGED_KEYS}");
        return Err(ProjectError::Stored { key: key.to_owned(), reason });
    }
    let mut command = redis::cmd("SMEMBERS");
    command.arg(key);
    let reply = store.writes(key).send(&command).await.map_err(WriteError::into_cause)?;
    match reply {
        Value::Array(members) | Value::Set(members) => {
            Ok(members.into_iter().filter_map(reply::bytes).collect())
        }
        _ => Err(StoreError::unexpected("keys of another shape").into()),
    }
}
