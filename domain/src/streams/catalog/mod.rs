//! The streams of a keyspace as far as they were found: by category, by a part of their key, in order, and a range at
//! a time.
//!
//! Redis has no list of its streams. Whoever walks the keyspace puts what is found here, in any order and repeatedly; a
//! hundred thousand keys take a few megabytes. What streams hold is known only of those that someone looked at.

mod categories;
mod category;
mod keys;
mod order;
mod search;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use self::categories::Categories;
use self::keys::Keys;
use self::search::Rank;
use crate::streams::segments::colons;
use crate::{EntryId, StreamKey};

pub use self::categories::{CategoryRow, OPEN_AT_FIRST, Opened, Sums};
pub use self::category::Category;

/// The streams found so far, each once.
#[derive(Clone, Debug)]
pub struct Catalog {
    bounds: Bounds,
    keys: Keys,
    /// The places of all keys, in the order of keys.
    order: Vec<u32>,
    /// What is known of each, by place.
    facts: Vec<Facts>,
    categories: Categories,
    is_full: bool,
}

/// How much a catalog keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How many streams.
    pub streams: usize,
    /// How many bytes their keys have together.
    pub key_bytes: usize,
}

/// What a stream holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// How many entries.
    pub length: u64,
    /// The last of them.
    pub last_id: Option<EntryId>,
    /// When this was so, on a clock of the caller's.
    pub as_of: u32,
}

/// By what streams are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// By key, so that numbers in keys stand in their order; what was searched for by how well it fits.
    #[default]
    Key,
    /// The longest first.
    Length,
    /// The one that had an entry last first.
    Activity,
}

impl SortBy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Key, Self::Length, Self::Activity];

    /// Its name in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Length => "length",
            Self::Activity => "activity",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sort| sort.name() == name)
    }
}

/// Some of the streams, in an order.
#[derive(Clone, Debug)]
pub struct Selection<'a> {
    catalog: &'a Catalog,
    places: Cow<'a, [u32]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    /// The last walk that came across it.
    walk: u32,
    numbers: Option<Numbers>,
}

/// What is noted of a stream beside its key, in bytes, about: its place, where its key ends, and what it holds.
const BYTES_A_STREAM: usize = size_of::<Facts>() + 2 * size_of::<u32>() + CATEGORY_BYTES;
/// The part of a stream in the tree of categories, in bytes, about.
const CATEGORY_BYTES: usize = 64;

impl Bounds {
    /// What a catalog of these bounds takes at most, in bytes, about.
    pub const fn byte_size(self) -> usize {
        self.key_bytes + self.streams * BYTES_A_STREAM
    }
}

