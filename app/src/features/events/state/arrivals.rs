//! What is added to a list while someone looks at it, where the list does not number its events: those that a filter means, or those of
//! many streams.

use std::collections::{HashSet, VecDeque};

use rewind_domain::{EntryId, StreamKey};

use crate::features::events::state::findings::Found;

/// How many are kept: some minutes of a busy stream, and as much as a search keeps.
pub(crate) const MAX_ARRIVED: usize = 10_000;

/// Something that arrived.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Arrived {
    /// An event.
    Event(Found),
    /// That something is missing, in words.
    Missing(String),
}

/// The newest of what arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arrivals {
    /// The oldest first.
    kept: VecDeque<Arrived>,
    /// Which events these are.
    places: HashSet<(StreamKey, EntryId)>,
    /// How many of the newest are not shown, while any would be held back.
    held_back: Option<usize>,
    /// How many were let go to make room.
    let_go: u64,
    events: u64,
}

impl Arrivals {
    /// Takes what arrived.
    pub(crate) fn push(&mut self, arrived: Arrived) {
        if let Arrived::Event(event) = &arrived {
            self.events += 1;
            self.places.insert((event.stream.clone(), event.event.id));
        }
        self.kept.push_back(arrived);
        if let Some(held_back) = &mut self.held_back {
            *held_back = (*held_back + 1).min(MAX_ARRIVED);
        }
        while self.kept.len() > MAX_ARRIVED {
            self.let_go += 1;
            if let Some(Arrived::Event(event)) = self.kept.pop_front() {
                self.places.remove(&(event.stream, event.event.id));
            }
        }
    }

    /// Forgets what arrived of a stream.
    pub(crate) fn take_out(&mut self, stream: &StreamKey) {
        let is_of_it =
            |arrived: &Arrived| matches!(arrived, Arrived::Event(found) if found.stream == *stream);
        let shown = self.shown();
        let held_back = self.kept.iter().skip(shown).filter(|arrived| !is_of_it(arrived)).count();
        let before = self.kept.len();
        self.kept.retain(|arrived| !is_of_it(arrived));
        self.places.retain(|(of, _)| of != stream);
        self.events = self.events.saturating_sub((before - self.kept.len()) as u64);
        if let Some(held) = &mut self.held_back {
            *held = held_back;
        }
    }

    /// Whether it has this event.
    pub(crate) fn has(&self, stream: &StreamKey, id: EntryId) -> bool {
        !self.places.is_empty() && self.places.contains(&(stream.clone(), id))
    }

    /// What is shown, the oldest first.
    pub(crate) fn shown(&self) -> usize {
        self.kept.len() - self.held_back.unwrap_or(0)
    }

    /// What is shown at this place, counted from the oldest.
    pub(crate) fn get(&self, at: usize) -> Option<&Arrived> {
        self.kept.get(at).filter(|_| at < self.shown())
    }

    /// How many events arrived, those that were let go included.
    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// How many were let go.
    pub(crate) fn let_go(&self) -> u64 {
        self.let_go
    }

    /// How many are held back, where any would be.
    pub(crate) fn held_back(&self) -> Option<u64> {
        self.held_back.map(|count| count as u64)
    }

    /// Holds back what arrives.
    pub(crate) fn pause(&mut self) {
        self.held_back.get_or_insert(0);
    }

    /// Shows what was held back.
    pub(crate) fn resume(&mut self) {
        self.held_back = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rewind_domain::{Entry, Fields, layout};

    use super::*;

    fn event(n: usize) -> Arrived {
        let id = EntryId::new(n as u64, 0);
        let event = layout::decode(Entry { id, fields: Fields::default() });
        Arrived::Event(Found { stream: "s".into(), event: Arc::new(event) })
    }

    fn has(arrivals: &Arrivals, n: usize) -> bool {
        arrivals.has(&"s".into(), EntryId::new(n as u64, 0))
    }

    #[test]
    fn nothing_that_arrives_in_a_pause_is_shown_before_its_end() {
        let mut arrivals = Arrivals::default();
        arrivals.push(event(1));
        arrivals.pause();
        arrivals.push(event(2));
        assert_eq!((arrivals.shown(), arrivals.held_back(), arrivals.events()), (1, Some(1), 2));
        assert_eq!(arrivals.get(1), None);
        arrivals.resume();
        assert_eq!((arrivals.shown(), arrivals.held_back()), (2, None));
        assert_eq!(arrivals.get(1), Some(&event(2)));
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let mut arrivals = Arrivals::default();
        arrivals.pause();
        (0..MAX_ARRIVED + 3).for_each(|n| arrivals.push(event(n)));
        assert_eq!((arrivals.let_go(), arrivals.shown()), (3, 0));
        arrivals.resume();
        assert_eq!((arrivals.shown(), arrivals.get(0)), (MAX_ARRIVED, Some(&event(3))));
        assert!(has(&arrivals, 3) && !has(&arrivals, 2));
    }
}
