//! Operations on consumer groups.

use rewind_dev::TestRedis;
use rewind_store::consume::{AckDeleted, Group, GroupMade, PendingOf, PendingQuery, Start};
use rewind_store::{EventStore, StoreError, WriteError};

use crate::consume::{GROUP, STREAM, consumer, id, pending_ids};

fn group(redis: &TestRedis) -> Group {
    Group::new(&EventStore::new(redis.url()), STREAM, GROUP)
}

#[tokio::test]
async fn a_group_is_made_once_and_deleted_once() {
    let redis = TestRedis::start().await;
    let group = group(&redis);
    assert_eq!(group.info().await.unwrap_err(), StoreError::NoGroup);
    assert_eq!(group.create(Start::End).await, Ok(GroupMade::Made));
    assert_eq!(group.create(Start::Beginning).await, Ok(GroupMade::Existed));
    assert_eq!(group.delete().await, Ok(true));
    assert_eq!(group.delete().await, Ok(false));
    redis.run("DEL events:orders").await;
    assert_eq!(group.delete().await, Ok(false));
}

#[tokio::test]
async fn what_is_asked_of_a_group_that_does_not_exist_is_a_clear_error() {
    let redis = TestRedis::start().await;
    for stream_exists in [false, true] {
        if stream_exists {
            redis.add_many(STREAM, 1).await;
        }
        let group = group(&redis);
        let missing = WriteError::NotDone(StoreError::NoGroup);
        assert_eq!(group.reset(Start::End).await, Err(missing.clone()));
        assert_eq!(group.consumers().await, Err(StoreError::NoGroup));
        assert_eq!(group.pending(&PendingQuery::default(), 1).await, Err(StoreError::NoGroup));
        assert_eq!(group.claim(b"a", 0, &[id(1)]).await, Err(missing.clone()));
        assert_eq!(group.ack(&[id(1)]).await, Ok(0));
        let removed = group.delete_consumer(b"a", &PendingOf::Acknowledged).await;
        assert_eq!(removed, Err(missing));
    }
}

#[tokio::test]
async fn a_group_that_is_reset_begins_again_and_keeps_what_is_pending() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    let mut consumer = consumer(&redis, "one");
    consumer.next(3, None).await.unwrap();
    group(&redis).reset(Start::After(id(1))).await.unwrap();
    assert_eq!(pending_ids(&redis).await, [id(1), id(2), id(3)]);
    assert_eq!(consumer.next(10, None).await.unwrap().ids(), [id(2), id(3), id(4)]);
}

#[tokio::test]
async fn pending_entries_are_listed_by_consumer_and_by_how_long_they_wait() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    consumer(&redis, "one").next(3, None).await.unwrap();
    consumer(&redis, "two").next(2, None).await.unwrap();
    redis.run("XCLAIM events:orders billing two 0 1-0 IDLE 90000 JUSTID").await;
    let group = group(&redis);
    let list = async |query: PendingQuery, most| {
        let found = group.pending(&query, most).await.unwrap();
        found.into_iter().map(|entry| entry.id.ms()).collect::<Vec<_>>()
    };
    assert_eq!(list(PendingQuery::default(), 10).await, [1, 2, 3, 4, 5]);
    assert_eq!(list(PendingQuery::default(), 2).await, [1, 2]);
    let after = PendingQuery { after: Some(id(2)), ..PendingQuery::default() };
    assert_eq!(list(after, 10).await, [3, 4, 5]);
    let of_two = PendingQuery { consumer: Some(b"two".to_vec()), ..PendingQuery::default() };
    assert_eq!(list(of_two, 10).await, [1, 4, 5]);
    let idle = PendingQuery { min_idle_ms: 80_000, ..PendingQuery::default() };
    assert_eq!(list(idle.clone(), 10).await, [1]);
    // What was given back waits for whoever comes.
    consumer(&redis, "one").release().await.unwrap();
    assert_eq!(list(idle, 10).await, [1, 2, 3]);
}

#[tokio::test]
async fn what_a_consumer_has_pending_is_claimed_or_acknowledged_before_it_is_removed() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2_500).await;
    let mut first = consumer(&redis, "first");
    while !first.next(500, None).await.unwrap().is_empty() {}
    redis.run("XDEL events:orders 7-0").await;
    redis.run("XCLAIM events:orders billing first 0 9-0 IDLE 90000 RETRYCOUNT 4 JUSTID").await;
    let group = group(&redis);
    let heir = PendingOf::ClaimedBy(b"second".to_vec());
    let removed = group.delete_consumer(b"first", &heir).await.unwrap();
    assert_eq!((removed.settled, removed.gone), (2_499, 1));
    let names: Vec<_> = group.consumers().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, [b"second"]);
    let pending = group.pending(&PendingQuery::default(), 3_000).await.unwrap();
    assert_eq!(pending.len(), 2_499);
    let ninth = pending.iter().find(|entry| entry.id == id(9)).unwrap();
    assert_eq!(ninth.deliveries, 4);
    assert!(ninth.idle_ms.is_some_and(|ms| ms >= 90_000), "{ninth:?}");

    let removed = group.delete_consumer(b"second", &PendingOf::Acknowledged).await.unwrap();
    assert_eq!(removed.settled, 2_499);
    assert_eq!(group.info().await.unwrap().pending, 0);
    assert!(group.consumers().await.unwrap().is_empty());
    let own = PendingOf::ClaimedBy(b"a".to_vec());
    assert!(group.delete_consumer(b"a", &own).await.is_err());
}

#[tokio::test]
async fn an_entry_is_deleted_with_its_acknowledgement_once_no_group_needs_it() {
    let redis = TestRedis::start().await;
    // Two ids that a double would take for one.
    for at in ["1-0", "2-0", "3-18446744073709551614", "3-18446744073709551615"] {
        redis.add(STREAM, at, "a", "1").await;
    }
    redis.run("XGROUP CREATE events:orders shipping 0").await;
    redis.run("XREADGROUP GROUP shipping one COUNT 3 STREAMS events:orders >").await;
    redis.run("XACK events:orders shipping 1-0 3-18446744073709551614").await;
    let mut consumer = consumer(&redis, "one");
    let ids = consumer.next(10, None).await.unwrap().ids();
    let outcome = consumer.ack_and_delete(&[&ids[..], &[id(9)]].concat()).await;
    assert_eq!(outcome, Ok(AckDeleted { deleted: 2, kept: 2, not_pending: 1 }));
    assert!(pending_ids(&redis).await.is_empty());
    // The last group deletes what it acknowledges.
    redis.run("XREADGROUP GROUP shipping one STREAMS events:orders >").await;
    let shipping = Group::new(&EventStore::new(redis.url()), STREAM, "shipping");
    let outcome = shipping.ack_and_delete(&ids).await.unwrap();
    assert_eq!((outcome.deleted, outcome.not_pending), (2, 2));
    assert_eq!(redis.run("XLEN events:orders").await, redis::Value::Int(0));
}
