//! Which nodes of a tree are open: kept by path, so that it survives the value changing under it.

use std::collections::HashMap;

use rewind_domain::tree::{DEFAULT_CHILD_LIMIT, TreeView};
use rewind_domain::{Json, Pointer};

/// How deep a tree is open to begin with.
const OPEN_DEPTH: usize = 3;

/// What someone opened, closed and asked more of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TreeState {
    /// Only what differs from the beginning.
    toggled: HashMap<Pointer, bool>,
    limits: HashMap<Pointer, usize>,
}

impl TreeState {
    /// Opens or closes a node.
    pub(crate) fn set_open(&mut self, path: Pointer, is_open: bool) {
        self.toggled.insert(path, is_open);
    }

    /// Opens all that a value is inside of, as far as needed to show it.
    pub(crate) fn reveal(&mut self, path: &Pointer, document: &Json) {
        let mut child = path.clone();
        while let Some((container, key)) = child.split_last() {
            let place = match container.find(document) {
                Some(Json::Array(items)) => key.parse().ok().filter(|at| *at < items.len()),
                Some(Json::Object(members)) => members.get_index_of(key.as_ref()),
                _ => None,
            };
            if let Some(place) = place
                && place >= self.child_limit(&container)
            {
                self.limits.insert(container.clone(), place.saturating_add(1));
            }
            if !container.as_str().is_empty() {
                self.set_open(container.clone(), true);
            }
            child = container;
        }
    }

    /// Shows so many more of a container's members.
    pub(crate) fn show_more(&mut self, container: Pointer) {
        let limit = self.child_limit(&container);
        self.limits.insert(container, limit.saturating_mul(5));
    }
}

impl TreeView for TreeState {
    fn is_open(&self, path: &Pointer, depth: usize) -> bool {
        self.toggled.get(path).copied().unwrap_or(depth < OPEN_DEPTH)
    }

    fn child_limit(&self, path: &Pointer) -> usize {
        self.limits.get(path).copied().unwrap_or(DEFAULT_CHILD_LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_toggled_stays_so() {
        let mut state = TreeState::default();
        let path = Pointer::root().key("a");
        assert!(state.is_open(&path, 0));
        state.set_open(path.clone(), false);
        assert!(!state.is_open(&path, 0));
        assert!(!state.is_open(&path.key("b"), OPEN_DEPTH));
    }

    #[test]
    fn what_is_revealed_is_among_the_rows() {
        let items: Vec<String> =
            (0..500).map(|n| format!(r#"{{"a":{{"b":{{"c":{n}}}}}}}"#)).collect();
        let document = Json::parse(&format!(r#"{{"items":[{}]}}"#, items.join(","))).unwrap();
        let path =
            ["items", "300", "a", "b", "c"].iter().fold(Pointer::root(), |path, key| path.key(key));
        let shows = |state: &TreeState| {
            rewind_domain::tree::rows(&document, &[], state).iter().any(|row| row.path == path)
        };
        let mut state = TreeState::default();
        assert!(!shows(&state));
        state.reveal(&path, &document);
        assert!(shows(&state));
    }

    #[test]
    fn asking_for_more_shows_more_each_time() {
        let mut state = TreeState::default();
        let path = Pointer::root().key("a");
        state.show_more(path.clone());
        assert_eq!(state.child_limit(&path), 5 * DEFAULT_CHILD_LIMIT);
        state.show_more(path.clone());
        assert_eq!(state.child_limit(&path), 25 * DEFAULT_CHILD_LIMIT);
    }
}
