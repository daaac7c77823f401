//! What a viewer got.

use std::collections::{BTreeSet, HashMap};

use rewind_domain::EntryId;
use serde_json::Value;

use crate::truth::Truth;

/// Everything that one viewer got, by stream.
pub(crate) struct Log {
    whose: String,
    streams: HashMap<String, Got>,
}

#[derive(Default)]
struct Got {
    ids: BTreeSet<EntryId>,
    gaps: Vec<Gap>,
    has_last: bool,
}

struct Gap {
    after: EntryId,
    before: Option<EntryId>,
    missing: Option<u64>,
}

impl Log {
    pub(crate) fn new(whose: String) -> Self {
        Self { whose, streams: HashMap::new() }
    }

    /// In how many streams the last event has come.
    pub(crate) fn last_events(&self) -> usize {
        self.streams.values().filter(|got| got.has_last).count()
    }

    /// Takes note of an `entry`, which must come after those before it.
    pub(crate) fn entry(&mut self, data: &Value) {
        let id = id(&data["event"]["id"]).unwrap();
        let stream = data["stream"].as_str().unwrap();
        let got = self.streams.entry(stream.to_owned()).or_default();
        assert!(
            got.ids.last().is_none_or(|last| *last < id),
            "{}: {id} of {stream} comes again or too late",
            self.whose
        );
        got.ids.insert(id);
        got.has_last |= data["event"]["type"] == "Last";
    }

    /// Takes note of a `gap`.
    pub(crate) fn gap(&mut self, data: &Value) {
        let gap = Gap {
            after: id(&data["after"]).unwrap(),
            before: id(&data["before"]),
            missing: data["missing"].as_u64(),
        };
        let stream = data["stream"].as_str().unwrap();
        self.streams.entry(stream.to_owned()).or_default().gaps.push(gap);
    }

    /// Compares it with the truth.
    pub(crate) fn check(&self, truth: &Truth, held: &HashMap<String, BTreeSet<EntryId>>) {
        for (stream, got) in &self.streams {
            let whose = format!("{}, {stream}", self.whose);
            let lost: Vec<_> = held[stream].difference(&got.ids).collect();
            assert!(lost.is_empty(), "{whose}: {lost:?} are in Redis and did not come");
            let added = truth.ids(stream);
            for id in added.difference(&got.ids) {
                assert!(
                    got.gaps.iter().any(|gap| gap.contains(*id)),
                    "{whose}: {id} is gone and nobody said so"
                );
            }
            let unknown = got.ids.difference(&added).count() as u64;
            assert!(unknown <= truth.unsure(stream), "{whose}: events came that nobody added");
            for gap in &got.gaps {
                let missed =
                    added.difference(&got.ids).filter(|id| gap.contains(**id)).count() as u64;
                assert!(
                    gap.missing.is_none_or(|missing| missing <= missed + truth.unsure(stream)),
                    "{whose}: {missed} are missing after {}, {:?} were said",
                    gap.after,
                    gap.missing
                );
            }
        }
    }
}

impl Gap {
    fn contains(&self, id: EntryId) -> bool {
        self.after < id && self.before.is_none_or(|before| id < before)
    }
}

fn id(value: &Value) -> Option<EntryId> {
    value.as_str().map(|text| text.parse().unwrap())
}
