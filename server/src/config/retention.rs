//! How long the entries of streams are kept: the tables of `[[retention]]`.

use std::time::Duration;

use rewind_domain::glob::Glob;
use rewind_domain::operations::TrimTo;
use serde::{Deserialize, Deserializer, de};

use crate::commands::arguments::duration;

/// How often a policy can run at most: each time looks at all streams that it means.
const LEAST_EVERY: Duration = Duration::from_secs(1);
/// How seldom: what is kept in Redis of when it ran expires after this.
const MOST_EVERY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long the entries of some streams are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionPolicy {
    /// Of streams with keys of these patterns.
    pub streams: Vec<Glob>,
    /// What goes.
    pub by: TrimTo,
    /// How often it is looked.
    pub every: Duration,
    /// Whether what a group or a projection has not read and acknowledged stays whatever else is said.
    pub unless_unread: bool,
}

/// A policy as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    streams: Vec<Glob>,
    length: Option<u64>,
    older_than: Option<String>,
    #[serde(default)]
    acknowledged: bool,
    schedule: String,
    #[serde(default = "yes")]
    unless_unread: bool,
}

const fn yes() -> bool {
    true
}

impl<'de> Deserialize<'de> for RetentionPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let wrong = |message: &str| Err(de::Error::custom(message));
        if written.streams.is_empty() {
            return wrong("`streams` is empty; give at least one pattern, such as `events:*`");
        }
        let by = match (written.length, &written.older_than, written.acknowledged) {
            (Some(length), None, false) => TrimTo::Length(length),
            (None, Some(age), false) => {
                let age = duration(age)
                    .map_err(|why| de::Error::custom(format!("`older_than`: {why}")))?;
                TrimTo::OlderThanMs(u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
            }
            (None, None, true) => TrimTo::Acknowledged,
            _ => return wrong("give one of `length`, `older_than` and `acknowledged`"),
        };
        let Some(every) = written.schedule.strip_prefix("every ") else {
            return wrong("`schedule` must be like `every 1h`");
        };
        let every = duration(every.trim())
            .map_err(|why| de::Error::custom(format!("`schedule`: {why}")))?;
        if !(LEAST_EVERY..=MOST_EVERY).contains(&every) {
            return wrong("`schedule` must be from `every 1s` to `every 365d`");
        }
        Ok(Self { streams: written.streams, by, every, unless_unread: written.unless_unread })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RetentionPolicy, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn a_policy_says_what_goes_and_how_often() {
        let policy =
            read("streams = ['events:*']\nolder_than = '7d'\nschedule = 'every 1h'").unwrap();
        assert_eq!(policy.by, TrimTo::OlderThanMs(7 * 24 * 3_600_000));
        assert_eq!((policy.every.as_secs(), policy.unless_unread), (3_600, true));
        let policy =
            read("streams = ['a']\nlength = 5\nschedule = 'every 10s'\nunless_unread = false");
        assert!(!policy.unwrap().unless_unread);
        let policy = read("streams = ['a']\nacknowledged = true\nschedule = 'every 10s'").unwrap();
        assert_eq!(policy.by, TrimTo::Acknowledged);
    }

    #[test]
    fn what_is_no_policy_is_refused_with_what_would_be_one() {
        for (text, part) in [
            ("streams = []\nlength = 5\nschedule = 'every 1h'", "`streams`"),
            ("streams = ['a']\nschedule = 'every 1h'", "`older_than`"),
            ("streams = ['a']\nlength = 5\nacknowledged = true\nschedule = 'every 1h'", "one of"),
            ("streams = ['a']\nlength = 5\nschedule = '1h'", "`every 1h`"),
            ("streams = ['a']\nlength = 5\nschedule = 'every now'", "`schedule`"),
            ("streams = ['a']\nlength = 5\nschedule = 'every 1ms'", "`every 1s`"),
            ("streams = ['a']\nolder_than = 'old'\nschedule = 'every 1h'", "`older_than`"),
            ("streams = ['a']\nlength = 5\nschedule = 'every 1h'\nforce = true", "force"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
