//! Appending to aggregates, and reading them.

use proptest::prelude::*;
use rewind_dev::{LossyProxy, Reference, TestRedis};
use rewind_domain::Event;
use rewind_store::aggregate::{
    Aggregate, AggregateStore, AppendError, Conflict, Expected, Missing, ReadError,
};
use rewind_store::{EventStore, IdempotencyKey, NewEvent};
use serde_json::json;

const STREAM: &str = "aggregate:Order:1";

fn order() -> Aggregate {
    Aggregate::new("Order", "1")
}

fn store(redis: &TestRedis) -> AggregateStore {
    AggregateStore::new(&EventStore::new(redis.url()))
}

fn event(n: u64) -> NewEvent {
    NewEvent::new("Counted", &json!({ "n": n })).unwrap()
}

fn events(numbers: std::ops::RangeInclusive<u64>) -> Vec<NewEvent> {
    numbers.map(event).collect()
}

/// What the events count, and their versions.
fn counted(events: &[Event]) -> Vec<(u64, u64)> {
    let number = |event: &Event| {
        event.data.to_string().trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
    };
    events.iter().map(|event| (number(event), event.version.unwrap())).collect()
}

fn conflict(outcome: Result<impl std::fmt::Debug, AppendError>) -> Conflict {
    match outcome {
        Err(AppendError::Conflict(conflict)) => conflict,
        other => panic!("{other:?}"),
    }
}

/// Whether the server counts what was added.
async fn counts(redis: &TestRedis) -> bool {
    redis.run("XADD probe * a b").await;
    format!("{:?}", redis.run("XINFO STREAM probe").await).contains("entries-added")
}

#[tokio::test]
async fn events_are_appended_where_the_aggregate_is_as_expected() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    conflict(store.append(&order(), &[event(1)], Expected::Exists).await);
    let appended = store.append(&order(), &events(1..=2), Expected::New).await.unwrap();
    assert_eq!((appended.ids.len(), appended.version), (2, Some(2)));
    let missed = conflict(store.append(&order(), &[event(9)], Expected::New).await);
    assert_eq!((missed.actual, counted(&missed.missed)), (Some(2), vec![(1, 1), (2, 2)]));
    let missed = conflict(store.append(&order(), &[event(9)], Expected::Version(1)).await);
    assert_eq!(counted(&missed.missed), [(2, 2)]);
    assert!(missed.is_all);
    let ahead = conflict(store.append(&order(), &[event(9)], Expected::Version(3)).await);
    assert_eq!((ahead.actual, ahead.missed.len()), (Some(2), 0));
    store.append(&order(), &[event(3)], Expected::Exists).await.unwrap();
    store.append(&order(), &[event(4)], Expected::Any).await.unwrap();
    store.append(&order(), &[event(5)], Expected::Version(4)).await.unwrap();
    assert_eq!(store.version(&order()).await, Ok(5));
    assert_eq!(store.version(&Aggregate::new("Order", "none")).await, Ok(0));
}

#[tokio::test]
async fn a_conflict_says_how_much_more_was_missed_than_it_shows() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    store.append(&order(), &events(1..=300), Expected::New).await.unwrap();
    let missed = conflict(store.append(&order(), &[event(9)], Expected::Version(7)).await);
    assert_eq!((missed.missed.len(), missed.is_all, missed.actual), (100, false, Some(300)));
    assert_eq!(counted(&missed.missed)[0], (8, 8));
}

#[tokio::test]
async fn events_after_a_version_come_in_pages() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    store.append(&order(), &events(1..=2_500), Expected::New).await.unwrap();
    for from in [0, 1, 700, 1_250, 1_800, 2_400, 2_499, 2_500, 9_999] {
        let mut seen = Vec::new();
        let mut page = store.events_after(&order(), from, 300).await.unwrap();
        while let Some(position) = page.position() {
            assert!(page.events.len() <= 300);
            seen.extend(counted(&page.events));
            if page.is_last {
                break;
            }
            page = store.events_behind(&order(), position, 300).await.unwrap();
        }
        assert!(page.is_last && page.version == 2_500);
        let expected: Vec<(u64, u64)> = (from + 1..=2_500).map(|n| (n, n)).collect();
        assert_eq!(seen, expected, "after {from}");
    }
}

