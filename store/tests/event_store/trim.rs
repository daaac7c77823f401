//! Trimming streams, and inspecting them.

use std::time::Duration;

use proptest::prelude::*;
use rewind_dev::{Reference, TestRedis};
use rewind_domain::lag::Lag;
use rewind_domain::{EntryId, StreamKey};
use rewind_store::inspect::inspect;
use rewind_store::publish::Precision;
use rewind_store::trim::{GroupLoss, TrimBy, TrimError, preview, trim};
use rewind_store::{EventStore, StoreError, WriteError};

fn stream() -> StreamKey {
    "s".into()
}

async fn ids(redis: &TestRedis) -> Vec<EntryId> {
    let entries: Vec<(String, Vec<String>)> =
        redis::from_redis_value(redis.run("XRANGE s - +").await).unwrap();
    entries.into_iter().map(|(id, _)| id.parse().unwrap()).collect()
}

fn loss(group: &str, undelivered: u64, pending: u64) -> GroupLoss {
    GroupLoss { group: group.into(), undelivered, pending }
}

#[tokio::test]
async fn a_preview_says_exactly_what_goes_and_who_loses_it() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 5_000).await;
    redis.run("XGROUP CREATE s fresh 0").await;
    redis.run("XGROUP CREATE s slow 0").await;
    redis.run("XREADGROUP GROUP slow c COUNT 100 STREAMS s >").await;
    redis.run("XACK s slow 1-0 2-0").await;
    redis.run("XGROUP CREATE s done $").await;
    let planned = preview(store.reads(), &stream(), TrimBy::Length(1_000)).await.unwrap();
    assert_eq!(
        (planned.removed, planned.kept, planned.keep_from),
        (4_000, 1_000, EntryId::new(4_001, 0))
    );
    assert_eq!(planned.losses, [loss("fresh", 4_000, 0), loss("slow", 3_900, 98)]);
    // What is added after the preview stays, and nothing more goes.
    redis.run("XADD s 6000-0 a b").await;
    let from = TrimBy::From(planned.keep_from);
    assert_eq!(trim(&store, &stream(), from, Precision::Exact).await, Ok(4_000));
    assert_eq!(ids(&redis).await.len(), 1_001);
    let all = preview(store.reads(), &stream(), TrimBy::Length(0)).await.unwrap();
    assert_eq!((all.removed, all.kept), (1_001, 0));
    let none = preview(store.reads(), &stream(), TrimBy::Length(9_999)).await.unwrap();
    assert_eq!((none.removed, none.losses.len()), (0, 0));
}

#[tokio::test]
async fn old_entries_go_by_the_clock_of_redis() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 3).await;
    redis.run("XADD s * a b").await;
    let by = TrimBy::Age(Duration::from_secs(3_600));
    assert_eq!(preview(store.reads(), &stream(), by).await.unwrap().removed, 3);
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Ok(3));
    let ever = TrimBy::Age(Duration::MAX);
    assert_eq!(trim(&store, &stream(), ever, Precision::Exact).await, Ok(0));
}

#[tokio::test]
async fn what_all_groups_have_acknowledged_goes_and_nothing_else() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 10).await;
    let by = TrimBy::Acknowledged;
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Err(TrimError::NoGroups));
    for group in ["a", "b"] {
        redis.run(&format!("XGROUP CREATE s {group} 0")).await;
        redis.run(&format!("XREADGROUP GROUP {group} c COUNT 8 STREAMS s >")).await;
    }
    redis.run("XACK s a 1-0 2-0 3-0 4-0 5-0 6-0 7-0 8-0").await;
    redis.run("XACK s b 1-0 2-0 3-0 5-0").await;
    assert_eq!(preview(store.reads(), &stream(), by).await.unwrap().removed, 3);
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Ok(3));
    assert_eq!(ids(&redis).await[0], EntryId::new(4, 0));
    redis.run("XACK s b 4-0 6-0 7-0 8-0").await;
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Ok(5));
    for group in ["a", "b"] {
        redis.run(&format!("XREADGROUP GROUP {group} c NOACK STREAMS s >")).await;
    }
    assert_eq!(preview(store.reads(), &stream(), by).await.unwrap().removed, 2);
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Ok(2));
}

#[tokio::test]
async fn what_a_group_that_was_set_back_is_given_again_stays() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 10).await;
    redis.run("XGROUP CREATE s a 0").await;
    redis.run("XREADGROUP GROUP a c COUNT 8 STREAMS s >").await;
    redis.run("XACK s a 1-0 2-0 3-0 4-0").await;
    // It needs all of them again, and has the last four pending still.
    redis.run("XGROUP SETID s a 2-0").await;
    let by = TrimBy::Acknowledged;
    assert_eq!(preview(store.reads(), &stream(), by).await.unwrap().removed, 2);
    assert_eq!(trim(&store, &stream(), by, Precision::Exact).await, Ok(2));
    assert_eq!(ids(&redis).await[0], EntryId::new(3, 0));
}

