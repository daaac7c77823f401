//! Publishing.

use rewind_dev::{LossyProxy, Reference, TestRedis};
use rewind_domain::{EntryId, Fields};
use rewind_store::publish::{Limit, Precision, PublishError, Publisher};
use rewind_store::{
    EventStore, EventsError, IdempotencyKey, MAX_BATCH_EVENTS, NewEvent, StoreError, WriteError,
    WriteRefusal,
};
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

async fn length(redis: &TestRedis, stream: &str) -> u64 {
    redis::from_redis_value(redis.run(&format!("XLEN {stream}")).await).unwrap()
}

fn publisher(redis: &TestRedis) -> Publisher {
    Publisher::new(&EventStore::new(redis.url()), "events:orders")
}

/// A publisher as a user with these rules.
async fn publisher_as(redis: &TestRedis, rules: &str) -> Publisher {
    redis.run(&format!("ACL SETUSER tester on >secret ~* {rules}")).await;
    let url = redis.url_text();
    let url = format!("{url}?user=tester&pass=secret");
    Publisher::new(&EventStore::new(url.parse().unwrap()), "events:orders")
}

#[tokio::test]
async fn a_batch_of_as_many_events_as_one_can_have_is_added_in_one_step() {
    let redis = TestRedis::start().await;
    let publisher = publisher(&redis);
    let events: Vec<NewEvent> = (0..MAX_BATCH_EVENTS as u64).map(event).collect();
    let ids = publisher.publish_all(&events).await.unwrap();
    assert_eq!(ids.len(), MAX_BATCH_EVENTS);
    assert!(ids.is_sorted());
    let one_more = [events, vec![event(0)]].concat();
    let error = publisher.publish_all(&one_more).await.unwrap_err();
    assert!(error.to_string().contains("100000"), "{error}");
    assert_eq!(length(&redis, "events:orders").await, MAX_BATCH_EVENTS as u64);
}

#[tokio::test]
async fn an_empty_batch_is_refused() {
    let redis = TestRedis::start().await;
    let error = publisher(&redis).publish_all(&[]).await.unwrap_err();
    assert_eq!(error, PublishError::Events(EventsError::Empty));
}

#[tokio::test]
async fn a_limit_is_kept_exactly_or_at_least() {
    let redis = TestRedis::start().await;
    let exact = Limit::newest(10).with_precision(Precision::Exact);
    let events: Vec<NewEvent> = (0..1_000).map(event).collect();
    publisher(&redis).with_limit(exact).publish_all(&events).await.unwrap();
    assert_eq!(length(&redis, "events:orders").await, 10);
    publisher(&redis).with_limit(Limit::newest(500)).publish_all(&events).await.unwrap();
    assert!((500..1_010).contains(&length(&redis, "events:orders").await));
    let last = publisher(&redis).publish(&event(1)).await.unwrap();
    let exact = Limit::from(last).with_precision(Precision::Exact);
    publisher(&redis).with_limit(exact).publish(&event(2)).await.unwrap();
    assert_eq!(length(&redis, "events:orders").await, 2);
}

#[tokio::test]
async fn ids_go_on_behind_the_last_one_where_the_clock_went_back() {
    let redis = TestRedis::start().await;
    redis.add("events:orders", "9999999999999-3", "later", "{}").await;
    let id = publisher(&redis).publish(&event(1)).await.unwrap();
    assert_eq!(id, EntryId::new(9_999_999_999_999, 4));
    let ids = publisher(&redis).publish_all(&[event(2), event(3)]).await.unwrap();
    assert_eq!(ids[1], EntryId::new(9_999_999_999_999, 6));
}

#[tokio::test]
async fn a_batch_that_would_need_more_ids_than_there_are_adds_nothing() {
    let redis = TestRedis::start().await;
    redis.add("events:orders", "18446744073709551615-18446744073709551613", "late", "{}").await;
    let error = publisher(&redis).publish_all(&[event(1), event(2), event(3)]).await.unwrap_err();
    assert!(!error.is_unknown(), "{error}");
    assert_eq!(length(&redis, "events:orders").await, 1);
    publisher(&redis).publish_all(&[event(1), event(2)]).await.unwrap();
}

#[tokio::test]
async fn the_same_key_adds_events_once() {
    let redis = TestRedis::start().await;
    let publisher = publisher(&redis);
    for key in [IdempotencyKey::new("a"), IdempotencyKey::of_producer("p", "a")] {
        let before = length(&redis, "events:orders").await;
        let first = publisher.publish_once(&key, &[event(1)]).await.unwrap();
        assert_eq!(publisher.publish_once(&key, &[event(1)]).await.unwrap(), first);
        assert_eq!(length(&redis, "events:orders").await, before + 1);
    }
    let (a, b) = (IdempotencyKey::new("b"), IdempotencyKey::new("c"));
    let batch = [event(1), event(2)];
    let first = publisher.publish_once(&a, &batch).await.unwrap();
    assert_eq!(publisher.publish_once(&a, &batch).await.unwrap(), first);
    assert_ne!(publisher.publish_once(&b, &batch).await.unwrap(), first);
    assert_eq!(length(&redis, "events:orders").await, 6);
}

