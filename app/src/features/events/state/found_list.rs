//! A list of what was found, and of what was added since.

use std::sync::Arc;

use rewind_domain::{Event, StreamKey};

use crate::api::Order;
use crate::api::live::LiveGap;
use crate::features::events::state::arrivals::{Arrivals, Arrived};
use crate::features::events::state::findings::{Findings, Found, Stage};
use crate::features::live::messages::LiveMessage;
use crate::ui::text;
use rewind_domain::sse::Frame;

/// Its rows: those that the search found on one side, those that arrived on the other, and between them what is no longer here.
#[derive(Clone, Debug)]
pub(crate) struct FoundList {
    order: Order,
    findings: Findings,
    arrivals: Arrivals,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum FoundRow<'l> {
    /// An event, and whether it arrived while someone looked.
    Event(&'l Found, bool),
    /// What is missing here.
    Missing(String),
}

/// Where a row is.
enum Place {
    Found(usize),
    LetGo,
    Arrived(usize),
}

impl FoundList {
    /// Nothing yet.
    pub(crate) fn new(order: Order) -> Self {
        let (findings, arrivals) = (Findings::default(), Arrivals::default());
        Self { order, findings, arrivals }
    }

    /// The search.
    pub(crate) fn findings(&self) -> &Findings {
        &self.findings
    }

    /// The search, to hold it or let it go on.
    pub(crate) fn findings_mut(&mut self) -> &mut Findings {
        &mut self.findings
    }

    /// What was added since.
    pub(crate) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// What was added since, to hold it back or show it.
    pub(crate) fn arrivals_mut(&mut self) -> &mut Arrivals {
        &mut self.arrivals
    }

    /// Takes what the search tells.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(crate) fn take(&mut self, frame: &Frame) -> Result<(), serde_json::Error> {
        let arrivals = &self.arrivals;
        // What was added while the search began may come from both sides.
        self.findings.take(frame, |found| !arrivals.has(&found.stream, found.event.id))
    }

    /// Takes what the live line tells.
    pub(crate) fn hear(&mut self, message: LiveMessage) {
        match message {
            LiveMessage::Entry(entry) => {
                let found = Found { stream: entry.stream, event: Arc::new(entry.event) };
                if !self.findings.has(&found, self.order) {
                    self.arrivals.push(Arrived::Event(found));
                }
            }
            LiveMessage::Gap(gap) => self.arrivals.push(Arrived::Missing(gap_text(&gap))),
            _ => {}
        }
    }

    /// Takes out what a stream had, which was made again: what it has now are other events, perhaps under the same ids. Where it is the only
    /// one, the search begins again too.
    pub(crate) fn begin_again(&mut self, stream: &StreamKey, is_only_one: bool) {
        let is_held = self.arrivals.held_back().is_some();
        if is_only_one {
            self.findings = Findings::default();
            self.arrivals = Arrivals::default();
            if is_held {
                self.arrivals.pause();
            }
        } else {
            self.findings.take_out(stream);
            self.arrivals.take_out(stream);
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        (self.findings.found().len() + self.let_go_rows() + self.arrived_rows()) as u64
    }

    /// What a row shows.
    pub(crate) fn row(&self, at: u64) -> Option<FoundRow<'_>> {
        Some(match self.place(usize::try_from(at).ok()?)? {
            Place::Found(at) => FoundRow::Event(self.findings.found().get(at)?, false),
            Place::LetGo => FoundRow::Missing(let_go_text(self.arrivals.let_go())),
            Place::Arrived(at) => match self.arrivals.get(at)? {
                Arrived::Event(found) => FoundRow::Event(found, true),
                Arrived::Missing(what) => FoundRow::Missing(what.clone()),
            },
        })
    }

    /// How long before the event of a row the one before it came, in milliseconds.
    pub(crate) fn since_ms(&self, at: u64) -> Option<i64> {
        let before = match self.order {
            Order::Asc => at.checked_sub(1)?,
            Order::Desc => at.checked_add(1)?,
        };
        match (self.row(at)?, self.row(before)?) {
            (FoundRow::Event(event, _), FoundRow::Event(before, _)) => {
                Some(event.event.timestamp_ms - before.event.timestamp_ms)
            }
            _ => None,
        }
    }

    /// The events of these rows.
    pub(crate) fn sample(&self, rows: std::ops::Range<u64>) -> Vec<Arc<Event>> {
        rows.filter_map(|at| match self.row(at)? {
            FoundRow::Event(found, _) => Some(Arc::clone(&found.event)),
            FoundRow::Missing(_) => None,
        })
        .collect()
    }

    fn place(&self, at: usize) -> Option<Place> {
        let (found, let_go, arrived) =
            (self.findings.found().len(), self.let_go_rows(), self.arrived_rows());
        match self.order {
            Order::Desc if at < arrived => Some(Place::Arrived(arrived - 1 - at)),
            Order::Desc if at < arrived + let_go => Some(Place::LetGo),
            Order::Desc => Some(Place::Found(at - arrived - let_go)),
            Order::Asc if at < found => Some(Place::Found(at)),
            Order::Asc if at < found + let_go => Some(Place::LetGo),
            Order::Asc => Some(Place::Arrived(at - found - let_go)),
        }
    }

    /// From the oldest on there is a hole before what arrives, until the search has come to its end.
    fn shows_arrivals(&self) -> bool {
        self.order == Order::Desc || *self.findings.stage() == Stage::Finished
    }

    fn arrived_rows(&self) -> usize {
        if self.shows_arrivals() { self.arrivals.shown() } else { 0 }
    }

    fn let_go_rows(&self) -> usize {
        usize::from(self.shows_arrivals() && self.arrivals.let_go() > 0)
    }
}

