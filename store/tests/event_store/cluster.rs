//! A cluster of one node: keys of one step are in one slot, by their hash tags.

use std::net::TcpListener;
use std::time::Duration;

use rewind_dev::{TestRedis, eventually};
use rewind_store::aggregate::{Aggregate, AggregateStore, Expected};
use rewind_store::consume::{Consumer, DeadLetters, Group, PendingOf, ReplayTo, Replayed};
use rewind_store::project::{self, Changes, Handlers, Projection};
use rewind_store::publish::{Precision, Publisher};
use rewind_store::trim::{TrimBy, trim};
use rewind_store::{EventStore, IdempotencyKey, NewEvent};
use serde_json::{Value, json};

/// How far the port on which nodes speak with each other is from that for clients.
const BUS: u16 = 10_000;

/// A port whose bus is free as well.
fn port() -> u16 {
    let is_free = |port: u16| TcpListener::bind(("127.0.0.1", port)).is_ok();
    let first = 20_000 + u16::try_from(std::process::id() % 20_000).unwrap();
    (first..50_000).find(|port| is_free(*port) && is_free(port + BUS)).unwrap()
}

async fn cluster() -> TestRedis {
    let port = port().to_string();
    let redis =
        TestRedis::start_with(&["--save", "", "--port", &port, "--cluster-enabled", "yes"]).await;
    let mut command = redis::cmd("CLUSTER");
    command.arg("ADDSLOTS").arg((0..16_384).collect::<Vec<u16>>());
    command.query_async::<()>(&mut redis.connection().await).await.unwrap();
    eventually("the cluster is whole", async || {
        let info: String = redis::from_redis_value(redis.run("CLUSTER INFO").await).unwrap();
        info.contains("cluster_state:ok").then_some(())
    })
    .await;
    redis
}

#[tokio::test]
async fn every_part_works_on_streams_with_and_without_a_hash_tag() {
    let redis = cluster().await;
    let store = EventStore::new(redis.url());
    let events: Vec<NewEvent> =
        (1..=4).map(|n| NewEvent::new("Counted", &json!({ "n": n })).unwrap()).collect();
    for stream in ["events:orders", "{o}:events", "{events}"] {
        let publisher = Publisher::new(&store, stream);
        let key = IdempotencyKey::new("k");
        let first = publisher.publish_once(&key, &events).await.unwrap();
        assert_eq!(publisher.publish_once(&key, &events).await.unwrap(), first, "{stream}");

        let mut consumer = Consumer::new(&store, stream, "billing", "one");
        let batch = consumer.next(10, None).await.unwrap();
        let letters = DeadLetters::new(&store, stream, "billing");
        for delivery in &batch.deliveries[..2] {
            assert!(consumer.give_up(delivery, "no").await.unwrap(), "{stream}");
        }
        let dead = letters.list(None, 10).await.unwrap();
        for (letter, to) in dead.iter().zip([ReplayTo::Stream, ReplayTo::Group]) {
            let replayed = letters.replay(letter.id, to).await.unwrap();
            assert!(matches!(replayed, Replayed::Done(_)), "{stream}: {replayed:?}");
        }
        consumer.release().await.unwrap();
        let mut two = Consumer::new(&store, stream, "billing", "two");
        let claimed = two.claim_idle(Duration::ZERO, 10).await.unwrap();
        assert_eq!(claimed.deliveries.len(), 3, "{stream}");
        two.ack_and_delete(&claimed.ids()[..1]).await.unwrap();
        let group = Group::new(&store, stream, "billing");
        group.delete_consumer(b"two", &PendingOf::Acknowledged).await.unwrap();
        trim(&store, &stream.into(), TrimBy::Acknowledged, Precision::Exact).await.unwrap();
    }
    let orders = AggregateStore::new(&store);
    let order = Aggregate::new("Order", "1");
    orders.append(&order, &events, Expected::New).await.unwrap();
    let key = IdempotencyKey::new("k");
    orders.append_once(&key, &order, &events, Expected::Version(4)).await.unwrap();
    assert_eq!(orders.events_after(&order, 6, 10).await.unwrap().events.len(), 2);
}

#[tokio::test]
async fn a_projection_whose_name_is_a_hash_tag_is_run_rebuilt_and_reset() {
    let redis = cluster().await;
    let store = EventStore::new(redis.url());
    redis.add_many("events:orders", 50).await;
    let counting = |name| {
        let handlers = Handlers::new().on("Counted", |changes: &mut Changes, _: Value| {
            changes.increment("stats:{orders}", "n", 1);
        });
        Projection::changes(name, handlers).stream("events:orders")
    };
    let mut tagged = counting("{orders}");
    assert_eq!(tagged.catch_up(&store).await.unwrap().handled, 50);
    tagged.rebuild(&store, |_| {}).await.unwrap();
    let n: i64 = redis::from_redis_value(redis.run("HGET stats:{orders} n").await).unwrap();
    assert_eq!(n, 50);
    assert_eq!(store.reads().projections().await.unwrap(), ["{orders}"]);
    assert!(project::reset(&store, "{orders}").await.unwrap().len() >= 4);
    // Without one its keys are in several slots, and nothing is half done.
    let error = counting("orders").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("slot"), "{error}");
    assert_eq!(redis.run("EXISTS stats:{orders}").await, redis::Value::Int(0));
}
