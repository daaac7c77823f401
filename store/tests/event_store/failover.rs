//! A replica that takes the place of its primary while events are appended.

use std::collections::BTreeMap;
use std::time::Duration;

use rewind_dev::{LossyProxy, TestRedis, eventually};
use rewind_domain::EntryId;
use rewind_store::aggregate::{Aggregate, AggregateStore, AppendError, Expected};
use rewind_store::{EventStore, IdempotencyKey, NewEvent, WriteError};
use serde_json::json;

const STREAM: &str = "aggregate:Order:1";
const APPENDERS: u64 = 8;
const EACH: u64 = 40;

/// What `INFO replication` says under a name.
async fn told(redis: &TestRedis, name: &str) -> Option<String> {
    let info: String = redis::from_redis_value(redis.run("INFO replication").await).unwrap();
    let line = info.lines().find_map(|line| line.strip_prefix(&format!("{name}:")));
    line.map(str::to_owned)
}

/// A primary, and its replica, which is in sync.
async fn pair() -> (TestRedis, LossyProxy, TestRedis) {
    let primary = TestRedis::start().await;
    // Servers in tests have no port of their own.
    let link = LossyProxy::start(&primary).await;
    let replica = TestRedis::start().await;
    let port = link.address().port();
    replica.run(&format!("REPLICAOF 127.0.0.1 {port}")).await;
    eventually("the replica is in sync", async || {
        (told(&replica, "master_link_status").await? == "up").then_some(())
    })
    .await;
    (primary, link, replica)
}

/// Makes the replica the primary, with everything that was acknowledged. What is on its way meanwhile is lost.
async fn fail_over(primary: &mut TestRedis, replica: &TestRedis, proxy: &LossyProxy) {
    primary.run("CLIENT PAUSE 60000 WRITE").await;
    eventually("the replica has everything", async || {
        let offset = told(primary, "master_repl_offset").await?;
        (told(replica, "slave_repl_offset").await? == offset).then_some(())
    })
    .await;
    replica.run("REPLICAOF NO ONE").await;
    primary.kill();
    proxy.lead_to(replica);
}

fn event(n: u64) -> NewEvent {
    NewEvent::new("Counted", &json!({ "n": n })).unwrap()
}

/// Appends events one by one at the version that the aggregate has, and looks for those whose fate is not known. Returns the ids and versions that
/// it was told, by event.
async fn append_all(store: &AggregateStore, numbers: std::ops::Range<u64>) -> BTreeMap<u64, u64> {
    let order = Aggregate::new("Order", "1");
    let mut done = BTreeMap::new();
    for n in numbers {
        loop {
            let Ok(version) = store.version(&order).await else {
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            };
            match store.append(&order, &[event(n)], Expected::Version(version)).await {
                Ok(appended) => {
                    assert_eq!(appended.version, Some(version + 1));
                    done.insert(n, version + 1);
                    break;
                }
                Err(AppendError::Conflict(_)) => {}
                Err(AppendError::Write(WriteError::Unknown { .. })) => {
                    if has(store, &order, n).await {
                        break;
                    }
                }
                Err(AppendError::Write(WriteError::NotDone(error))) => {
                    assert!(error.is_passing() || error.to_string().contains("replica"), "{error}");
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    done
}

/// Whether an event is there, once somebody can say so.
async fn has(store: &AggregateStore, order: &Aggregate, n: u64) -> bool {
    loop {
        if let Ok(page) = store.events_after(order, 0, 1_000).await {
            assert!(page.is_last);
            return page.events.iter().any(|event| number(&event.data.to_string()) == n);
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn number(data: &str) -> u64 {
    data.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_have_no_gap_and_no_event_is_there_twice_when_a_replica_is_promoted() {
    let (mut primary, _link, replica) = pair().await;
    let proxy = LossyProxy::start(&primary).await;
    let store = AggregateStore::new(&EventStore::new(proxy.url()));
    let appenders: Vec<_> = (0..APPENDERS)
        .map(|at| {
            // Some share a connection, some have their own.
            let store = match at % 2 {
                0 => store.clone(),
                _ => AggregateStore::new(&EventStore::new(proxy.url())),
            };
            tokio::spawn(async move { append_all(&store, at * EACH..(at + 1) * EACH).await })
        })
        .collect();
    eventually("some are appended", async || {
        let length: i64 =
            redis::from_redis_value(primary.run(&format!("XLEN {STREAM}")).await).unwrap();
        (length > 60).then_some(())
    })
    .await;
    fail_over(&mut primary, &replica, &proxy).await;
    let mut done = BTreeMap::new();
    for appender in appenders {
        done.extend(appender.await.unwrap());
    }
    let page = store.events_after(&Aggregate::new("Order", "1"), 0, 1_000).await.unwrap();
    let found: BTreeMap<u64, u64> = page
        .events
        .iter()
        .map(|event| (number(&event.data.to_string()), event.version.unwrap()))
        .collect();
    assert_eq!(found.len() as u64, APPENDERS * EACH, "each event is there");
    assert_eq!(page.events.len() as u64, APPENDERS * EACH, "none is there twice");
    let mut versions: Vec<u64> = found.values().copied().collect();
    versions.sort_unstable();
    assert!(versions.into_iter().eq(1..=APPENDERS * EACH), "there is no gap");
    for (n, version) in done {
        assert_eq!(found[&n], version, "what was told is true");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_key_an_append_in_the_middle_of_a_failover_is_done_once() {
    let (mut primary, _link, replica) = pair().await;
    let proxy = LossyProxy::start(&primary).await;
    let store = AggregateStore::new(&EventStore::new(proxy.url()));
    let order = Aggregate::new("Order", "1");
    store.append(&order, &[event(1)], Expected::New).await.unwrap();
    // The reply to the next one is lost, and its repetition meets the failover.
    proxy.lose_replies(1);
    let key = IdempotencyKey::new("second");
    let events = [event(2)];
    let appending = store.append_once(&key, &order, &events, Expected::Version(1));
    let (appended, ()) = tokio::join!(appending, fail_over(&mut primary, &replica, &proxy));
    let appended = appended.unwrap();
    assert_eq!(appended.version, Some(2));
    let page = store.events_after(&order, 0, 10).await.unwrap();
    let ids: Vec<EntryId> = page.events.iter().map(|event| event.id).collect();
    assert_eq!((ids.len(), ids.last()), (2, appended.ids.first()));
}