#[tokio::test]
async fn the_last_events_are_read_without_those_before() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    let large = "x".repeat(10_000);
    let many: Vec<NewEvent> = (1..=2_000).map(|n| event(n).with("note", &large)).collect();
    store.append(&order(), &many, Expected::New).await.unwrap();
    let sent = async || {
        let info: String = redis::from_redis_value(redis.run("INFO stats").await).unwrap();
        let line = info.lines().find_map(|line| line.strip_prefix("total_net_output_bytes:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = sent().await;
    let page = store.events_after(&order(), 1_990, 100).await.unwrap();
    assert_eq!(page.events.len(), 10);
    let read = sent().await - before;
    assert!(read < 30 * 10_000, "{read} bytes were read for 10 events of 10,000");
}

#[tokio::test]
async fn versions_stay_right_over_trimming_or_are_refused() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    store.append(&order(), &events(1..=10), Expected::New).await.unwrap();
    redis.run(&format!("XTRIM {STREAM} MAXLEN = 4")).await;
    let at_ten = store.append(&order(), &[event(11)], Expected::Version(10)).await;
    if counts(&redis).await {
        assert_eq!(at_ten.unwrap().version, Some(11));
        let page = store.events_after(&order(), 6, 100).await.unwrap();
        assert_eq!(counted(&page.events)[0], (7, 7));
        let trimmed = store.events_after(&order(), 5, 100).await.unwrap_err();
        assert_eq!(trimmed, ReadError::Missing(Missing::Trimmed { first: 7 }));
        assert_eq!(
            conflict(store.append(&order(), &[event(12)], Expected::Version(5)).await).actual,
            Some(11)
        );
    } else {
        assert_eq!(at_ten, Err(AppendError::VersionUntold(Missing::NotCounted)));
        let four = store.append(&order(), &[event(5)], Expected::Version(4)).await;
        assert_eq!(four, Err(AppendError::VersionUntold(Missing::NotCounted)));
        let untold = ReadError::Missing(Missing::NotCounted);
        assert_eq!(store.version(&order()).await, Err(untold.clone()));
        assert_eq!(store.events_after(&order(), 2, 10).await, Err(untold));
        // What needs no version goes on.
        store.append(&order(), &[event(11)], Expected::Any).await.unwrap();
    }
}

#[tokio::test]
async fn events_whose_versions_nobody_knows_are_not_read() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    let ids = store.append(&order(), &events(1..=5), Expected::New).await.unwrap().ids;
    redis.run(&format!("XDEL {STREAM} {}", ids[2])).await;
    let error = store.events_after(&order(), 1, 10).await.unwrap_err();
    let expected = match counts(&redis).await {
        true => Missing::Deleted { count: 1 },
        false => Missing::NotCounted,
    };
    assert_eq!(error, ReadError::Missing(expected));
}

#[tokio::test]
async fn an_aggregate_that_was_emptied_is_not_new() {
    let redis = TestRedis::start().await;
    let store = store(&redis);
    store.append(&order(), &events(1..=3), Expected::New).await.unwrap();
    redis.run(&format!("XTRIM {STREAM} MAXLEN = 0")).await;
    conflict(store.append(&order(), &[event(9)], Expected::New).await);
    redis.run(&format!("DEL {STREAM}")).await;
    store.append(&order(), &[event(1)], Expected::New).await.unwrap();
    store.append(&order(), &[event(2)], Expected::Version(1)).await.unwrap();
}

#[tokio::test]
async fn without_scripts_it_is_the_same() {
    let redis = TestRedis::start().await;
    redis.run("ACL SETUSER tester on >secret ~* +@all -eval -evalsha").await;
    let url = format!("{}?user=tester&pass=secret", redis.url_text());
    let store = AggregateStore::new(&EventStore::new(url.parse().unwrap()));
    conflict(store.append(&order(), &[event(1)], Expected::Exists).await);
    store.append(&order(), &events(1..=2), Expected::New).await.unwrap();
    let missed = conflict(store.append(&order(), &[event(9)], Expected::Version(1)).await);
    assert_eq!((missed.actual, counted(&missed.missed)), (Some(2), vec![(2, 2)]));
    let racing = (0..20).map(|_| {
        let store = store.clone();
        async move { store.append(&order(), &[event(3)], Expected::Version(2)).await }
    });
    let outcomes = futures::future::join_all(racing).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    redis.run(&format!("XTRIM {STREAM} MAXLEN = 1")).await;
    let outcome = store.append(&order(), &[event(4)], Expected::Version(3)).await;
    assert_eq!(outcome.is_ok(), counts(&redis).await, "{outcome:?}");
}

