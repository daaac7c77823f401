//! Consuming: reading, acknowledging, claiming and giving back.

use std::time::Duration;

use redis::Value;
use rewind_dev::{LossyProxy, TestRedis, eventually};
use rewind_domain::EntryId;
use rewind_store::consume::{Consumer, Group, LostGroup, PendingQuery, ReleaseBy, Start};
use rewind_store::publish::Publisher;
use rewind_store::{EventStore, NewEvent, StoreError};
use serde_json::json;

pub(crate) const STREAM: &str = "events:orders";
pub(crate) const GROUP: &str = "billing";
const AT_ONCE: Option<Duration> = None;
const A_WHILE: Option<Duration> = Some(Duration::from_secs(20));

pub(crate) fn id(ms: u64) -> EntryId {
    EntryId::new(ms, 0)
}

pub(crate) fn consumer(redis: &TestRedis, name: &str) -> Consumer {
    Consumer::new(&EventStore::new(redis.url()), STREAM, GROUP, name)
}

pub(crate) async fn pending_ids(redis: &TestRedis) -> Vec<EntryId> {
    let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
    let pending = group.pending(&PendingQuery::default(), 1_000).await.unwrap();
    pending.into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn entries_are_given_in_order_and_are_pending_until_they_are_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    let mut consumer = consumer(&redis, "one");
    let first = consumer.next(3, AT_ONCE).await.unwrap();
    assert_eq!(first.ids(), [id(1), id(2), id(3)]);
    assert_eq!(first.deliveries[0].event().event_type.as_deref(), Some("Counted"));
    assert_eq!(first.deliveries[0].deliveries(), 1);
    let second = consumer.next(3, AT_ONCE).await.unwrap();
    assert_eq!(second.ids(), [id(4), id(5)]);
    assert!(consumer.next(3, AT_ONCE).await.unwrap().is_empty());
    assert_eq!(consumer.ack(&[id(1), id(3), id(9)]).await, Ok(2));
    assert_eq!(pending_ids(&redis).await, [id(2), id(4), id(5)]);
}

#[tokio::test]
async fn a_consumer_waits_for_what_is_published() {
    let redis = TestRedis::start().await;
    let publisher = Publisher::new(&EventStore::new(redis.url()), STREAM);
    let mut consumer = consumer(&redis, "one");
    let publish = async {
        eventually("the consumer waits", || async {
            let Value::BulkString(clients) = redis.run("CLIENT LIST").await else { return None };
            String::from_utf8_lossy(&clients).contains("cmd=xreadgroup").then_some(())
        })
        .await;
        publisher.publish(&NewEvent::new("order.created", &json!({"total": 5})).unwrap()).await
    };
    let (batch, published) = tokio::join!(consumer.next(10, A_WHILE), publish);
    assert_eq!(batch.unwrap().ids(), [published.unwrap()]);
}

#[tokio::test]
async fn a_consumer_that_starts_again_first_gets_what_it_had_pending() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    let mut before = consumer(&redis, "one");
    before.next(3, AT_ONCE).await.unwrap();
    before.ack(&[id(2)]).await.unwrap();
    drop(before);
    let mut after = consumer(&redis, "one");
    let batch = after.next(10, AT_ONCE).await.unwrap();
    assert_eq!(batch.ids(), [id(1), id(3)]);
    assert_eq!(batch.deliveries[0].deliveries(), 2);
    assert_eq!(after.next(10, AT_ONCE).await.unwrap().ids(), [id(4)]);
}

#[tokio::test]
async fn a_read_that_is_dropped_half_way_loses_nothing() {
    let redis = TestRedis::start().await;
    let mut consumer = consumer(&redis, "one");
    for n in 1..=5 {
        let waiting = consumer.next(10, A_WHILE);
        assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
        redis.add(STREAM, &format!("{n}-0"), "a", "1").await;
        assert_eq!(consumer.next(10, A_WHILE).await.unwrap().ids(), [id(n)]);
    }
}