impl Catalog {
    /// An empty catalog that keeps at most so much.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            keys: Keys::default(),
            order: Vec::new(),
            facts: Vec::new(),
            categories: Categories::default(),
            is_full: false,
        }
    }

    /// How many streams there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// What it takes, in bytes, about; categories share most of the bytes of keys.
    pub fn byte_size(&self) -> usize {
        self.keys.byte_len() + self.len() * BYTES_A_STREAM
    }

    /// Whether a stream is among them.
    pub fn has(&self, key: &StreamKey) -> bool {
        self.position(key.as_bytes()).is_ok()
    }

    /// Whether streams were left out since there is no more room.
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Adds streams that the walk of this number came across. Those that are there already are so still.
    pub fn insert(&mut self, found: impl IntoIterator<Item = StreamKey>, walk: u32) {
        let mut found: Vec<StreamKey> = found.into_iter().collect();
        found.sort_unstable_by(|a, b| order::compare(a.as_bytes(), b.as_bytes()));
        found.dedup();
        // Where each new key goes in the order as it was, and its place; ascending.
        let mut new = Vec::new();
        for key in &found {
            match self.position(key.as_bytes()) {
                Ok(at) => self.facts[self.order[at] as usize].walk = walk,
                Err(at) => match self.push(key.as_bytes(), Facts { walk, numbers: None }) {
                    Some(place) => new.push((at, place)),
                    None => self.is_full = true,
                },
            }
        }
        self.merge(&new);
    }

    /// Forgets the streams that no walk since the one of this number came across. Where that makes room, the catalog is
    /// full no more: what was left out is found by the next walk.
    pub fn retain_since(&mut self, walk: u32) {
        if self.facts.iter().all(|facts| facts.walk >= walk) {
            return;
        }
        let mut kept = Self::new(self.bounds);
        for &place in &self.order {
            let facts = self.facts[place as usize];
            if facts.walk >= walk
                && let Some(place) = kept.push(self.keys.get(place), facts)
            {
                kept.order.push(place);
            }
        }
        *self = kept;
    }

    /// Takes note of what a stream holds; `None` if that cannot be told any more. Of a stream that is not here,
    /// nothing is noted.
    pub fn note(&mut self, key: &StreamKey, numbers: Option<Numbers>) {
        let Ok(at) = self.position(key.as_bytes()) else { return };
        let place = self.order[at];
        let before = std::mem::replace(&mut self.facts[place as usize].numbers, numbers);
        self.categories.note(&self.keys, place, before.as_ref(), numbers.as_ref());
    }

    /// The streams of a category whose key has `part` in it, capitals or not, in their order.
    pub fn select(&self, category: &Category, part: &[u8]) -> Selection<'_> {
        let run = &self.order[self.run(category)];
        if part.is_empty() {
            return Selection { catalog: self, places: Cow::Borrowed(run) };
        }
        let mut ranked: [Vec<u32>; Rank::COUNT] = Default::default();
        for &place in run {
            if let Some(rank) = Rank::of(self.keys.get(place), part) {
                ranked[rank as usize].push(place);
            }
        }
        Selection { catalog: self, places: Cow::Owned(ranked.concat()) }
    }

    /// The rows of the tree of categories in a range, and how many there are in all.
    pub fn categories(&self, opened: &Opened, range: Range<usize>) -> (Vec<CategoryRow>, usize) {
        self.categories.rows(&self.keys, opened, range)
    }

    /// Where in the order a category stands.
    fn run(&self, category: &Category) -> Range<usize> {
        let key = |place: &u32| self.keys.get(*place);
        match category {
            Category::All => 0..self.order.len(),
            Category::Unnamed => {
                0..self.order.partition_point(|place| colons(key(place)).next().is_none())
            }
            Category::Within(category) => {
                let side =
                    |place: &u32| order::compare_to_category(key(place), category.as_bytes());
                let start = self.order.partition_point(|place| side(place).is_lt());
                let behind = &self.order[start..];
                start..start + behind.partition_point(|place| side(place).is_eq())
            }
        }
    }

    /// Where in the order a key stands, or would stand.
    fn position(&self, key: &[u8]) -> Result<usize, usize> {
        self.order.binary_search_by(|&place| order::compare(self.keys.get(place), key))
    }

    /// Adds a key that is not here yet, but for its place in the order.
    fn push(&mut self, key: &[u8], facts: Facts) -> Option<u32> {
        let is_room = self.keys.len() < self.bounds.streams
            && key.len() <= self.bounds.key_bytes.saturating_sub(self.keys.byte_len());
        let place = if is_room { self.keys.push(key)? } else { return None };
        self.facts.push(facts);
        self.categories.add(&self.keys, place);
        self.categories.note(&self.keys, place, None, facts.numbers.as_ref());
        Some(place)
    }

    /// Puts new places into the order, each before what stood at its position; from the back, so that each moves once.
    fn merge(&mut self, new: &[(usize, u32)]) {
        let mut end = self.order.len();
        self.order.resize(end + new.len(), 0);
        for (count, &(position, place)) in new.iter().enumerate().rev() {
            self.order.copy_within(position..end, position + count + 1);
            self.order[position + count] = place;
            end = position;
        }
    }
}

impl Selection<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The keys in a range of them.
    pub fn keys(&self, range: Range<usize>) -> Vec<StreamKey> {
        let end = range.end.min(self.places.len());
        let places = self.places.get(range.start.min(end)..end).unwrap_or_default();
        places.iter().map(|&place| self.catalog.keys.key(place)).collect()
    }

    /// How many of them were looked at since then.
    pub fn looked_at_since(&self, as_of: u32) -> usize {
        self.places.iter().filter(|&&place| self.is_known(place, as_of)).count()
    }

    /// The keys of at most `max` that were not looked at since then.
    pub fn not_looked_at_since(&self, as_of: u32, max: usize) -> Vec<StreamKey> {
        let unknown = self.places.iter().filter(|&&place| !self.is_known(place, as_of));
        unknown.take(max).map(|&place| self.catalog.keys.key(place)).collect()
    }

    /// The same in another order. Those of which nothing is known come last.
    #[must_use]
    pub fn sorted(mut self, by: SortBy) -> Self {
        let numbers = |place: u32| self.catalog.facts[place as usize].numbers;
        match by {
            SortBy::Key => {}
            SortBy::Length => self
                .places
                .to_mut()
                .sort_by_key(|&place| Reverse(numbers(place).map(|numbers| numbers.length))),
            SortBy::Activity => self
                .places
                .to_mut()
                .sort_by_key(|&place| Reverse(numbers(place).map(|numbers| numbers.last_id))),
        }
        self
    }

    fn is_known(&self, place: u32, as_of: u32) -> bool {
        let numbers = self.catalog.facts[place as usize].numbers;
        numbers.is_some_and(|numbers| numbers.as_of >= as_of)
    }
}

#[cfg(test)]
mod tests;
