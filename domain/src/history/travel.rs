//! Travelling: from events to states, and through a window of versions in both directions.
//!
//! The server folds events with a [`Replay`] and sends a [`Window`]: one full state and, for each version after it,
//! the changes that lead there. A [`Cursor`] moves inside the window by applying changes forward or backward, which
//! needs no round trip and costs as much as what changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::diff::{self, MisfitError};
use crate::fold::{Applied, Checkpoint, Fold, FoldError, Folding};
use crate::{Change, DecodeError, EntryId, Json, RawEvent};

/// One version: the event that made it and what that changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Whether the fold has no rule for events of this type.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_skipped: bool,
    /// Why the event could not be read, in which case it may have changed less than it should.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decode_error: Option<DecodeError>,
}

/// A run of versions of one aggregate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    folding: Box<dyn Folding + 'f>,
    version: u64,
    /// The state at `version`, where it was asked for.
    state: Option<Json>,
    tally: Tally,
}

/// What a replay met on its way that its states lack.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tally {
    /// How many events of which types the fold has no rule for.
    pub skipped: BTreeMap<String, u64>,
    /// How many events could not be read.
    pub unread: u64,
    /// The version that the first of them made.
    pub first_unread: Option<u64>,
}

/// A fold that failed, and where. Of this version and all after it there is no state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[error("stopped at version {version}: {error}")]
pub struct ReplayError {
    /// The version that could not be made.
    pub version: u64,
    /// The entry that the fold failed on; `None` if it failed before the first.
    pub id: Option<EntryId>,
    /// The type of its event.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// What the fold said.
    #[serde(flatten)]
    pub error: FoldError,
}

impl<'f> Replay<'f> {
    /// Begins before the first event that there is; `version` is that of the state it starts from.
    ///
    /// # Errors
    /// If the fold has no state to begin with.
    pub fn start(fold: &'f dyn Fold, version: u64) -> Result<Self, ReplayError> {
        Self::begin(fold, version, None, Tally::default())
    }

    /// Goes on from what an earlier replay with the same fold came to.
    ///
    /// # Errors
    /// If the fold cannot.
    pub fn resume(
        fold: &'f dyn Fold,
        version: u64,
        from: &Checkpoint,
        tally: Tally,
    ) -> Result<Self, ReplayError> {
        Self::begin(fold, version, Some(from), tally)
    }

    fn begin(
        fold: &'f dyn Fold,
        version: u64,
        from: Option<&Checkpoint>,
        tally: Tally,
    ) -> Result<Self, ReplayError> {
        let folding = fold.begin(from).map_err(|error| ReplayError {
            version,
            id: None,
            event_type: None,
            error,
        })?;
        Ok(Self { folding, version, state: None, tally })
    }

    /// The version reached.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What the states lack.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The state at that version.
    ///
    /// # Errors
    /// If the fold cannot express it.
    pub fn state(&mut self) -> Result<Json, ReplayError> {
        if let Some(state) = &self.state {
            return Ok(state.clone());
        }
        let state = self.folding.state().map_err(|error| ReplayError {
            version: self.version,
            id: None,
            event_type: None,
            error,
        })?;
        self.state = Some(state.clone());
        Ok(state)
    }

    /// Where it is, to go on from later.
    ///
    /// # Errors
    /// As for [`Replay::state`].
    pub fn checkpoint(&mut self) -> Result<Checkpoint, ReplayError> {
        self.folding.checkpoint().map_err(|error| ReplayError {
            version: self.version,
            id: None,
            event_type: None,
            error,
        })
    }

    /// Goes on by one event.
    ///
    /// # Errors
    /// If the fold fails. The replay is of no use after that.
    pub fn push(&mut self, event: &RawEvent<'_>) -> Result<Applied, ReplayError> {
        self.state = None;
        let applied = self.folding.apply(event).map_err(|error| failed_at(event, error))?;
        match applied {
            Applied::Taken => {}
            Applied::Skipped => {
                let event_type = event.event_type().unwrap_or_default();
                *self.tally.skipped.entry(event_type).or_default() += 1;
            }
            Applied::Unread => {
                self.tally.unread += 1;
                self.tally.first_unread.get_or_insert(event.version);
            }
        }
        self.version = event.version;
        Ok(applied)
    }

    /// Like [`Replay::push`], and tells what changed.
    ///
    /// # Errors
    /// As for [`Replay::push`] and [`Replay::state`].
    pub fn push_compared(
        &mut self,
        event: &RawEvent<'_>,
    ) -> Result<(Applied, Vec<Change>), ReplayError> {
        let before = self.state()?;
        let applied = self.push(event)?;
        let after = self.folding.state().map_err(|error| failed_at(event, error))?;
        let changes = diff::diff(&before, &after);
        self.state = Some(after);
        Ok((applied, changes))
    }

    /// Like [`Replay::push_compared`], with all that there is to know of the version.
    ///
    /// # Errors
    /// As for [`Replay::push_compared`].
    pub fn push_recorded(&mut self, event: &RawEvent<'_>) -> Result<Step, ReplayError> {
        let (applied, changes) = self.push_compared(event)?;
        Ok(Step::new(event, changes, Some(applied)))
    }
}

