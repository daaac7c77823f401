//! What differs between two states: as a list of changes that can be applied forward and backward.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::document::align::{Fate, align};
use crate::json::Object;
use crate::{Json, Pointer};

/// One place where two documents differ.
///
/// A list of them leads from the one to the other, applied in order, and back, inverted in reverse order. As in JSON Patch (RFC 6902),
/// a path names a place in the document as it is when its turn comes: adding an item to an array moves those behind it, and removing
/// one moves them back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// What happened there.
    pub op: ChangeKind,
    /// Where: RFC 6901.
    pub path: Pointer,
    /// The value before; `None` if it was added.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub old: Option<Json>,
    /// The value after; `None` if it was removed.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub new: Option<Json>,
}

/// What happened to a value, in the words of JSON Patch (RFC 6902).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It was not there before.
    Add,
    /// It was another value before.
    Replace,
    /// It is there no more.
    Remove,
}

/// How many items may come and go in an array before it counts as another array: each of them moves all that are behind it.
const MAX_COMINGS: usize = 1_000;

/// A change that does not fit the document it is applied to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("change at `{path}` does not fit the state it is applied to")]
pub struct MisfitError {
    path: Pointer,
}

/// The changes that lead from `old` to `new`, in document order.
///
/// Objects are compared member by member. Items of arrays are matched by their identity (`id`, `sku`, …) where they have one, else by
/// value, else by place; one that moved is removed and added. Changes go through an array from its beginning, so that whatever
/// is left of a change is as in `new` already: paths of values that were added or changed are paths in `new`. Costs nothing where both
/// share a value.
pub fn diff(old: &Json, new: &Json) -> Vec<Change> {
    let mut changes = Vec::new();
    compare(&Pointer::root(), old, new, &mut changes);
    changes
}

/// Applies changes in order.
///
/// # Errors
/// If a change names a place that the document does not have. The document is then part-way.
pub fn apply(document: &mut Json, changes: &[Change]) -> Result<(), MisfitError> {
    changes
        .iter()
        .try_for_each(|change| change_one(document, change.op, &change.path, change.new.as_ref()))
}

/// Takes changes back that [`apply`] made.
///
/// # Errors
/// If a change names a place that the document does not have. The document is then part-way.
pub fn revert(document: &mut Json, changes: &[Change]) -> Result<(), MisfitError> {
    changes.iter().rev().try_for_each(|change| {
        let inverse = match change.op {
            ChangeKind::Add => ChangeKind::Remove,
            ChangeKind::Replace => ChangeKind::Replace,
            ChangeKind::Remove => ChangeKind::Add,
        };
        change_one(document, inverse, &change.path, change.old.as_ref())
    })
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
    let fates = align(old, new);
    let comings = fates.iter().filter(|fate| !matches!(fate, Fate::Stays(..))).count();
    if comings > MAX_COMINGS {
        let array = |items: &[Json]| Json::array(items.iter().cloned());
        changes.push(Change::replaced(path.clone(), &array(old), &array(new)));
        return;
    }
    let mut at = 0;
    for fate in fates {
        match fate {
            Fate::Stays(before, after) => {
                // Making paths is what costs, and most items of a long array are what they were.
                if old[before] != new[after] {
                    compare(&path.index(at), &old[before], &new[after], changes);
                }
                at += 1;
            }
            Fate::Goes(before) => changes.push(Change::removed(path.index(at), &old[before])),
            Fate::Comes(after) => {
                changes.push(Change::added(path.index(at), &new[after]));
                at += 1;
            }
        }
    }
}

fn change_one(
    document: &mut Json,
    op: ChangeKind,
    path: &Pointer,
    value: Option<&Json>,
) -> Result<(), MisfitError> {
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
    match container.ok_or_else(misfit)? {
        Json::Object(members) => {
            let members = Arc::make_mut(members);
            match value.filter(|_| op != ChangeKind::Remove) {
                Some(value) => {
                    members.insert(last.as_ref().into(), value.clone());
                }
                None => {
                    members.shift_remove(last.as_ref()).ok_or_else(misfit)?;
                }
            }
        }
        Json::Array(items) => {
            let index = last.parse::<usize>().map_err(|_| misfit())?;
            let items = Arc::make_mut(items);
            match (op, value) {
                (ChangeKind::Add, Some(value)) if index <= items.len() => {
                    items.insert(index, value.clone());
                }
                (ChangeKind::Replace, Some(value)) => {
                    *items.get_mut(index).ok_or_else(misfit)? = value.clone();
                }
                (ChangeKind::Remove, _) if index < items.len() => {
                    items.remove(index);
                }
                _ => return Err(misfit()),
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
pub(crate) mod tests {
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
    fn changes_go_through_an_array_from_its_beginning() {
        assert_eq!(listed("[1,2]", "[1,3,4,5]"), ["Replace /1 2 3", "Add /2 - 4", "Add /3 - 5"]);
        // The second one removed stands where the first one stood.
        assert_eq!(listed("[1,2,3]", "[1]"), ["Remove /1 2 -", "Remove /1 3 -"]);
        assert_eq!(listed("[1,2,3]", "[2,3]"), ["Remove /0 1 -"]);
    }

    #[test]
    fn items_with_an_identity_are_compared_with_themselves() {
        assert_eq!(
            listed(
                r#"[{"sku":"a","n":1},{"sku":"b","n":1},{"sku":"c","n":1}]"#,
                r#"[{"sku":"b","n":2},{"sku":"d","n":1},{"sku":"c","n":1}]"#
            ),
            [
                r#"Remove /0 {"sku":"a","n":1} -"#,
                "Replace /0/n 1 2",
                r#"Add /1 - {"sku":"d","n":1}"#
            ]
        );
    }

    #[test]
    fn an_array_of_which_little_stays_is_another_one() {
        let many = format!("[{}0]", "1,".repeat(MAX_COMINGS));
        assert_eq!(listed(&many, "[]").len(), 1);
        assert_eq!(listed("[0,2]", &many).len(), 1);
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
        for path in ["/a/b", "/x/2", "/x/9", "/x/first", "/y/z"] {
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
                prop::collection::vec(("[ab/~]{0,2}", inner.clone()), 0..5).prop_map(Json::object),
                // Things with an identity, which come, go, move and change.
                prop::collection::vec((0..6u64, inner), 0..6).prop_map(|items| {
                    Json::array(items.into_iter().map(|(id, value)| {
                        Json::object([("id", Json::Number(id.into())), ("value", value)])
                    }))
                }),
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
