//! Travelling: from events to states, and through a window of versions in both directions.
//!
//! The server folds events with a [`Replay`] and sends a [`Window`]: one full state and, for each version after it,
//! the changes that lead there. A [`Cursor`] moves inside the window by applying changes forward or backward, which
//! needs no round trip and costs as much as what changed.

use serde::{Deserialize, Serialize};

use crate::diff::{self, MisfitError};
use crate::{Change, DecodeError, EntryId, Event, Fold, FoldError, Json};

/// One version: the event that made it and what that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The version.
    pub version: u64,
    /// The id of the event's entry.
    pub id: EntryId,
    /// The type of the event.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
    /// What leads from the state of the version before to this one.
    pub changes: Vec<Change>,
    /// Why the event could not be read, in which case it may have changed less than it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decode_error: Option<DecodeError>,
}

/// A run of versions of one aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    /// The version of [`Window::state`].
    pub base_version: u64,
    /// The full state at that version.
    pub state: Json,
    /// The versions after it, ascending. Numbers skip where entries were trimmed away meanwhile.
    pub steps: Vec<Step>,
}

/// Folds events one after the other.
pub struct Replay<'f> {
    fold: &'f dyn Fold,
    version: u64,
    state: Json,
}

/// A fold that failed, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped at version {version} (entry {id}): {source}")]
pub struct ReplayError {
    /// The version that could not be made.
    pub version: u64,
    /// The entry that the fold failed on.
    pub id: EntryId,
    /// What the fold said.
    pub source: FoldError,
}

impl<'f> Replay<'f> {
    /// Begins before the first event that there is; `version` is that of the state it starts from.
    pub fn new(fold: &'f dyn Fold, version: u64) -> Self {
        Self { fold, version, state: fold.initial() }
    }

    /// The version reached.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The state at that version.
    pub fn state(&self) -> &Json {
        &self.state
    }

    /// Goes on by one event, which makes `version`.
    ///
    /// # Errors
    /// Where the fold fails. The replay is of no use after that.
    pub fn push(&mut self, version: u64, event: &Event) -> Result<(), ReplayError> {
        let state = std::mem::take(&mut self.state);
        self.state = self.fold.apply(state, event).map_err(|source| ReplayError {
            version,
            id: event.id,
            source,
        })?;
        self.version = version;
        Ok(())
    }

    /// Like [`Replay::push`], and tells what changed.
    ///
    /// # Errors
    /// As for [`Replay::push`].
    pub fn push_recorded(&mut self, version: u64, event: &Event) -> Result<Step, ReplayError> {
        let before = self.state.clone();
        self.push(version, event)?;
        Ok(Step {
            version,
            id: event.id,
            event_type: event.event_type.clone(),
            timestamp_ms: event.timestamp_ms,
            changes: diff::diff(&before, &self.state),
            decode_error: event.decode_error.clone(),
        })
    }
}

impl Window {
    /// The last version in the window.
    pub fn last_version(&self) -> u64 {
        self.steps.last().map_or(self.base_version, |step| step.version)
    }

    /// Whether the state of this version can be had from the window alone.
    pub fn covers(&self, version: u64) -> bool {
        (self.base_version..=self.last_version()).contains(&version)
    }
}

/// A place in a window, with the state there.
#[derive(Clone, Debug)]
pub struct Cursor {
    window: Window,
    /// How many steps of the window are applied to `state`.
    applied: usize,
    state: Json,
}

impl Cursor {
    /// Stands at the window's first version.
    pub fn new(window: Window) -> Self {
        let state = window.state.clone();
        Self { window, applied: 0, state }
    }

    /// Moves to a version, or to the nearest before it that is in the window.
    ///
    /// # Errors
    /// Where the window contradicts itself; the cursor then stands at the window's first version again.
    pub fn seek(&mut self, version: u64) -> Result<(), MisfitError> {
        let target = self.window.steps.partition_point(|step| step.version <= version);
        let moved = self.move_to(target);
        if moved.is_err() {
            self.applied = 0;
            self.state = self.window.state.clone();
        }
        moved
    }

    /// The window that it moves in.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The version where it stands.
    pub fn version(&self) -> u64 {
        self.step().map_or(self.window.base_version, |step| step.version)
    }