fn let_go_text(count: u64) -> String {
    format!(
        "{} that arrived before {} no longer kept by this page; search again to see them",
        text::counted(count, "event", "events"),
        if count == 1 { "is" } else { "are" }
    )
}

fn gap_text(gap: &LiveGap) -> String {
    let what = match gap.missing {
        Some(missing) => text::counted(missing, "entry", "entries"),
        None => "Entries".to_owned(),
    };
    match gap.before {
        Some(before) => format!(
            "{what} of `{}` between {} and {before}: trimmed before this page could get them",
            gap.stream, gap.after
        ),
        None => format!(
            "{what} of `{}` after {}: trimmed before this page could get them",
            gap.stream, gap.after
        ),
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::{Entry, EntryId, Fields, layout};
    use serde_json::json;

    use super::*;
    use crate::api::find::FoundEvent;
    use crate::api::live::LiveEntry;
    use crate::features::events::state::arrivals::MAX_ARRIVED;

    fn event(n: u64) -> Event {
        layout::decode(Entry { id: EntryId::new(n, 0), fields: Fields::default() })
    }

    fn frame(name: &str, data: &serde_json::Value) -> Frame {
        Frame { name: name.to_owned(), data: data.to_string(), id: None }
    }

    fn find(list: &mut FoundList, n: u64) {
        list.take(&frame("found", &json!({"stream": "s", "event": event(n)}))).unwrap();
    }

    fn finish(list: &mut FoundList) {
        let done = json!({"reason": "exhausted", "streams": 1, "total": 1, "looked_at": 1, "skipped": 0, "found": 1});
        list.take(&frame("done", &done)).unwrap();
    }

    fn arrive(list: &mut FoundList, n: u64) {
        let entry = LiveEntry { stream: "s".into(), event: event(n) };
        list.hear(LiveMessage::Entry(Box::new(entry)));
    }

    fn shown(list: &FoundList) -> Vec<String> {
        (0..list.rows())
            .map(|at| match list.row(at).expect("a row") {
                FoundRow::Event(found, is_fresh) => {
                    format!("{}{}", found.event.id.ms(), if is_fresh { " new" } else { "" })
                }
                FoundRow::Missing(text) => text,
            })
            .collect()
    }

    #[test]
    fn what_arrives_stands_above_what_was_found_when_the_newest_come_first() {
        let mut list = FoundList::new(Order::Desc);
        find(&mut list, 5);
        arrive(&mut list, 7);
        find(&mut list, 3);
        arrive(&mut list, 9);
        assert_eq!(shown(&list), ["9 new", "7 new", "5", "3"]);
        assert_eq!(
            (list.since_ms(0), list.since_ms(1), list.since_ms(3)),
            (Some(2), Some(2), None)
        );
    }

    #[test]
    fn what_arrives_follows_once_all_was_looked_at_when_the_oldest_come_first() {
        let mut list = FoundList::new(Order::Asc);
        find(&mut list, 3);
        arrive(&mut list, 9);
        assert_eq!(shown(&list), ["3"]);
        find(&mut list, 5);
        finish(&mut list);
        assert_eq!(shown(&list), ["3", "5", "9 new"]);
        assert_eq!(list.since_ms(2), Some(4));
    }

    #[test]
    fn an_event_that_comes_from_both_sides_is_shown_once() {
        for order in [Order::Desc, Order::Asc] {
            let mut list = FoundList::new(order);
            find(&mut list, 5);
            arrive(&mut list, 5);
            arrive(&mut list, 6);
            find(&mut list, 6);
            finish(&mut list);
            let mut rows = shown(&list);
            rows.sort();
            assert_eq!(rows, ["5", "6 new"]);
        }
    }

    #[test]
    fn nothing_that_a_stream_had_before_it_was_made_again_is_listed() {
        let mut list = FoundList::new(Order::Desc);
        find(&mut list, 5);
        let other = FoundEvent { stream: "t".into(), event: event(4) };
        list.take(&frame("found", &serde_json::to_value(other).unwrap())).unwrap();
        finish(&mut list);
        arrive(&mut list, 6);
        list.arrivals_mut().pause();
        arrive(&mut list, 7);
        list.begin_again(&"s".into(), false);
        arrive(&mut list, 5);
        assert_eq!((shown(&list), list.arrivals().held_back()), (vec!["4".to_owned()], Some(1)));
        list.arrivals_mut().resume();
        assert_eq!(shown(&list), ["5 new", "4"]);
        assert_eq!(list.arrivals().events(), 1);
    }

    #[test]
    fn where_the_only_stream_was_made_again_the_search_begins_again() {
        let mut list = FoundList::new(Order::Desc);
        find(&mut list, 5);
        finish(&mut list);
        arrive(&mut list, 6);
        list.begin_again(&"s".into(), true);
        assert_eq!((list.rows(), list.findings().stage()), (0, &Stage::Running));
        find(&mut list, 2);
        assert_eq!(shown(&list), ["2"]);
    }

    #[test]
    fn what_is_missing_stands_where_it_is_missing() {
        let mut list = FoundList::new(Order::Desc);
        find(&mut list, 1);
        for n in 0..=MAX_ARRIVED as u64 {
            arrive(&mut list, 10 + n);
        }
        let (after, before) = (EntryId::new(9, 0), Some(EntryId::new(12, 0)));
        let gap = LiveGap { stream: "s".into(), after, before, missing: Some(2) };
        list.hear(LiveMessage::Gap(gap));
        let rows = shown(&list);
        assert!(rows[0].starts_with("2 entries of `s` between 9-0 and 12-0"), "{}", rows[0]);
        let between = &rows[rows.len() - 2];
        assert!(
            between.starts_with("2 events that arrived before are no longer kept"),
            "{between}"
        );
        assert_eq!(rows[rows.len() - 1], "1");
    }
}
