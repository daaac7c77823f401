//! The categories of keys as a tree, with what each of them holds.

use std::collections::HashSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::category::Category;
use super::keys::Keys;
use super::{Numbers, order};
use crate::streams::segments::{colons, split_last};
use crate::{EntryId, StreamKey};

/// How many categories an outermost one may hold to be open before anybody opened it: more would hide the others on
/// most screens.
pub const OPEN_AT_FIRST: usize = 20;

/// Which categories are open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Those that someone opened.
    pub open: Vec<StreamKey>,
    /// Those that someone closed: the outermost ones are open at first, unless they hold more than [`OPEN_AT_FIRST`].
    pub closed: Vec<StreamKey>,
}

/// A row of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CategoryRow {
    /// The category.
    pub category: Category,
    /// How deep it stands, from 0.
    pub depth: u32,
    /// The row of the category that it is within; `None` for an outermost one.
    pub parent_row: Option<u64>,
    /// How many categories stand directly within it.
    pub categories: u64,
    /// Whether these have rows.
    pub is_open: bool,
    /// What it holds, at every depth.
    #[serde(flatten)]
    pub sums: Sums,
}

/// What streams hold together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sums {
    /// How many streams there are.
    pub streams: u64,
    /// How many of them were looked at; what follows is of these alone.
    pub looked_at: u64,
    /// How many entries they have.
    pub entries: u64,
    /// The last of their entries.
    pub last_id: Option<EntryId>,
}

/// The categories. The outermost node stands for all streams.
#[derive(Clone, Debug)]
pub(super) struct Categories {
    nodes: Vec<Node>,
    /// What streams without a category hold.
    unnamed: Sums,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// The key of a stream within, which begins with the category.
    place: u32,
    /// How long the category is.
    len: u32,
    /// The categories directly within, in order.
    children: Vec<u32>,
    sums: Sums,
}

const ROOT: usize = 0;

impl Default for Categories {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], unnamed: Sums::default() }
    }
}

impl Categories {
    /// Adds the stream at a place.
    pub(super) fn add(&mut self, keys: &Keys, place: u32) {
        let key = keys.get(place);
        let mut at = ROOT;
        self.nodes[ROOT].sums.streams += 1;
        for end in colons(key) {
            at = match self.child(keys, at, &key[..end]) {
                Ok(child) => child,
                Err(position) => self.insert(at, position, place, end),
            };
            self.nodes[at].sums.streams += 1;
        }
        if at == ROOT {
            self.unnamed.streams += 1;
        }
    }

    /// Takes note of what is known about a stream now, in place of what was known before.
    pub(super) fn note(
        &mut self,
        keys: &Keys,
        place: u32,
        before: Option<&Numbers>,
        now: Option<&Numbers>,
    ) {
        let key = keys.get(place);
        let mut at = ROOT;
        self.nodes[ROOT].sums.replace(before, now);
        for end in colons(key) {
            let Ok(child) = self.child(keys, at, &key[..end]) else { return };
            at = child;
            self.nodes[at].sums.replace(before, now);
        }
        if at == ROOT {
            self.unnamed.replace(before, now);
        }
    }

    /// The rows in a range, and how many there are in all: all streams, those without a category, and the categories,
    /// each followed by those within while it is open.
    pub(super) fn rows(
        &self,
        keys: &Keys,
        opened: &Opened,
        range: Range<usize>,
    ) -> (Vec<CategoryRow>, usize) {
        let find = |categories: &[StreamKey]| -> HashSet<usize> {
            categories.iter().filter_map(|category| self.find(keys, category.as_bytes())).collect()
        };
        let (open, closed) = (find(&opened.open), find(&opened.closed));
        let mut rows = Rows { range, rows: Vec::new(), count: 0 };
        let top = |category: Category, sums: Sums| CategoryRow {
            category,
            depth: 0,
            parent_row: None,
            categories: 0,
            is_open: false,
            sums,
        };
        rows.push(|| top(Category::All, self.nodes[ROOT].sums));
        if self.unnamed.streams > 0 {
            rows.push(|| top(Category::Unnamed, self.unnamed));
        }
        // The nodes still to come, the next one last, each with its depth and the row of its parent.
        let mut coming: Vec<(u32, u32, Option<u64>)> = Vec::new();
        coming.extend(self.nodes[ROOT].children.iter().rev().map(|&child| (child, 0, None)));
        while let Some((at, depth, parent_row)) = coming.pop() {
            let at = at as usize;
            let Some(node) = self.nodes.get(at) else { continue };
            let is_open = !node.children.is_empty()
                && (open.contains(&at)
                    || depth == 0 && node.children.len() <= OPEN_AT_FIRST && !closed.contains(&at));
            let row = rows.count as u64;
            rows.push(|| CategoryRow {
                category: Category::Within(StreamKey::from_bytes(node.category(keys))),
                depth,
                parent_row,
                categories: node.children.len() as u64,
                is_open,
                sums: node.sums,
            });
            if is_open {
                let within = node.children.iter().rev();
                coming.extend(within.map(|&child| (child, depth.saturating_add(1), Some(row))));
            }
        }
        (rows.rows, rows.count)
    }

    /// The node of a category.
    fn find(&self, keys: &Keys, category: &[u8]) -> Option<usize> {
        colons(category)
            .chain([category.len()])
            .try_fold(ROOT, |at, end| self.child(keys, at, &category[..end]).ok())
    }

    /// The child that is this category, or the position at which it would stand.
    fn child(&self, keys: &Keys, parent: usize, category: &[u8]) -> Result<usize, usize> {
        let name = last_segment(category);
        let children = &self.nodes[parent].children;
        children
            .binary_search_by(|&child| {
                order::segments(last_segment(self.nodes[child as usize].category(keys)), name)
            })
            .map(|position| children[position] as usize)
    }

    fn insert(&mut self, parent: usize, position: usize, place: u32, len: usize) -> usize {
        let at = self.nodes.len();
        // Keys are fewer than 2^32 and shorter, so what is of a key has a number too.
        let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        self.nodes.push(Node { place, len: number(len), ..Node::default() });
        self.nodes[parent].children.insert(position, number(at));
        at
    }
}

impl Node {
    fn category<'a>(&self, keys: &'a Keys) -> &'a [u8] {
        keys.get(self.place).get(..self.len as usize).unwrap_or_default()
    }
}

impl Sums {
    fn replace(&mut self, before: Option<&Numbers>, now: Option<&Numbers>) {
        if let Some(before) = before {
            self.looked_at = self.looked_at.saturating_sub(1);
            self.entries = self.entries.saturating_sub(before.length);
        }
        if let Some(now) = now {
            self.looked_at += 1;
            self.entries = self.entries.saturating_add(now.length);
            self.last_id = self.last_id.max(now.last_id);
        }
    }
}

/// Rows of which only those in a range are made.
struct Rows {
    range: Range<usize>,
    rows: Vec<CategoryRow>,
    count: usize,
}

impl Rows {
    fn push(&mut self, row: impl FnOnce() -> CategoryRow) {
        if self.range.contains(&self.count) {
            self.rows.push(row());
        }
        self.count += 1;
    }
}

fn last_segment(category: &[u8]) -> &[u8] {
    split_last(category).1
}
