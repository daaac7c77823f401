use std::collections::BTreeSet;

use super::*;
use proptest::prelude::*;

const BOUNDS: Bounds = Bounds { streams: 1_000, key_bytes: 10_000 };

fn catalog(keys: &[&str]) -> Catalog {
    let mut catalog = Catalog::new(BOUNDS);
    catalog.insert(keys.iter().map(|&key| key.into()), 1);
    catalog
}

fn within(category: &str) -> Category {
    Category::Within(category.into())
}

fn listed(selection: &Selection<'_>) -> Vec<String> {
    selection.keys(0..usize::MAX).iter().map(StreamKey::to_string).collect()
}

fn numbers(length: u64) -> Option<Numbers> {
    Some(Numbers { length, last_id: Some(EntryId::new(100 - length, 0)), as_of: 5 })
}

/// The rows as `name streams`, indented by depth.
fn tree(catalog: &Catalog, opened: &Opened) -> Vec<String> {
    let (rows, count) = catalog.categories(opened, 0..usize::MAX);
    assert_eq!(rows.len(), count);
    rows.iter()
        .map(|row| {
            let indent = "  ".repeat(row.depth as usize);
            format!("{indent}{} {}", row.category, row.sums.streams)
        })
        .collect()
}

#[test]
fn a_category_lists_its_streams_at_every_depth() {
    let catalog = catalog(&["a:2", "a:10", "a:b:3", "c", "ab:1", "a", ":x"]);
    assert_eq!(listed(&catalog.select(&within("a"), b"")), ["a:2", "a:10", "a:b:3"]);
    assert_eq!(listed(&catalog.select(&within("a:b"), b"")), ["a:b:3"]);
    assert_eq!(listed(&catalog.select(&within(""), b"")), [":x"]);
    assert_eq!(listed(&catalog.select(&within("none"), b"")), [""; 0]);
    assert_eq!(listed(&catalog.select(&Category::Unnamed, b"")), ["a", "c"]);
    assert_eq!(catalog.select(&Category::All, b"").len(), 7);
}

#[test]
fn categories_stand_in_a_tree_with_the_outermost_open() {
    let catalog = catalog(&[
        "audit",
        "aggregate:Order:1",
        "aggregate:Order:2",
        "aggregate:A:1:x",
        "events:o",
    ]);
    let at_first =
        [" 5", "(none) 1", "aggregate: 3", "  aggregate:A: 1", "  aggregate:Order: 2", "events: 1"];
    assert_eq!(tree(&catalog, &Opened::default()), at_first);
    let opened = Opened { open: vec!["aggregate:A".into()], closed: Vec::new() };
    assert_eq!(tree(&catalog, &opened)[4], "    aggregate:A:1: 1");
    let (rows, count) = catalog.categories(&opened, 4..5);
    assert_eq!((rows[0].parent_row, rows.len(), count), (Some(3), 1, 7));
    let closed = Opened { open: Vec::new(), closed: vec!["aggregate".into()] };
    assert_eq!(tree(&catalog, &closed), [" 5", "(none) 1", "aggregate: 3", "events: 1"]);
}

