//! Publishing.

use rewind_dev::TestRedis;
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