#[tokio::test]
async fn a_group_begins_where_it_is_told_and_knows_its_lag() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 10).await;
    let store = EventStore::new(redis.url());
    let counts = redis.counts_added_entries(STREAM).await;
    for (start, behind) in [
        (Start::Beginning, 10),
        (Start::End, 0),
        (Start::After(id(4)), 6),
        (Start::After(EntryId::new(4, 9)), 6),
        (Start::Since(4), 7),
        (Start::Since(0), 10),
        (Start::After(id(99)), 0),
    ] {
        let group = Group::new(&store, STREAM, format!("{start:?}"));
        group.create(start).await.unwrap();
        assert_eq!(group.info().await.unwrap().lag, counts.then_some(behind), "{start:?}");
        group.reset(Start::Beginning).await.unwrap();
        group.reset(start).await.unwrap();
        assert_eq!(group.info().await.unwrap().lag, counts.then_some(behind), "{start:?}");
    }
    // The lag is still known after more was read.
    let mut consumer = Consumer::new(&store, STREAM, "late", "one").starting(Start::After(id(4)));
    consumer.next(2, AT_ONCE).await.unwrap();
    assert_eq!(consumer.group().info().await.unwrap().lag, counts.then_some(4));
}

#[tokio::test]
async fn a_group_of_a_stream_that_does_not_exist_yet_is_made_with_it() {
    let redis = TestRedis::start().await;
    let mut consumer = consumer(&redis, "one").starting(Start::End);
    assert!(consumer.next(1, AT_ONCE).await.unwrap().is_empty());
    redis.add(STREAM, "5-0", "a", "1").await;
    assert_eq!(consumer.next(1, AT_ONCE).await.unwrap().ids(), [id(5)]);
    let lag = redis.counts_added_entries(STREAM).await.then_some(0);
    assert_eq!(consumer.group().info().await.unwrap().lag, lag);
}

#[tokio::test]
async fn a_consumer_that_may_not_make_its_group_says_that_there_is_none() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let mut consumer = consumer(&redis, "one").without_making_group();
    assert_eq!(consumer.next(1, AT_ONCE).await.unwrap_err(), StoreError::NoGroup);
    assert_eq!(consumer.claim_idle(Duration::ZERO, 1).await.unwrap_err(), StoreError::NoGroup);
    assert_eq!(redis.run("XLEN events:orders").await, Value::Int(1));
}

#[tokio::test]
async fn what_another_consumer_left_is_claimed_and_counts_as_delivered_again() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    consumer(&redis, "dead").next(2, AT_ONCE).await.unwrap();
    let mut other = consumer(&redis, "other");
    let own = other.next(10, AT_ONCE).await.unwrap();
    assert_eq!(own.ids(), [id(3)]);
    // Nothing is idle for long enough.
    assert!(other.claim_idle(Duration::from_secs(600), 10).await.unwrap().is_empty());
    let claimed = other.claim_idle(Duration::ZERO, 10).await.unwrap();
    // Its own entry, which it holds, is not among them.
    assert_eq!(claimed.ids(), [id(1), id(2)]);
    assert_eq!(claimed.deliveries[0].deliveries(), 2);
    other.ack(&[id(1), id(2), id(3)]).await.unwrap();
    assert!(pending_ids(&redis).await.is_empty());
}

#[tokio::test]
async fn entries_that_were_deleted_while_pending_are_told_and_no_longer_pending() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 6).await;
    consumer(&redis, "one").next(6, AT_ONCE).await.unwrap();
    redis.run("XDEL events:orders 2-0 5-0").await;
    redis.run("XTRIM events:orders MINID 2-1").await;
    let mut other = consumer(&redis, "other");
    let claimed = other.claim_idle(Duration::ZERO, 10).await.unwrap();
    assert_eq!(claimed.ids(), [id(3), id(4), id(6)]);
    assert_eq!(claimed.deleted, [id(1), id(2), id(5)]);
    assert_eq!(pending_ids(&redis).await, [id(3), id(4), id(6)]);

    // The same for a consumer that reads its own again.
    redis.run("XDEL events:orders 4-0").await;
    let again = consumer(&redis, "other").next(10, AT_ONCE).await.unwrap();
    assert_eq!((again.ids(), again.deleted), (vec![id(3), id(6)], vec![id(4)]));
    assert_eq!(pending_ids(&redis).await, [id(3), id(6)]);
}

