//! Scans: what the index, filters and exports read streams with.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use rewind_domain::{EntryId, StreamKey};
use rewind_store::{IdRange, PAGE_ENTRIES, PageOrder, Scan, Store, StoreError};
use rewind_tests::TestRedis;

/// Some pages, the last of which is not full.
const EVENTS: u64 = 2 * PAGE_ENTRIES + 300;

fn key() -> StreamKey {
    "s".into()
}

fn id(ms: u64) -> EntryId {
    EntryId::new(ms, 0)
}

/// The times in the ids of what a scan gives, and the versions.
async fn all(mut scan: Scan) -> Vec<(u64, Option<u64>)> {
    let mut seen = Vec::new();
    let mut was_last = false;
    while let Some(page) = scan.next_page().await.unwrap() {
        assert!(!was_last, "a page behind the last one");
        was_last = page.is_last;
        seen.extend(page.events().map(|(entry, version)| (entry.id.ms(), version)));
    }
    assert!(was_last);
    seen
}

#[tokio::test]
async fn a_scan_gives_every_entry_with_its_version_in_either_direction() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    redis.run("XTRIM s MAXLEN 2100").await;
    let store = Store::new(redis.url());
    let expected: Vec<_> = (EVENTS - 2_099..=EVENTS).map(|n| (n, Some(n))).collect();
    let whole = IdRange::default();
    let forward = store.scan(&key(), whole, PageOrder::OldestFirst).await.unwrap();
    assert_eq!(all(forward).await, expected);
    let backward = store.scan(&key(), whole, PageOrder::NewestFirst).await.unwrap();
    assert_eq!(all(backward).await, expected.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_scan_keeps_within_its_range() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let store = Store::new(redis.url());
    let (first, last) = (10, 10 + PAGE_ENTRIES);
    for (range, from, to) in [
        (IdRange::within(id(first), id(last)), first, last),
        (IdRange { after: Some(id(first)), before: Some(id(last)) }, first + 1, last - 1),
        (IdRange { after: Some(id(first)), before: None }, first + 1, EVENTS),
        (IdRange { after: None, before: Some(id(last)) }, 1, last - 1),
        (IdRange::within(EntryId::MIN, EntryId::MAX), 1, EVENTS),
        (IdRange { after: Some(EntryId::MAX), before: None }, 1, 0),
        (IdRange { after: None, before: Some(EntryId::MIN) }, 1, 0),
    ] {
        let expected: Vec<u64> = (from..=to).collect();
        for order in [PageOrder::OldestFirst, PageOrder::NewestFirst] {
            let seen = all(store.scan(&key(), range, order).await.unwrap()).await;
            let mut seen: Vec<u64> = seen.into_iter().map(|(ms, _)| ms).collect();
            if order == PageOrder::NewestFirst {
                seen.reverse();
            }
            assert_eq!(seen, expected, "{range:?} {order:?}");
        }
    }
}

#[tokio::test]
async fn what_is_added_meanwhile_is_not_part_of_a_scan() {
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let store = Store::new(redis.url());
    for order in [PageOrder::OldestFirst, PageOrder::NewestFirst] {
        let scan = store.scan(&key(), IdRange::default(), order).await.unwrap();
        let length = scan.info().extent.length;
        redis.run("XADD s * type Late").await;
        assert_eq!(all(scan).await.len() as u64, length, "{order:?}");
    }
}

#[tokio::test]
async fn trimming_that_overtakes_a_scan_does_not_shift_its_versions() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 6 * PAGE_ENTRIES).await;
    let store = Store::new(redis.url());
    // More than is read ahead.
    let scan = store.scan(&key(), IdRange::default(), PageOrder::OldestFirst).await.unwrap();
    redis.run(&format!("XTRIM s MINID {}", 6 * PAGE_ENTRIES - 10)).await;
    let seen = all(scan).await;
    assert_eq!(seen.last(), Some(&(6 * PAGE_ENTRIES, Some(6 * PAGE_ENTRIES))));
    assert!(seen.iter().all(|(ms, version)| Some(*ms) == *version));
}

#[tokio::test]
async fn scans_obey_the_rate_of_their_store() {
    const RATE: u32 = 20_000;
    let redis = TestRedis::start().await;
    redis.add_many("s", EVENTS).await;
    let store = Store::with_read_rate(redis.url(), NonZeroU32::new(RATE));
    let start = Instant::now();
    let scan = store.scan(&key(), IdRange::default(), PageOrder::OldestFirst).await.unwrap();
    assert_eq!(all(scan).await.len() as u64, EVENTS);
    // All that is not on the last page was read, and waited for, before it.
    let least = Duration::from_secs(EVENTS - PAGE_ENTRIES) / RATE;
    assert!(start.elapsed() >= least, "{:?}", start.elapsed());
}

#[tokio::test]
async fn what_is_no_stream_cannot_be_scanned() {
    let redis = TestRedis::start().await;
    redis.run("SET s text").await;
    let store = Store::new(redis.url());
    let scan = async |key: &str| {
        store.scan(&key.into(), IdRange::default(), PageOrder::OldestFirst).await.err()
    };
    assert_eq!(scan("s").await, Some(StoreError::WrongType));
    assert_eq!(scan("nope").await, Some(StoreError::NotFound));
}

#[tokio::test]
async fn pages_of_large_entries_are_small() {
    const BYTES: usize = 500_000;
    let redis = TestRedis::start().await;
    let payload = "x".repeat(BYTES);
    let mut pipeline = redis::pipe();
    for n in 1..=90 {
        pipeline.cmd("XADD").arg("s").arg(format!("{n}-0")).arg("data").arg(&payload).ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    let store = Store::new(redis.url());
    let mut scan = store.scan(&key(), IdRange::default(), PageOrder::OldestFirst).await.unwrap();
    let mut pages = Vec::new();
    while let Some(page) = scan.next_page().await.unwrap() {
        pages.push(page.entries.len());
    }
    assert_eq!(pages.iter().sum::<usize>(), 90);
    // About four megabytes, once it is known how large they are.
    assert!(
        pages.len() > 2 && pages[1..].iter().all(|page| page * BYTES <= 5_000_000),
        "{pages:?}"
    );
}
