//! Which nodes of a tree are open: kept by path, so that it survives the value changing under it.

use std::collections::HashMap;

use rewind_domain::tree::{DEFAULT_CHILD_LIMIT, TreeView};
use rewind_domain::{Json, Pointer};

/// How deep a tree is open to begin with, if that is not too much.
const OPEN_DEPTH: usize = 3;
/// How many rows may be open to begin with: more than anyone looks through, and little to draw.
const MAX_FIRST_ROWS: usize = 1_000;
/// How many rows may be opened at once.
const MAX_OPENED_ROWS: usize = 10_000;

/// What someone opened, closed and asked more of.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TreeState {
    /// Nodes are open down to here …
    open_depth: usize,
    /// … except for those that were opened or closed one by one.
    toggled: HashMap<Pointer, bool>,
    limits: HashMap<Pointer, usize>,
}

impl Default for TreeState {
    fn default() -> Self {
        Self { open_depth: OPEN_DEPTH, toggled: HashMap::new(), limits: HashMap::new() }
    }
}

impl TreeState {
    /// What is open of this document to begin with.
    pub(crate) fn fitting(document: &Json) -> Self {
        let open_depth = depth_within(document, MAX_FIRST_ROWS).min(OPEN_DEPTH);
        Self { open_depth, ..Self::default() }
    }

    /// Opens all, level by level, as far as that can be looked through.
    pub(crate) fn open_all(&mut self, document: &Json) {
        self.open_depth = depth_within(document, MAX_OPENED_ROWS);
        self.toggled.clear();
    }

    /// Closes all.
    pub(crate) fn close_all(&mut self) {
        self.open_depth = 0;
        self.toggled.clear();
    }

    /// Opens or closes a node.
    pub(crate) fn set_open(&mut self, path: Pointer, is_open: bool) {
        self.toggled.insert(path, is_open);
    }

    /// Opens all that a value is in, as far as needed to show it.
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

    /// Shows this many more of a container's members.
    pub(crate) fn show_more(&mut self, container: Pointer) {
        let limit = self.child_limit(&container);
        self.limits.insert(container, limit.saturating_mul(5));
    }
}

impl TreeView for TreeState {
    fn is_open(&self, path: &Pointer, depth: usize) -> bool {
        self.toggled.get(path).copied().unwrap_or(depth < self.open_depth)
    }

    fn child_limit(&self, path: &Pointer) -> usize {
        self.limits.get(path).copied().unwrap_or(DEFAULT_CHILD_LIMIT)
    }
}

/// How deep a document can be open with at most this many rows; as deep as can be where all of it is less.
fn depth_within(document: &Json, max_rows: usize) -> usize {
    let mut level = vec![document];
    let mut rows = 0_usize;
    for depth in 0_usize.. {
        let mut next = Vec::new();
        for value in level {
            let children: Box<dyn Iterator<Item = &Json>> = match value {
                Json::Array(items) => Box::new(items.iter()),
                Json::Object(members) => Box::new(members.values()),
                _ => continue,
            };
            for child in children.take(DEFAULT_CHILD_LIMIT) {
                rows += 1;
                next.push(child);
            }
            if rows > max_rows {
                // The document's own members show whatever is open.
                return depth.saturating_sub(1);
            }
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    usize::MAX
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
    fn a_large_document_is_open_as_far_as_it_can_be_looked_through() {
        let inner: Vec<String> = (0..150).map(|n| format!("[{n},[{n}]]")).collect();
        let outer: Vec<String> = (0..150).map(|_| format!("[{}]", inner.join(","))).collect();
        let large = Json::parse(&format!("[{}]", outer.join(","))).unwrap();
        let rows = |state: &TreeState| rewind_domain::tree::rows(&large, &[], state).len();
        let mut state = TreeState::fitting(&large);
        assert_eq!(rows(&state), 150);
        state.open_all(&large);
        assert_eq!(rows(&state), 150);
        state.close_all();
        assert_eq!(rows(&state), 150);

        let small = Json::parse(r#"{"a":{"b":{"c":{"d":{"e":1}}}}}"#).unwrap();
        let rows = |state: &TreeState| rewind_domain::tree::rows(&small, &[], state).len();
        let mut state = TreeState::fitting(&small);
        assert_eq!(rows(&state), 4);
        state.open_all(&small);
        assert_eq!(rows(&state), 5);
        state.close_all();
        assert_eq!(rows(&state), 1);
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
