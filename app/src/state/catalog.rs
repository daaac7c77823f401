//! The streams found so far, by category.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rewind_domain::StreamKey;

use super::address::CategoryChoice;
use crate::api::StreamSummary;

/// Every stream found, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    streams: HashMap<StreamKey, Arc<StreamSummary>>,
    categories: BTreeMap<Option<StreamKey>, Totals>,
}

/// What a category holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// How many streams.
    pub(crate) streams: u64,
    /// How many events they have together.
    pub(crate) events: u64,
}

/// By what streams are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SortBy {
    /// By key, so that numbers in keys stand in their order.
    Key,
    /// Longest first.
    Length,
    /// Newest first.
    #[default]
    Activity,
}

impl Catalog {
    /// Adds what was found. A stream that was found before takes its newer numbers.
    pub(crate) fn extend(&mut self, found: impl IntoIterator<Item = StreamSummary>) {
        for stream in found {
            let totals = self.categories.entry(stream.key.category()).or_default();
            totals.events += stream.length;
            match self.streams.insert(stream.key.clone(), Arc::new(stream)) {
                Some(before) => totals.events -= before.length,
                None => totals.streams += 1,
            }
        }
    }

    /// The categories in their order, each with what it holds.
    pub(crate) fn categories(&self) -> Vec<(Option<StreamKey>, Totals)> {
        self.categories.iter().map(|(category, totals)| (category.clone(), *totals)).collect()
    }

    /// All of it.
    pub(crate) fn totals(&self) -> Totals {
        self.categories.values().fold(Totals::default(), |sum, totals| Totals {
            streams: sum.streams + totals.streams,
            events: sum.events + totals.events,
        })
    }

    /// The streams of a category, sorted.
    pub(crate) fn list(&self, choice: &CategoryChoice, by: SortBy) -> Vec<Arc<StreamSummary>> {
        let mut list: Vec<_> = self
            .streams
            .values()
            .filter(|stream| match choice {
                CategoryChoice::All => true,
                CategoryChoice::One(category) => stream.key.category() == *category,
            })
            .cloned()
            .collect();
        // Keys are unique, so the order is the same whatever order they were found in.
        list.sort_unstable_by(|a, b| {
            let first = match by {
                SortBy::Key => Ordering::Equal,
                SortBy::Length => b.length.cmp(&a.length),
                SortBy::Activity => b.last_id.cmp(&a.last_id),
            };
            first.then_with(|| by_key(&a.key, &b.key))
        });
        list
    }
}

/// Keys with numbers in them by the size of the numbers: `order:9` before `order:10`.
fn by_key(a: &StreamKey, b: &StreamKey) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    while let ([x, ..], [y, ..]) = (left, right) {
        let (m, n) = (leading_digits(left), leading_digits(right));
        let order = if m > 0 && n > 0 {
            let (p, q) = (without_zeros(&left[..m]), without_zeros(&right[..n]));
            (left, right) = (&left[m..], &right[n..]);
            p.len().cmp(&q.len()).then_with(|| p.cmp(q))
        } else {
            (left, right) = (&left[1..], &right[1..]);
            x.cmp(y)
        };
        if order.is_ne() {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

fn leading_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn without_zeros(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    &digits[zeros..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::EntryId;

    fn stream(key: &str, length: u64) -> StreamSummary {
        let key = StreamKey::from(key);
        let last_id = Some(EntryId::new(length, 0));
        StreamSummary {
            kind: key.kind(),
            key,
            length,
            first_id: None,
            last_id,
            groups: 0,
            latest_version: length,
            incomplete: None,
            unavailable: None,
        }
    }

    fn keys(catalog: &Catalog, choice: &CategoryChoice, by: SortBy) -> Vec<String> {
        catalog.list(choice, by).iter().map(|stream| stream.key.to_string()).collect()
    }

    #[test]
    fn a_stream_found_twice_counts_once_with_its_newer_numbers() {
        let mut catalog = Catalog::default();
        catalog.extend([stream("a:1", 5), stream("a:2", 1)]);
        catalog.extend([stream("a:1", 7), stream("x", 1)]);
        assert_eq!(
            catalog.categories(),
            [
                (None, Totals { streams: 1, events: 1 }),
                (Some("a".into()), Totals { streams: 2, events: 8 })
            ]
        );
        assert_eq!(catalog.totals(), Totals { streams: 3, events: 9 });
    }

    #[test]
    fn numbers_in_keys_sort_by_their_size() {
        let mut catalog = Catalog::default();
        catalog.extend(["a:10", "a:9", "a:b", "a:09", "a:1:x", "a"].map(|key| stream(key, 1)));
        assert_eq!(
            keys(&catalog, &CategoryChoice::All, SortBy::Key),
            ["a", "a:1:x", "a:09", "a:9", "a:10", "a:b"]
        );
    }

    #[test]
    fn a_category_lists_its_own_streams_only() {
        let mut catalog = Catalog::default();
        catalog.extend([stream("a:1", 1), stream("a:2", 2), stream("a:b:3", 3), stream("c", 4)]);
        let one = |category: Option<&str>| CategoryChoice::One(category.map(Into::into));
        assert_eq!(keys(&catalog, &one(Some("a")), SortBy::Length), ["a:2", "a:1"]);
        assert_eq!(keys(&catalog, &one(None), SortBy::Activity), ["c"]);
    }
}
