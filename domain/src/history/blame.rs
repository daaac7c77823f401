//! Blame: for each leaf of a state, the event that last set it.
//!
//! A [`Blame`] mirrors the shape of a state and is advanced by the changes of each version, which costs as much as what changed.
//! Its parts are shared between clones, so that one can be kept and gone on from.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Change, ChangeKind, EntryId, Json, Pointer};

/// An event that set something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Author {
    /// The version that it made.
    pub version: u64,
    /// The id of its entry.
    pub id: EntryId,
    /// Its type.
    #[serde(rename = "type")]
    pub event_type: Option<String>,
    /// When it happened, in Unix milliseconds.
    pub timestamp_ms: i64,
}

/// Who set the leaves of a state: its scalars, and what is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Blame {
    root: Node,
}

type Authorship = Option<Arc<Author>>;
type Members = HashMap<Arc<str>, Node, foldhash::fast::RandomState>;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(Shape, Authorship),
    Members(Arc<Members>),
    Items(Arc<Vec<Node>>),
}

/// What kind of leaf it is, which says what it becomes when something is put into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Scalar,
    EmptyObject,
    EmptyArray,
}

impl Blame {
    /// That of a state that was there before any event: no leaf has an author.
    pub fn unknown(state: &Json) -> Self {
        Self { root: Node::of(state, &None) }
    }

    /// That of a state whose authors are known from elsewhere. Paths that are no leaves of it are left out.
    pub fn of_leaves(state: &Json, leaves: impl IntoIterator<Item = (Pointer, Author)>) -> Self {
        let mut blame = Self::unknown(state);
        // Most leaves have an author in common with the one before.
        let mut last: Authorship = None;
        for (path, author) in leaves {
            let author = match last.take() {
                Some(last) if *last == author => last,
                _ => Arc::new(author),
            };
            if let Some(Node::Leaf(_, authorship)) = blame.node_mut(&path) {
                *authorship = Some(Arc::clone(&author));
            }
            last = Some(author);
        }
        blame
    }

    /// Goes on by one version, whose event made these changes. An event that `is_ignored` is the author only of what nobody set
    /// before. Changes that do not fit are left out.
    pub fn advance(&mut self, changes: &[Change], author: &Arc<Author>, is_ignored: bool) {
        for change in changes {
            let new = change.new.as_ref();
            match (change.op, new) {
                (ChangeKind::Replace, Some(new)) => {
                    let Some(node) = self.node_mut(&change.path) else { continue };
                    let before = if is_ignored { node.latest() } else { None };
                    *node = Node::of(new, &Some(before.unwrap_or_else(|| Arc::clone(author))));
                }
                (ChangeKind::Add, Some(new)) => {
                    self.add(&change.path, Node::of(new, &Some(Arc::clone(author))));
                }
                (ChangeKind::Remove, _) => self.remove(&change.path, author, is_ignored),
                (ChangeKind::Add | ChangeKind::Replace, None) => {}
            }
        }
    }

    /// The author of the leaf at a path; of an object or array the latest of all that is inside. Nothing where the path leads
    /// nowhere or nobody is known.
    pub fn author(&self, path: &Pointer) -> Authorship {
        let found = path.tokens().try_fold(&self.root, |node, token| match node {
            Node::Members(members) => members.get(token.as_ref()),
            Node::Items(items) => items.get(token.parse::<usize>().ok()?),
            Node::Leaf(..) => None,
        });
        found.and_then(Node::latest)
    }

    /// All leaves, in the order in which they stand in the state that it belongs to.
    pub fn leaves(&self, state: &Json) -> Vec<(Pointer, Authorship)> {
        let mut leaves = Vec::new();
        self.root.collect(&Pointer::root(), state, &mut leaves);
        leaves
    }

    fn node_mut(&mut self, path: &Pointer) -> Option<&mut Node> {
        path.tokens().try_fold(&mut self.root, |node, token| match node {
            Node::Members(members) => Arc::make_mut(members).get_mut(token.as_ref()),
            Node::Items(items) => Arc::make_mut(items).get_mut(token.parse::<usize>().ok()?),
            Node::Leaf(..) => None,
        })
    }

    fn add(&mut self, path: &Pointer, new: Node) {
        let Some((container, key)) = path.split_last() else {
            self.root = new;
            return;
        };
        let Some(container) = self.node_mut(&container) else { return };
        match container {
            Node::Leaf(Shape::EmptyObject, _) => *container = Node::Members(Arc::default()),
            Node::Leaf(Shape::EmptyArray, _) => *container = Node::Items(Arc::default()),
            _ => {}
        }
        match container {
            Node::Members(members) => {
                Arc::make_mut(members).insert(key.as_ref().into(), new);
            }
            Node::Items(items) => {
                let items = Arc::make_mut(items);
                if let Some(at) = key.parse().ok().filter(|at| *at <= items.len()) {
                    items.insert(at, new);
                }
            }
            Node::Leaf(..) => {}
        }
    }

