//! Selections: which of what is added a viewer gets.
//!
//! A viewer that leaves an entry out is still past it: its position advances, so that it need not look at the same entry again when
//! it comes back.

use std::collections::HashMap;
use std::sync::Arc;

use rewind_app::api::live::LiveFilterErrors;
use rewind_codec::StreamCodec;
use rewind_domain::{Entry, RawEvent, StreamKey, UNKNOWN_VERSION, layout};

use super::hub::Hub;
use crate::engines::{EventFilter, Questions};
use crate::long_work;
use crate::topics::TopicAggregate;

/// After how many events at which a viewer's filter was stopped, as it took too long or too much memory, it is asked no more. Further
/// events count as those about which it failed.
const MAX_STOPS: usize = 3;
/// How many bytes of events a filter is asked about at once.
const MAX_ASKED_BYTES: usize = 1024 * 1024;

/// Which entries a viewer gets.
#[derive(Clone, Default)]
pub(super) struct Selection {
    filter: Option<Arc<EventFilter>>,
    errors: Option<LiveFilterErrors>,
    /// How often the filter was stopped.
    stops: usize,
}

/// An entry that a viewer may get.
pub(super) struct Candidate {
    pub(super) stream: StreamKey,
    pub(super) entry: Arc<Entry>,
    /// The version of the entry, where that is known.
    pub(super) version: Option<u64>,
    pub(super) codec: Arc<StreamCodec>,
}

/// Of each entry of a topic whether it is one of this aggregate.
pub(super) async fn choose_inside(inside: TopicAggregate, candidates: Vec<Candidate>) -> Vec<bool> {
    let is_long = candidates.iter().any(Candidate::needs_decoder);
    let is_meant = move |candidate: &Candidate| inside.has(&candidate.raw());
    long_work::run(is_long, move || candidates.iter().map(is_meant).collect()).await
}

impl Selection {
    /// What this filter lets through, or everything.
    pub(super) fn new(filter: Option<EventFilter>) -> Self {
        let filter = filter.filter(|filter| !filter.filter().is_empty()).map(Arc::new);
        Self { filter, errors: None, stops: 0 }
    }

    /// Whether anything may be left out.
    pub(super) fn is_all(&self) -> bool {
        self.filter.is_none()
    }

    /// Of each entry whether it is meant. One about which the filter fails is not; [`Selection::new_errors`] returns why.
    pub(super) async fn choose(&mut self, hub: &Hub, mut candidates: Vec<Candidate>) -> Vec<bool> {
        let Some(filter) = self.filter.clone() else { return vec![true; candidates.len()] };
        if filter.asks_version() {
            find_versions(hub, &mut candidates).await;
        }
        let candidates = Arc::new(candidates);
        let mut is_meant = Vec::with_capacity(candidates.len());
        while is_meant.len() < candidates.len() {
            let from = is_meant.len();
            let answers = match self.stops {
                MAX_STOPS.. => Vec::new(),
                _ => ask(&filter, &candidates, from, MAX_STOPS - self.stops).await,
            };
            for answer in answers {
                let choice = answer.unwrap_or_else(|error| {
                    self.stops += usize::from(error.is_stop);
                    let candidate = candidates.get(is_meant.len());
                    self.note(candidate, error.message);
                    false
                });
                is_meant.push(choice);
            }
            if is_meant.len() == from {
                // Those that nobody is asked about any more.
                for candidate in candidates.iter().skip(from) {
                    self.note(Some(candidate), GIVEN_UP.to_owned());
                    is_meant.push(false);
                }
            }
        }
        is_meant
    }

    /// What the filter failed about, where that is more than when this was asked last.
    pub(super) fn new_errors(&mut self, told: &mut u64) -> Option<&LiveFilterErrors> {
        let errors = self.errors.as_ref()?;
        (errors.events > std::mem::replace(told, errors.events)).then_some(errors)
    }

    fn note(&mut self, candidate: Option<&Candidate>, message: String) {
        let Some(Candidate { stream, entry, .. }) = candidate else { return };
        let (stream, id) = (stream.clone(), entry.id);
        let errors = self.errors.get_or_insert(LiveFilterErrors { events: 0, stream, id, message });
        errors.events += 1;
    }
}