#[tokio::test]
async fn what_is_no_stream_is_named() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    assert_eq!(inspect(store.reads(), &stream()).await, Err(StoreError::NotFound));
    let missing = preview(store.reads(), &stream(), TrimBy::Length(1)).await;
    assert_eq!(missing, Err(StoreError::NotFound.into()));
    redis.run("SET s text").await;
    assert_eq!(inspect(store.reads(), &stream()).await, Err(StoreError::WrongType));
    for by in [TrimBy::Length(1), TrimBy::Acknowledged] {
        let refused = trim(&store, &stream(), by, Precision::Exact).await;
        assert_eq!(refused, Err(TrimError::Write(WriteError::NotDone(StoreError::WrongType))));
    }
}

#[tokio::test]
async fn a_report_has_the_stream_and_its_groups_as_the_reference_sees_them() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 10).await;
    redis.run("XGROUP CREATE s g 0").await;
    redis.run("XREADGROUP GROUP g c COUNT 6 STREAMS s >").await;
    redis.run("XACK s g 1-0 2-0").await;
    redis.run("XTRIM s MAXLEN = 8").await;
    let report = inspect(store.reads(), &stream()).await.unwrap();
    assert_eq!(report.length, 8);
    assert_eq!(report.first.as_ref().unwrap().id, EntryId::new(3, 0));
    assert_eq!(report.last.as_ref().unwrap().id, EntryId::new(10, 0));
    if report.added.is_some() {
        assert_eq!((report.added, report.trimmed, report.deleted), (Some(10), Some(2), Some(0)));
    }
    let group = &report.groups[0];
    assert_eq!((group.pending, group.first_pending_id), (4, Some(EntryId::new(3, 0))));
    assert_eq!(group.lag, Lag::Exact(4));
    assert_eq!((group.consumers.len(), group.consumers[0].pending), (1, 4));
    redis.run("XDEL s 8-0").await;
    let report = inspect(store.reads(), &stream()).await.unwrap();
    assert_eq!((report.trimmed, report.deleted, report.groups[0].lag), (None, None, Lag::Exact(3)));
    let Some(reference) = Reference::find() else { return };
    let theirs = reference
        .run(&redis, "i = get_stream_info(r, 's')\ng = i['consumer_groups'][0]\nprint(i['length'], g['name'], g['consumers'], g['pending'], g['last_delivered_id'])")
        .await;
    assert_eq!(theirs.trim(), format!("7 g 1 4 {}", report.groups[0].last_delivered_id));
}

#[test]
fn whatever_was_trimmed_deleted_and_read_a_preview_is_what_happens() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(TestRedis::start());
    let store = EventStore::new(redis.url());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(80));
    let by = prop_oneof![
        (0..14_u64).prop_map(TrimBy::Length),
        (0..14_u64).prop_map(|ms| TrimBy::From(EntryId::new(ms, 0))),
        Just(TrimBy::Acknowledged),
    ];
    let history = (
        1..12_u64,
        prop::collection::vec(1..12_u64, 0..3),
        0..12_u64,
        prop::collection::vec(1..12_u64, 0..6),
        by,
    );
    runner
        .run(&history, |(count, deleted, given, acknowledged, by)| {
            runtime.block_on(async {
                redis.run("DEL s").await;
                redis.add_many("s", count).await;
                redis.run("XGROUP CREATE s g 0").await;
                if given > 0 {
                    redis.run(&format!("XREADGROUP GROUP g c COUNT {given} STREAMS s >")).await;
                }
                for id in acknowledged {
                    redis.run(&format!("XACK s g {id}-0")).await;
                }
                for id in deleted {
                    redis.run(&format!("XDEL s {id}-0")).await;
                }
                let before = ids(&redis).await;
                let planned = preview(store.reads(), &stream(), by).await.unwrap();
                let removed = trim(&store, &stream(), by, Precision::Exact).await.unwrap();
                prop_assert_eq!(planned.removed, removed);
                let after = ids(&redis).await;
                prop_assert_eq!(planned.kept, after.len() as u64);
                prop_assert_eq!(&before[usize::try_from(removed).unwrap()..], &after[..]);
                if by == TrimBy::Acknowledged {
                    prop_assert_eq!(planned.losses, vec![]);
                }
                Ok(())
            })
        })
        .unwrap();
}
