//! A JSON value as the rows of a tree, with what changed marked.
//!
//! The page draws rows; which rows there are, in which order and with which marks, is decided here. Only what is
//! open is visited, and large containers are shown in part, so that a large value costs what is seen of it.

use crate::{Change, ChangeKind, Json, Pointer};

/// How many members or items of one container are shown before the rest is folded into a [`RowValue::More`].
pub const DEFAULT_CHILD_LIMIT: usize = 200;

/// Text values are cut after this many characters; the whole value is one click away in the raw view.
pub const MAX_TEXT_CHARS: usize = 2_000;

/// One line of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeRow {
    /// Which value it shows. Rows keep their path from version to version, and each has another one: that of an item that was
    /// removed from an array, whose place another item may have by now, is none that the document has.
    pub path: Pointer,
    /// How far it is indented, from 0.
    pub depth: usize,
    /// The key or index that it stands under; `None` for a document that is a single value.
    pub label: Option<String>,
    /// What it shows.
    pub value: RowValue,
    /// What happened to it.
    pub mark: Option<Mark>,
    /// The value before, in short, where it changed or was removed.
    pub old: Option<String>,
}

/// The right-hand side of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowValue {
    /// A value without anything inside.
    Leaf {
        /// The value as JSON text, perhaps cut.
        text: String,
        /// Its kind, for colour.
        kind: LeafKind,
    },
    /// An object or array.
    Container {
        /// Whether it is an array.
        is_array: bool,
        /// How many members or items it has.
        count: usize,
        /// Whether its rows follow.
        is_open: bool,
        /// The beginning of what is inside, to be shown while closed.
        preview: String,
    },
    /// What was left out of the container above, since there is so much of it.
    More {
        /// How many members or items.
        hidden: usize,
    },
}

/// The kinds of plain values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafKind {
    /// Text.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`.
    Null,
    /// `{}` or `[]`.
    Empty,
}

/// What happened to a row's value in the version shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It is new.
    Added,
    /// It was another value before.
    Changed,
    /// It is no more; the row shows what it was.
    Removed,
    /// Something in it changed.
    Inside,
}

/// How the tree is to be shown.
pub trait TreeView {
    /// Whether a container's rows are shown.
    fn is_open(&self, path: &Pointer, depth: usize) -> bool;

    /// How many of a container's members or items are shown.
    fn child_limit(&self, _path: &Pointer) -> usize {
        DEFAULT_CHILD_LIMIT
    }
}

/// The rows of `document`, `changes` being what led to it from the version before.
pub fn rows(document: &Json, changes: &[Change], view: &dyn TreeView) -> Vec<TreeRow> {
    let (mut removals, mut changes): (Vec<&Change>, Vec<&Change>) =
        changes.iter().partition(|change| change.op == ChangeKind::Remove);
    changes.sort_by(|a, b| a.path.cmp(&b.path));
    // Those from one place keep their order.
    removals.sort_by(|a, b| a.path.cmp(&b.path));
    let mut builder = Builder { changes, removals, view, rows: Vec::new() };
    let root = Pointer::root();
    let root_mark = builder.mark_at(&root, None);
    match document.child_count() {
        Some(count) if count > 0 || builder.has_changes_inside(&root) => {
            let inherited = root_mark.filter(|mark| *mark == Mark::Added);
            builder.children(&root, document, 0, inherited);
        }
        _ => builder.value(&root, None, document, 0, None),
    }
    builder.rows
}

struct Builder<'a> {
    /// What is there and was not, or was something else. Sorted by path.
    changes: Vec<&'a Change>,
    /// What is there no more. Sorted by path.
    removals: Vec<&'a Change>,
    view: &'a dyn TreeView,
    rows: Vec<TreeRow>,
}

