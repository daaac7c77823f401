//! Running a handler while things go wrong around it.

use std::collections::BTreeSet;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use rewind_dev::{LossyProxy, TestRedis, eventually};
use rewind_store::consume::{Consumer, Delivery, Group, LostGroup, RunOptions};
use rewind_store::{EventStore, StoreError};
use tokio::sync::Notify;

use crate::consume::{GROUP, STREAM, consumer, id, pending_ids};
use crate::consume_run::{Running, dead_letters, ids, quick, until_all_is_acknowledged};

#[tokio::test]
async fn a_redis_that_is_restarted_under_a_running_consumer_loses_nothing() {
    let mut redis = TestRedis::start_persistent().await;
    redis.add_many(STREAM, 300).await;
    let running = Running::start(consumer(&redis, "one"), quick(), |_| Ok(()));
    for at_least in [10, 150] {
        eventually("some are handled", || async {
            (running.log().len() >= at_least).then_some(())
        })
        .await;
        redis.kill();
        redis.start_again().await;
    }
    until_all_is_acknowledged(&redis, id(300)).await;
    let handled: BTreeSet<_> = running.log().into_iter().map(|(id, _)| id).collect();
    assert_eq!(handled.len(), 300);
    // What was handled before the restart is acknowledged after it, and not handled again.
    assert_eq!(running.log().len(), 300);
    running.stop().await;
}

#[tokio::test]
async fn a_consumer_killed_at_any_point_handles_each_entry_and_none_that_was_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 400).await;
    let mut handled = BTreeSet::new();
    let mut acknowledged = BTreeSet::new();
    let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
    for life in 0..40_usize {
        let name = ["one", "two"][life % 2];
        let options = RunOptions {
            concurrency: NonZeroUsize::new(1 + life % 4).unwrap(),
            max_deliveries: None,
            ..quick()
        };
        let running = Running::start(consumer(&redis, name), options, |delivery| {
            let fails =
                delivery.id().ms().is_multiple_of(13) && !delivery.deliveries().is_multiple_of(2);
            if fails { Err("now and then".to_owned()) } else { Ok(()) }
        });
        // A different point in each life.
        for _ in 0..life * 9 {
            tokio::task::yield_now().await;
        }
        eventually("something happens", || async {
            (running.task.is_finished()
                || life == 0
                || !running.log().is_empty()
                || acknowledged.len() == 400)
                .then_some(())
        })
        .await;
        running.task.abort();
        let log = Arc::clone(&running.log);
        let _ = running.task.await;
        for (id, _) in log.lock().unwrap().drain(..) {
            assert!(!acknowledged.contains(&id), "{id} was acknowledged before");
            handled.insert(id);
        }
        // A connection that was dropped may still have had a command on its way.
        redis.run("PING").await;
        let Ok(info) = group.info().await else { continue };
        let pending: BTreeSet<_> = pending_ids(&redis).await.into_iter().collect();
        let given = ids(1..=info.last_delivered_id.ms());
        acknowledged.extend(given.into_iter().filter(|id| !pending.contains(id)));
    }
    let running = Running::start(consumer(&redis, "last"), quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(400)).await;
    for (id, _) in running.log() {
        assert!(!acknowledged.contains(&id), "{id} was acknowledged before");
        handled.insert(id);
    }
    assert_eq!(handled.into_iter().collect::<Vec<_>>(), ids(1..=400));
    running.stop().await;
}

#[tokio::test]
async fn an_entry_that_kills_its_consumers_becomes_a_dead_letter_without_being_handled() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 2).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing killed COUNT 1 STREAMS events:orders >").await;
    redis.run("XCLAIM events:orders billing killed 0 1-0 IDLE 5000 RETRYCOUNT 5").await;
    let running = Running::start(consumer(&redis, "one"), quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(2)).await;
    assert_eq!(running.log(), [(id(2), 1)]);
    let report = running.stop().await;
    assert_eq!((report.handled, report.dead), (1, 1));
    let letters = dead_letters(&redis).list(None, 10).await.unwrap();
    let cause = letters[0].cause.as_ref().unwrap();
    assert!(cause.reason.contains("5 times"), "{}", cause.reason);
}