#[test]
fn an_outermost_category_that_would_fill_the_screen_is_closed_at_first() {
    let keys: Vec<String> = (0..=OPEN_AT_FIRST).map(|n| format!("tenant:{n}:orders")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(tree(&catalog(&keys), &Opened::default()).len(), 2);
    assert_eq!(tree(&catalog(&keys[1..]), &Opened::default()).len(), 2 + OPEN_AT_FIRST);
    let opened = Opened { open: vec!["tenant".into()], closed: Vec::new() };
    assert_eq!(tree(&catalog(&keys), &opened).len(), 3 + OPEN_AT_FIRST);
}

#[test]
fn sums_are_of_what_was_looked_at() {
    let mut catalog = catalog(&["a:1", "a:2", "a:3", "b"]);
    catalog.note(&"a:1".into(), numbers(5));
    catalog.note(&"a:2".into(), numbers(7));
    catalog.note(&"a:2".into(), numbers(8));
    catalog.note(&"nothing".into(), numbers(9));
    let sums = |catalog: &Catalog, row: usize| {
        let sums = catalog.categories(&Opened::default(), row..row + 1).0[0].sums;
        (sums.streams, sums.looked_at, sums.entries)
    };
    assert_eq!((sums(&catalog, 0), sums(&catalog, 2)), ((4, 2, 13), (3, 2, 13)));
    catalog.note(&"a:1".into(), None);
    catalog.note(&"b".into(), numbers(1));
    assert_eq!((sums(&catalog, 1), sums(&catalog, 2)), ((1, 1, 1), (3, 1, 8)));
    // What is forgotten counts no more.
    catalog.insert(["a:1".into(), "b".into()], 2);
    catalog.retain_since(2);
    assert_eq!((sums(&catalog, 0), sums(&catalog, 2)), ((2, 1, 1), (1, 0, 0)));
}

#[test]
fn what_is_not_looked_at_comes_last_when_sorted_by_numbers() {
    let mut catalog = catalog(&["a:1", "a:2", "a:3", "a:4"]);
    catalog.note(&"a:3".into(), numbers(1));
    catalog.note(&"a:2".into(), numbers(9));
    let sorted = |by| listed(&catalog.select(&within("a"), b"").sorted(by));
    assert_eq!(sorted(SortBy::Length), ["a:2", "a:3", "a:1", "a:4"]);
    assert_eq!(sorted(SortBy::Activity), ["a:3", "a:2", "a:1", "a:4"]);
    let selection = catalog.select(&Category::All, b"");
    assert_eq!((selection.looked_at_since(5), selection.looked_at_since(6)), (2, 0));
    assert_eq!(selection.not_looked_at_since(5, 1), ["a:1".into()]);
}

#[test]
fn what_fits_best_is_found_first() {
    let catalog = catalog(&["x:preorder", "order:1", "events:orders", "order", "x:ORDER", "none"]);
    assert_eq!(
        listed(&catalog.select(&Category::All, b"order")),
        ["order", "x:ORDER", "order:1", "events:orders", "x:preorder"]
    );
    assert_eq!(listed(&catalog.select(&within("x"), b"order")), ["x:ORDER", "x:preorder"]);
}

#[test]
fn a_walk_that_came_across_less_leaves_less() {
    let mut catalog = catalog(&["a:1", "a:2", "b:1"]);
    catalog.insert(["a:2".into(), "c".into()], 2);
    assert_eq!(catalog.len(), 4);
    catalog.retain_since(2);
    assert_eq!(listed(&catalog.select(&Category::All, b"")), ["c", "a:2"]);
    assert_eq!(tree(&catalog, &Opened::default()), [" 2", "(none) 1", "a: 1"]);
}

#[test]
fn a_full_catalog_says_so() {
    let mut few = Catalog::new(Bounds { streams: 2, key_bytes: 100 });
    few.insert(["a".into(), "b".into()], 1);
    assert!(!few.is_full());
    few.insert(["c".into(), "a".into()], 2);
    assert_eq!((few.is_full(), few.len()), (true, 2));
    few.retain_since(2);
    assert_eq!((few.is_full(), few.len()), (false, 1));
    let mut short = Catalog::new(Bounds { streams: 9, key_bytes: 3 });
    short.insert(["abc".into(), "d".into()], 1);
    assert_eq!((short.is_full(), short.len()), (true, 1));
}

proptest! {
    #[test]
    fn whatever_the_order_of_finding_all_is_listed_once_and_every_category_counts_its_own(
        batches in prop::collection::vec(prop::collection::vec("[ab1:]{0,6}", 0..12), 0..6),
    ) {
        let mut catalog = Catalog::new(BOUNDS);
        for (walk, batch) in (1..).zip(&batches) {
            catalog.insert(batch.iter().map(|key| key.as_str().into()), walk);
        }
        let all: BTreeSet<&str> = batches.iter().flatten().map(String::as_str).collect();
        let found = listed(&catalog.select(&Category::All, b""));
        prop_assert_eq!(found.iter().map(String::as_str).collect::<BTreeSet<_>>(), all.clone());
        prop_assert_eq!(found.len(), all.len());
        let is_sorted = catalog.order.is_sorted_by(|a, b| {
            order::compare(catalog.keys.get(*a), catalog.keys.get(*b)).is_lt()
        });
        prop_assert!(is_sorted);
        let open = all.iter().flat_map(|key| Category::of(&(*key).into()).ancestors());
        let opened = Opened { open: open.collect(), closed: Vec::new() };
        let (rows, count) = catalog.categories(&opened, 0..usize::MAX);
        prop_assert_eq!(rows.len(), count);
        for row in &rows {
            prop_assert_eq!(row.sums.streams, catalog.select(&row.category, b"").len() as u64);
            if let Category::Within(category) = &row.category {
                let beginning = format!("{category}:");
                let expected = all.iter().filter(|key| key.starts_with(&beginning)).count();
                prop_assert_eq!(row.sums.streams, expected as u64);
            }
        }
        let categories: BTreeSet<_> = all
            .iter()
            .flat_map(|key| key.match_indices(':').map(|(at, _)| &key[..at]))
            .collect();
        let named = rows.iter().filter(|row| matches!(row.category, Category::Within(_))).count();
        prop_assert_eq!(named, categories.len());
    }

    #[test]
    fn pages_make_up_the_whole(count in 0..40usize, page in 1..9usize, from in 0..50usize) {
        let mut catalog = Catalog::new(BOUNDS);
        catalog.insert((0..count).map(|n| StreamKey::from(format!("k:{}:{n}", n % 3).as_str())), 1);
        let selection = catalog.select(&Category::All, b"");
        let pages = (0..count).step_by(page).flat_map(|at| selection.keys(at..at + page));
        prop_assert_eq!(pages.collect::<Vec<_>>(), selection.keys(0..count));
        let opened = Opened::default();
        let (rows, total) = catalog.categories(&opened, 0..usize::MAX);
        let part = catalog.categories(&opened, from..from.saturating_add(page)).0;
        prop_assert_eq!(&part[..], rows.get(from..(from + page).min(total)).unwrap_or_default());
    }
}