impl Builder<'_> {
    fn children(
        &mut self,
        path: &Pointer,
        container: &Json,
        depth: usize,
        inherited: Option<Mark>,
    ) {
        let limit = self.view.child_limit(path);
        let count = container.child_count().unwrap_or_default();
        match container {
            Json::Object(members) => {
                for (key, value) in members.iter().take(limit) {
                    self.value(&path.key(key), Some(key.to_string()), value, depth, inherited);
                }
            }
            Json::Array(items) => {
                for (i, value) in items.iter().enumerate().take(limit) {
                    let item = path.index(i);
                    self.removed_items(path, &item, depth);
                    self.value(&item, Some(i.to_string()), value, depth, inherited);
                }
                if count <= limit {
                    self.removed_items(path, &path.index(count), depth);
                }
            }
            _ => {}
        }
        if count > limit {
            self.rows.push(TreeRow {
                path: path.key("…"),
                depth,
                label: None,
                value: RowValue::More { hidden: count - limit },
                mark: None,
                old: None,
            });
        }
        if !matches!(container, Json::Array(_)) {
            self.removed_members(path, depth);
        }
    }

    fn value(
        &mut self,
        path: &Pointer,
        label: Option<String>,
        value: &Json,
        depth: usize,
        inherited: Option<Mark>,
    ) {
        let mark = self.mark_at(path, inherited);
        let old = self.change_at(path).and_then(|change| change.old.as_ref()).map(short);
        let is_open = is_container(value) && self.view.is_open(path, depth);
        let row_value = row_value(value, is_open);
        self.rows.push(TreeRow { path: path.clone(), depth, label, value: row_value, mark, old });
        if is_open {
            // All that is in something new is new.
            let inherited = mark.filter(|mark| *mark == Mark::Added);
            self.children(path, value, depth + 1, inherited);
        }
    }

    fn removed_members(&mut self, path: &Pointer, depth: usize) {
        let prefix = format!("{path}/");
        let removed: Vec<TreeRow> = below(&self.removals, &prefix)
            .filter(|change| !change.path.as_str()[prefix.len()..].contains('/'))
            .filter_map(|change| {
                let (_, label) = change.path.split_last()?;
                Some(removed_row(change, change.path.clone(), label.into_owned(), depth))
            })
            .collect();
        self.rows.extend(removed);
    }

    /// The items that were removed from before the one that has this place now.
    fn removed_items(&mut self, array: &Pointer, item: &Pointer, depth: usize) {
        let first = self.removals.partition_point(|change| change.path < *item);
        let here = self.removals[first..].iter().take_while(|change| change.path == *item);
        let Some((_, place)) = item.split_last() else { return };
        let rows = here.enumerate().map(|(n, change)| {
            let path = array.key(&format!("{place} removed {}", n + 1));
            removed_row(change, path, place.to_string(), depth)
        });
        self.rows.extend(rows.collect::<Vec<_>>());
    }

    fn mark_at(&self, path: &Pointer, inherited: Option<Mark>) -> Option<Mark> {
        match self.change_at(path) {
            Some(Change { op: ChangeKind::Add, .. }) => Some(Mark::Added),
            Some(_) => Some(Mark::Changed),
            None => inherited.or_else(|| self.has_changes_inside(path).then_some(Mark::Inside)),
        }
    }

    fn change_at(&self, path: &Pointer) -> Option<&Change> {
        let at = self.changes.binary_search_by(|change| change.path.cmp(path)).ok()?;
        self.changes.get(at).copied()
    }

    fn has_changes_inside(&self, path: &Pointer) -> bool {
        let prefix = format!("{path}/");
        below(&self.changes, &prefix).chain(below(&self.removals, &prefix)).next().is_some()
    }
}

fn below<'b>(changes: &'b [&'b Change], prefix: &'b str) -> impl Iterator<Item = &'b Change> {
    let start = changes.partition_point(|change| change.path.as_str() < prefix);
    changes[start..]
        .iter()
        .copied()
        .take_while(move |change| change.path.as_str().starts_with(prefix))
}

fn removed_row(change: &Change, path: Pointer, label: String, depth: usize) -> TreeRow {
    TreeRow {
        path,
        depth,
        label: Some(label),
        value: row_value(&Json::Null, false),
        mark: Some(Mark::Removed),
        old: change.old.as_ref().map(short),
    }
}

fn is_container(value: &Json) -> bool {
    value.child_count().is_some_and(|count| count > 0)
}

fn row_value(value: &Json, is_open: bool) -> RowValue {
    const PREVIEW_CHARS: usize = 120;
    let kind = match value {
        Json::Array(items) if !items.is_empty() => {
            return RowValue::Container {
                is_array: true,
                count: items.len(),
                is_open,
                preview: value.preview(PREVIEW_CHARS),
            };
        }
        Json::Object(members) if !members.is_empty() => {
            return RowValue::Container {
                is_array: false,
                count: members.len(),
                is_open,
                preview: value.preview(PREVIEW_CHARS),
            };
        }
        Json::Array(_) | Json::Object(_) => LeafKind::Empty,
        Json::String(_) => LeafKind::String,
        Json::Number(_) => LeafKind::Number,
        Json::Bool(_) => LeafKind::Bool,
        Json::Null => LeafKind::Null,
    };
    RowValue::Leaf { text: value.preview(MAX_TEXT_CHARS), kind }
}