#[tokio::test]
async fn what_is_released_can_be_claimed_at_once_and_its_delivery_does_not_count() {
    for release_by in [ReleaseBy::Idle, ReleaseBy::Nack] {
        let redis = TestRedis::start().await;
        redis.add_many(STREAM, 3).await;
        let mut first = consumer(&redis, "first").releasing_by(release_by);
        first.next(3, AT_ONCE).await.unwrap();
        first.ack(&[id(2)]).await.unwrap();
        assert_eq!(first.release().await, Ok(2));
        let claimed =
            consumer(&redis, "second").claim_idle(Duration::from_secs(600), 10).await.unwrap();
        assert_eq!(claimed.ids(), [id(1), id(3)]);
        assert!(claimed.deliveries.iter().all(|delivery| delivery.deliveries() == 1));
    }
}

#[tokio::test]
async fn a_group_that_is_deleted_under_a_consumer_is_an_error_or_made_again_as_it_says() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let mut strict = consumer(&redis, "strict");
    strict.next(2, AT_ONCE).await.unwrap();
    redis.run("XGROUP DESTROY events:orders billing").await;
    assert_eq!(strict.next(1, AT_ONCE).await.unwrap_err(), StoreError::NoGroup);

    let mut lenient = consumer(&redis, "lenient").when_group_is_lost(LostGroup::MakeAgain);
    assert_eq!(lenient.next(2, AT_ONCE).await.unwrap().ids(), [id(1), id(2)]);
    redis.run("XGROUP DESTROY events:orders billing").await;
    assert_eq!(lenient.next(2, AT_ONCE).await.unwrap().ids(), [id(3)]);
    // A stream that was made again is read from its beginning.
    redis.run("DEL events:orders").await;
    redis.add(STREAM, "2-0", "a", "1").await;
    assert_eq!(lenient.next(2, AT_ONCE).await.unwrap().ids(), [id(2)]);
}

#[tokio::test]
async fn a_consumer_that_waits_hears_that_its_stream_was_deleted() {
    let redis = TestRedis::start().await;
    let mut consumer = consumer(&redis, "one");
    assert!(consumer.next(1, AT_ONCE).await.unwrap().is_empty());
    let delete = async {
        tokio::task::yield_now().await;
        redis.run("DEL events:orders").await;
    };
    let (outcome, ()) = tokio::join!(consumer.next(1, A_WHILE), delete);
    assert_eq!(outcome.unwrap_err(), StoreError::NoGroup);
}

#[tokio::test]
async fn a_key_of_another_type_and_a_refused_command_are_clear_errors() {
    let redis = TestRedis::start().await;
    redis.run("SET events:orders text").await;
    assert_eq!(consumer(&redis, "one").next(1, AT_ONCE).await.unwrap_err(), StoreError::WrongType);
    redis.run("DEL events:orders").await;
    redis.add_many(STREAM, 1).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("ACL SETUSER app on >secret ~* +@all -xack -xgroup").await;
    let url = format!("redis+unix://{}?user=app&pass=secret", redis.socket());
    let store = EventStore::new(url.parse().unwrap());
    let mut consumer = Consumer::new(&store, STREAM, GROUP, "one");
    // Making groups is not needed where there is one.
    assert_eq!(consumer.next(1, AT_ONCE).await.unwrap().ids(), [id(1)]);
    let error = consumer.ack(&[id(1)]).await.unwrap_err();
    assert!(error.is_command_refused(), "{error}");
    assert!(error.to_string().to_lowercase().contains("xack"), "{error}");
    assert_eq!(pending_ids(&redis).await, [id(1)]);
}

