//! The commands that Rewind uses: what each is for, and what is lost without it.
//!
//! A user may be kept from a command, and a command may go by another name (`rename-command`). Either way the answer names the
//! command, what it would have told, and what would help; and what was refused is not asked for again for a while.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::StoreError;

/// How long a command that was refused is not asked for again: somebody who then allows it waits no longer than this.
const REFUSAL_HOLDS: Duration = Duration::from_secs(30);

/// A command that Rewind uses.
#[derive(Debug, PartialEq, Eq)]
pub struct Command {
    /// Its name, as people write it.
    pub name: &'static str,
    /// The ACL rule that allows it.
    pub rule: &'static str,
    /// What Rewind uses it for.
    pub purpose: &'static str,
    /// What is lost without it.
    pub without: &'static str,
    /// Whether nothing can be read without it.
    pub is_needed: bool,
}

const fn needed(
    name: &'static str,
    rule: &'static str,
    purpose: &'static str,
    without: &'static str,
) -> Command {
    Command { name, rule, purpose, without, is_needed: true }
}

const fn optional(
    name: &'static str,
    rule: &'static str,
    purpose: &'static str,
    without: &'static str,
) -> Command {
    Command { name, rule, purpose, without, is_needed: false }
}

/// All of them.
pub const COMMANDS: &[Command] = &[
    needed("XRANGE", "+xrange", "reading events", "no events can be read"),
    needed(
        "XREVRANGE",
        "+xrevrange",
        "reading the newest events first",
        "events can be read from the oldest on only",
    ),
    optional("INFO", "+info", "telling how Redis is", "how Redis is is not known"),
    optional(
        "XINFO STREAM",
        "+xinfo|stream",
        "telling how far a stream reaches and what was trimmed",
        "streams are looked at by `XLEN` and their first and last events, versions count what is there, and groups are not known",
    ),
    optional(
        "XLEN",
        "+xlen",
        "telling how long a stream is where `XINFO STREAM` is not allowed",
        "nothing is lost as long as `XINFO STREAM` is allowed",
    ),
    optional(
        "XREAD",
        "+xread",
        "being told at once what is added to streams",
        "watched streams are looked at a few times a second",
    ),
    optional(
        "XINFO GROUPS",
        "+xinfo|groups",
        "telling how far consumer groups are",
        "how far consumer groups are is not known",
    ),
    optional(
        "XPENDING",
        "+xpending",
        "telling which entries a group was given that no longer exist",
        "entries that a group was given and that no longer exist are not told from others",
    ),
    optional(
        "XINFO CONSUMERS",
        "+xinfo|consumers",
        "telling how long consumers are idle",
        "how long consumers are idle is not known",
    ),
    optional(
        "SCAN",
        "+scan",
        "finding streams",
        "streams are not listed and have to be named; categories cannot be watched or searched",
    ),
    optional(
        "DBSIZE",
        "+dbsize",
        "telling how many keys there are",
        "how far the search for streams is is not known",
    ),
    optional("PING", "+ping", "asking whether Redis is there", "another command serves"),
    optional(
        "TIME",
        "+time",
        "telling the time on the clock of Redis, which makes the ids of events",
        "the time is taken from `INFO`, else from the clock of Rewind's own machine, and what is new in categories comes a second later then",
    ),
    optional(
        "CLIENT TRACKING",
        "+client|tracking",
        "being told at once what changes in a category",
        "keyspace notifications serve where they are on; else streams are looked at in turns",
    ),
    optional(
        "CONFIG GET",
        "+config|get",
        "telling whether keyspace notifications are on where `CLIENT TRACKING` is not allowed",
        "nothing is lost as long as `CLIENT TRACKING` is allowed",
    ),
    optional(
        "PSUBSCRIBE",
        "+psubscribe",
        "hearing keyspace notifications where `CLIENT TRACKING` is not allowed",
        "nothing is lost as long as `CLIENT TRACKING` is allowed",
    ),
    optional(
        "CLUSTER INFO",
        "+cluster|info",
        "telling how many nodes a cluster has",
        "how many nodes a cluster has is not known",
    ),
    needed("SELECT", "+select", "reading another database than 0", "only database 0 can be read"),
];

impl Command {
    /// The command that a message of Redis means, such as `xinfo|stream` or `XINFO`.
    pub fn named(name: &str) -> Option<&'static Self> {
        let name = name.replace('|', " ").to_uppercase();
        let begins = |command: &&Self| command.name.split(' ').next() == Some(&name);
        COMMANDS
            .iter()
            .find(|command| command.name == name)
            .or_else(|| COMMANDS.iter().find(begins))
    }
}

/// What was refused lately.
#[derive(Default)]
pub(super) struct Refusals {
    by_command: Mutex<HashMap<&'static str, Refusal>>,
}

struct Refusal {
    at: Instant,
    error: StoreError,
}

impl Refusals {
    /// Takes note where an error is the refusal of a command; says whether it is that of this one.
    pub(super) fn note(&self, error: &StoreError, name: &str) -> bool {
        let StoreError::CommandRefused { command, .. } = error else { return false };
        let Some(command) = Command::named(command) else { return false };
        let refusal = Refusal { at: Instant::now(), error: error.clone() };
        if self.by_command().insert(command.name, refusal).is_none() {
            tracing::warn!(%error, without = command.without, "Redis refuses a command");
        }
        command.name == name
    }

    /// Whether this command was refused a moment ago, so that it is not asked for again yet.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_command().get(name).is_some_and(|refusal| refusal.at.elapsed() < REFUSAL_HOLDS)
    }

    /// How this command was refused lately. Goes on for a while after it may be asked for again, since nobody may do so at once.
    pub(super) fn of(&self, name: &str) -> Option<StoreError> {
        let by_command = self.by_command();
        let refusal = by_command.get(name)?;
        (refusal.at.elapsed() < 2 * REFUSAL_HOLDS).then(|| refusal.error.clone())
    }

    fn by_command(&self) -> MutexGuard<'_, HashMap<&'static str, Refusal>> {
        // Nothing panics while it is locked.
        self.by_command.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_the_names_that_redis_gives_them() {
        for (text, name) in [
            ("xinfo|stream", "XINFO STREAM"),
            ("XINFO", "XINFO STREAM"),
            ("xinfo|groups", "XINFO GROUPS"),
            ("client|tracking", "CLIENT TRACKING"),
            ("scan", "SCAN"),
        ] {
            assert_eq!(Command::named(text).map(|command| command.name), Some(name), "{text}");
        }
        assert_eq!(Command::named("flushall"), None);
    }

    #[test]
    fn each_rule_is_that_of_its_command() {
        for command in COMMANDS {
            let rule = format!("+{}", command.name.to_lowercase().replace(' ', "|"));
            assert_eq!(command.rule, rule);
            assert_eq!(Command::named(command.name), Some(command));
        }
    }

    #[test]
    fn what_was_refused_is_remembered_by_its_command() {
        let refusals = Refusals::default();
        let error =
            StoreError::CommandRefused { command: "xinfo|stream".into(), is_unknown: false };
        assert!(!refusals.has("XINFO STREAM"));
        assert!(refusals.note(&error, "XINFO STREAM") && refusals.has("XINFO STREAM"));
        assert!(!refusals.note(&error, "TIME") && !refusals.has("TIME"));
        assert!(!refusals.note(&StoreError::NotFound, "XINFO STREAM"));
    }
}