/// An old value beside the new one.
fn short(value: &Json) -> String {
    const OLD_CHARS: usize = 160;
    value.preview(OLD_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::diff;
    use proptest::prelude::*;

    struct AllOpen;
    impl TreeView for AllOpen {
        fn is_open(&self, _: &Pointer, _: usize) -> bool {
            true
        }
    }

    struct AllClosed;
    impl TreeView for AllClosed {
        fn is_open(&self, _: &Pointer, _: usize) -> bool {
            false
        }
    }

    struct First(usize);
    impl TreeView for First {
        fn is_open(&self, _: &Pointer, _: usize) -> bool {
            true
        }
        fn child_limit(&self, _: &Pointer) -> usize {
            self.0
        }
    }

    fn drawn(old: &str, new: &str, view: &dyn TreeView) -> Vec<String> {
        let (old, new) = (Json::parse(old).unwrap(), Json::parse(new).unwrap());
        rows(&new, &diff(&old, &new), view)
            .into_iter()
            .map(|row| {
                let mark = match row.mark {
                    None => ' ',
                    Some(Mark::Added) => '+',
                    Some(Mark::Changed) => '~',
                    Some(Mark::Removed) => '-',
                    Some(Mark::Inside) => '*',
                };
                let value = match row.value {
                    RowValue::Leaf { text, .. } => text,
                    RowValue::Container { count, is_open, .. } => {
                        format!("{}{count}", if is_open { "v" } else { ">" })
                    }
                    RowValue::More { hidden } => format!("{hidden} more"),
                };
                let old = row.old.map(|old| format!(" was {old}")).unwrap_or_default();
                format!(
                    "{mark}{}{} {value}{old}",
                    "  ".repeat(row.depth),
                    row.label.unwrap_or_default()
                )
            })
            .collect()
    }

    #[test]
    fn what_changed_is_marked_where_it_stands() {
        assert_eq!(
            drawn(
                r#"{"a":1,"b":{"c":2,"d":3},"e":4}"#,
                r#"{"a":1,"b":{"c":20,"f":{"g":5}}}"#,
                &AllOpen
            ),
            [
                " a 1",
                "*b v2",
                "~  c 20 was 2",
                "+  f v1",
                "+    g 5",
                "-  d null was 3",
                "-e null was 4"
            ]
        );
    }

    #[test]
    fn items_that_were_removed_stand_where_they_were() {
        assert_eq!(
            drawn(r#"[{"id":1},{"id":2},{"id":3},{"id":4}]"#, r#"[{"id":3},{"id":5}]"#, &AllClosed),
            [
                r#"-0 null was {"id":1}"#,
                r#"-0 null was {"id":2}"#,
                " 0 >1",
                r#"-1 null was {"id":4}"#,
                "+1 >1"
            ]
        );
        assert_eq!(drawn("[1,2]", "[1]", &AllOpen), [" 0 1", "-1 null was 2"]);
    }

    #[test]
    fn a_closed_container_says_that_something_inside_changed() {
        assert_eq!(drawn(r#"{"b":{"c":2}}"#, r#"{"b":{"c":3}}"#, &AllClosed), ["*b >1"]);
    }

    #[test]
    fn a_key_that_begins_like_another_is_not_in_it() {
        assert_eq!(
            drawn(r#"{"a":{"x":1},"ab":1}"#, r#"{"a":{"x":1},"ab":2}"#, &AllClosed),
            [" a >1", "~ab 2 was 1"]
        );
    }

    #[test]
    fn a_large_container_is_shown_in_part() {
        assert_eq!(drawn("[1,2,3,4]", "[1,2,3,4]", &First(2)), [" 0 1", " 1 2", "  2 more"]);
    }

    #[test]
    fn a_plain_document_is_one_row() {
        assert_eq!(drawn("1", "2", &AllOpen), ["~ 2 was 1"]);
        assert_eq!(drawn("{}", "{}", &AllOpen), ["  {}"]);
        assert_eq!(drawn(r#"{"a":1}"#, "{}", &AllOpen), ["-a null was 1"]);
    }

    proptest! {
        #[test]
        fn rows_have_different_paths_whatever_was_removed(old in crate::diff::tests::any_json(), new in crate::diff::tests::any_json()) {
            let rows = rows(&new, &diff(&old, &new), &AllOpen);
            let paths: std::collections::HashSet<_> = rows.iter().map(|row| &row.path).collect();
            prop_assert_eq!(paths.len(), rows.len());
        }

        #[test]
        fn every_path_names_one_row(text in r#"\{"a":(\[1,2\]|\{"b":3\}|4),"c":(\{\}|\[\]|\[\{"d":null\}\])\}"#) {
            let value = Json::parse(&text).unwrap();
            let rows = rows(&value, &[], &AllOpen);
            let paths: std::collections::HashSet<_> = rows.iter().map(|row| &row.path).collect();
            prop_assert_eq!(paths.len(), rows.len());
            for row in &rows {
                prop_assert!(row.path.find(&value).is_some());
            }
        }
    }
}