#[tokio::test]
async fn a_redis_at_its_memory_limit_still_gives_and_acknowledges() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2).await;
    let mut consumer = consumer(&redis, "one");
    consumer.next(1, AT_ONCE).await.unwrap();
    redis.run("CONFIG SET maxmemory 1").await;
    assert_eq!(consumer.next(1, AT_ONCE).await.unwrap().ids(), [id(2)]);
    assert_eq!(consumer.ack(&[id(1), id(2)]).await, Ok(2));
    let error = Consumer::new(&EventStore::new(redis.url()), STREAM, "other", "one")
        .next(1, AT_ONCE)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::WritesRefused(_)), "{error}");
}

#[tokio::test]
async fn a_redis_that_is_restarted_gives_on_what_was_pending() {
    let mut redis = TestRedis::start_persistent().await;
    redis.add_many(STREAM, 3).await;
    let mut consumer = consumer(&redis, "one");
    assert_eq!(consumer.next(2, AT_ONCE).await.unwrap().ids(), [id(1), id(2)]);
    redis.kill();
    let away = consumer.next(1, A_WHILE).await.unwrap_err();
    assert!(away.is_passing(), "{away}");
    assert!(consumer.ack(&[id(1)]).await.unwrap_err().is_passing());
    redis.start_again().await;
    // What it holds is not given to it again.
    assert_eq!(consumer.next(10, A_WHILE).await.unwrap().ids(), [id(3)]);
    assert_eq!(consumer.ack(&[id(1), id(2), id(3)]).await, Ok(3));
}

#[tokio::test]
async fn entries_whose_reply_was_lost_are_given_by_the_next_call() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    let proxy = LossyProxy::start(&redis).await;
    let mut consumer = Consumer::new(&EventStore::new(proxy.url()), STREAM, GROUP, "one");
    assert_eq!(consumer.next(1, AT_ONCE).await.unwrap().ids(), [id(1)]);
    // Connecting again takes replies as well, so this loses that of the read.
    proxy.lose_replies(1);
    assert!(consumer.next(2, AT_ONCE).await.unwrap_err().is_passing());
    assert_eq!(pending_ids(&redis).await, [id(1), id(2), id(3)]);
    // The first is held, and not given again.
    assert_eq!(consumer.next(2, AT_ONCE).await.unwrap().ids(), [id(2)]);
    assert_eq!(consumer.next(2, AT_ONCE).await.unwrap().ids(), [id(3)]);
    assert_eq!(consumer.next(2, AT_ONCE).await.unwrap().ids(), [id(4)]);
    // An acknowledgement is repeated, since that is harmless.
    consumer.ack(&[id(1)]).await.unwrap();
    proxy.lose_replies(1);
    assert_eq!(consumer.ack(&[id(2), id(3)]).await, Ok(0));
    assert_eq!(pending_ids(&redis).await, [id(4)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_consumer_claims_while_it_is_given_back_stays_with_that_one() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3_000).await;
    let (mut one, group) =
        (consumer(&redis, "one"), Group::new(&EventStore::new(redis.url()), STREAM, GROUP));
    let given = one.next(3_000, AT_ONCE).await.unwrap().ids();
    assert_eq!(given.len(), 3_000);
    let claiming = tokio::spawn(async move {
        let mut claimed = Vec::new();
        for ids in given.chunks(10) {
            claimed.extend(group.claim(b"two", 0, ids).await.unwrap());
        }
        (group, claimed)
    });
    one.release().await.unwrap();
    let (group, claimed) = claiming.await.unwrap();
    assert_eq!(claimed.len(), 3_000);
    let query = PendingQuery { consumer: Some(b"one".to_vec()), ..PendingQuery::default() };
    assert_eq!(group.pending(&query, 10).await.unwrap(), []);
}
