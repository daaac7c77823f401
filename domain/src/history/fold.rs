//! Folds: how an event turns one state into the next.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::json::{merge, merge_text};
use crate::{Json, RawEvent};

/// The rule that turns (state, event) into the next state.
///
/// A fold is pure: the same events give the same states, whoever asks and whenever. So its states may be kept and gone on from.
pub trait Fold: Send + Sync {
    /// The name under which answers say which fold made them.
    fn name(&self) -> &str;

    /// Tells rules apart: what one fold made can be gone on from by another only if both have the same fingerprint.
    fn fingerprint(&self) -> u64;

    /// Whether a thousand events take no longer than a request may be held up by others on the same thread.
    fn is_quick(&self) -> bool {
        false
    }

    /// Begins before the first event, or goes on from where an earlier folding was.
    ///
    /// # Errors
    /// If the fold cannot even say what the state is before the first event.
    fn begin(&self, from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError>;
}

/// A fold at work on one history.
pub trait Folding {
    /// Takes the next event in.
    ///
    /// # Errors
    /// If the fold cannot say what the next state is. There is none from there on: the folding is of no use any more.
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError>;

    /// The state now. Shares with the state that was given out before what has not changed since.
    ///
    /// # Errors
    /// If the state is something that JSON cannot express, or too large.
    fn state(&mut self) -> Result<Json, FoldError>;

    /// Where this folding is, so that another one can go on from there.
    ///
    /// # Errors
    /// As for [`Folding::state`].
    fn checkpoint(&mut self) -> Result<Checkpoint, FoldError> {
        Ok(Checkpoint { state: self.state()?, notes: None })
    }
}

/// What became of an event in a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The fold took it in, though it may have changed nothing.
    Taken,
    /// The fold has no rule for events of this type; the state is as it was.
    Skipped,
    /// The event's data could not be read, so that the state may lack what it said.
    Unread,
}

/// A place in a history that a fold can go on from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// The state there.
    pub state: Json,
    /// What the fold has to know beside it, in its own words.
    pub notes: Option<Arc<str>>,
}

/// Why a fold stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("{message}")]
pub struct FoldError {
    /// What kind of thing went wrong.
    pub kind: FoldErrorKind,
    /// What went wrong, in words; names the limit where one was reached.
    pub message: String,
    /// The line of the fold's source where it happened, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column there, in characters, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

/// The kinds of [`FoldError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FoldErrorKind {
    /// The source is no fold: it cannot be read, or does not export what a fold has to.
    Invalid,
    /// The fold threw an error.
    Threw,
    /// One event took longer than allowed.
    EventTimeout,
    /// The whole replay took longer than allowed.
    ReplayTimeout,
    /// More memory was asked for than allowed.
    OutOfMemory,
    /// Functions called each other too deeply.
    StackOverflow,
    /// The state is larger than allowed.
    StateTooLarge,
    /// The state holds what JSON has no form for.
    NotJson,
    /// The same event on the same state gave two different states.
    Impure,
}

impl FoldErrorKind {
    /// Whether a limit stopped the script. It cannot go on then, while one that threw can take the next event.
    pub const fn is_stop(self) -> bool {
        !matches!(self, Self::Threw)
    }
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

    fn fingerprint(&self) -> u64 {
        0
    }

    fn is_quick(&self) -> bool {
        true
    }

    fn begin(&self, from: Option<&Checkpoint>) -> Result<Box<dyn Folding + '_>, FoldError> {
        let state = from.map_or_else(Json::empty_object, |checkpoint| checkpoint.state.clone());
        Ok(Box::new(Merging { state }))
    }
}

struct Merging {
    state: Json,
}

impl Folding for Merging {
    fn apply(&mut self, event: &RawEvent<'_>) -> Result<Applied, FoldError> {
        // Nearly all events have a sound payload where it is promised, which is merged without being decoded first.
        let is_merged =
            event.payload_text().is_some_and(|text| merge_text(&mut self.state, text).is_ok());
        if is_merged {
            return Ok(Applied::Taken);
        }
        let event = event.decode();
        if !event.has_data() {
            return Ok(Applied::Unread);
        }
        merge(&mut self.state, &event.data);
        Ok(Applied::Taken)
    }

    fn state(&mut self) -> Result<Json, FoldError> {
        Ok(self.state.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EntryId, Fields};
    use proptest::prelude::*;

    fn fields(data: &str) -> Fields {
        Fields::from_iter([("type", "Changed"), ("data", data)])
    }

    fn apply(folding: &mut dyn Folding, data: &str) -> Json {
        folding.apply(&RawEvent::new(EntryId::new(1, 0), 1, &fields(data))).unwrap();
        folding.state().unwrap()
    }

    fn folded(events: &[&str]) -> String {
        let mut folding = DeepMerge.begin(None).unwrap();
        for data in events {
            apply(folding.as_mut(), data);
        }
        folding.state().unwrap().to_string()
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
    fn a_payload_in_second_place_counts_where_the_first_is_broken() {
        let fields = Fields::from_iter([("data", "{oops"), ("body", r#"{"a":1}"#)]);
        let mut folding = DeepMerge.begin(None).unwrap();
        folding.apply(&RawEvent::new(EntryId::new(1, 0), 1, &fields)).unwrap();
        assert_eq!(folding.state().unwrap().to_string(), r#"{"a":1}"#);
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
        let mut folding = DeepMerge.begin(None).unwrap();
        let before = apply(folding.as_mut(), r#"{"a":{"x":1}}"#);
        let after = apply(folding.as_mut(), r#"{"a":{"x":2}}"#);
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
