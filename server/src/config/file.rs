//! The configuration file: options, named as the flags of `rewind serve` are, and the rules that only it has.
//!
//! An option of the file becomes an argument of the command line, so that it is declared, read and checked in one place. `[relations]`
//! with `id` is the same as `relations-id`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args as _, Command};
use rewind_codec::DecoderRule;
use rewind_domain::caller::Grant;
use serde::{Deserialize, Deserializer, de};
use toml::{Table, Value};

use super::{ConfigError, RetentionPolicy, ServeOptions};
use crate::topics::TopicRule;

/// What only the file can say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Rules {
    /// What payloads of which streams are, where they are no JSON text.
    pub(super) decoders: Vec<DecoderRule>,
    /// Which streams have the events of many aggregates, each to be looked at like a stream of its own.
    pub(super) topics: Vec<TopicRule>,
    /// What callers may do on some streams: the tables of `[[allow]]`. A list of texts under the same name is the option.
    #[serde(rename = "allow", deserialize_with = "grants")]
    pub(super) grants: Vec<Grant>,
    /// How long the entries of which streams are kept.
    pub(super) retention: Vec<RetentionPolicy>,
}

fn grants<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Grant>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if !is_rules(&value) {
        return Ok(Vec::new());
    }
    let grants = Vec::<Grant>::deserialize(value).map_err(de::Error::custom)?;
    let everywhere =
        grants.iter().flat_map(|grant| &grant.can).find(|permission| !permission.is_of_streams());
    match everywhere {
        Some(permission) => Err(de::Error::custom(format!(
            "`{0}` cannot be given on some streams only; give it with `--allow {0}`",
            permission.name()
        ))),
        None => Ok(grants),
    }
}

/// Whether a value is a list of rules: tables, and nothing else.
fn is_rules(value: &Value) -> bool {
    value.as_array().is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_table))
}

/// Why a command line with its file cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum ArgumentError {
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    CommandLine(#[from] clap::Error),
    /// The file is wrong.
    #[error(transparent)]
    File(#[from] ConfigError),
}

/// Reads a command line and the configuration file that it, or the environment, names. Flags win over the environment, which wins
/// over the file.
///
/// # Errors
/// If either is wrong.
pub fn matches(command: &Command, arguments: &[OsString]) -> Result<ArgMatches, ArgumentError> {
    let given = command.clone().try_get_matches_from(arguments)?;
    // Commands may have commands of their own; the innermost one has the options.
    let (mut inner, mut taken, mut at) = (&given, command, 1);
    while let Some((name, matches)) = inner.subcommand() {
        let Some(found) = taken.find_subcommand(name) else { break };
        (inner, taken) = (matches, found);
        let ahead = arguments.iter().skip(at).position(|argument| argument == name);
        at += ahead.map_or(0, |ahead| ahead + 1);
    }
    let file = inner.try_get_one::<PathBuf>("config").ok().flatten();
    let Some(file) = file else { return Ok(given) };
    let added = read(file)?.into_iter().filter(|option| option.is_wanted(taken, inner));
    let added: Vec<OsString> = added.flat_map(|option| option.arguments).collect();
    let (before, after) = arguments.split_at(at.min(arguments.len()));
    let all = before.iter().chain(&added).chain(after);
    Ok(command.clone().try_get_matches_from(all)?)
}

/// Reads the rules of a file.
///
/// # Errors
/// If it cannot be read, or a rule has another form.
pub(super) fn rules(path: &Path) -> Result<Rules, ConfigError> {
    let text = text(path)?;
    toml::from_str(&text).map_err(|error| malformed(path, &text, &error))
}

/// An option of the file.
struct FileOption {
    /// The name of its flag, without the dashes.
    name: String,
    /// How it is written on the command line.
    arguments: Vec<OsString>,
}

impl FileOption {
    /// Whether the command has this option, and neither its flag nor its variable is given.
    fn is_wanted(&self, command: &Command, given: &ArgMatches) -> bool {
        let source = argument(command, &self.name)
            .map(|argument| given.value_source(argument.get_id().as_str()));
        source.is_some_and(|source| matches!(source, None | Some(ValueSource::DefaultValue)))
    }
}

/// The option with this flag, or one that means the same.
fn argument<'a>(command: &'a Command, name: &str) -> Option<&'a clap::Arg> {
    command.get_arguments().find(|argument| {
        argument.get_long() == Some(name)
            || argument.get_all_aliases().is_some_and(|aliases| aliases.contains(&name))
    })
}

