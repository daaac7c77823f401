//! Publishing.

use rewind_dev::{Reference, TestRedis};
use rewind_domain::Fields;
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, NewEvent};
use serde_json::json;

fn event(n: u64) -> NewEvent {
    NewEvent::new("order.created", &json!({ "n": n })).unwrap()
}

#[tokio::test]
async fn a_server_that_was_restarted_between_two_writes_disturbs_neither() {
    let mut redis = TestRedis::start_persistent().await;
    let publisher = Publisher::new(&EventStore::new(redis.url()), "events:orders");
    let first = publisher.publish(&event(1)).await.unwrap();
    redis.kill();
    redis.start_again().await;
    let second = publisher.publish(&event(2)).await.unwrap();
    assert!(first < second);
    assert_eq!(redis.run("XLEN events:orders").await, redis::Value::Int(2));
}

#[tokio::test]
async fn a_batch_is_added_whole_or_not_at_all() {
    let redis = TestRedis::start().await;
    let publisher = Publisher::new(&EventStore::new(redis.url()), "events:orders");
    let ids = publisher.publish_all(&[event(1), event(2), event(3)]).await.unwrap();
    assert!(ids.len() == 3 && ids.is_sorted());
    let empty = NewEvent::of_fields(Fields::default());
    let error = publisher.publish_all(&[event(4), empty]).await.unwrap_err();
    assert!(!error.is_unknown(), "{error}");
    assert_eq!(redis.run("XLEN events:orders").await, redis::Value::Int(3));
}

#[tokio::test]
async fn the_reference_publishes_to_the_same_stream_at_the_same_time() {
    const EACH: u64 = 200;
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    let theirs = reference.start(
        &redis,
        &format!(
            "publisher = EventPublisher(r)\nfor n in range(0, {EACH}, 2):\n  publisher.publish('orders', 'theirs', {{'n': n}})\n  \
             publisher.publish_batch('orders', [('theirs', {{'n': n + 1}})])"
        ),
    );
    let publisher = Publisher::new(&EventStore::new(redis.url()), "events:orders");
    for n in 0..EACH {
        let event = NewEvent::new("ours", &json!({ "n": n })).unwrap();
        publisher.publish(&event).await.unwrap();
    }
    tokio::task::spawn_blocking(move || theirs.finish()).await.unwrap();
    // Both read all of it, and each finds its own in order.
    let seen = reference
        .run(
            &redis,
            "consumer = EventConsumer(r, 'events:orders', 'g', 'c')\nfor event in consumer.consume(count=10000, block=1):\n  \
             print(event['type'], event['data']['n'])",
        )
        .await;
    let of = |name: &str| -> Vec<u64> {
        let lines = seen.lines().filter_map(|line| line.strip_prefix(name));
        lines.map(|n| n.trim().parse().unwrap()).collect()
    };
    let all: Vec<u64> = (0..EACH).collect();
    assert_eq!((of("ours"), of("theirs")), (all.clone(), all));
}
