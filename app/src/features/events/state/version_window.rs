//! The events of a stream by version, as far as they are here.
//!
//! A list of ten million events shows forty of them. The window knows how many rows there are, which version each shows in
//! either order, which parts have to be fetched for the rows on screen, and keeps the parts that were looked at last.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rewind_domain::Event;

use crate::api::Order;

/// How many events are fetched at a time: a screen full, and little enough that one is on its way at once.
pub(crate) const CHUNK_EVENTS: u64 = 50;
/// How many chunks are kept: enough to scroll back some screens without fetching again, a few megabytes at most.
const MAX_CHUNKS: usize = 60;

/// Some events of a stream, and how far it reaches.
#[derive(Clone, Debug)]
pub(crate) struct VersionWindow {
    order: Order,
    /// The version of the first event that is there.
    first: u64,
    /// That of the last one that is shown; one less than `first` where there is none.
    latest: u64,
    /// What arrived while it is held back.
    held_back: Option<u64>,
    chunks: BTreeMap<u64, Chunk>,
    /// Counts how often chunks were used, so that the one that was not for the longest goes first.
    uses: u64,
    arrived: u64,
    /// How many versions are gone before the next one that arrives, as far as that was told.
    skipped: u64,
}

#[derive(Clone, Debug, Default)]
struct Chunk {
    /// By distance from the chunk's first version.
    events: Vec<Option<Arc<Event>>>,
    /// Whether all that there is was fetched.
    is_fetched: bool,
    used: u64,
}

/// What a row shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Slot {
    /// An event, and whether it arrived while someone looked.
    Event(Arc<Event>, bool),
    /// It is on its way.
    Coming,
    /// The stream has it no more.
    Gone,
}

impl VersionWindow {
    /// None of the events of a stream that has those of the versions from `first` on, `length` of them.
    pub(crate) fn new(order: Order, first: u64, length: u64) -> Self {
        let first = first.max(1);
        Self {
            order,
            first,
            latest: first.saturating_add(length) - 1,
            held_back: None,
            chunks: BTreeMap::new(),
            uses: 0,
            arrived: 0,
            skipped: 0,
        }
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> u64 {
        (self.latest + 1).saturating_sub(self.first)
    }

    /// The version that a row shows.
    pub(crate) fn version_of(&self, row: u64) -> u64 {
        match self.order {
            Order::Asc => self.first.saturating_add(row),
            Order::Desc => self.latest.saturating_sub(row),
        }
    }

    /// The row that shows a version, or the nearest.
    pub(crate) fn row_of(&self, version: u64) -> u64 {
        let version = version.clamp(self.first, self.latest.max(self.first));
        match self.order {
            Order::Asc => version - self.first,
            Order::Desc => self.latest.saturating_sub(version),
        }
    }

    /// What a row shows.
    pub(crate) fn slot(&self, row: u64) -> Slot {
        let version = self.version_of(row);
        let Some(chunk) = self.chunks.get(&chunk_of(version)) else { return Slot::Coming };
        match chunk.events.get(place_in_chunk(version)).and_then(Option::as_ref) {
            Some(event) => Slot::Event(Arc::clone(event), version > self.seen_first()),
            None if chunk.is_fetched => Slot::Gone,
            None => Slot::Coming,
        }
    }

    /// The event of a version, where it is here.
    pub(crate) fn event(&self, version: u64) -> Option<&Arc<Event>> {
        self.chunks.get(&chunk_of(version))?.events.get(place_in_chunk(version))?.as_ref()
    }

    /// The first versions of the chunks that these rows lack. They count as used.
    pub(crate) fn missing(&mut self, rows: Range<u64>) -> Vec<u64> {
        let rows = rows.start..rows.end.min(self.rows());
        if rows.is_empty() {
            return Vec::new();
        }
        let ends = [self.version_of(rows.start), self.version_of(rows.end - 1)];
        let (low, high) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        self.uses += 1;
        let mut missing = Vec::new();
        for chunk in chunk_of(low)..=chunk_of(high) {
            match self.chunks.get_mut(&chunk) {
                Some(known) if known.is_fetched => known.used = self.uses,
                _ => missing.push(chunk * CHUNK_EVENTS + 1),
            }
        }
        missing
    }

    /// Takes the events from `version` on that were fetched, a chunk of them or all that there are.
    pub(crate) fn take(&mut self, version: u64, events: impl IntoIterator<Item = Arc<Event>>) {
        self.uses += 1;
        let chunk = self.chunks.entry(chunk_of(version)).or_default();
        chunk.used = self.uses;
        // What is added to it later arrives by itself.
        chunk.is_fetched = true;
        for event in events {
            put(&mut self.chunks, event);
        }
        while self.chunks.len() > MAX_CHUNKS {
            let oldest = self.chunks.iter().min_by_key(|(_, chunk)| chunk.used);
            let Some(number) = oldest.map(|(number, _)| *number) else { break };
            self.chunks.remove(&number);
        }
    }

    /// Takes events that follow each other. A chunk that they fill counts as fetched.
    pub(crate) fn take_run(&mut self, events: impl IntoIterator<Item = Arc<Event>>) {
        let events: Vec<Arc<Event>> = events.into_iter().collect();
        let versions: Vec<u64> = events.iter().filter_map(|event| event.version).collect();
        let (Some(low), Some(high)) = (versions.iter().min(), versions.iter().max()) else {
            return;
        };
        for event in events {
            put(&mut self.chunks, event);
        }
        for number in chunk_of(*low)..=chunk_of(*high) {
            let begin = (number * CHUNK_EVENTS + 1).max(self.first);
            let end = ((number + 1) * CHUNK_EVENTS).min(self.latest);
            if let Some(chunk) = self.chunks.get_mut(&number) {
                chunk.is_fetched |= *low <= begin && end <= *high;
            }
        }
    }

    /// The version of the first event that is there.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// The events of these rows that are here.
    pub(crate) fn sample(&self, rows: Range<u64>) -> Vec<Arc<Event>> {
        let rows = rows.start..rows.end.min(self.rows());
        rows.filter_map(|row| self.event(self.version_of(row)).cloned()).collect()
    }

    /// How many of the events that arrived are shown.
    pub(crate) fn unseen(&self) -> u64 {
        self.arrived.saturating_sub(self.held_back.unwrap_or(0))
    }

    /// Takes an event that was added behind the last one. Its version is counted on where it does not say.
    pub(crate) fn push(&mut self, mut event: Event) {
        let next = self.latest_known() + 1;
        let skipped = std::mem::take(&mut self.skipped);
        let version = event.version.unwrap_or(next + skipped).max(next);
        event.version = Some(version);
        self.arrived += 1;
        self.uses += 1;
        let uses = self.uses;
        put(&mut self.chunks, Arc::new(event));
        if let Some(chunk) = self.chunks.get_mut(&chunk_of(version)) {
            chunk.used = uses;
            // A chunk that begins with what arrived lacks nothing.
            chunk.is_fetched |= place_in_chunk(version) == 0;
        }
        match &mut self.held_back {
            Some(held_back) => *held_back = version - self.latest,
            None => self.latest = version,
        }
    }

    /// Notes that this many versions are gone before the next one that arrives. That one says better which it is, where it says it: what was
    /// emptied before it was looked at has lost versions that this window never had.
    pub(crate) fn skip(&mut self, missing: u64) {
        self.skipped += missing;
    }

    /// Holds back what arrives.
    pub(crate) fn pause(&mut self) {
        self.held_back.get_or_insert(0);
    }

    /// Shows what was held back.
    pub(crate) fn resume(&mut self) {
        self.latest += self.held_back.take().unwrap_or(0);
    }

    /// How many rows are held back, where any would be.
    pub(crate) fn held_back(&self) -> Option<u64> {
        self.held_back
    }

    /// How many events arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived
    }