impl Step {
    /// The step of an event that led to these changes; `applied` is what the fold made of it, where there was one.
    pub fn new(event: &RawEvent<'_>, changes: Vec<Change>, applied: Option<Applied>) -> Self {
        let is_skipped = applied == Some(Applied::Skipped);
        if applied == Some(Applied::Taken)
            && let Some((event_type, timestamp_ms)) = event.head()
        {
            return Self {
                version: event.version,
                id: event.id,
                event_type: Some(event_type.into_owned()),
                timestamp_ms,
                changes,
                is_skipped,
                decode_error: None,
            };
        }
        let event = event.decode();
        Self {
            version: event.version.unwrap_or_default(),
            id: event.id,
            event_type: event.event_type,
            timestamp_ms: event.timestamp_ms,
            changes,
            is_skipped,
            decode_error: event.decode_error,
        }
    }
}

fn failed_at(event: &RawEvent<'_>, error: FoldError) -> ReplayError {
    ReplayError {
        version: event.version,
        id: Some(event.id),
        event_type: event.event_type(),
        error,
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
    /// If the window contradicts itself; the cursor then stands at the window's first version again.
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
    use crate::{DeepMerge, Entry, Fields};
    use proptest::prelude::*;

    fn entries(data: &[String]) -> Vec<Entry> {
        let entry = |(i, data): (usize, &String)| Entry {
            id: EntryId::new(i as u64 + 1, 0),
            fields: Fields::from_iter([("type", "Changed"), ("data", data)]),
        };
        data.iter().enumerate().map(entry).collect()
    }

    fn raw(entry: &Entry) -> RawEvent<'_> {
        RawEvent::new(entry.id, entry.id.ms(), &entry.fields)
    }

    /// The state at each version, each folded from the start.
    fn states(entries: &[Entry]) -> Vec<Json> {
        (0..=entries.len())
            .map(|n| {
                let mut replay = Replay::start(&DeepMerge, 0).unwrap();
                for entry in &entries[..n] {
                    replay.push(&raw(entry)).unwrap();
                }
                replay.state().unwrap()
            })
            .collect()
    }

    fn window(entries: &[Entry], base: usize) -> Window {
        let mut replay = Replay::start(&DeepMerge, 0).unwrap();
        for entry in &entries[..base] {
            replay.push(&raw(entry)).unwrap();
        }
        let state = replay.state().unwrap();
        let steps = entries[base..]
            .iter()
            .map(|entry| replay.push_recorded(&raw(entry)).unwrap())
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
        fn a_step_says_of_its_event_what_decoding_it_says(
            pairs in prop::collection::vec(
                (
                    prop::sample::select(vec!["type", "event", "data", "body", "timestamp", "name"]),
                    prop::sample::select(vec!["Paid", r#"{"type":"Inner","a":1}"#, "17", "{oops", ""]),
                ),
                0..5,
            ),
        ) {
            let fields = Fields::from_iter(pairs);
            let event = RawEvent::new(EntryId::new(1, 0), 1, &fields);
            let mut replay = Replay::start(&DeepMerge, 0).unwrap();
            let step = replay.push_recorded(&event).unwrap();
            let decoded = event.decode();
            prop_assert_eq!(step.event_type, decoded.event_type);
            prop_assert_eq!(step.timestamp_ms, decoded.timestamp_ms);
            prop_assert_eq!(step.decode_error, decoded.decode_error);
        }

        #[test]
        fn going_on_from_a_checkpoint_is_as_good_as_starting_over(data in history(), at: prop::sample::Index) {
            let entries = entries(&data);
            let at = at.index(entries.len() + 1);
            let mut whole = Replay::start(&DeepMerge, 0).unwrap();
            for entry in &entries[..at] {
                whole.push(&raw(entry)).unwrap();
            }
            let checkpoint = whole.checkpoint().unwrap();
            let mut resumed =
                Replay::resume(&DeepMerge, whole.version(), &checkpoint, whole.tally().clone()).unwrap();
            for entry in &entries[at..] {
                let step = whole.push_recorded(&raw(entry)).unwrap();
                prop_assert_eq!(resumed.push_recorded(&raw(entry)).unwrap(), step);
            }
            prop_assert_eq!(resumed.state().unwrap(), whole.state().unwrap());
            prop_assert_eq!(resumed.tally(), whole.tally());
        }

        #[test]
        fn a_cursor_shows_the_state_that_replaying_gives(data in history(), base in 0..20usize, jumps: Vec<prop::sample::Index>) {
            let events = entries(&data);
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
            let window = window(&entries(&data), 0);
            let wire = serde_json::to_string(&window).unwrap();
            prop_assert_eq!(serde_json::from_str::<Window>(&wire).unwrap(), window);
        }
    }

    #[test]
    fn a_version_outside_the_window_leads_to_its_nearest_end() {
        let events = entries(&[r#"{"a":1}"#.to_owned(), r#"{"a":2}"#.to_owned()]);
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
            window(&entries(&[r#"{"a":{"b":1}}"#.to_owned(), r#"{"a":{"b":2}}"#.to_owned()]), 1);
        broken.state = Json::Null;
        let mut cursor = Cursor::new(broken);
        assert!(cursor.seek(2).is_err());
        assert_eq!(cursor.version(), 1);
    }
}
