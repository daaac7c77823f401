//! Looking for events among those at hand.

use rewind_domain::travel::Step;
use rewind_domain::{Change, Pointer};

use crate::ui::state::shared::Same;

/// Which way to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Towards the first version.
    Previous,
    /// Towards the last.
    Next,
}

/// The version of the nearest step on one side of `here` that is looked for. Steps are ascending.
pub(crate) fn nearest(
    steps: &[Same<Step>],
    here: u64,
    direction: Direction,
    is_it: impl Fn(&Step) -> bool,
) -> Option<u64> {
    let found = match direction {
        Direction::Next => {
            let from = steps.partition_point(|step| step.version <= here);
            steps[from..].iter().find(|step| is_it(step))
        }
        Direction::Previous => {
            let until = steps.partition_point(|step| step.version < here);
            steps[..until].iter().rev().find(|step| is_it(step))
        }
    };
    found.map(|step| step.version)
}

/// Whether an event is of a type; the empty one is that of events that name none.
pub(crate) fn is_of_type(step: &Step, event_type: &str) -> bool {
    step.event_type.as_deref().unwrap_or_default() == event_type
}

/// Whether an event changed a value or something in it.
pub(crate) fn touches(step: &Step, path: &Pointer) -> bool {
    step.changes.iter().any(|change| is_at(change, path))
}

fn is_at(change: &Change, path: &Pointer) -> bool {
    if is_within(&change.path, path) {
        return true;
    }
    if !is_within(path, &change.path) {
        return false;
    }
    // What contains the value became another one; the value itself may be as it was.
    let inside = path.as_str()[change.path.as_str().len()..].parse::<Pointer>().unwrap_or_default();
    let value = |whole: &Option<rewind_domain::Json>| {
        whole.as_ref().and_then(|whole| inside.find(whole)).cloned()
    };
    value(&change.old) != value(&change.new)
}

fn is_within(path: &Pointer, container: &Pointer) -> bool {
    let rest = path.as_str().strip_prefix(container.as_str());
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{EntryId, Json, diff};

    fn steps(states: &[&str]) -> Vec<Same<Step>> {
        let states: Vec<Json> = states.iter().map(|text| Json::parse(text).unwrap()).collect();
        states
            .windows(2)
            .zip(1..)
            .map(|(pair, version)| {
                Same::new(Step {
                    version,
                    id: EntryId::new(version, 0),
                    event_type: (version % 2 == 0).then(|| "Even".to_owned()),
                    timestamp_ms: 0,
                    changes: diff::diff(&pair[0], &pair[1]),
                    is_skipped: false,
                    decode_error: None,
                })
            })
            .collect()
    }

    #[test]
    fn the_nearest_event_that_changed_a_value_is_found_on_both_sides() {
        let steps = steps(&[
            r#"{"a":1,"b":{"c":1}}"#,
            r#"{"a":2,"b":{"c":1}}"#,
            r#"{"a":2,"b":{"c":2}}"#,
            r#"{"a":2,"b":5}"#,
            r#"{"a":3,"b":5}"#,
        ]);
        let find = |path: &str, here: u64, direction: Direction| {
            let path = path.parse().unwrap();
            nearest(&steps, here, direction, |step| touches(step, &path))
        };
        assert_eq!(find("/a", 1, Direction::Next), Some(4));
        assert_eq!(find("/a", 4, Direction::Previous), Some(1));
        assert_eq!(find("/a", 1, Direction::Previous), None);
        assert_eq!(find("/b", 1, Direction::Next), Some(2));
        assert_eq!(find("/b/c", 2, Direction::Next), Some(3));
        assert_eq!(find("/b/d", 0, Direction::Next), None);
        assert_eq!(find("", 2, Direction::Next), Some(3));
    }

    #[test]
    fn an_event_of_a_type_is_found_from_any_place() {
        let steps = steps(&["1", "2", "3", "4", "5"]);
        let find =
            |here, direction| nearest(&steps, here, direction, |step| is_of_type(step, "Even"));
        assert_eq!(find(2, Direction::Next), Some(4));
        assert_eq!(find(9, Direction::Previous), Some(4));
        assert_eq!(find(0, Direction::Previous), None);
    }
}
