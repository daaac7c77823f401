//! How a projection is: a hash in Redis, which anybody can read.

use std::time::Duration;

use redis::Value;
use rewind_domain::{EntryId, StreamKey};

use super::lease::LEASE;
use super::position::{checkpoint_command, checkpoint_id};
use super::reducer::check_size;
use super::{Failure, Keys, ProjectError};
use crate::write::Script;
use crate::{EventStore, Store, StoreError, WriteError, reply};

/// What a projection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It handles what there is.
    CatchingUp,
    /// It has handled everything, and waits for more.
    Following,
    /// It stopped at an error.
    Failed,
    /// Nobody runs it.
    Stopped,
}

/// How long a status may be old before whoever wrote it has to be taken for gone.
const STATUS_HOLDS: Duration = Duration::from_secs(2 * LEASE.as_secs());

/// How a projection is, as the hash `projection:{name}:status` says.
///
/// | field | |
/// |---|---|
/// | `name` | its name |
/// | `streams` | a JSON list of its streams |
/// | `kind` | `state`, `table` or `changes` |
/// | `activity` | `catching_up`, `following`, `failed` or `stopped` |
/// | `checkpoint` | the last id whose event is in the state; of several streams the lowest |
/// | `lag` | how many events are behind it; empty where that is not known |
/// | `rate` | events per second lately |
/// | `events` | how many it handled since it began |
/// | `missed` | how many were trimmed or deleted before they could be read |
/// | `error` | why it stopped, in words; empty where it did not |
/// | `failure` | the same as JSON, with the event, the line and the column, where a handler failed |
/// | `notice` | what is odd about it, in words |
/// | `runner` | who runs it |
/// | `updated` | when this was written, in Unix milliseconds |
/// | `generation` | changes with each reset and rebuild |
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// Its name.
    pub name: String,
    /// Its streams. None are known of one that another program keeps.
    pub streams: Vec<StreamKey>,
    /// `state`, `table` or `changes`; empty where it is not known.
    pub kind: String,
    /// What it is doing.
    pub activity: Activity,
    /// The last event that is in the state. Of several streams the lowest.
    pub checkpoint: Option<EntryId>,
    /// How many events are behind that, where it is known.
    pub lag: Option<u64>,
    /// Events per second lately.
    pub rate: f64,
    /// How many events were handled since it began.
    pub events: u64,
    /// How many were gone before they could be read.
    pub missed: u64,
    /// Why it stopped.
    pub error: Option<String>,
    /// At which event, where a handler failed.
    pub failure: Option<Failure>,
    /// What is odd about it.
    pub notice: Option<String>,
    /// Who runs it.
    pub runner: Option<String>,
    /// When this was written, in Unix milliseconds.
    pub updated_ms: u64,
    /// How the rebuild is that is under way beside it.
    pub rebuild: Option<Box<Status>>,
}

/// The fields of the status, but for the checkpoint, which is a key of its own.
const FIELDS: [&str; 14] = [
    "name",
    "streams",
    "kind",
    "activity",
    "lag",
    "rate",
    "events",
    "missed",
    "error",
    "failure",
    "notice",
    "runner",
    "updated",
    "generation",
];

static NOTE: Script = Script::needing(
    "+evalsha +eval +hget +hset",
    "if (redis.call('HGET', KEYS[1], 'generation') or '') ~= ARGV[1] then return 0 end
     redis.call('HSET', KEYS[1], unpack(ARGV, 2))
     return 1",
);

impl Status {
    /// Whether whoever wrote this has to be taken for gone, though it does not say so: a runner that was killed writes nothing.
    #[must_use]
    pub fn is_abandoned(&self, now_ms: u64) -> bool {
        let is_run = matches!(self.activity, Activity::CatchingUp | Activity::Following);
        let age = Duration::from_millis(now_ms.saturating_sub(self.updated_ms));
        is_run && self.runner.is_some() && age > STATUS_HOLDS
    }
}

impl Activity {
    /// Its name in the status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CatchingUp => "catching_up",
            Self::Following => "following",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    fn of(name: &str) -> Self {
        [Self::CatchingUp, Self::Following, Self::Failed]
            .into_iter()
            .find(|activity| activity.name() == name)
            .unwrap_or(Self::Stopped)
    }
}

impl Store {
    /// How a projection is; `None` where there is none of that name.
    ///
    /// # Errors
    /// If Redis cannot be read.
    pub async fn projection(&self, name: &str) -> Result<Option<Status>, StoreError> {
        let Some(mut status) = self.status_of(&Keys::of(name)).await? else { return Ok(None) };
        status.rebuild = self.status_of(&Keys::beside(name)).await?.map(Box::new);
        Ok(Some(status))
    }

    /// The state of a fold as JSON, or a row of a table where `key` names one; `None` where there is none.
    ///
    /// # Errors
    /// If Redis cannot be read.
    pub async fn projected(
        &self,
        name: &str,
        key: Option<&str>,
    ) -> Result<Option<String>, StoreError> {
        let keys = Keys::of(name);
        let ([length, value], of, member) = match key {
            None => (["STRLEN", "GET"], keys.state(), None),
            Some(key) => (["HSTRLEN", "HGET"], keys.rows(), Some(key)),
        };
        let mut pipeline = redis::pipe();
        pipeline.cmd(length).arg(&of).arg(member);
        let bytes = reply::number(&self.single(of.as_bytes(), &pipeline).await?);
        check_size(&of, bytes.unwrap_or_default())?;
        let mut pipeline = redis::pipe();
        pipeline.cmd(value).arg(&of).arg(member);
        Ok(reply::text(&self.single(of.as_bytes(), &pipeline).await?))
    }

