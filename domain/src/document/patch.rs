//! JSON Patch (RFC 6902): changes in a form that other programs can apply.

use serde::{Deserialize, Serialize};

use crate::{Change, ChangeKind, Json, Pointer};

/// Operations that lead from one document to another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Patch(Vec<PatchOperation>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum PatchOperation {
    /// Adds a member, or an item before the one that has its place.
    Add {
        /// Where.
        path: Pointer,
        /// What.
        value: Json,
    },
    /// Puts a value in the place of another one.
    Replace {
        /// Where.
        path: Pointer,
        /// What.
        value: Json,
    },
    /// Takes a value away.
    Remove {
        /// Where.
        path: Pointer,
    },
}

impl Patch {
    /// The patch that does what these changes do.
    pub fn of(changes: &[Change]) -> Self {
        let operation = |change: &Change| {
            let (path, value) = (change.path.clone(), change.new.clone().unwrap_or_default());
            match change.op {
                ChangeKind::Add => PatchOperation::Add { path, value },
                ChangeKind::Replace => PatchOperation::Replace { path, value },
                ChangeKind::Remove => PatchOperation::Remove { path },
            }
        };
        Self(changes.iter().map(operation).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff;
    use proptest::prelude::*;
    use serde_json::Value;

    /// What RFC 6902 says, word by word, for the three operations.
    fn applied(document: &Value, patch: &Value) -> Value {
        let mut document = document.clone();
        for operation in patch.as_array().unwrap() {
            let path = operation["path"].as_str().unwrap();
            let Some((parent, last)) = path.rsplit_once('/') else {
                document = operation["value"].clone();
                continue;
            };
            let last = last.replace("~1", "/").replace("~0", "~");
            match (document.pointer_mut(parent).unwrap(), operation["op"].as_str().unwrap()) {
                (Value::Object(members), "remove") => {
                    members.remove(&last).unwrap();
                }
                (Value::Object(members), op) => {
                    assert_eq!(members.contains_key(&last), op == "replace");
                    members.insert(last, operation["value"].clone());
                }
                (Value::Array(items), "add") => {
                    items.insert(last.parse().unwrap(), operation["value"].clone());
                }
                (Value::Array(items), "replace") => {
                    items[last.parse::<usize>().unwrap()] = operation["value"].clone();
                }
                (Value::Array(items), "remove") => {
                    items.remove(last.parse().unwrap());
                }
                (parent, op) => panic!("{op} in {parent}"),
            }
        }
        document
    }

    #[test]
    fn it_is_written_as_the_rfc_has_it() {
        let parse = |text: &str| Json::parse(text).unwrap();
        let changes = diff::diff(&parse(r#"{"a":1,"b":2}"#), &parse(r#"{"a":1.10,"c":null}"#));
        assert_eq!(
            serde_json::to_string(&Patch::of(&changes)).unwrap(),
            r#"[{"op":"replace","path":"/a","value":1.10},{"op":"remove","path":"/b"},{"op":"add","path":"/c","value":null}]"#
        );
    }

    proptest! {
        #[test]
        fn whoever_applies_it_gets_the_other_document(old in diff::tests::any_json(), new in diff::tests::any_json()) {
            let value = |json: &Json| serde_json::from_str::<Value>(&json.to_string()).unwrap();
            let patch = serde_json::to_value(Patch::of(&diff::diff(&old, &new))).unwrap();
            prop_assert_eq!(applied(&value(&old), &patch), value(&new));
        }
    }
}