#[tokio::test]
async fn a_key_is_forgotten_after_its_time() {
    let redis = TestRedis::start().await;
    let key = IdempotencyKey::new("k").remembered_for(std::time::Duration::from_millis(1));
    let first = publisher(&redis).publish_once(&key, &[event(1)]).await.unwrap();
    rewind_dev::eventually("the key is forgotten", || async {
        let again = publisher(&redis).publish_once(&key, &[event(1)]).await.unwrap();
        (again != first).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lost_reply_is_told_as_such_and_asked_for_again_only_with_a_key() {
    let redis = TestRedis::start().await;
    let proxy = LossyProxy::start(&redis).await;
    let publisher = Publisher::new(&EventStore::new(proxy.url()), "events:orders");
    for batch in [vec![event(2)], vec![event(3), event(4)]] {
        // There is a connection, and the server has the script, so the reply that is lost is that of the write.
        publisher.publish_all(&[event(1)]).await.unwrap();
        let before = length(&redis, "events:orders").await;
        proxy.lose_replies(1);
        let outcome = match batch.as_slice() {
            [event] => publisher.publish(event).await.map(drop),
            events => publisher.publish_all(events).await.map(drop),
        };
        assert!(outcome.unwrap_err().is_unknown());
        let after = length(&redis, "events:orders").await;
        assert_eq!(after, before + batch.len() as u64, "sent once");
    }
    for key in [IdempotencyKey::new("a"), IdempotencyKey::of_producer("p", "a")] {
        publisher.publish(&event(5)).await.unwrap();
        let before = length(&redis, "events:orders").await;
        // That of the write, and that of the next connection.
        proxy.lose_replies(2);
        let ids = publisher.publish_once(&key, &[event(6)]).await.unwrap();
        assert_eq!(ids.len(), 1);
        assert_eq!(length(&redis, "events:orders").await, before + 1);
    }
}

#[tokio::test]
async fn what_redis_refuses_is_named_and_nothing_is_half_done() {
    let redis = TestRedis::start().await;
    let batch = [event(1), event(2)];
    let refused = async || {
        let publisher = publisher(&redis);
        let one = publisher.publish(&event(1)).await.unwrap_err();
        let all = publisher.publish_all(&batch).await.unwrap_err();
        assert_eq!(one, all);
        match one {
            PublishError::Write(WriteError::NotDone(error)) => error,
            other => panic!("{other}"),
        }
    };
    redis.run("SET events:orders text").await;
    assert_eq!(refused().await, StoreError::WrongType);
    redis.run("DEL events:orders").await;
    redis.run("CONFIG SET maxmemory 1").await;
    assert_eq!(refused().await, StoreError::WritesRefused(WriteRefusal::Full));
    redis.run("CONFIG SET maxmemory 0").await;
    redis.run("REPLICAOF 127.0.0.1 1").await;
    assert_eq!(refused().await, StoreError::WritesRefused(WriteRefusal::Replica));
    redis.run("REPLICAOF NO ONE").await;
    redis.run("CONFIG SET min-replicas-to-write 1").await;
    assert_eq!(refused().await, StoreError::WritesRefused(WriteRefusal::TooFewReplicas));
    redis.run("CONFIG SET min-replicas-to-write 0").await;
    assert_eq!(length(&redis, "events:orders").await, 0);
    publisher(&redis).publish_all(&batch).await.unwrap();
}

#[tokio::test]
async fn a_redis_that_cannot_save_is_named() {
    // Where it should save to becomes a folder that it cannot write a file of that name to.
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    redis::cmd("CONFIG").arg(&["SET", "save", "3600 1"]).exec_async(&mut connection).await.unwrap();
    redis.add("events:orders", "1-0", "a", "{}").await;
    std::fs::create_dir(redis.folder().join("dump.rdb")).unwrap();
    redis.run("BGSAVE").await;
    let error = rewind_dev::eventually("saving failed", || async {
        publisher(&redis).publish_all(&[event(1), event(2)]).await.err()
    })
    .await;
    let refusal = StoreError::WritesRefused(WriteRefusal::CannotSave);
    assert_eq!(error, PublishError::Write(WriteError::NotDone(refusal)));
}

#[tokio::test]
async fn an_event_that_is_larger_than_redis_takes_is_refused_with_the_bound() {
    let redis = TestRedis::start().await;
    redis.run("CONFIG SET proto-max-bulk-len 1048576").await;
    let large = event(1).with("blob", &"x".repeat(1_048_577));
    for outcome in [
        publisher(&redis).publish(&large).await.map(drop),
        publisher(&redis).publish_all(&[event(1), large.clone()]).await.map(drop),
    ] {
        let error = outcome.unwrap_err().to_string();
        assert!(error.contains("1048577") && error.contains("1048576"), "{error}");
    }
    assert_eq!(length(&redis, "events:orders").await, 0);
    redis.run("CONFIG SET client-query-buffer-limit 1048576").await;
    let half = event(1).with("blob", &"x".repeat(600_000));
    let error = publisher(&redis).publish_all(&[half.clone(), half]).await.unwrap_err();
    assert!(error.to_string().contains("client-query-buffer-limit"), "{error}");
}

#[tokio::test]
async fn scripts_that_the_server_forgot_are_sent_again() {
    let redis = TestRedis::start().await;
    let publisher = publisher(&redis);
    publisher.publish_all(&[event(1), event(2)]).await.unwrap();
    redis.run("SCRIPT FLUSH").await;
    publisher.publish_all(&[event(3), event(4)]).await.unwrap();
    assert_eq!(length(&redis, "events:orders").await, 4);
}

#[tokio::test]
async fn nothing_is_added_where_a_command_of_several_is_denied() {
    for rules in [
        "+@all -set",
        "+@all -set -eval -evalsha",
        "+@all -multi -eval -evalsha",
        "+@all -exec -eval -evalsha",
        "+@all -watch -eval -evalsha",
        "+@all -xadd",
    ] {
        let redis = TestRedis::start().await;
        let publisher = publisher_as(&redis, rules).await;
        let key = IdempotencyKey::new("k");
        let error = publisher.publish_once(&key, &[event(1), event(2)]).await.unwrap_err();
        let said = error.to_string();
        assert!(said.contains("does not allow") || said.contains("permissions"), "{rules}: {said}");
        assert!(!error.is_unknown(), "{rules}");
        assert_eq!(length(&redis, "events:orders").await, 0, "{rules}");
    }
}

#[tokio::test]
async fn keys_of_different_producers_have_records_of_their_own() {
    let redis = TestRedis::start().await;
    let publisher = publisher(&redis);
    for key in [
        IdempotencyKey::of_producer("a", "b"),
        IdempotencyKey::new("a:b"),
        IdempotencyKey::of_producer("a:b", ""),
        IdempotencyKey::new("1:a:b"),
    ] {
        publisher.publish_once(&key, &[event(1)]).await.unwrap();
    }
    assert_eq!(length(&redis, "events:orders").await, 4);
}

#[tokio::test]
async fn a_user_who_may_run_no_scripts_publishes_batches_all_the_same() {
    let redis = TestRedis::start().await;
    let publisher = publisher_as(&redis, "+@all -eval -evalsha").await;
    let ids = publisher.publish_all(&[event(1), event(2), event(3)]).await.unwrap();
    assert!(ids.len() == 3 && ids.is_sorted());
    let key = IdempotencyKey::new("k");
    let first = publisher.publish_once(&key, &[event(4)]).await.unwrap();
    assert_eq!(publisher.publish_once(&key, &[event(4)]).await.unwrap(), first);
    assert_eq!(length(&redis, "events:orders").await, 4);
    redis.run("CONFIG SET maxmemory 1").await;
    let error = publisher.publish_all(&[event(5), event(6)]).await.unwrap_err();
    assert!(error.to_string().contains("`maxmemory`"), "{error}");
    redis.run("CONFIG SET maxmemory 0").await;
    // Several of them at the same time get in each other's way and on.
    let many = (0..20).map(|n| {
        let publisher = publisher.clone();
        async move { publisher.publish_all(&[event(n), event(n)]).await }
    });
    for outcome in futures::future::join_all(many).await {
        outcome.unwrap();
    }
    assert_eq!(length(&redis, "events:orders").await, 44);
}

#[tokio::test]
async fn a_user_who_may_not_add_is_told_which_rule_would_allow_it() {
    let redis = TestRedis::start().await;
    let publisher = publisher_as(&redis, "+@all -xadd").await;
    let batch = publisher.publish_all(&[event(1), event(2)]).await.unwrap_err().to_string();
    assert!(batch.contains("+xadd"), "{batch}");
    let one = publisher.publish(&event(1)).await.unwrap_err().to_string();
    assert!(one.to_lowercase().contains("xadd"), "{one}");
    assert_eq!(length(&redis, "events:orders").await, 0);
}