#[tokio::test]
async fn an_entry_that_is_trimmed_while_it_fails_is_still_tried_and_then_a_dead_letter() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let options = RunOptions { max_deliveries: NonZeroU64::new(4), ..quick() };
    let socket = redis.socket();
    let running = Running::start(consumer(&redis, "one"), options, move |_| {
        let client = redis::Client::open(format!("redis+unix://{socket}")).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd("XTRIM").arg(STREAM).arg("MAXLEN").arg(0).exec(&mut connection).unwrap();
        Err("never".to_owned())
    });
    let letters = eventually("it is dead", || async {
        let letters = dead_letters(&redis).list(None, 10).await.unwrap();
        (!letters.is_empty()).then_some(letters)
    })
    .await;
    assert_eq!(running.log().iter().map(|(_, count)| *count).collect::<Vec<_>>(), [1, 2, 3, 4]);
    let cause = letters[0].cause.as_ref().unwrap();
    assert_eq!((cause.origin, cause.deliveries, letters.len()), (id(1), 4, 1));
    assert_eq!(letters[0].fields.get("data"), Some(&br#"{"n":1}"#[..]));
    assert!(pending_ids(&redis).await.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn an_entry_stays_pending_while_redis_has_no_memory_for_its_dead_letter() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("CONFIG SET maxmemory 1").await;
    let options = RunOptions { max_deliveries: NonZeroU64::new(1), ..quick() };
    let running = Running::start(consumer(&redis, "one"), options, |delivery| {
        if delivery.id().ms() == 1 { Err("no".to_owned()) } else { Ok(()) }
    });
    eventually("the others are handled", || async {
        (pending_ids(&redis).await == [id(1)] && running.log().len() == 3).then_some(())
    })
    .await;
    assert!(!running.task.is_finished());
    redis.run("CONFIG SET maxmemory 0").await;
    until_all_is_acknowledged(&redis, id(3)).await;
    assert_eq!(dead_letters(&redis).count().await, Ok(1));
    assert_eq!(running.stop().await.dead, 1);
}

#[tokio::test]
async fn what_will_not_pass_ends_the_run_and_leaves_the_entry_pending() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    redis.run("SET {events:orders}:dead:billing text").await;
    let options = RunOptions { max_deliveries: NonZeroU64::new(1), ..quick() };
    let running = Running::start(consumer(&redis, "one"), options.clone(), |_| Err("no".into()));
    assert_eq!(running.task.await.unwrap().unwrap_err(), StoreError::WrongType);
    assert_eq!(pending_ids(&redis).await, [id(1)]);

    // A user who may not acknowledge: no dead letter is made that would be made again and again.
    redis.run("DEL {events:orders}:dead:billing").await;
    redis.run("ACL SETUSER app on >secret ~* +@all -xack").await;
    let url = format!("redis+unix://{}?user=app&pass=secret", redis.socket());
    let denied = Consumer::new(&EventStore::new(url.parse().unwrap()), STREAM, GROUP, "one");
    let running = Running::start(denied, options, |_| Err("no".into()));
    let error = running.task.await.unwrap().unwrap_err();
    assert!(!error.is_passing(), "{error}");
    assert_eq!(dead_letters(&redis).count().await, Ok(0));
    assert_eq!(pending_ids(&redis).await, [id(1)]);
}

#[tokio::test]
async fn a_group_that_is_set_back_while_an_entry_is_handled_goes_on_in_order() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let (begun, gate, stop) = <(Arc<Notify>, Arc<Notify>, Arc<Notify>)>::default();
    let options = RunOptions { order: Some(Arc::new(|_| Some(vec![1]))), ..quick() };
    let consumer = consumer(&redis, "one");
    let (tells, waits, end) = (Arc::clone(&begun), Arc::clone(&gate), Arc::clone(&stop));
    let task = tokio::spawn(async move {
        let handler = move |delivery: Arc<Delivery>| {
            let (tells, waits) = (Arc::clone(&tells), Arc::clone(&waits));
            async move {
                if delivery.id() == id(1) && delivery.deliveries() == 1 {
                    tells.notify_one();
                    waits.notified().await;
                }
                Ok::<_, String>(())
            }
        };
        consumer.run(options, async move { end.notified().await }, handler).await
    });
    begun.notified().await;
    redis.run("XGROUP SETID events:orders billing 0").await;
    eventually("the group gave all of them once more", || async {
        let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
        (group.info().await.ok()?.last_delivered_id == id(3)).then_some(())
    })
    .await;
    gate.notify_one();
    until_all_is_acknowledged(&redis, id(3)).await;
    stop.notify_one();
    assert!(task.await.unwrap().unwrap().handled >= 3);
}