    fn latest_known(&self) -> u64 {
        self.latest + self.held_back.unwrap_or(0)
    }

    /// The last version that was there when nobody looked yet.
    fn seen_first(&self) -> u64 {
        self.latest_known().saturating_sub(self.arrived)
    }
}

fn chunk_of(version: u64) -> u64 {
    version.saturating_sub(1) / CHUNK_EVENTS
}

fn place_in_chunk(version: u64) -> usize {
    usize::try_from(version.saturating_sub(1) % CHUNK_EVENTS).unwrap_or(usize::MAX)
}

fn put(chunks: &mut BTreeMap<u64, Chunk>, event: Arc<Event>) {
    let Some(version) = event.version else { return };
    let events = &mut chunks.entry(chunk_of(version)).or_default().events;
    let place = place_in_chunk(version);
    if events.len() <= place {
        events.resize(place + 1, None);
    }
    events[place] = Some(event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{Entry, EntryId, Fields, layout};

    fn event(version: u64) -> Event {
        let fields = Fields::from_iter([("type", "Happened"), ("data", "{}")]);
        let mut event = layout::decode(Entry { id: EntryId::new(version, 0), fields });
        event.version = Some(version);
        event
    }

    fn fetch(window: &mut VersionWindow, version: u64, until: u64) {
        let last = (version + CHUNK_EVENTS - 1).min(until);
        window.take(version, (version..=last).map(|version| Arc::new(event(version))));
    }

    fn shown(window: &VersionWindow, row: u64) -> Option<u64> {
        match window.slot(row) {
            Slot::Event(event, _) => event.version,
            Slot::Coming | Slot::Gone => None,
        }
    }

    #[test]
    fn rows_and_versions_find_each_other_in_both_orders() {
        for order in [Order::Asc, Order::Desc] {
            let window = VersionWindow::new(order, 11, 1_000);
            assert_eq!(window.rows(), 1_000);
            for row in [0, 1, 499, 999] {
                assert_eq!(window.row_of(window.version_of(row)), row);
            }
        }
        assert_eq!(VersionWindow::new(Order::Desc, 11, 1_000).version_of(0), 1_010);
        assert_eq!(VersionWindow::new(Order::Asc, 11, 1_000).version_of(0), 11);
    }

    #[test]
    fn only_what_is_on_screen_and_not_here_is_fetched() {
        let mut window = VersionWindow::new(Order::Desc, 1, 1_000);
        assert_eq!(window.missing(0..40), [951]);
        fetch(&mut window, 951, 1_000);
        assert_eq!(window.missing(0..40), [0; 0]);
        assert_eq!(window.missing(40..60), [901]);
        assert_eq!(shown(&window, 0), Some(1_000));
        assert_eq!(window.slot(60), Slot::Coming);
    }

    #[test]
    fn of_a_run_of_events_only_whole_chunks_count_as_fetched() {
        let mut window = VersionWindow::new(Order::Desc, 1, 120);
        window.take_run((71..=120).map(|version| Arc::new(event(version))));
        assert_eq!(window.missing(0..15), [0; 0]);
        assert_eq!(window.missing(0..40), [51]);
        assert_eq!(shown(&window, 49), Some(71));
        assert_eq!(window.slot(50), Slot::Coming);
        assert_eq!(window.sample(48..52).len(), 2);
    }

    #[test]
    fn what_a_stream_has_no_more_is_gone() {
        let mut window = VersionWindow::new(Order::Asc, 1, 1_000);
        window.take(1, [Arc::new(event(1)), Arc::new(event(3))]);
        assert_eq!(
            (shown(&window, 0), window.slot(1), shown(&window, 2)),
            (Some(1), Slot::Gone, Some(3))
        );
    }

    #[test]
    fn an_empty_stream_has_no_rows_and_gets_some() {
        let mut window = VersionWindow::new(Order::Desc, 1, 0);
        assert_eq!((window.rows(), window.missing(0..40)), (0, Vec::new()));
        let mut first = event(1);
        first.version = None;
        window.push(first);
        assert_eq!((window.rows(), shown(&window, 0)), (1, Some(1)));
    }

    #[test]
    fn an_emptied_stream_goes_on_with_the_version_that_its_next_event_says() {
        // Three events were added and trimmed away; the fourth is the first that is there.
        let mut window = VersionWindow::new(Order::Desc, 4, 0);
        window.skip(3);
        assert_eq!(window.rows(), 0);
        window.push(event(4));
        assert_eq!((window.rows(), shown(&window, 0)), (1, Some(4)));
    }

    #[test]
    fn where_no_version_is_told_what_is_gone_is_counted() {
        let mut window = VersionWindow::new(Order::Desc, 1, 2);
        window.skip(3);
        let mut next = event(9);
        next.version = None;
        window.push(next);
        assert_eq!((window.rows(), shown(&window, 0)), (6, Some(6)));
    }

    #[test]
    fn what_arrives_is_counted_on_and_marked() {
        let mut window = VersionWindow::new(Order::Desc, 1, 60);
        let missing = window.missing(0..40);
        missing.iter().for_each(|version| fetch(&mut window, *version, 60));
        let mut next = event(1);
        next.version = None;
        window.push(next);
        assert_eq!((window.rows(), shown(&window, 0), window.arrived()), (61, Some(61), 1));
        assert!(matches!(window.slot(0), Slot::Event(_, true)));
        assert!(matches!(window.slot(1), Slot::Event(_, false)));
    }

    #[test]
    fn nothing_is_lost_by_a_pause() {
        let mut window = VersionWindow::new(Order::Desc, 1, 10);
        fetch(&mut window, 1, 10);
        window.pause();
        window.push(event(11));
        window.skip(2);
        window.push(event(14));
        assert_eq!((window.rows(), window.held_back()), (10, Some(4)));
        assert_eq!(shown(&window, 0), Some(10));
        window.resume();
        assert_eq!((window.rows(), shown(&window, 0), shown(&window, 3)), (14, Some(14), Some(11)));
        assert_eq!(window.slot(1), Slot::Gone);
    }

    #[test]
    fn what_was_not_looked_at_for_long_makes_room() {
        let mut window = VersionWindow::new(Order::Asc, 1, 1_000_000);
        for row in (0..100).map(|at| at * CHUNK_EVENTS) {
            for version in window.missing(row..row + 10) {
                fetch(&mut window, version, 1_000_000);
            }
        }
        assert_eq!(window.chunks.len(), MAX_CHUNKS);
        assert_eq!(window.slot(0), Slot::Coming);
        assert_eq!(shown(&window, 99 * CHUNK_EVENTS), Some(99 * CHUNK_EVENTS + 1));
    }
}