    fn remove(&mut self, path: &Pointer, author: &Arc<Author>, is_ignored: bool) {
        let Some((container, key)) = path.split_last() else { return };
        let Some(container) = self.node_mut(&container) else { return };
        let (removed, emptied) = match container {
            Node::Members(members) => {
                let members = Arc::make_mut(members);
                let removed = members.remove(key.as_ref());
                (removed, members.is_empty().then_some(Shape::EmptyObject))
            }
            Node::Items(items) => {
                let items = Arc::make_mut(items);
                let at = key.parse().ok().filter(|at| *at < items.len());
                (at.map(|at| items.remove(at)), items.is_empty().then_some(Shape::EmptyArray))
            }
            Node::Leaf(..) => (None, None),
        };
        // That there is nothing in it any more is the doing of whoever took the last out.
        if let (Some(removed), Some(shape)) = (removed, emptied) {
            let before = if is_ignored { removed.latest() } else { None };
            *container = Node::Leaf(shape, Some(before.unwrap_or_else(|| Arc::clone(author))));
        }
    }
}

impl Node {
    fn of(value: &Json, author: &Authorship) -> Self {
        match value {
            Json::Object(members) if members.is_empty() => {
                Self::Leaf(Shape::EmptyObject, author.clone())
            }
            Json::Array(items) if items.is_empty() => Self::Leaf(Shape::EmptyArray, author.clone()),
            Json::Object(members) => {
                let members = members.iter();
                let nodes = members.map(|(key, value)| (Arc::clone(key), Self::of(value, author)));
                Self::Members(Arc::new(nodes.collect()))
            }
            Json::Array(items) => {
                Self::Items(Arc::new(items.iter().map(|item| Self::of(item, author)).collect()))
            }
            _ => Self::Leaf(Shape::Scalar, author.clone()),
        }
    }

    fn latest(&self) -> Authorship {
        let latest = |nodes: &mut dyn Iterator<Item = &Self>| {
            nodes.filter_map(Self::latest).max_by_key(|author| author.version)
        };
        match self {
            Self::Leaf(_, author) => author.clone(),
            Self::Members(members) => latest(&mut members.values()),
            Self::Items(items) => latest(&mut items.iter()),
        }
    }