    /// The names of all projections whose checkpoint or status is in this database, whoever keeps them, in order.
    ///
    /// # Errors
    /// If Redis cannot be read.
    pub async fn projections(&self) -> Result<Vec<String>, StoreError> {
        let mut names = std::collections::BTreeSet::new();
        let (mut nodes, mut cursor) = (self.shared.nodes.all().iter(), 0);
        let mut node = nodes.next();
        while let Some(at) = node {
            self.shared.scan_pace.turn(SCAN_COUNT).await;
            let mut pipeline = redis::pipe();
            pipeline
                .cmd("SCAN")
                .arg(cursor)
                .arg("MATCH")
                .arg("projection:*")
                .arg("COUNT")
                .arg(SCAN_COUNT);
            let (next, keys) = reply::scan(self.single_on(at, &pipeline).await?)?;
            names.extend(keys.iter().filter_map(|key| name_of(key)));
            cursor = next;
            if cursor == 0 {
                node = nodes.next();
            }
        }
        Ok(names.into_iter().collect())
    }

    async fn status_of(&self, keys: &Keys) -> Result<Option<Status>, StoreError> {
        let (status, checkpoint) = (keys.status(), keys.checkpoint());
        let asked = [
            (status.as_bytes(), redis::cmd("HMGET").arg(&status).arg(&FIELDS).take()),
            (checkpoint.as_bytes(), checkpoint_command(&checkpoint)),
        ];
        let replies = self.run_each(&asked).await?;
        let replies: Vec<Value> =
            replies.into_iter().collect::<Result<_, _>>().map_err(|error| self.error(&error))?;
        let Ok([fields, checkpoint]) = <[Value; 2]>::try_from(replies) else {
            return Err(StoreError::unexpected("a status of another shape"));
        };
        let Value::Array(values) = fields else {
            return Err(StoreError::unexpected("a status that is no hash"));
        };
        let checkpoint = reply::bytes(checkpoint).filter(|text| !text.is_empty());
        if checkpoint.is_none() && values.iter().all(|value| *value == Value::Nil) {
            return Ok(None);
        }
        let text = |name: &str| {
            let value = FIELDS.iter().zip(&values).find(|(field, _)| **field == name);
            value.and_then(|(_, value)| reply::text(value)).filter(|text| !text.is_empty())
        };
        let number = |name: &str| text(name).and_then(|text| text.parse::<u64>().ok());
        let streams = text("streams").and_then(|text| serde_json::from_str(&text).ok());
        Ok(Some(Status {
            name: keys.name().to_owned(),
            streams: streams.unwrap_or_default(),
            kind: text("kind").unwrap_or_default(),
            activity: Activity::of(&text("activity").unwrap_or_default()),
            checkpoint: checkpoint.and_then(|id| checkpoint_id(&id)),
            lag: number("lag"),
            rate: text("rate").and_then(|rate| rate.parse().ok()).unwrap_or_default(),
            events: number("events").unwrap_or_default(),
            missed: number("missed").unwrap_or_default(),
            error: text("error"),
            failure: text("failure").and_then(|text| serde_json::from_str(&text).ok()),
            notice: text("notice"),
            runner: text("runner"),
            updated_ms: number("updated").unwrap_or_default(),
            rebuild: None,
        }))
    }
}

/// How many keys one step of looking for projections goes over: a fraction of a millisecond of Redis's time.
const SCAN_COUNT: u64 = 1_000;

/// The name in `projection:{name}:checkpoint` or `projection:{name}:status`.
fn name_of(key: &[u8]) -> Option<String> {
    let key = std::str::from_utf8(key).ok()?.strip_prefix("projection:")?;
    let name = key.strip_suffix(":checkpoint").or_else(|| key.strip_suffix(":status"))?;
    let is_rebuild = name.ends_with(":next");
    (!name.is_empty() && !is_rebuild).then(|| name.to_owned())
}

/// Writes fields of the status, unless the projection was reset or rebuilt meanwhile. Whether it did.
pub(crate) async fn note(
    store: &EventStore,
    keys: &Keys,
    generation: &str,
    fields: &[(&'static str, String)],
) -> Result<bool, WriteError> {
    let mut words = vec![generation.to_owned()];
    for (name, value) in fields {
        words.extend([(*name).to_owned(), value.clone()]);
    }
    let reply = NOTE.run(store, &[keys.status().as_bytes()], words).await?;
    Ok(reply == Value::Int(1))
}

/// What an error adds to the status.
pub(crate) fn error_fields(error: Option<&ProjectError>) -> [(&'static str, String); 2] {
    let failure = match error {
        Some(ProjectError::Failed(failure)) => serde_json::to_string(failure).unwrap_or_default(),
        _ => String::new(),
    };
    let text = error.map(ToString::to_string).unwrap_or_default();
    [("error", text), ("failure", failure)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_runner_that_should_write_is_missed() {
        let holds_ms = 20_000;
        let status = |activity, runner: Option<&str>| Status {
            name: "order-stats".to_owned(),
            streams: Vec::new(),
            kind: "state".to_owned(),
            activity,
            checkpoint: None,
            lag: None,
            rate: 0.0,
            events: 0,
            missed: 0,
            error: None,
            failure: None,
            notice: None,
            runner: runner.map(str::to_owned),
            updated_ms: 1_000,
            rebuild: None,
        };
        let following = status(Activity::Following, Some("a"));
        assert!(!following.is_abandoned(1_000 + holds_ms));
        assert!(following.is_abandoned(1_001 + holds_ms));
        // Clocks differ.
        assert!(!following.is_abandoned(0));
        for quiet in [
            status(Activity::Stopped, Some("a")),
            status(Activity::Failed, Some("a")),
            status(Activity::Following, None),
        ] {
            assert!(!quiet.is_abandoned(u64::MAX));
        }
    }
}
