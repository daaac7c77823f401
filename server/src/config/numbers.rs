//! The whole numbers of the configuration: each has a name and bounds, which hold wherever its value comes from.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Command, Error};
use rewind_domain::terminal::{Escaped, excerpt};

/// The most memory that one cache can be given, in MiB. It fits every machine that serves events, and a slip of the
/// keyboard is noticed.
const MAX_CACHE_MB: u32 = 16 * 1024;

/// How much of a wrong value an error repeats.
const SHOWN_BYTES: usize = 40;

/// A whole number of the configuration.
///
/// It parses the value of its option, wherever that comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    /// Its name in the file; with two dashes before it, the flag.
    pub name: &'static str,
    /// The least that it can be.
    pub min: u32,
    /// The most that it can be.
    pub max: u32,
}

/// More than a second is long for one event; a minute is the end of anybody's patience.
pub(super) const FOLD_EVENT_MS: Number = Number { name: "fold-event-ms", min: 1, max: 60_000 };
/// At most an hour: whoever asked has left by then.
pub(super) const FOLD_REPLAY_MS: Number = Number { name: "fold-replay-ms", min: 1, max: 3_600_000 };
/// An engine needs half a MiB for itself. Several run at the same time, so one cannot have all of a machine.
pub(super) const FOLD_MEMORY_MB: Number = Number { name: "fold-memory-mb", min: 2, max: 4_096 };
/// With less, hardly any script runs. The most is half of the 2 MiB of a thread, since the engine's own calls need the rest.
pub(super) const FOLD_STACK_KB: Number = Number { name: "fold-stack-kb", min: 64, max: 1_024 };
/// A state is read by people, and sent to browsers.
pub(super) const FOLD_STATE_MB: Number = Number { name: "fold-state-mb", min: 1, max: 1_024 };
/// 0 keeps none.
pub(super) const KEYFRAME_MB: Number = Number { name: "keyframe-mb", min: 0, max: MAX_CACHE_MB };
/// 0 keeps none.
pub(super) const INDEX_MB: Number = Number { name: "index-mb", min: 0, max: MAX_CACHE_MB };
/// Without any memory no aggregate in a topic could be read.
pub(super) const TOPIC_MB: Number = Number { name: "topic-mb", min: 1, max: MAX_CACHE_MB };
/// Each line needs a connection, of which one machine has at most some ten thousand.
pub(super) const MAX_VIEWERS: Number = Number { name: "max-viewers", min: 1, max: 100_000 };
/// As for all of them.
pub(super) const MAX_VIEWERS_PER_ADDRESS: Number =
    Number { name: "max-viewers-per-address", min: 1, max: 100_000 };
/// Each takes an open file, of which one process has at most some hundred thousand. Fewer than that leave no room to be kept.
pub(super) const MAX_CONNECTIONS: Number =
    Number { name: "max-connections", min: 16, max: 100_000 };
/// Each takes a thread, of which there are 512 for everything that computes.
pub(super) const MAX_FINDS: Number = Number { name: "max-finds", min: 1, max: 200 };
/// As for searches.
pub(super) const MAX_EXPORTS: Number = Number { name: "max-exports", min: 1, max: 200 };
/// More than Redis can answer.
pub(super) const SCAN_RATE: Number = Number { name: "scan-rate", min: 1, max: 10_000_000 };
/// More than Redis can send.
pub(super) const READ_RATE: Number = Number { name: "read-rate", min: 1, max: 10_000_000 };

/// A value is no whole number, or beyond the bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{origin} is `{given}`; give a whole number from {min} to {max}")]
pub(super) struct NumberError {
    origin: Origin,
    given: String,
    min: u32,
    max: u32,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Flag(&'static str),
    Environment(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "`--{name}`"),
            Self::Environment(name) => write!(f, "environment variable `{name}`"),
        }
    }
}

impl Number {
    /// Reads a text.
    fn read(self, text: &str) -> Option<u32> {
        text.parse().ok().filter(|number| (self.min..=self.max).contains(number))
    }

