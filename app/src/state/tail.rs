//! The newest events of a stream, as they arrive: bounded, and pausable.

use std::collections::VecDeque;
use std::sync::Arc;

use rewind_domain::{EntryId, Event};

use crate::api::live::LiveGap;

/// How many rows are kept: more than anyone scrolls through while events rush by, and few enough that a
/// browser lays them out within a frame. What scrolls out is a page away.
pub(crate) const MAX_ROWS: usize = 500;

/// The newest events, newest first.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    rows: VecDeque<TailRow>,
    temporality: Temporality,
    last_id: EntryId,
    /// The version that the last event made, where that is known: the line leaves nothing out without saying so,
    /// so those that follow can be counted on from it.
    last_version: Option<u64>,
    arrived: u64,
    scrolled_out: u64,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TailRow {
    /// An event.
    Event {
        /// The event.
        event: Arc<Event>,
        /// Whether it arrived while someone looked.
        is_fresh: bool,
    },
    /// Entries are known to be missing here.
    Gap(Arc<LiveGap>),
}

/// Whether what arrives is shown at once.
#[derive(Clone, Debug)]
enum Temporality {
    Live,
    /// What arrived meanwhile, newest first. Of more than [`MAX_ROWS`] the newest are kept, since the
    /// others would scroll out at once.
    Paused {
        waiting: VecDeque<TailRow>,
        count: u64,
    },
}

impl TailRow {
    /// What tells it from the other rows.
    pub(crate) fn key(&self) -> (EntryId, bool) {
        match self {
            Self::Event { event, .. } => (event.id, true),
            Self::Gap(gap) => (gap.after, false),
        }
    }

    /// The event, where it is one.
    pub(crate) fn event(&self) -> Option<&Arc<Event>> {
        match self {
            Self::Event { event, .. } => Some(event),
            Self::Gap(_) => None,
        }
    }
}

impl Tail {
    /// Begins with a page of the newest events, newest first.
    pub(crate) fn new(page: &[Event]) -> Self {
        let rows = page
            .iter()
            .map(|event| TailRow::Event { event: Arc::new(event.clone()), is_fresh: false });
        Self {
            rows: rows.collect(),
            temporality: Temporality::Live,
            last_id: page.first().map_or(EntryId::MIN, |event| event.id),
            last_version: page.first().and_then(|event| event.version),
            arrived: 0,
            scrolled_out: 0,
        }
    }

    /// Takes an event that arrived. One that is here already, or older, changes nothing.
    pub(crate) fn push_event(&mut self, mut event: Event) {
        if event.id <= self.last_id {
            return;
        }
        self.last_id = event.id;
        let counted = self.last_version.and_then(|version| version.checked_add(1));
        event.version = event.version.or(counted);
        self.last_version = event.version;
        self.arrived += 1;
        if let Temporality::Paused { count, .. } = &mut self.temporality {
            *count += 1;
        }
        self.push_row(TailRow::Event { event: Arc::new(event), is_fresh: true });
    }

    /// Notes that entries are missing.
    pub(crate) fn push_gap(&mut self, gap: LiveGap) {
        self.last_version = self
            .last_version
            .zip(gap.missing)
            .and_then(|(version, missing)| version.checked_add(missing));
        self.push_row(TailRow::Gap(Arc::new(gap)));
    }

    /// Holds back what arrives.
    pub(crate) fn pause(&mut self) {
        if matches!(self.temporality, Temporality::Live) {
            self.temporality = Temporality::Paused { waiting: VecDeque::new(), count: 0 };
        }
    }

    /// Shows what was held back.
    pub(crate) fn resume(&mut self) {
        let before = std::mem::replace(&mut self.temporality, Temporality::Live);
        if let Temporality::Paused { waiting, count } = before {
            // What was dropped while waiting would have scrolled out by now.
            let held = waiting.iter().filter(|row| row.event().is_some()).count() as u64;
            self.scrolled_out += count.saturating_sub(held);
            for row in waiting.into_iter().rev() {
                self.push_row(row);
            }
        }
    }

    /// The rows, newest first.
    pub(crate) fn rows(&self) -> &VecDeque<TailRow> {
        &self.rows
    }

    /// The last event seen, shown or held back.
    pub(crate) fn last_id(&self) -> EntryId {
        self.last_id
    }