    fn collect(&self, path: &Pointer, value: &Json, leaves: &mut Vec<(Pointer, Authorship)>) {
        match (self, value) {
            (Self::Leaf(_, author), _) => leaves.push((path.clone(), author.clone())),
            (Self::Members(nodes), Json::Object(members)) => {
                for (key, value) in members.iter() {
                    if let Some(node) = nodes.get(key) {
                        node.collect(&path.key(key), value, leaves);
                    }
                }
            }
            (Self::Items(nodes), Json::Array(items)) => {
                for (i, (node, item)) in nodes.iter().zip(items.iter()).enumerate() {
                    node.collect(&path.index(i), item, leaves);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use crate::diff::tests::any_json;
    use proptest::prelude::*;

    fn author(version: u64) -> Arc<Author> {
        let event_type = Some(if version.is_multiple_of(2) { "Even" } else { "Odd" }.to_owned());
        Arc::new(Author {
            version,
            id: EntryId::new(version, 0),
            event_type,
            timestamp_ms: version.cast_signed(),
        })
    }

    /// The blame at the last of these states, the first being that before any event.
    fn blame(states: &[Json], is_ignored: impl Fn(u64) -> bool) -> Blame {
        let mut blame = Blame::unknown(&states[0]);
        for (version, pair) in (1..).zip(states.windows(2)) {
            blame.advance(&diff(&pair[0], &pair[1]), &author(version), is_ignored(version));
        }
        blame
    }

    fn told(states: &[&str], is_ignored: impl Fn(u64) -> bool) -> Vec<(String, u64)> {
        let states: Vec<Json> = states.iter().map(|text| Json::parse(text).unwrap()).collect();
        let leaves = blame(&states, is_ignored).leaves(states.last().unwrap());
        let version = |author: Authorship| author.map_or(0, |author| author.version);
        leaves.into_iter().map(|(path, author)| (path.to_string(), version(author))).collect()
    }

    fn expected(leaves: &[(&str, u64)]) -> Vec<(String, u64)> {
        leaves.iter().map(|(path, version)| ((*path).to_owned(), *version)).collect()
    }

    #[test]
    fn each_leaf_names_the_version_that_set_it() {
        let states = [
            r#"{"kept":0}"#,
            r#"{"kept":0,"a":1,"b":{"c":1,"d":1}}"#,
            r#"{"kept":0,"a":2,"b":{"c":1,"d":1}}"#,
            r#"{"kept":0,"a":1,"b":{"c":3}}"#,
        ];
        assert_eq!(told(&states, |_| false), expected(&[("/kept", 0), ("/a", 3), ("/b/c", 3)]));
    }

    #[test]
    fn items_take_their_authors_along() {
        let states = [
            "[]",
            r#"[{"id":"x","n":1}]"#,
            r#"[{"id":"y","n":1},{"id":"x","n":1}]"#,
            r#"[{"id":"y","n":1},{"id":"x","n":2}]"#,
        ];
        assert_eq!(
            told(&states, |_| false),
            expected(&[("/0/id", 2), ("/0/n", 2), ("/1/id", 1), ("/1/n", 3)])
        );
    }

    #[test]
    fn what_was_emptied_names_who_took_the_last_out() {
        assert_eq!(
            told(&[r#"{"a":{}}"#, r#"{"a":{"b":1}}"#, r#"{"a":{}}"#], |_| false),
            expected(&[("/a", 2)])
        );
    }

    #[test]
    fn an_ignored_event_is_named_only_where_nobody_else_was() {
        let states = [
            "{}",
            r#"{"a":1}"#,
            r#"{"a":2,"b":1}"#,
            r#"{"a":2,"b":1,"c":1}"#,
            r#"{"a":3,"b":1,"c":1}"#,
        ];
        assert_eq!(
            told(&states, |version| version.is_multiple_of(2)),
            expected(&[("/a", 1), ("/b", 2), ("/c", 3)])
        );
    }

    #[test]
    fn a_container_names_the_latest_of_what_is_inside() {
        let states = [
            "{}",
            r#"{"a":{"b":1}}"#,
            r#"{"a":{"b":1,"c":[5]}}"#,
            r#"{"a":{"b":1,"c":[5]},"d":1}"#,
        ];
        let states: Vec<Json> = states.iter().map(|text| Json::parse(text).unwrap()).collect();
        let blame = blame(&states, |_| false);
        let version = |path: &Pointer| blame.author(path).map(|author| author.version);
        let a = Pointer::root().key("a");
        assert_eq!(version(&a), Some(2));
        assert_eq!(version(&a.key("b")), Some(1));
        assert_eq!(version(&a.key("x")), None);
        assert_eq!(version(&Pointer::root()), Some(3));
    }

    /// Documents without arrays, in which a path is the same place in every version.
    fn plain() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            (0..3u64).prop_map(|n| Json::Number(n.into())),
            Just(Json::empty_object()),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop::collection::vec(("[a-c]", inner), 0..4).prop_map(Json::object)
        })
    }

    /// The last version at which a leaf became what it is.
    fn by_brute_force(states: &[Json], path: &Pointer) -> u64 {
        let last = path.find(states.last().unwrap());
        let since = states.iter().rposition(|state| path.find(state) != last);
        since.map_or(0, |before| before as u64 + 1)
    }

    proptest! {
        #[test]
        fn it_agrees_with_looking_through_all_versions(states in prop::collection::vec(plain(), 1..8)) {
            let last = states.last().unwrap();
            for (path, author) in blame(&states, |_| false).leaves(last) {
                let version = author.map_or(0, |author| author.version);
                prop_assert_eq!(version, by_brute_force(&states, &path), "{}", path);
            }
        }

        #[test]
        fn every_leaf_of_the_state_is_in_it(states in prop::collection::vec(any_json(), 1..6)) {
            let last = states.last().unwrap();
            let leaves = blame(&states, |_| false).leaves(last);
            let fresh = Blame::unknown(last).leaves(last);
            let paths = |leaves: Vec<(Pointer, Authorship)>| -> Vec<Pointer> { leaves.into_iter().map(|(path, _)| path).collect() };
            prop_assert_eq!(paths(leaves), paths(fresh));
        }

        #[test]
        fn going_on_from_leaves_that_were_told_is_as_good(states in prop::collection::vec(any_json(), 2..6), at: prop::sample::Index) {
            let at = at.index(states.len());
            let known = blame(&states[..=at], |_| false);
            let told = known.leaves(&states[at]).into_iter().filter_map(|(path, author)| Some((path, (*author?).clone())));
            let mut resumed = Blame::of_leaves(&states[at], told);
            for (version, pair) in (at as u64 + 1..).zip(states[at..].windows(2)) {
                resumed.advance(&diff(&pair[0], &pair[1]), &author(version), false);
            }
            let last = states.last().unwrap();
            prop_assert_eq!(resumed.leaves(last), blame(&states, |_| false).leaves(last));
        }
    }
}