/// Whether names of options begin with this one.
fn is_group(command: &Command, name: &str) -> bool {
    let names = command.get_arguments().flat_map(|argument| {
        argument.get_long().into_iter().chain(argument.get_all_aliases().into_iter().flatten())
    });
    names.filter_map(|option| option.strip_prefix(name)).any(|rest| rest.starts_with('-'))
}

/// Reads the options of a file.
fn read(path: &Path) -> Result<Vec<FileOption>, ConfigError> {
    let text = text(path)?;
    let mut table: Table = text.parse().map_err(|error| malformed(path, &text, &error))?;
    table.retain(|name, value| match name {
        "decoders" | "retention" | "topics" => false,
        "allow" => !is_rules(value),
        _ => true,
    });
    let command = ServeOptions::augment_args(Command::new("serve").no_binary_name(true));
    let wrong = |message: String| ConfigError::Malformed { path: path.to_owned(), message };
    let mut options = Vec::new();
    for (name, value) in flattened(table) {
        let Some(argument) = argument(&command, &name).filter(|_| name != "config") else {
            if value.as_table().is_some_and(Table::is_empty) && is_group(&command, &name) {
                continue;
            }
            return Err(wrong(format!("there is no option `{name}`")));
        };
        let arguments = match (argument.get_action(), &value) {
            (ArgAction::SetTrue, Value::Boolean(true)) => vec![format!("--{name}").into()],
            (ArgAction::SetTrue, Value::Boolean(false)) => Vec::new(),
            (ArgAction::SetTrue, _) => {
                return Err(wrong(format!("`{name}` is neither `true` nor `false`")));
            }
            _ => match texts(&value) {
                None => return Err(wrong(format!("`{name}` has a table in it"))),
                // An option that has a word for nothing means that by an empty list.
                Some(texts) if texts.is_empty() && has_none(argument) => {
                    vec![format!("--{name}={NONE}").into()]
                }
                Some(texts) => texts.iter().map(|text| format!("--{name}={text}").into()).collect(),
            },
        };
        command.clone().try_get_matches_from(&arguments).map_err(|error| {
            wrong(reason(&error.to_string()).replace(&format!("`--{name}"), &format!("`{name}")))
        })?;
        options.push(FileOption { name, arguments });
    }
    Ok(options)
}

/// The options in a table and in those within it, whose names go before theirs.
fn flattened(table: Table) -> Vec<(String, Value)> {
    let flat = |(name, value)| match value {
        // An empty one is looked at by its own name.
        Value::Table(inner) if !inner.is_empty() => flattened(inner)
            .into_iter()
            .map(|(inner, value)| (format!("{name}-{inner}"), value))
            .collect(),
        value => vec![(name, value)],
    };
    table.into_iter().flat_map(flat).collect()
}

/// The word for nothing, of options that have one.
const NONE: &str = "none";

fn has_none(argument: &clap::Arg) -> bool {
    argument.get_possible_values().iter().any(|value| value.get_name() == NONE)
}

/// How a value is written on the command line; `None` if there is a table in it.
fn texts(value: &Value) -> Option<Vec<String>> {
    Some(match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => {
            values.iter().map(texts).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
        }
        // With its decimal point: it is no whole number.
        Value::Float(number) => vec![format!("{number:?}")],
        Value::Integer(number) => vec![number.to_string()],
        Value::Boolean(is_so) => vec![is_so.to_string()],
        Value::Datetime(time) => vec![time.to_string()],
        Value::Table(_) => return None,
    })
}

