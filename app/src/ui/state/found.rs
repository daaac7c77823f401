//! What a search in a document found, and which of it is looked at.

use std::collections::HashSet;

use rewind_domain::tree_search::{self, Matches};
use rewind_domain::{Json, Pointer};

use crate::ui::state::shared::Same;
use crate::ui::text;

/// The values that match, and the one that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    matches: Same<Places>,
    /// Which of them is looked at.
    at: Option<usize>,
}

#[derive(Debug, Default)]
struct Places {
    in_order: Vec<Pointer>,
    all: HashSet<Pointer>,
    total: usize,
}

impl Default for Found {
    fn default() -> Self {
        Self { matches: Same::new(Places::default()), at: None }
    }
}

/// How many matches can be stepped through; all are counted.
const MAX_MATCHES: usize = 10_000;

impl Found {
    /// The values of a document whose key or text has this in it.
    pub(crate) fn search(document: &Json, query: &str) -> Self {
        let Matches { paths, total } = tree_search::search(document, query, MAX_MATCHES);
        Self::new(paths, total)
    }

    /// Values that match, in document order, of this many in all.
    fn new(in_order: Vec<Pointer>, total: usize) -> Self {
        let all = in_order.iter().cloned().collect();
        Self { matches: Same::new(Places { in_order, all, total }), at: None }
    }

    /// The same look at what was found again: at the same value, if it still matches.
    #[must_use]
    pub(crate) fn looking_at(mut self, path: Option<&Pointer>) -> Self {
        self.at = path.and_then(|path| self.matches.in_order.iter().position(|p| p == path));
        self
    }

    /// How many match.
    pub(crate) fn count(&self) -> usize {
        self.matches.in_order.len()
    }

    /// Whether a value matches.
    pub(crate) fn has(&self, path: &Pointer) -> bool {
        self.matches.all.contains(path)
    }

    /// The value that is looked at.
    pub(crate) fn current(&self) -> Option<&Pointer> {
        self.matches.in_order.get(self.at?)
    }

    /// Looks at the next match, or the one before; after the last comes the first.
    pub(crate) fn step(&mut self, is_next: bool) {
        let count = self.count();
        if count == 0 {
            return;
        }
        self.at = Some(match (self.at, is_next) {
            (None, true) => 0,
            (Some(at), true) => (at + 1) % count,
            (None, false) => count - 1,
            (Some(at), false) => (at + count - 1) % count,
        });
    }

    /// `3 of 12`, `12 found`, `nothing found`.
    pub(crate) fn summary(&self) -> String {
        let total = text::grouped(self.matches.total as u64);
        match self.at {
            _ if self.matches.total == 0 => "nothing found".to_owned(),
            Some(at) => format!("{} of {total}", text::grouped(at as u64 + 1)),
            None => format!("{total} found"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths() -> Vec<Pointer> {
        ["a", "b", "c"].map(|key| Pointer::root().key(key)).into()
    }

    #[test]
    fn the_steps_go_around() {
        let mut found = Found::new(paths(), 3);
        assert_eq!(found.summary(), "3 found");
        found.step(false);
        assert_eq!(found.current(), Some(&paths()[2]));
        found.step(true);
        assert_eq!((found.current(), found.summary().as_str()), (Some(&paths()[0]), "1 of 3"));
        let mut nothing = Found::default();
        nothing.step(true);
        assert_eq!((nothing.current(), nothing.summary().as_str()), (None, "nothing found"));
    }

    #[test]
    fn what_is_looked_at_stays_so_while_it_matches() {
        let path = paths()[1].clone();
        let found = Found::new(paths()[1..].to_vec(), 9).looking_at(Some(&path));
        assert_eq!(found.summary(), "1 of 9");
        assert!(found.has(&path) && !found.has(&paths()[0]));
        assert_eq!(Found::new(Vec::new(), 0).looking_at(Some(&path)).current(), None);
    }
}
