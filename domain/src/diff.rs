//! What differs between two states: as a list of changes that can be applied forward and backward.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::json::Object;
use crate::{Json, Pointer};

/// One place where two documents differ.
///
/// A list of them leads from the one to the other, applied in order, and back, inverted in reverse order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What happened there.
    pub op: ChangeKind,
    /// Where: RFC 6901.
    pub path: Pointer,
    /// The value before; nothing where it was added.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// The value after; nothing where it was removed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
}

/// What happened to a value, in the words of JSON Patch (RFC 6902).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Add,
    /// It was another value before.
    Replace,
    /// It is there no more.
    Remove,
}

/// A change that does not fit the document it is applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change at `{path}` does not fit the state it is applied to")]
pub struct MisfitError {
    path: Pointer,
}

/// The changes that lead from `old` to `new`, in document order.
///
/// Objects are compared member by member, arrays item by item, with items added or removed at the end.
/// Costs nothing where both share a value.
pub fn diff(old: &Json, new: &Json) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&Pointer::root(), old, new, &mut changes);
    changes
}

/// Applies changes in order.
///
/// # Errors
/// Where a change names a place that the document does not have. The document is then part-way.
pub fn apply(document: &mut Json, changes: &[Change]) -> Result<(), MisfitError> {
    changes.iter().try_for_each(|change| apply_one(document, &change.path, change.new.as_ref()))
}

/// Takes changes back that [`apply`] made.
///
/// # Errors
/// Where a change names a place that the document does not have. The document is then part-way.
pub fn revert(document: &mut Json, changes: &[Change]) -> Result<(), MisfitError> {
    changes
        .iter()
        .rev()
        .try_for_each(|change| apply_one(document, &change.path, change.old.as_ref()))
}

impl Change {
    fn added(path: Pointer, new: &Json) -> Self {
        Self { op: ChangeKind::Add, path, old: None, new: Some(new.clone()) }
    }

    fn removed(path: Pointer, old: &Json) -> Self {
        Self { op: ChangeKind::Remove, path, old: Some(old.clone()), new: None }
    }

    fn replaced(path: Pointer, old: &Json, new: &Json) -> Self {
        Self { op: ChangeKind::Replace, path, old: Some(old.clone()), new: Some(new.clone()) }
    }
}

fn compare(path: &Pointer, old: &Json, new: &Json, changes: &mut Vec<Change>) {
    if old.is_shared_with(new) {
        return;
    }
    match (old, new) {
        (Json::Object(a), Json::Object(b)) => compare_objects(path, a, b, changes),
        (Json::Array(a), Json::Array(b)) => compare_arrays(path, a, b, changes),
        _ if old == new => {}
        _ => changes.push(Change::replaced(path.clone(), old, new)),
    }
}

fn compare_objects(path: &Pointer, old: &Object, new: &Object, changes: &mut Vec<Change>) {
    for (key, before) in old {
        match new.get(key) {
            Some(after) => compare(&path.key(key), before, after, changes),
            None => changes.push(Change::removed(path.key(key), before)),
        }
    }
    for (key, after) in new {
        if !old.contains_key(key) {
            changes.push(Change::added(path.key(key), after));
        }
    }
}

fn compare_arrays(path: &Pointer, old: &[Json], new: &[Json], changes: &mut Vec<Change>) {
    for (i, (before, after)) in old.iter().zip(new).enumerate() {
        compare(&path.index(i), before, after, changes);
    }
    // From the end, so that each index is right when its turn comes.
    for (i, before) in old.iter().enumerate().skip(new.len()).rev() {
        changes.push(Change::removed(path.index(i), before));
    }
    for (i, after) in new.iter().enumerate().skip(old.len()) {
        changes.push(Change::added(path.index(i), after));
    }
}

/// Puts `value` at `path`, or takes away what is there.
fn apply_one(document: &mut Json, path: &Pointer, value: Option<&Json>) -> Result<(), MisfitError> {
    let misfit = || MisfitError { path: path.clone() };
    let Some((parent, last)) = path.split_last() else {
        *document = value.cloned().unwrap_or_default();
        return Ok(());
    };
    let container = parent.tokens().try_fold(document, |place, token| match place {
        Json::Object(members) => Arc::make_mut(members).get_mut(token.as_ref()),
        Json::Array(items) => Arc::make_mut(items).get_mut(token.parse::<usize>().ok()?),
        _ => None,
    });
    match (container.ok_or_else(misfit)?, value) {
        (Json::Object(members), Some(value)) => {
            Arc::make_mut(members).insert(last.as_ref().into(), value.clone());
        }
        (Json::Object(members), None) => {
            Arc::make_mut(members).shift_remove(last.as_ref()).ok_or_else(misfit)?;
        }
        (Json::Array(items), value) => {
            let index = last.parse::<usize>().map_err(|_| misfit())?;
            let items = Arc::make_mut(items);
            match value {
                Some(value) if index == items.len() => items.push(value.clone()),
                Some(value) => *items.get_mut(index).ok_or_else(misfit)? = value.clone(),
                None if index + 1 == items.len() => {
                    items.pop();
                }
                None => return Err(misfit()),
            }
        }
        _ => return Err(misfit()),
    }
    Ok(())
}