    /// Whether what arrives is held back, and how many events are.
    pub(crate) fn paused(&self) -> Option<u64> {
        match self.temporality {
            Temporality::Live => None,
            Temporality::Paused { count, .. } => Some(count),
        }
    }

    /// How many events arrived.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrived
    }

    /// How many events are no longer in the list since newer ones took their place.
    pub(crate) fn scrolled_out(&self) -> u64 {
        self.scrolled_out
    }

    fn push_row(&mut self, row: TailRow) {
        let is_paused = matches!(self.temporality, Temporality::Paused { .. });
        let rows = match &mut self.temporality {
            Temporality::Live => &mut self.rows,
            Temporality::Paused { waiting, .. } => waiting,
        };
        rows.push_front(row);
        while rows.len() > MAX_ROWS {
            let dropped = rows.pop_back();
            // What was held back is counted once it would have been shown.
            if !is_paused && dropped.is_some_and(|row| row.event().is_some()) {
                self.scrolled_out += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{Entry, Fields, layout};

    fn event(n: u64) -> Event {
        layout::decode(Entry {
            id: EntryId::new(n, 0),
            fields: Fields::from_iter([("type", "Happened"), ("data", "{}")]),
        })
    }

    fn tail(newest_first: &[u64]) -> Tail {
        Tail::new(&newest_first.iter().map(|&n| event(n)).collect::<Vec<_>>())
    }

    fn shown(tail: &Tail) -> Vec<u64> {
        tail.rows().iter().filter_map(|row| Some(row.event()?.id.ms())).collect()
    }

    #[test]
    fn what_arrives_comes_first_and_only_once() {
        let mut tail = tail(&[3, 2, 1]);
        for n in [3, 4, 2, 4, 5] {
            tail.push_event(event(n));
        }
        assert_eq!(shown(&tail), [5, 4, 3, 2, 1]);
        assert_eq!((tail.arrived(), tail.last_id()), (2, EntryId::new(5, 0)));
    }

    #[test]
    fn nothing_is_lost_by_a_pause() {
        let mut tail = tail(&[1]);
        tail.pause();
        tail.push_event(event(2));
        tail.push_event(event(3));
        assert_eq!((shown(&tail), tail.paused()), (vec![1], Some(2)));
        assert_eq!(tail.last_id(), EntryId::new(3, 0));
        tail.resume();
        assert_eq!((shown(&tail), tail.paused()), (vec![3, 2, 1], None));
    }

    #[test]
    fn the_list_is_bounded_and_says_what_left_it() {
        let total = MAX_ROWS as u64 + 20;
        let mut live = tail(&[1]);
        (2..=total).for_each(|n| live.push_event(event(n)));
        assert_eq!((live.rows().len(), live.scrolled_out()), (MAX_ROWS, 20));

        let mut paused = tail(&[1]);
        paused.pause();
        (2..=total).for_each(|n| paused.push_event(event(n)));
        assert_eq!((paused.rows().len(), paused.paused()), (1, Some(total - 1)));
        paused.resume();
        assert_eq!((paused.rows().len(), paused.scrolled_out()), (MAX_ROWS, 20));
        assert_eq!(shown(&paused), shown(&live));
    }

    #[test]
    fn versions_are_counted_on_from_the_page() {
        let mut first = event(1);
        first.version = Some(41);
        let mut tail = Tail::new(&[first]);
        tail.push_event(event(2));
        let gap = |missing| LiveGap {
            stream: "s".into(),
            after: EntryId::new(2, 0),
            before: Some(EntryId::new(9, 0)),
            missing,
        };
        tail.push_gap(gap(Some(6)));
        tail.push_event(event(9));
        tail.push_gap(gap(None));
        tail.push_event(event(10));
        let versions: Vec<Option<u64>> =
            tail.rows().iter().filter_map(|row| Some(row.event()?.version)).collect();
        assert_eq!(versions, [None, Some(49), Some(42), Some(41)]);
    }

    #[test]
    fn a_gap_stands_where_it_happened() {
        let mut tail = tail(&[1]);
        let (after, before) = (EntryId::new(1, 0), Some(EntryId::new(9, 0)));
        tail.push_gap(LiveGap { stream: "s".into(), after, before, missing: Some(7) });
        tail.push_event(event(9));
        let keys: Vec<bool> = tail.rows().iter().map(|row| row.key().1).collect();
        assert_eq!(keys, [true, false, true]);
    }
}
