//! Which rows of a list are chosen: some, or all that there are.

use std::collections::BTreeSet;

use rewind_domain::EntryId;
use rewind_domain::operations::{LetterChoice, PendingChoice};

/// The chosen rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    ids: BTreeSet<EntryId>,
    is_all: bool,
}

impl Selection {
    /// Whether a row is chosen.
    pub(crate) fn has(&self, id: EntryId) -> bool {
        self.is_all || self.ids.contains(&id)
    }

    /// Whether all are, those that are not on the page among them.
    pub(crate) fn is_all(&self) -> bool {
        self.is_all
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_all && self.ids.is_empty()
    }

    /// Chooses a row, or does not any more. Of all, those on the page stay.
    pub(crate) fn set(&mut self, id: EntryId, is_chosen: bool, on_page: &[EntryId]) {
        if self.is_all {
            self.is_all = false;
            self.ids = on_page.iter().copied().collect();
        }
        match is_chosen {
            true => self.ids.insert(id),
            false => self.ids.remove(&id),
        };
    }

    /// Chooses all, or none.
    pub(crate) fn set_all(&mut self, is_chosen: bool) {
        *self = Self { is_all: is_chosen, ids: BTreeSet::new() };
    }

    /// In words, of this many.
    pub(crate) fn count(&self, total: u64) -> u64 {
        if self.is_all { total } else { self.ids.len() as u64 }
    }

    /// As an operation on pending entries names it, where all are those that a filter means.
    pub(crate) fn of_pending(&self, filter: &str) -> PendingChoice {
        match self.is_all {
            true => PendingChoice::Filter(filter.to_owned()),
            false => PendingChoice::Ids(self.ids.iter().copied().collect()),
        }
    }

    /// As an operation on dead letters names it.
    pub(crate) fn of_letters(&self) -> LetterChoice {
        match self.is_all {
            true => LetterChoice::All,
            false => LetterChoice::Ids(self.ids.iter().copied().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(ms: u64) -> EntryId {
        EntryId::new(ms, 0)
    }

    #[test]
    fn some_are_chosen_one_by_one() {
        let mut selection = Selection::default();
        assert!(selection.is_empty());
        selection.set(id(2), true, &[id(1), id(2)]);
        assert_eq!(selection.of_pending("idle>5m"), PendingChoice::Ids(vec![id(2)]));
        assert_eq!((selection.count(9), selection.has(id(1))), (1, false));
        selection.set(id(2), false, &[]);
        assert!(selection.is_empty());
    }

    #[test]
    fn all_are_those_that_the_filter_means_and_without_one_of_them_those_on_the_page() {
        let mut selection = Selection::default();
        selection.set_all(true);
        assert!(selection.has(id(7)) && selection.is_all());
        assert_eq!(selection.of_pending("idle>5m"), PendingChoice::Filter("idle>5m".to_owned()));
        assert_eq!(selection.of_letters(), LetterChoice::All);
        assert_eq!(selection.count(900), 900);
        selection.set(id(1), false, &[id(1), id(2), id(3)]);
        assert_eq!(selection.of_letters(), LetterChoice::Ids(vec![id(2), id(3)]));
    }
}