/// Tells `"old": null` from no `old` at all.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Number;
    use proptest::prelude::*;

    fn parse(text: &str) -> Json {
        Json::parse(text).unwrap()
    }

    fn listed(old: &str, new: &str) -> Vec<String> {
        diff(&parse(old), &parse(new))
            .iter()
            .map(|c| {
                let text = |v: &Option<Json>| v.as_ref().map_or("-".to_owned(), Json::to_string);
                format!("{:?} {} {} {}", c.op, c.path, text(&c.old), text(&c.new))
            })
            .collect()
    }

    #[test]
    fn each_difference_is_named_by_its_path() {
        assert_eq!(
            listed(r#"{"a":1,"b":{"c":2,"d":3},"e":4}"#, r#"{"a":1,"b":{"c":20,"f":5},"g":6}"#),
            ["Replace /b/c 2 20", "Remove /b/d 3 -", "Add /b/f - 5", "Remove /e 4 -", "Add /g - 6"],
        );
    }

    #[test]
    fn arrays_grow_and_shrink_at_their_end() {
        assert_eq!(listed("[1,2]", "[1,3,4,5]"), ["Replace /1 2 3", "Add /2 - 4", "Add /3 - 5"]);
        assert_eq!(listed("[1,2,3]", "[1]"), ["Remove /2 3 -", "Remove /1 2 -"]);
    }

    #[test]
    fn changed_digits_are_a_change() {
        assert_eq!(listed("1.0", "1.00"), ["Replace  1.0 1.00"]);
    }

    #[test]
    fn a_change_to_null_survives_the_wire() {
        let changes = diff(&parse(r#"{"a":1}"#), &parse(r#"{"a":null}"#));
        let wire = serde_json::to_string(&changes).unwrap();
        assert_eq!(wire, r#"[{"op":"replace","path":"/a","old":1,"new":null}]"#);
        assert_eq!(serde_json::from_str::<Vec<Change>>(&wire).unwrap(), changes);
    }

    #[test]
    fn a_change_that_does_not_fit_is_an_error() {
        for path in ["/a/b", "/x/0", "/x/9", "/x/first", "/y/z"] {
            let change = format!(r#"[{{"op":"remove","path":"{path}","old":1}}]"#);
            let changes: Vec<Change> = serde_json::from_str(&change).unwrap();
            let mut document = parse(r#"{"a":1,"x":[1,2]}"#);
            assert!(apply(&mut document, &changes).is_err(), "{path}");
        }
    }

    pub(crate) fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            (0..5u64).prop_map(|n| Json::Number(Number::from(n))),
            "[ab/~]{0,2}".prop_map(Json::string),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::array),
                prop::collection::vec(("[ab/~]{0,2}", inner), 0..5).prop_map(Json::object),
            ]
        })
    }

    proptest! {
        #[test]
        fn changes_lead_forward_and_back(old in any_json(), new in any_json()) {
            let changes = diff(&old, &new);
            let mut document = old.clone();
            apply(&mut document, &changes).unwrap();
            prop_assert_eq!(&document, &new);
            revert(&mut document, &changes).unwrap();
            prop_assert_eq!(&document, &old);
        }

        #[test]
        fn nothing_differs_from_itself(value in any_json()) {
            let copy = Json::parse(&value.to_string()).unwrap();
            prop_assert_eq!(diff(&value, &copy), []);
        }

        #[test]
        fn any_changes_fit_or_are_an_error(mut document in any_json(), changes in prop::collection::vec(("(/[ab0-2]){0,3}", any::<bool>()), 0..4)) {
            let changes: Vec<Change> = changes.into_iter().map(|(path, add)| {
                serde_json::from_value(serde_json::json!({"op": "add", "path": path, "new": add})).unwrap()
            }).collect();
            let _ = apply(&mut document, &changes);
            let _ = revert(&mut document, &changes);
        }
    }
}