#[tokio::test]
async fn an_append_whose_reply_was_lost_is_done_once_with_a_key() {
    let redis = TestRedis::start().await;
    let proxy = LossyProxy::start(&redis).await;
    let store = AggregateStore::new(&EventStore::new(proxy.url()));
    store.append(&order(), &[event(1)], Expected::New).await.unwrap();
    proxy.lose_replies(1);
    let lost = store.append(&order(), &[event(2)], Expected::Version(1)).await.unwrap_err();
    assert!(lost.is_unknown(), "{lost}");
    assert_eq!(store.version(&order()).await, Ok(2));
    store.append(&order(), &[event(3)], Expected::Version(2)).await.unwrap();
    proxy.lose_replies(1);
    let key = IdempotencyKey::new("k");
    let appended =
        store.append_once(&key, &order(), &[event(4)], Expected::Version(3)).await.unwrap();
    assert_eq!(appended.version, Some(4));
    let again = store.append_once(&key, &order(), &[event(4)], Expected::Version(3)).await;
    assert_eq!(again, Ok(appended));
    assert_eq!(store.version(&order()).await, Ok(4));
}

#[tokio::test]
async fn of_fifty_appenders_one_wins_each_version_while_redis_is_killed_and_restarted() {
    const APPENDERS: u64 = 50;
    const VERSIONS: u64 = 120;
    let mut redis = TestRedis::start_persistent().await;
    let mut tasks = Vec::new();
    for appender in 0..APPENDERS {
        let store = store(&redis);
        tasks.push(tokio::spawn(async move {
            let (mut version, mut won, mut unknown) = (0, Vec::new(), Vec::new());
            while version < VERSIONS {
                let new = NewEvent::new("Counted", &json!({ "n": version + 1 })).unwrap();
                let new = new.with_user(&appender.to_string());
                match store.append(&order(), &[new], Expected::Version(version)).await {
                    Ok(appended) => {
                        assert_eq!(appended.version, Some(version + 1));
                        won.push(version + 1);
                        version += 1;
                    }
                    Err(AppendError::Conflict(conflict)) => version = conflict.actual.unwrap(),
                    Err(error) if error.is_unknown() => {
                        unknown.push(version + 1);
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    Err(AppendError::Write(error)) if error.cause().is_passing() => {
                        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            (won, unknown)
        }));
    }
    for at in [20, 60, 100] {
        rewind_dev::eventually("it got further", || async {
            let length: u64 =
                redis::from_redis_value(redis.run(&format!("XLEN {STREAM}")).await).unwrap();
            (length >= at).then_some(())
        })
        .await;
        redis.kill();
        redis.start_again().await;
    }
    let outcomes = futures::future::join_all(tasks).await;
    let stored = store(&redis).events_after(&order(), 0, 1_000).await.unwrap();
    let expected: Vec<(u64, u64)> = (1..=stored.version).map(|n| (n, n)).collect();
    assert!(stored.version >= VERSIONS);
    assert_eq!(counted(&stored.events), expected, "each version once, and no gap");
    for (appender, outcome) in outcomes.into_iter().enumerate() {
        let (won, unknown) = outcome.unwrap();
        let user = appender.to_string();
        let by = |event: &&Event| event.fields.get("user_id") == Some(user.as_bytes());
        let stored: Vec<u64> =
            stored.events.iter().filter(by).map(|event| event.version.unwrap()).collect();
        assert!(won.iter().all(|version| stored.contains(version)), "what was confirmed is there");
        let told = |version| won.contains(version) || unknown.contains(version);
        assert!(stored.iter().all(told), "what is there was confirmed, or said to be unknown");
    }
}

#[tokio::test]
async fn the_reference_appends_to_the_same_aggregate() {
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    let store = store(&redis);
    let theirs = reference.start(
        &redis,
        "store = AggregateEventStore(r)\ndone = 0\nwhile done < 100:\n  try:\n    store.append_event('Order', '1', 'theirs', {'n': 1}, \
         store.get_version('Order', '1'))\n    done += 1\n  except ConcurrencyError: pass",
    );
    let (mut won, mut version) = (0, 0);
    while won < 100 {
        let ours = NewEvent::new("ours", &json!({ "n": 1 })).unwrap();
        match store.append(&order(), &[ours], Expected::Version(version)).await {
            Ok(_) => {
                won += 1;
                version += 1;
            }
            Err(AppendError::Conflict(conflict)) => {
                assert!(
                    conflict
                        .missed
                        .iter()
                        .all(|event| event.event_type.as_deref() == Some("theirs"))
                );
                version = conflict.actual.unwrap();
            }
            Err(error) => panic!("{error}"),
        }
    }
    tokio::task::spawn_blocking(move || theirs.finish()).await.unwrap();
    assert_eq!(store.version(&order()).await, Ok(200));
    let seen = reference
        .run(&redis, "store = AggregateEventStore(r)\nfor e in store.get_events('Order', '1', 150): print(e['id'], e['type'])")
        .await;
    let page = store.events_after(&order(), 150, 100).await.unwrap();
    let ours: Vec<String> = page
        .events
        .iter()
        .map(|event| format!("{} {}", event.id, event.event_type.as_deref().unwrap()))
        .collect();
    assert_eq!(seen.lines().collect::<Vec<_>>(), ours);
}

/// What happens to an aggregate.
#[derive(Clone, Debug)]
enum Step {
    Append { expected: Option<u64>, count: u64 },
    Trim { keep: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::option::of(0..8_u64), 1..4_u64).prop_map(|(expected, count)| Step::Append { expected, count }),
        1 => (0..6_u64).prop_map(|keep| Step::Trim { keep }),
    ]
}

#[test]
fn whatever_happens_the_version_counts_what_was_added() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(TestRedis::start());
    if !runtime.block_on(counts(&redis)) {
        return;
    }
    let store = store(&redis);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    let history = prop::collection::vec(step(), 1..20);
    runner
        .run(&history, |steps| {
            runtime.block_on(async {
                redis.run(&format!("DEL {STREAM}")).await;
                let (mut version, mut first) = (0_u64, 1_u64);
                for step in steps {
                    match step {
                        Step::Append { expected, count } => {
                            let expected =
                                expected.map_or(Expected::Version(version), Expected::Version);
                            let new = events(version + 1..=version + count);
                            match store.append(&order(), &new, expected).await {
                                Ok(appended) => {
                                    prop_assert_eq!(expected, Expected::Version(version));
                                    version += count;
                                    prop_assert_eq!(appended.version, Some(version));
                                }
                                Err(error) => {
                                    prop_assert_ne!(expected, Expected::Version(version));
                                    prop_assert_eq!(
                                        conflict(Err::<(), _>(error)).actual,
                                        Some(version)
                                    );
                                }
                            }
                        }
                        Step::Trim { keep } => {
                            redis.run(&format!("XTRIM {STREAM} MAXLEN = {keep}")).await;
                            first = first.max((version + 1).saturating_sub(keep));
                        }
                    }
                    prop_assert_eq!(store.version(&order()).await, Ok(version));
                    for after in 0..=version {
                        let page = store.events_after(&order(), after, 1_000).await;
                        if after + 1 < first {
                            prop_assert_eq!(
                                page,
                                Err(ReadError::Missing(Missing::Trimmed { first }))
                            );
                        } else {
                            let expected: Vec<_> = (after + 1..=version).map(|n| (n, n)).collect();
                            prop_assert_eq!(counted(&page.unwrap().events), expected);
                        }
                    }
                }
                Ok(())
            })
        })
        .unwrap();
}

#[tokio::test]
async fn an_aggregate_whose_key_would_be_another_ones_is_refused() {
    let redis = TestRedis::start().await;
    let store = AggregateStore::new(&EventStore::new(redis.url()));
    for aggregate in
        [Aggregate::new("Order:eu", "1"), Aggregate::new("Order", ""), Aggregate::new("", "1")]
    {
        let refused = store.append(&aggregate, &[event(1)], Expected::New).await;
        assert!(matches!(refused, Err(AppendError::SharedKey { .. })), "{refused:?}");
    }
    // What stands last may have anything in it.
    store.append(&Aggregate::new("Order", "eu:1"), &[event(1)], Expected::New).await.unwrap();
    // Beside it there is a count on servers that keep none.
    let aggregates = redis.run("KEYS aggregate:*").await;
    assert!(matches!(&aggregates, redis::Value::Array(keys) if keys.len() == 1), "{aggregates:?}");
}