    fn error(self, origin: Origin, given: &str) -> NumberError {
        let given = Escaped(&excerpt(given, SHOWN_BYTES)).to_string();
        NumberError { origin, given, min: self.min, max: self.max }
    }
}

impl TypedValueParser for Number {
    type Value = u32;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<u32, Error> {
        self.parse_ref_(command, argument, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<u32, Error> {
        let value = value.to_string_lossy();
        if let Some(number) = self.read(&value) {
            return Ok(number);
        }
        let variable = argument.and_then(Arg::get_env).map(|name| name.to_string_lossy());
        let origin = match (source, variable) {
            (ValueSource::EnvVariable, Some(name)) => Origin::Environment(name.into_owned()),
            _ => Origin::Flag(self.name),
        };
        let message = format!("{}\n", self.error(origin, &value));
        Err(Error::raw(ErrorKind::ValueValidation, message).with_cmd(command))
    }
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::super::ServeOptions;
    use super::*;

    /// All of them.
    const ALL: [Number; 15] = [
        FOLD_EVENT_MS,
        FOLD_REPLAY_MS,
        FOLD_MEMORY_MB,
        FOLD_STACK_KB,
        FOLD_STATE_MB,
        KEYFRAME_MB,
        INDEX_MB,
        TOPIC_MB,
        MAX_VIEWERS,
        MAX_VIEWERS_PER_ADDRESS,
        MAX_CONNECTIONS,
        MAX_FINDS,
        MAX_EXPORTS,
        SCAN_RATE,
        READ_RATE,
    ];

    fn command() -> Command {
        ServeOptions::augment_args(Command::new("serve"))
    }

    fn given_as_flag(number: Number, value: &str) -> Result<ServeOptions, String> {
        let matches = command()
            .try_get_matches_from(["serve", &format!("--{}={value}", number.name)])
            .map_err(|error| error.to_string())?;
        Ok(ServeOptions::from_arg_matches(&matches).unwrap())
    }

    #[test]
    fn each_number_is_taken_within_its_bounds_and_refused_beyond_them() {
        for number in ALL {
            for value in [number.min, number.max] {
                assert!(given_as_flag(number, &value.to_string()).is_ok(), "{number:?}");
            }
            let below = i64::from(number.min) - 1;
            let above = i64::from(number.max) + 1;
            for value in [below, above, i64::from(u32::MAX) + 1, i64::MAX, i64::MIN] {
                let bounds = format!("from {} to {}", number.min, number.max);
                let flag = given_as_flag(number, &value.to_string()).err().unwrap();
                let named = format!("`--{}` is `{value}`", number.name);
                assert!(flag.contains(&named) && flag.contains(&bounds), "{flag}");
            }
        }
    }

    #[test]
    fn what_is_no_whole_number_is_refused() {
        for value in ["", "x", "1.5", "1e3", "0x10", " 7", "+", "1_000", "٣"] {
            assert!(given_as_flag(INDEX_MB, value).is_err(), "{value}");
        }
    }

    #[test]
    fn a_long_or_strange_value_is_cut_and_escaped() {
        let error = given_as_flag(INDEX_MB, &format!("\u{1b}[31m{}", "9".repeat(100_000)));
        let error = error.err().unwrap();
        assert!(error.len() < 1_000 && error.contains("\\u{1b}"), "{error}");
    }

    #[test]
    fn every_number_of_the_command_line_is_one_of_these_and_its_help_tells_its_bounds() {
        let command = command();
        for argument in command.get_arguments() {
            let Some(name) = argument.get_long() else { continue };
            let number = ALL.into_iter().find(|number| number.name == name);
            let takes = argument.get_value_names().unwrap_or_default();
            let is_numeric = ["MS", "MIB", "KIB", "COUNT", "ENTRIES", "KEYS"];
            let is_numeric = takes.iter().any(|name| is_numeric.contains(&name.as_str()));
            assert_eq!(number.is_some(), is_numeric, "{name}");
            if let Some(number) = number {
                let help = argument.get_help().unwrap().to_string();
                let bounds = format!("{} to {}", number.min, number.max);
                assert!(help.contains(&bounds), "{name}: {help}");
            }
        }
    }
}
