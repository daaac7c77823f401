//! The events that changed a value, or are of a type.

use std::collections::VecDeque;

use rewind_app::api::query::HistoryQuery;
use rewind_app::api::{ApiError, HistoryAnswer, HistoryEntry, Order, Shortfall};
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Json, Pointer, RawEvent};
use serde::{Deserialize, Serialize};

use crate::api_errors::walk_error;
use crate::engines::Joined;
use crate::folds::FoldPlan;
use crate::travel::{Flow, Outcome, Reach, Span, Traveller, Visitor, VisitorKind};
use rewind_store::HistoryEnd;

/// How large a value may be to be told, in bytes of memory. Larger ones are seen by going to their version.
const MAX_VALUE_BYTES: usize = 64 * 1024;

pub(super) async fn history(
    traveller: &Traveller,
    fold: FoldPlan,
    query: HistoryQuery,
) -> Result<HistoryAnswer, ApiError> {
    let after = query.after.unwrap_or(0);
    let mut found = Found::default();
    let mut before = query.before.unwrap_or(u64::MAX);
    // What the first walk learns of the end of the history counts for all of it.
    let mut first_outcome = None;
    loop {
        let search = Search::new(&query, after, before);
        let (search, outcome) = traveller
            .walk(&query.stream, &fold, search)
            .await
            .map_err(|error| walk_error(&query.stream, error))?;
        found.put_before(search.entries);
        let begun_at = search.begun_at;
        let outcome = first_outcome.get_or_insert(outcome);
        // Backwards, a walk searches what lies behind the nearest keyframe; what lies before it comes next.
        let is_done = query.order == Order::Asc
            || found.has_more(query.limit.get())
            || begun_at <= after.max(outcome.extent.trimmed_count());
        if is_done {
            let outcome = outcome.clone();
            return Ok(answer(&fold, query, found, outcome));
        }
        before = begun_at + 1;
    }
}

fn answer(fold: &FoldPlan, query: HistoryQuery, found: Found, outcome: Outcome) -> HistoryAnswer {
    let has_more = found.has_more(query.limit.get());
    let mut entries: Vec<HistoryEntry> = found.entries.into();
    // Descending, the one too many is the earliest.
    if query.order == Order::Desc {
        entries.reverse();
    }
    entries.truncate(usize::try_from(query.limit.get()).unwrap_or(usize::MAX));
    HistoryAnswer {
        entries,
        has_more,
        stopped: outcome.stopped,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        path: query.path,
        stream: query.stream,
    }
}

/// What was found so far, ascending; one more than asked for, which tells that there are more.
#[derive(Default)]
struct Found {
    entries: VecDeque<HistoryEntry>,
}

impl Found {
    fn put_before(&mut self, mut earlier: VecDeque<HistoryEntry>) {
        earlier.append(&mut self.entries);
        self.entries = earlier;
    }

    fn has_more(&self, limit: u64) -> bool {
        self.entries.len() as u64 > limit
    }
}

/// Searches a part of a history.
#[derive(Serialize, Deserialize)]
pub(crate) struct Search {
    path: Option<Pointer>,
    event_type: Option<String>,
    after: u64,
    before: u64,
    limit: u64,
    order: Order,
    /// The version from which the walk went.
    begun_at: u64,
    is_begun: bool,
    entries: VecDeque<HistoryEntry>,
}

impl Search {
    fn new(query: &HistoryQuery, after: u64, before: u64) -> Self {
        Self {
            path: query.path.clone(),
            event_type: query.event_type.clone(),
            after,
            before,
            limit: query.limit.get(),
            order: query.order,
            begun_at: 0,
            is_begun: false,
            entries: VecDeque::new(),
        }
    }

    fn is_of_type(&self, event: &RawEvent<'_>) -> bool {
        let Some(wanted) = self.event_type.as_deref() else { return true };
        match event.type_field() {
            Some(event_type) => event_type == wanted,
            None => event.decode().event_type.as_deref() == Some(wanted),
        }
    }

    fn note(&mut self, event: &RawEvent<'_>, old: Option<Json>, new: Option<Json>) -> Flow {
        let is_large = |value: &Option<Json>| {
            value.as_ref().is_some_and(|value| value.bytes_beside(None) > MAX_VALUE_BYTES)
        };
        let is_cut = is_large(&old) || is_large(&new);
        let told = |value: Option<Json>| value.filter(|_| !is_cut);
        let meaning = event.decode();
        self.entries.push_back(HistoryEntry {
            version: event.version,
            id: event.id,
            event_type: meaning.event_type,
            timestamp_ms: meaning.timestamp_ms,
            old: told(old),
            new: told(new),
            is_cut,
        });
        // One more than asked for tells that there are more.
        let count = self.entries.len() as u64;
        match self.order {
            Order::Asc if count > self.limit => Flow::Stop,
            Order::Desc if count > self.limit + 1 => {
                self.entries.pop_front();
                Flow::Continue
            }
            _ => Flow::Continue,
        }
    }
}

impl Joined for Search {}

impl Visitor for Search {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::History;

    fn span(&self) -> Span {
        let to = match self.before {
            u64::MAX => HistoryEnd::Now,
            before => HistoryEnd::Count(before.saturating_sub(1)),
        };
        let from = match (self.order, self.before) {
            (Order::Asc, _) => Reach::Version(self.after),
            (Order::Desc, u64::MAX) => Reach::FromEnd(1),
            (Order::Desc, before) => Reach::Version(before.saturating_sub(2)),
        };
        Span { from: Some(from), to }
    }

    fn begin(&mut self, extent: &StreamExtent) -> Result<u64, ApiError> {
        self.begun_at = extent.trimmed_count();
        Ok(match self.order {
            Order::Asc => self.after,
            Order::Desc => u64::MAX,
        })
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        if !self.is_begun {
            self.is_begun = true;
            self.begun_at = replay.version();
        }
        if event.version >= self.before {
            return Ok(Flow::Stop);
        }
        let is_wanted = event.version > self.after && self.is_of_type(event);
        let Some(path) = self.path.clone().filter(|_| is_wanted) else {
            replay.push(event)?;
            return Ok(if is_wanted { self.note(event, None, None) } else { Flow::Continue });
        };
        let before = replay.state()?;
        replay.push(event)?;
        let after = replay.state()?;
        let (old, new) = (path.find(&before), path.find(&after));
        Ok(if old == new { Flow::Continue } else { self.note(event, old.cloned(), new.cloned()) })
    }

    fn unfolded(&mut self, event: &RawEvent<'_>) -> Flow {
        // Types are told without a state.
        let is_wanted = (self.after + 1..self.before).contains(&event.version);
        match self.path {
            Some(_) => Flow::Stop,
            None if is_wanted && self.is_of_type(event) => self.note(event, None, None),
            None => Flow::Continue,
        }
    }
}
