//! Who last set each value: told by the server for the first version of the window, and kept up with the cursor from there.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::blame::{Author, Blame};
use rewind_domain::travel::Step;
use rewind_domain::{Pointer, StreamKey};

use crate::api::query::BlameQuery;
use crate::api::{ApiError, BlamedPath, functions};
use crate::features::travel::traveller::Traveller;
use crate::platform::remote::Remote;
use crate::ui::state::shared::Same;

/// What was found out is kept once in this many versions, so that no way back is longer.
const KEPT_EVERY: usize = 16;

/// Which blame: that of this version, these types of events left out.
type Question = (u64, Vec<String>);

/// Who set what, at the version shown.
#[derive(Clone, Copy)]
pub(super) struct Authors {
    blame: Memo<Option<Same<Blame>>>,
    /// Nobody is asked for before someone looks.
    is_asked: RwSignal<bool>,
    told: Remote<Question, Vec<BlamedPath>>,
}

impl Authors {
    pub(super) fn new(traveller: Traveller) -> Self {
        let is_asked = RwSignal::new(false);
        let ignored =
            Memo::new(move |_| traveller.options.with(|options| options.ignored_types.clone()));
        let window = Memo::new(move |_| {
            traveller.facts.with(|facts| {
                facts.as_ref().map(|facts| (facts.window_base, facts.window_base <= facts.first))
            })
        });
        let key = traveller.stream();
        let told = Remote::new(
            move || {
                let (base, is_start) = window.get()?;
                // Before the first event there is nobody to name.
                (is_asked.get() && !is_start).then(|| (base, ignored.get()))
            },
            move |(version, ignored)| fetch(key.clone(), version, ignored),
        );
        // By version; what is told about another window or with other types left out is another one.
        let known = StoredValue::new(BTreeMap::<u64, Blame>::new());
        let beginning = Memo::new(move |_| {
            known.update_value(BTreeMap::clear);
            if !is_asked.get() {
                return None;
            }
            let (base, is_start) = window.get()?;
            let blame = match is_start {
                true => Blame::unknown(&traveller.window_state()?),
                false => {
                    let told =
                        told.loaded().filter(|told| told.question == (base, ignored.get()))?;
                    let leaves = told.answer.iter().filter_map(author_of);
                    Blame::of_leaves(&traveller.window_state()?, leaves)
                }
            };
            Some(Same::new((base, blame)))
        });
        let blame = Memo::new(move |_| {
            let beginning = beginning.get()?;
            let version = traveller.version.get();
            let steps = traveller.steps_tracked();
            let ignored = ignored.get();
            known.try_update_value(|known| {
                Same::new(blame_at(version, &beginning, known, &steps, &ignored))
            })
        });
        Self { blame, is_asked, told }
    }

    /// Who last set a value or something in it; `None` if nobody did or is known yet.
    pub(super) fn author(self, path: &Pointer) -> Option<Arc<Author>> {
        self.ask();
        self.blame.with(|blame| blame.as_ref()?.author(path))
    }

    /// Whether what is not told is only not told yet.
    pub(super) fn is_waiting(self) -> bool {
        self.blame.with(Option::is_none) && self.told.error().is_none()
    }

    /// Why nobody can be named.
    pub(super) fn error(self) -> Option<ApiError> {
        self.told.error().filter(|_| self.blame.with(Option::is_none))
    }

    fn ask(self) {
        if !self.is_asked.get_untracked() {
            // Not while something is being drawn from it.
            let is_asked = self.is_asked;
            queue_microtask(move || {
                is_asked.try_set(true);
            });
        }
    }
}

fn blame_at(
    version: u64,
    beginning: &(u64, Blame),
    known: &mut BTreeMap<u64, Blame>,
    steps: &[Same<Step>],
    ignored: &[String],
) -> Blame {
    let (mut at, mut blame) = match known.range(..=version).next_back() {
        Some((at, blame)) => (*at, blame.clone()),
        None => (beginning.0, beginning.1.clone()),
    };
    let from = steps.partition_point(|step| step.version <= at);
    let until = steps.partition_point(|step| step.version <= version);
    for (count, step) in steps.get(from..until).unwrap_or_default().iter().enumerate() {
        let is_ignored = step.event_type.as_ref().is_some_and(|name| ignored.contains(name));
        let author = Author {
            version: step.version,
            id: step.id,
            event_type: step.event_type.clone(),
            timestamp_ms: step.timestamp_ms,
        };
        blame.advance(&step.changes, &Arc::new(author), is_ignored);
        at = step.version;
        if count % KEPT_EVERY == KEPT_EVERY - 1 {
            known.insert(at, blame.clone());
        }
    }
    known.insert(at, blame.clone());
    blame
}

fn author_of(leaf: &BlamedPath) -> Option<(Pointer, Author)> {
    let author = Author {
        version: leaf.version,
        id: leaf.id?,
        event_type: leaf.event_type.clone(),
        timestamp_ms: leaf.timestamp_ms?,
    };
    Some((leaf.path.clone(), author))
}

async fn fetch(
    stream: StreamKey,
    version: u64,
    ignored: Vec<String>,
) -> Result<Vec<BlamedPath>, ApiError> {
    let ignore = Some(ignored.join(",")).filter(|ignored| !ignored.is_empty());
    let query = BlameQuery { stream, version: Some(version), id: None, time_ms: None, ignore };
    functions::blame(query).await.map(|answer| answer.paths)
}