/// The sentence in an error of the command line, without what stands around it there.
fn reason(error: &str) -> String {
    let sentence = error.strip_prefix("error: ").unwrap_or(error);
    sentence.split("\n\n").next().unwrap_or_default().trim().to_owned()
}

fn text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError::Malformed {
        path: path.to_owned(),
        // The full message quotes the line, which may hold the password.
        message: match error.span() {
            Some(span) => {
                let line = text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
                format!("line {line}: {}", error.message())
            }
            None => error.message().to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use clap::FromArgMatches as _;

    use rewind_domain::caller::Permission;

    use super::super::AccessConfig;
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn with(toml: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join("rewind.toml"), toml).unwrap();
            Self(folder)
        }

        fn options(&self, flags: &[&str]) -> Result<ServeOptions, String> {
            let path = self.0.path().join("rewind.toml");
            let config = format!("--config={}", path.display());
            let arguments: Vec<OsString> =
                ["rewind", &config].iter().chain(flags).map(OsString::from).collect();
            let command = ServeOptions::augment_args(Command::new("rewind"));
            let matches = matches(&command, &arguments).map_err(|error| error.to_string())?;
            Ok(ServeOptions::from_arg_matches(&matches).unwrap())
        }

        fn error(&self) -> String {
            let resolved = self
                .options(&[])
                .and_then(|options| options.resolve().map(drop).map_err(|error| error.to_string()));
            resolved.unwrap_err()
        }
    }

    #[test]
    fn what_is_given_wins_over_the_file() {
        let folder = Folder::with(
            "redis-url = 'redis://file'\nlisten = '127.0.0.1:1'\nallow-host = ['a', 'b']\nindex-mb = 7",
        );
        let options = folder.options(&["--redis-url", "redis://flag"]).unwrap();
        let config = options.resolve().unwrap();
        assert_eq!(config.redis_url.to_string(), "redis://flag:6379/0");
        assert_eq!(config.listen.port(), 1);
        assert_eq!(config.allow_host, ["a", "b"]);
        assert_eq!(config.index_bytes, 7 << 20);
        let options = folder.options(&["--allow-host", "c"]).unwrap();
        assert_eq!(options.resolve().unwrap().allow_host, ["c"]);
    }

    #[test]
    fn a_table_is_the_first_part_of_the_names_in_it() {
        let folder = Folder::with("[relations]\nid = ['z']\nstreams = ['audit', 'aggregate:*']");
        let config = folder.options(&[]).unwrap().resolve().unwrap().relations;
        let texts: Vec<_> = config.streams.iter().map(ToString::to_string).collect();
        assert_eq!(
            (config.names.id, texts),
            (vec!["z".into()], vec!["audit".into(), "aggregate:*".into()])
        );
    }

    #[test]
    fn a_table_that_has_no_place_is_refused() {
        for table in ["allow-host = [{ x = 'y' }, 'a.example']", "relation-id = [{ name = 'z' }]"] {
            let error = Folder::with(table).error();
            assert!(error.contains("has a table in it"), "{error}");
        }
        assert!(Folder::with("[relations]").options(&[]).is_ok());
    }

    #[test]
    fn an_empty_list_of_what_is_allowed_allows_nothing() {
        let config = Folder::with("allow = []").options(&[]).unwrap().resolve().unwrap();
        assert_eq!(config.access.permissions, []);
        let config = Folder::with("allow-host = []").options(&[]).unwrap().resolve().unwrap();
        assert!(config.allow_host.is_empty());
    }

    #[test]
    fn permissions_are_given_on_all_streams_or_on_some() {
        let rules = "[[allow]]\nstreams = ['events:*']\ncan = ['publish', 'trim']\n";
        let config = Folder::with(rules).options(&[]).unwrap().resolve().unwrap().access;
        assert_eq!(config.permissions, AccessConfig::default().permissions);
        let grant = &config.grants[0];
        assert!(grant.gives(Permission::Trim, &"events:orders".into()));
        assert!(!grant.gives(Permission::Trim, &"orders".into()));
        let config = Folder::with("allow = ['trim']").options(&[]).unwrap().resolve().unwrap();
        assert_eq!((config.access.permissions.len(), config.access.grants.len()), (1, 0));
        for wrong in ["can = ['fly']", "can = ['folds']", "can = 'trim'", "may = ['trim']"] {
            let error = Folder::with(&format!("[[allow]]\nstreams = ['a']\n{wrong}")).error();
            assert!(error.contains("rewind.toml"), "{error}");
        }
    }

    #[test]
    fn switches_are_true_or_false() {
        let listen = "listen = '0.0.0.0:1'\n";
        let allowed = Folder::with(&format!("{listen}allow-remote = true"));
        assert!(allowed.options(&[]).unwrap().resolve().is_ok());
        let refused = Folder::with(&format!("{listen}allow-remote = false")).error();
        assert!(refused.contains("`--allow-remote`"), "{refused}");
        let neither = Folder::with("allow-remote = 'yes'").error();
        assert!(neither.contains("`allow-remote`") && neither.contains("`true`"), "{neither}");
    }

    #[test]
    fn a_mistake_in_the_file_is_named_by_its_line_and_not_quoted() {
        let error = Folder::with("listen = '127.0.0.1:1'\nredis-url = 's3cret' oops\n").error();
        assert!(error.contains("line 2") && !error.contains("s3cret"), "{error}");
        let url = Folder::with("redis-url = 'http://:s3cret@host'").error();
        assert!(!url.contains("s3cret"), "{url}");
        let unknown =
            ["lisen = '127.0.0.1:1'\n", "[relations]\nlisen = 1", "config = 'a'", "[lisen]"];
        for unknown in unknown {
            let error = Folder::with(unknown).error();
            assert!(error.contains("rewind.toml`: there is no option `"), "{error}");
        }
    }

    #[test]
    fn a_number_beyond_its_bounds_is_named_with_the_file() {
        for value in ["-1", "16385", "1.5", "1e1", "'x'", "true", "[1, 2]", "nan"] {
            let error = Folder::with(&format!("index-mb = {value}")).error();
            assert!(error.contains("rewind.toml`: "), "{error}");
            assert!(error.contains("index-mb") && !error.contains("\n\n"), "{error}");
        }
        let error = Folder::with("index-mb = 16385").error();
        assert!(
            error.ends_with("`index-mb` is `16385`; give a whole number from 0 to 16384"),
            "{error}"
        );
    }

    #[test]
    fn a_rule_that_cannot_be_followed_is_named_with_its_file() {
        let rule = "[[decoders]]\nstream = 'events:*'\nas = 'avro'\nschema = 'order.avsc'\n";
        let folder = Folder::with(rule);
        let missing = folder.error();
        assert!(
            missing.contains("rewind.toml`: decoder rule 1: `") && missing.contains("order.avsc"),
            "{missing}"
        );
        // Files are looked for beside the configuration.
        std::fs::write(folder.0.path().join("order.avsc"), "\"long\"").unwrap();
        assert!(folder.options(&[]).unwrap().resolve().is_ok());
    }

    #[test]
    fn topics_are_read_and_wrong_ones_are_named() {
        let rule = "[[topics]]\ntype = 'Order'\nstream = 'events:orders'\nby = 'data.order_id'\n";
        let config = Folder::with(rule).options(&[]).unwrap().resolve().unwrap();
        assert_eq!(config.topics.len(), 1);
        let error = Folder::with(&rule.replace("data.", "")).error();
        assert!(error.contains("topic rule 1: `by` is `order_id`"), "{error}");
        let unknown = Folder::with(&format!("{rule}from = 'x'")).error();
        assert!(unknown.contains("line 5") && unknown.contains("from"), "{unknown}");
    }
}
