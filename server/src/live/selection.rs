//! Selections: which of what is added a viewer gets.
//!
//! A viewer that leaves an entry out is still past it: its position advances, so that it need not look at the same entry again when
//! it comes back.

use std::collections::HashMap;
use std::sync::Arc;

use rewind_app::api::live::LiveFilterErrors;
use rewind_codec::StreamCodec;
use rewind_domain::{Entry, EntryId, RawEvent, StreamKey, layout};
use rewind_script::EventFilter;
use tokio::sync::Semaphore;

use super::hub::Hub;
use crate::decoding;
use crate::topics::Inside;

/// How many viewers may run an engine at the same moment: as many as there are cores on a small machine. Others wait for their turn, and
/// hold up nobody else.
const ENGINES_AT_ONCE: usize = 2;

/// Lets filters in JavaScript run, a few at a time.
#[derive(Clone)]
pub(super) struct Engines(Arc<Semaphore>);

impl Default for Engines {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ENGINES_AT_ONCE)))
    }
}

/// Which entries a viewer gets.
#[derive(Clone, Default)]
pub(super) struct Selection {
    filter: Option<Arc<EventFilter>>,
    errors: Option<LiveFilterErrors>,
    engines: Engines,
}

/// An entry that a viewer may get.
pub(super) struct Candidate {
    pub(super) stream: StreamKey,
    pub(super) entry: Arc<Entry>,
    pub(super) codec: Arc<StreamCodec>,
}

/// Of each entry of a topic whether it is one of this aggregate.
pub(super) async fn choose_inside(inside: Inside, candidates: Vec<Candidate>) -> Vec<bool> {
    let is_long = candidates.iter().any(Candidate::needs_decoder);
    let is_meant = move |candidate: &Candidate| inside.has(&candidate.raw());
    decoding::run(is_long, move || candidates.iter().map(is_meant).collect()).await
}

impl Selection {
    /// What this filter lets through, or everything.
    pub(super) fn new(filter: Option<EventFilter>, engines: Engines) -> Self {
        let filter = filter.filter(|filter| !filter.filter().is_empty()).map(Arc::new);
        Self { filter, errors: None, engines }
    }

    /// Whether anything may be left out.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_none()
    }

    /// Of each entry whether it is meant. One about which the filter fails is not; [`Selection::new_errors`] tells of it.
    pub(super) async fn choose(&mut self, candidates: Vec<Candidate>) -> Vec<bool> {
        let Some(filter) = self.filter.clone() else { return vec![true; candidates.len()] };
        let needs_engine = filter.filter().script().is_some();
        let is_long = needs_engine || candidates.iter().any(Candidate::needs_decoder);
        let turn = match needs_engine {
            // Closed never, since nothing closes it.
            true => Arc::clone(&self.engines.0).acquire_owned().await.ok(),
            false => None,
        };
        let chosen = decoding::run(is_long, move || {
            let _turn = turn;
            ask(&filter, &candidates)
        })
        .await;
        let mut is_meant = Vec::with_capacity(chosen.len());
        for choice in chosen {
            is_meant.push(choice.unwrap_or_else(|failure| {
                self.note(failure);
                false
            }));
        }
        is_meant
    }

    /// What the filter failed about, where that is more than when this was asked last.
    pub(super) fn new_errors(&mut self, told: &mut u64) -> Option<&LiveFilterErrors> {
        let errors = self.errors.as_ref()?;
        (errors.events > std::mem::replace(told, errors.events)).then_some(errors)
    }

    fn note(&mut self, failure: Failure) {
        let Failure { stream, id, message } = failure;
        let errors = self.errors.get_or_insert(LiveFilterErrors { events: 0, stream, id, message });
        errors.events += 1;
    }
}

/// Entries, each with its stream, as a filter is asked about them.
pub(super) fn candidates_of<'e>(
    hub: &Hub,
    entries: impl Iterator<Item = (&'e StreamKey, &'e Arc<Entry>)>,
) -> Vec<Candidate> {
    let mut codecs: HashMap<&StreamKey, Arc<StreamCodec>> = HashMap::new();
    let candidate = |(stream, entry): (&'e StreamKey, &'e Arc<Entry>)| {
        let codec = codecs
            .entry(stream)
            .or_insert_with(|| Arc::new(decoding::codec_for_answer(&hub.shared().codecs, stream)));
        let (codec, entry) = (Arc::clone(codec), Arc::clone(entry));
        Candidate { stream: stream.clone(), entry, codec }
    };
    entries.map(candidate).collect()
}

impl Candidate {
    fn raw(&self) -> RawEvent<'_> {
        RawEvent::new(self.entry.id, 0, &self.entry.fields).with_decoder(&*self.codec)
    }

    fn needs_decoder(&self) -> bool {
        layout::needs_decoder(&self.entry.fields, &*self.codec)
    }
}

/// An event about which a filter failed.
struct Failure {
    stream: StreamKey,
    id: EntryId,
    message: String,
}

fn ask(filter: &EventFilter, candidates: &[Candidate]) -> Vec<Result<bool, Failure>> {
    let mut filtering = filter.begin();
    let is_meant = |candidate: &Candidate| {
        filtering.matches(&candidate.raw()).map_err(|error| {
            // What ran into a limit cannot go on.
            filtering = filter.begin();
            let (stream, id) = (candidate.stream.clone(), candidate.entry.id);
            Failure { stream, id, message: error.to_string() }
        })
    };
    candidates.iter().map(is_meant).collect()
}
