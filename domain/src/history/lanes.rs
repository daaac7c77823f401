//! Lanes: when the fields of a state that take few values, such as a status, had which.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{Change, ChangeKind, Json, Pointer};

/// A field with more values than that is none that takes few.
const MAX_VALUES: usize = 8;
/// A longer text is no value that others share.
const MAX_TEXT_CHARS: usize = 40;
/// How many fields are followed: what is beyond that is data, not structure.
const MAX_FOLLOWED: usize = 256;
/// How many values a field may have one after the other. One that changes more often draws no lane.
const MAX_RUNS: usize = 1_000;
/// How many lanes there are.
const MAX_LANES: usize = 6;
/// What fields are called that say where something stands.
const STANDING: [&str; 5] = ["status", "state", "phase", "stage", "outcome"];

/// A field, and the values that it had one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lane {
    /// The field.
    pub path: Pointer,
    /// Its values, ascending by version.
    pub runs: Vec<Run>,
}

/// A value that a field had for a while, until the next one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Run {
    /// The version that set it.
    pub from_version: u64,
    /// When, in Unix milliseconds.
    pub from_ms: i64,
    /// The value; `None` if the field was removed.
    pub value: Option<Json>,
}

/// Finds lanes by looking at the changes of each version.
#[derive(Clone, Debug, Default)]
pub struct Lanes {
    followed: HashMap<Pointer, Vec<Run>>,
    given_up: HashSet<Pointer>,
}

impl Lanes {
    /// Takes in what a version changed.
    pub fn note(&mut self, version: u64, timestamp_ms: i64, changes: &[Change]) {
        for change in changes.iter().filter(|change| !is_in_array(&change.path)) {
            if change.op != ChangeKind::Add {
                self.forget_inside(version, timestamp_ms, &change.path);
            }
            match &change.new {
                Some(new) => self.set(version, timestamp_ms, &change.path, new),
                None => self.put(version, timestamp_ms, &change.path, None),
            }
        }
    }

    /// The lanes worth drawing, those first that say where things stand.
    pub fn finish(self) -> Vec<Lane> {
        let mut lanes: Vec<(usize, Lane)> = self
            .followed
            .into_iter()
            .map(|(path, runs)| (values(&runs), Lane { path, runs }))
            .filter(|(values, _)| *values > 1)
            .collect();
        lanes.sort_by(|(a_values, a), (b_values, b)| {
            let rank = |lane: &Lane| {
                let name = lane.path.split_last().map(|(_, name)| name.to_lowercase());
                !name.is_some_and(|name| STANDING.iter().any(|standing| name.ends_with(standing)))
            };
            (rank(a), a_values, &a.path).cmp(&(rank(b), b_values, &b.path))
        });
        lanes.truncate(MAX_LANES);
        lanes.into_iter().map(|(_, lane)| lane).collect()
    }

    fn set(&mut self, version: u64, timestamp_ms: i64, path: &Pointer, value: &Json) {
        match value {
            Json::Object(members) => {
                for (key, member) in members.iter() {
                    self.set(version, timestamp_ms, &path.key(key), member);
                }
            }
            Json::Array(_) => {}
            Json::Bool(_) | Json::Null => {
                self.put(version, timestamp_ms, path, Some(value.clone()));
            }
            Json::String(text) if text.chars().nth(MAX_TEXT_CHARS).is_none() => {
                self.put(version, timestamp_ms, path, Some(value.clone()));
            }
            Json::String(_) | Json::Number(_) => self.give_up(path),
        }
    }

    fn put(&mut self, version: u64, timestamp_ms: i64, path: &Pointer, value: Option<Json>) {
        if self.given_up.contains(path) {
            return;
        }
        if !self.followed.contains_key(path) {
            if value.is_none() || self.followed.len() >= MAX_FOLLOWED {
                return;
            }
            self.followed.insert(path.clone(), Vec::new());
        }
        let Some(runs) = self.followed.get_mut(path) else { return };
        if runs.last().is_none_or(|run| run.value != value) {
            runs.push(Run { from_version: version, from_ms: timestamp_ms, value });
        }
        if runs.len() > MAX_RUNS || (runs.len() > MAX_VALUES && values(runs) > MAX_VALUES) {
            self.give_up(path);
        }
    }

    /// What was in a value that is another one now, or none, is gone.
    fn forget_inside(&mut self, version: u64, timestamp_ms: i64, path: &Pointer) {
        let prefix = format!("{path}/");
        for (inside, runs) in &mut self.followed {
            let is_inside = inside.as_str().starts_with(&prefix);
            if is_inside && runs.last().is_some_and(|run| run.value.is_some()) {
                runs.push(Run { from_version: version, from_ms: timestamp_ms, value: None });
            }
        }
    }

    fn give_up(&mut self, path: &Pointer) {
        self.followed.remove(path);
        if self.given_up.len() < 4 * MAX_FOLLOWED {
            self.given_up.insert(path.clone());
        }
    }
}

/// Whether a path leads through an array, or what may be one: positions are no fields.
fn is_in_array(path: &Pointer) -> bool {
    path.tokens().any(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit()))
}

fn values(runs: &[Run]) -> usize {
    let mut values: Vec<&Json> = Vec::new();
    for value in runs.iter().filter_map(|run| run.value.as_ref()) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;

    fn lanes(states: &[&str]) -> Vec<String> {
        let states: Vec<Json> = states.iter().map(|text| Json::parse(text).unwrap()).collect();
        let mut lanes = Lanes::default();
        for (version, pair) in (1..).zip(states.windows(2)) {
            lanes.note(version, 1_000, &diff(&pair[0], &pair[1]));
        }
        let shown = |run: &Run| {
            let value = run.value.as_ref().map_or("-".to_owned(), Json::to_string);
            format!("{}:{value}", run.from_version)
        };
        lanes
            .finish()
            .iter()
            .map(|lane| {
                let runs: Vec<String> = lane.runs.iter().map(shown).collect();
                format!("{} {}", lane.path, runs.join(" "))
            })
            .collect()
    }

    #[test]
    fn fields_that_take_few_values_make_lanes() {
        let states = [
            "{}",
            r#"{"status":"open","vip":false,"name":"Ada","total":1}"#,
            r#"{"status":"paid","vip":false,"name":"Ada","total":2}"#,
            r#"{"status":"paid","vip":true,"name":"Ada","total":3}"#,
            r#"{"status":"open","vip":true,"name":"Ada","total":4}"#,
        ];
        assert_eq!(
            lanes(&states),
            [r#"/status 1:"open" 2:"paid" 4:"open""#, "/vip 1:false 3:true"]
        );
    }

    #[test]
    fn what_is_in_something_that_goes_has_no_value_after_it() {
        let states = [
            r#"{"shipping":{"state":"new"}}"#,
            r#"{"shipping":{"state":"packed"}}"#,
            r#"{}"#,
            r#"{"shipping":{"state":"new"}}"#,
        ];
        assert_eq!(lanes(&states), [r#"/shipping/state 1:"packed" 2:- 3:"new""#]);
    }

    #[test]
    fn a_field_with_many_values_or_in_an_array_makes_none() {
        let many: Vec<String> = (0..20).map(|n| format!(r#"{{"tag":"t{n}"}}"#)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(lanes(&many), [""; 0]);
        assert_eq!(lanes(&[r#"[{"on":true}]"#, r#"[{"on":false}]"#, r#"[{"on":true}]"#]), [""; 0]);
    }
}
