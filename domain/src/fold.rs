//! Folds: how an event turns one state into the next.

use std::sync::Arc;

use crate::{Event, Json};

/// The rule that turns (state, event) into the next state.
///
/// A fold is pure: the same events give the same states, whoever asks and whenever.
pub trait Fold: Send + Sync {
    /// The name under which answers say which fold made them.
    fn name(&self) -> &str;

    /// The state at version 0, before the first event.
    fn initial(&self) -> Json;

    /// The state after `event`. Takes the state over so that what nobody else holds is changed in place.
    ///
    /// # Errors
    /// Where the fold cannot say what the next state is. There is none from there on.
    fn apply(&self, state: Json, event: &Event) -> Result<Json, FoldError>;
}

/// Why a fold stopped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct FoldError {
    /// What went wrong, in the fold's own words.
    pub message: String,
}

/// The fold for aggregates that have none of their own: each event's data is merged into the state.
///
/// Objects merge member by member, at every depth; anything else replaces what was there, `null` included.
/// An event whose data could not be read leaves the state as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeepMerge;

impl Fold for DeepMerge {
    fn name(&self) -> &str {
        "deep_merge"
    }

    fn initial(&self) -> Json {
        Json::empty_object()
    }

    fn apply(&self, mut state: Json, event: &Event) -> Result<Json, FoldError> {
        if event.has_data() {
            merge(&mut state, &event.data);
        }
        Ok(state)
    }
}

fn merge(into: &mut Json, from: &Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            if from.is_empty() {
                return;
            }
            let into = Arc::make_mut(into);
            for (key, value) in from.iter() {
                match into.get_mut(key) {
                    Some(member) => merge(member, value),
                    None => {
                        into.insert(key.clone(), value.clone());
                    }
                }
            }
        }
        (into, from) => *into = from.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryId, Fields, layout};
    use proptest::prelude::*;

    fn event(data: &str) -> Event {
        let fields = Fields::from_iter([("type", "Changed"), ("data", data)]);
        layout::decode(Entry { id: EntryId::new(1, 0), fields })
    }

    fn folded(events: &[&str]) -> String {
        let state = events
            .iter()
            .try_fold(DeepMerge.initial(), |state, data| DeepMerge.apply(state, &event(data)))
            .unwrap();
        state.to_string()
    }

    #[test]
    fn objects_merge_and_anything_else_replaces() {
        assert_eq!(
            folded(&[r#"{"a":{"x":1},"b":[1,2],"c":3}"#, r#"{"a":{"y":2},"b":[3],"c":null}"#]),
            r#"{"a":{"x":1,"y":2},"b":[3],"c":null}"#
        );
        assert_eq!(folded(&[r#"{"a":1}"#, "[1]"]), "[1]");
        assert_eq!(folded(&["7", r#"{"a":1}"#]), r#"{"a":1}"#);
    }

    #[test]
    fn what_cannot_be_read_leaves_the_state() {
        assert_eq!(folded(&[r#"{"a":1}"#, "{oops", ""]), r#"{"a":1}"#);
    }

    #[test]
    fn the_digits_of_numbers_are_kept() {
        assert_eq!(
            folded(&[r#"{"a":1.10}"#, r#"{"b":12345678901234567890}"#]),
            r#"{"a":1.10,"b":12345678901234567890}"#
        );
    }

    #[test]
    fn a_state_that_someone_still_holds_does_not_change() {
        let before = DeepMerge.apply(DeepMerge.initial(), &event(r#"{"a":{"x":1}}"#)).unwrap();
        let after = DeepMerge.apply(before.clone(), &event(r#"{"a":{"x":2}}"#)).unwrap();
        assert_eq!(before.to_string(), r#"{"a":{"x":1}}"#);
        assert_eq!(after.to_string(), r#"{"a":{"x":2}}"#);
    }

    proptest! {
        #[test]
        fn an_event_merged_twice_is_merged_once(a in "[a-c]", b in "[a-c]", value in 0..3u8) {
            let data = format!(r#"{{"{a}":{{"{b}":{value}}}}}"#);
            prop_assert_eq!(folded(&[&data, &data]), folded(&[&data]));
        }
    }
}