#[tokio::test]
async fn a_group_deleted_under_a_run_ends_it_or_is_made_again() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 3).await;
    let strict = Running::start(consumer(&redis, "one"), quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(3)).await;
    redis.run("XGROUP DESTROY events:orders billing").await;
    assert_eq!(strict.task.await.unwrap().unwrap_err(), StoreError::NoGroup);

    let lenient = consumer(&redis, "one").when_group_is_lost(LostGroup::MakeAgain);
    let lenient = Running::start(lenient, quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(3)).await;
    redis.run("XGROUP DESTROY events:orders billing").await;
    redis.add(STREAM, "4-0", "a", "1").await;
    until_all_is_acknowledged(&redis, id(4)).await;
    let handled: Vec<_> = lenient.log().into_iter().map(|(id, _)| id).collect();
    assert_eq!(handled, ids(1..=4));
    lenient.stop().await;
}

#[tokio::test]
async fn a_handler_that_takes_long_keeps_its_entry() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 1).await;
    let release = Arc::new(Notify::new());
    let (begun, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (gate, begin, stopped) = (Arc::clone(&release), Arc::clone(&begun), Arc::clone(&stop));
    let slow = consumer(&redis, "slow");
    let task = tokio::spawn(async move {
        let handler = move |_| {
            begin.notify_one();
            let gate = Arc::clone(&gate);
            async move {
                gate.notified().await;
                Ok::<(), String>(())
            }
        };
        slow.run(quick(), async move { stopped.notified().await }, handler).await
    });
    begun.notified().await;
    let other = Running::start(consumer(&redis, "other"), quick(), |_| Ok(()));
    // Longer than entries stay unclaimed.
    tokio::time::sleep(4 * quick().claim_after).await;
    assert_eq!(other.log(), []);
    release.notify_one();
    until_all_is_acknowledged(&redis, id(1)).await;
    stop.notify_one();
    assert_eq!(task.await.unwrap().unwrap().handled, 1);
    other.stop().await;
    assert_eq!(redis.run("XLEN events:orders").await, Value::Int(1));
}

#[tokio::test]
async fn a_network_that_loses_replies_has_each_entry_handled_and_given_up_on_once() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 300).await;
    let proxy = LossyProxy::start(&redis).await;
    let consumer = Consumer::new(&EventStore::new(proxy.url()), STREAM, GROUP, "one");
    let options = RunOptions { concurrency: NonZeroUsize::new(4).unwrap(), ..quick() };
    let running = Running::start(consumer, options, |delivery| {
        if delivery.id().ms() % 50 == 7 { Err("no".to_owned()) } else { Ok(()) }
    });
    for handled in (10..300).step_by(10) {
        eventually("more is handled", || async { (running.log().len() >= handled).then_some(()) })
            .await;
        proxy.lose_replies(1);
    }
    until_all_is_acknowledged(&redis, id(300)).await;
    let handled: BTreeSet<_> = running.log().into_iter().map(|(id, _)| id).collect();
    assert_eq!(handled.into_iter().collect::<Vec<_>>(), ids(1..=300));
    let letters = dead_letters(&redis).list(None, 100).await.unwrap();
    let mut dead: Vec<_> =
        letters.iter().map(|letter| letter.cause.as_ref().unwrap().origin).collect();
    dead.sort_unstable();
    assert_eq!(dead, ids((7..300).step_by(50)));
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_is_a_replica_for_a_while_is_waited_for() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 50).await;
    let running = Running::start(consumer(&redis, "one"), quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(50)).await;
    redis.run("REPLICAOF 127.0.0.1 1").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!running.task.is_finished());
    // One that starts now is told what is wrong.
    let options = RunOptions { until_idle: true, ..quick() };
    let other = Running::start(consumer(&redis, "other"), options, |_| Ok(()));
    let error = other.task.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::WritesRefused(_)), "{error}");
    redis.run("REPLICAOF NO ONE").await;
    redis.add(STREAM, "51-0", "a", "1").await;
    until_all_is_acknowledged(&redis, id(51)).await;
    assert_eq!(running.stop().await.handled, 51);
}