    /// The state there.
    pub fn state(&self) -> &Json {
        &self.state
    }

    /// What made that version; nothing at the window's first version, whose event is outside of it.
    pub fn step(&self) -> Option<&Step> {
        self.applied.checked_sub(1).and_then(|last| self.window.steps.get(last))
    }

    fn move_to(&mut self, target: usize) -> Result<(), MisfitError> {
        while self.applied < target {
            diff::apply(&mut self.state, &self.window.steps[self.applied].changes)?;
            self.applied += 1;
        }
        while self.applied > target {
            self.applied -= 1;
            diff::revert(&mut self.state, &self.window.steps[self.applied].changes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DeepMerge, Entry, Fields, layout};
    use proptest::prelude::*;

    fn events(data: &[String]) -> Vec<Event> {
        let entry = |(i, data): (usize, &String)| Entry {
            id: EntryId::new(i as u64 + 1, 0),
            fields: Fields::from_iter([("type", "Changed"), ("data", data)]),
        };
        data.iter().enumerate().map(entry).map(layout::decode).collect()
    }

    /// The state at each version, each folded from the start.
    fn states(events: &[Event]) -> Vec<Json> {
        (0..=events.len())
            .map(|n| {
                events[..n]
                    .iter()
                    .try_fold(DeepMerge.initial(), |state, event| DeepMerge.apply(state, event))
                    .unwrap()
            })
            .collect()
    }

    fn window(events: &[Event], base: usize) -> Window {
        let mut replay = Replay::new(&DeepMerge, 0);
        for (i, event) in events[..base].iter().enumerate() {
            replay.push(i as u64 + 1, event).unwrap();
        }
        let state = replay.state().clone();
        let steps = events[base..]
            .iter()
            .enumerate()
            .map(|(i, event)| replay.push_recorded((base + i) as u64 + 1, event).unwrap())
            .collect();
        Window { base_version: base as u64, state, steps }
    }

    fn history() -> impl Strategy<Value = Vec<String>> {
        let value = prop_oneof![
            Just("null".to_owned()),
            "[0-3]",
            Just("[1,2]".to_owned()),
            Just(r#"{"x":1}"#.to_owned())
        ];
        let data = prop_oneof![
            4 => prop::collection::btree_map("[a-d]", value.clone(), 0..3).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("\"{k}\":{v}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            1 => value,
            1 => Just("not json".to_owned()),
        ];
        prop::collection::vec(data, 0..20)
    }

    proptest! {
        #[test]
        fn a_cursor_shows_the_state_that_replaying_gives(data in history(), base in 0..20usize, jumps: Vec<prop::sample::Index>) {
            let events = events(&data);
            let states = states(&events);
            let base = base.min(events.len());
            let mut cursor = Cursor::new(window(&events, base));
            for jump in jumps {
                let version = base + jump.index(events.len() - base + 1);
                cursor.seek(version as u64).unwrap();
                prop_assert_eq!(cursor.version(), version as u64);
                prop_assert_eq!(cursor.state(), &states[version]);
            }
        }

        #[test]
        fn a_window_survives_the_wire(data in history()) {
            let window = window(&events(&data), 0);
            let wire = serde_json::to_string(&window).unwrap();
            prop_assert_eq!(serde_json::from_str::<Window>(&wire).unwrap(), window);
        }
    }

    #[test]
    fn a_version_outside_the_window_leads_to_its_nearest_end() {
        let events = events(&[r#"{"a":1}"#.to_owned(), r#"{"a":2}"#.to_owned()]);
        let mut cursor = Cursor::new(window(&events, 1));
        cursor.seek(99).unwrap();
        assert_eq!(cursor.version(), 2);
        cursor.seek(0).unwrap();
        assert_eq!(cursor.version(), 1);
        assert!(cursor.step().is_none());
    }

    #[test]
    fn a_window_that_contradicts_itself_is_an_error_and_no_panic() {
        let mut broken =
            window(&events(&[r#"{"a":{"b":1}}"#.to_owned(), r#"{"a":{"b":2}}"#.to_owned()]), 1);
        broken.state = Json::Null;
        let mut cursor = Cursor::new(broken);
        assert!(cursor.seek(2).is_err());
        assert_eq!(cursor.version(), 1);
    }
}