/// Finds out the versions that are not known: a line that goes on within a stream knows only where it is. What cannot be told stays
/// unknown, and a filter that asks for it fails.
async fn find_versions(hub: &Hub, candidates: &mut [Candidate]) {
    let mut known: HashMap<StreamKey, Option<u64>> = HashMap::new();
    for candidate in candidates {
        let next = match (candidate.version, known.get(&candidate.stream)) {
            (Some(version), _) => Some(version),
            (None, Some(before)) => before.and_then(|version| version.checked_add(1)),
            (None, None) => {
                let (indexes, id) = (&hub.shared().indexes, candidate.entry.id);
                indexes.version_at(&candidate.stream, id).await.ok().flatten()
            }
        };
        candidate.version = next;
        known.insert(candidate.stream.clone(), next);
    }
}

/// Entries, each with its stream and its version where that is known, as a filter is asked about them.
pub(super) fn candidates_of<'e>(
    hub: &Hub,
    entries: impl Iterator<Item = (&'e StreamKey, &'e Arc<Entry>, Option<u64>)>,
) -> Vec<Candidate> {
    let mut codecs: HashMap<&StreamKey, Arc<StreamCodec>> = HashMap::new();
    let candidate = |(stream, entry, version): (&'e StreamKey, &'e Arc<Entry>, Option<u64>)| {
        let codec = codecs
            .entry(stream)
            .or_insert_with(|| Arc::new(hub.shared().event_reader.for_answer(stream)));
        let (codec, entry) = (Arc::clone(codec), Arc::clone(entry));
        Candidate { stream: stream.clone(), entry, version, codec }
    };
    entries.map(candidate).collect()
}

impl Candidate {
    fn raw(&self) -> RawEvent<'_> {
        let version = self.version.unwrap_or(UNKNOWN_VERSION);
        RawEvent::new(self.entry.id, version, &self.entry.fields).with_decoder(&*self.codec)
    }

    fn needs_decoder(&self) -> bool {
        layout::needs_decoder(&self.entry.fields, &*self.codec)
    }
}

/// What is said about events that a filter is not asked about any more.
const GIVEN_UP: &str =
    "the filter was stopped three times, and is asked no more; open another line";

/// Why a filter failed about an event.
struct Failure {
    message: String,
    /// Whether a limit stopped it.
    is_stop: bool,
}

/// Asks about the events behind the first ones, which are this many; not always about all of them.
async fn ask(
    filter: &Arc<EventFilter>,
    candidates: &Arc<Vec<Candidate>>,
    from: usize,
    max_stops: usize,
) -> Vec<Result<bool, Failure>> {
    let is_long = candidates.iter().any(Candidate::needs_decoder);
    let (asked, all) = (Arc::clone(filter), Arc::clone(candidates));
    let questions = long_work::run(is_long, move || {
        let mut streams: Vec<StreamKey> = Vec::new();
        let mut questions = Questions::default();
        for candidate in all.iter().skip(from) {
            let known = streams.iter().position(|stream| *stream == candidate.stream);
            let number = known.unwrap_or_else(|| {
                streams.push(candidate.stream.clone());
                streams.len() - 1
            });
            questions.push(&asked, u32::try_from(number).unwrap_or(u32::MAX), &candidate.raw());
            if questions.bytes() > MAX_ASKED_BYTES {
                break;
            }
        }
        (streams, questions)
    })
    .await;
    let (streams, questions) = questions;
    let count = questions.len();
    match questions.answers(filter, &streams, max_stops).await {
        Ok(answers) => answers
            .into_iter()
            .map(|answer| {
                answer.map_err(|error| Failure {
                    message: error.to_string(),
                    is_stop: error.kind.is_stop(),
                })
            })
            .collect(),
        Err(error) => {
            let failed = || Err(Failure { message: error.to_string(), is_stop: false });
            std::iter::repeat_with(failed).take(count).collect()
        }
    }
}
