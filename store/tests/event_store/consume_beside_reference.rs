//! The reference's `EventConsumer` and ours as consumers of one group.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rewind_dev::{Reference, TestRedis, eventually};
use rewind_domain::EntryId;
use rewind_store::EventStore;
use rewind_store::consume::{Delivery, Group};

use crate::consume::{GROUP, STREAM, consumer, id};
use crate::consume_run::quick;

/// Consumes until there is a key `stop`, and prints the ids that it acknowledged.
const PROGRAM: &str = "
consumer = EventConsumer(r, 'events:orders', 'billing', 'python')
r.set('ready', 1)
while not r.get('stop'):
    for event in consumer.consume(count=5, block=20):
        assert event['type'] == 'Counted', event
        consumer.acknowledge([event['id']])
        print(event['id'])
";

#[tokio::test(flavor = "multi_thread")]
async fn ours_and_the_references_share_a_group_and_nothing_is_lost_or_handled_twice() {
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    let python = reference.start(&redis, PROGRAM);
    eventually("Python is ready", || async {
        matches!(redis.run("GET ready").await, redis::Value::BulkString(_)).then_some(())
    })
    .await;
    let ours = Arc::new(Mutex::new(Vec::<EntryId>::new()));
    let log = Arc::clone(&ours);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let options = rewind_store::consume::RunOptions {
        claim_after: Duration::from_secs(60),
        held: 5,
        ..quick()
    };
    let run = tokio::spawn(consumer(&redis, "rust").run(
        options,
        async { drop(stopped.await) },
        move |delivery: Arc<Delivery>| {
            log.lock().unwrap().push(delivery.id());
            async {
                tokio::time::sleep(Duration::from_micros(200)).await;
                Ok::<(), String>(())
            }
        },
    ));
    redis.add_many(STREAM, 2_000).await;
    let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
    eventually("all is acknowledged", || async {
        let info = group.info().await.unwrap();
        (info.pending == 0 && info.last_delivered_id == id(2_000)).then_some(())
    })
    .await;
    redis.run("SET stop 1").await;
    drop(stop);
    run.await.unwrap().unwrap();
    let printed = tokio::task::spawn_blocking(move || python.finish()).await.unwrap();
    let python: Vec<EntryId> = printed.lines().map(|line| line.parse().unwrap()).collect();
    let ours = ours.lock().unwrap().clone();
    assert!(python.is_sorted() && ours.is_sorted());
    assert!(!python.is_empty() && !ours.is_empty());
    assert_eq!(python.len() + ours.len(), 2_000);
    let all: BTreeSet<_> = python.into_iter().chain(ours).collect();
    assert_eq!(all.len(), 2_000);
}

#[tokio::test]
async fn what_the_references_consumer_left_is_claimed_by_ours_and_the_other_way_round() {
    let Some(reference) = Reference::find() else { return };
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 6).await;
    let program = "
consumer = EventConsumer(r, 'events:orders', 'billing', 'python')
print(len(consumer.consume(count=3, block=10)))
";
    assert_eq!(reference.run(&redis, program).await, "3\n");
    let mut ours = consumer(&redis, "rust");
    let claimed = ours.claim_idle(Duration::ZERO, 2).await.unwrap();
    assert_eq!(claimed.ids(), [id(1), id(2)]);
    ours.ack(&[id(1)]).await.unwrap();
    assert_eq!(ours.next(2, None).await.unwrap().ids(), [id(4), id(5)]);
    assert_eq!(ours.release().await, Ok(3));
    let program = "
consumer = EventConsumer(r, 'events:orders', 'billing', 'python')
claimed = consumer.claim_pending(min_idle_time=60000)
print(*[event['id'] for event in claimed])
consumer.acknowledge([event['id'] for event in claimed])
";
    let printed = reference.run(&redis, program).await;
    assert_eq!(printed, "2-0 4-0 5-0\n");
}
