//! Running a handler over what a consumer is given.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use redis::Value;
use rewind_dev::{LossyProxy, TestRedis, eventually};
use rewind_domain::EntryId;
use rewind_store::consume::{
    Consumer, DeadLetters, Delivery, Group, LostGroup, RunOptions, RunReport, Undecodable,
};
use rewind_store::{Backoff, EventStore, StoreError};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::consume::{GROUP, STREAM, consumer, id, pending_ids};

/// Short waits, so that tests are quick.
pub(crate) fn quick() -> RunOptions {
    RunOptions {
        backoff: Backoff { first: Duration::from_millis(2), longest: Duration::from_millis(50) },
        claim_after: Duration::from_millis(100),
        ..RunOptions::default()
    }
}

/// What a handler was called with, in order: the entry, and how often it was delivered.
type Log = Arc<Mutex<Vec<(EntryId, u64)>>>;

/// A consumer that runs in a task until it is stopped.
struct Running {
    log: Log,
    stop: Arc<Notify>,
    task: JoinHandle<Result<RunReport, StoreError>>,
}

impl Running {
    /// Runs a handler that notes each call, and fails where `verdict` says so.
    fn start(
        consumer: Consumer,
        options: RunOptions,
        verdict: impl Fn(&Delivery) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        let (log, stop) = (Log::default(), Arc::new(Notify::new()));
        let (noted, stopped) = (Arc::clone(&log), Arc::clone(&stop));
        let handler = move |delivery: Arc<Delivery>| {
            noted.lock().unwrap().push((delivery.id(), delivery.deliveries()));
            let outcome = verdict(&delivery);
            async move { outcome }
        };
        let task = tokio::spawn(async move {
            consumer.run(options, async move { stopped.notified().await }, handler).await
        });
        Self { log, stop, task }
    }

    fn log(&self) -> Vec<(EntryId, u64)> {
        self.log.lock().unwrap().clone()
    }

    async fn stop(self) -> RunReport {
        self.stop.notify_one();
        self.task.await.unwrap().unwrap()
    }
}

async fn until_all_is_acknowledged(redis: &TestRedis, last: EntryId) {
    let store = EventStore::new(redis.url());
    let group = Group::new(&store, STREAM, GROUP);
    eventually("all is acknowledged", || async {
        let info = group.info().await.ok()?;
        (info.pending == 0 && info.last_delivered_id >= last).then_some(())
    })
    .await;
}

fn dead_letters(redis: &TestRedis) -> DeadLetters {
    DeadLetters::new(&EventStore::new(redis.url()), STREAM, GROUP)
}

fn ids(ms: impl IntoIterator<Item = u64>) -> Vec<EntryId> {
    ms.into_iter().map(id).collect()
}

#[tokio::test]
async fn all_entries_are_handled_in_order_and_acknowledged() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 250).await;
    let running = Running::start(consumer(&redis, "one"), quick(), |_| Ok(()));
    until_all_is_acknowledged(&redis, id(250)).await;
    redis.add(STREAM, "251-0", "a", "1").await;
    until_all_is_acknowledged(&redis, id(251)).await;
    let handled: Vec<_> = running.log().into_iter().map(|(id, _)| id).collect();
    assert_eq!(handled, ids(1..=251));
    assert_eq!(running.stop().await, RunReport { handled: 251, ..RunReport::default() });
}

#[tokio::test]
async fn an_entry_that_fails_is_tried_again_and_then_becomes_a_dead_letter() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 4).await;
    let options = RunOptions { max_deliveries: NonZeroU64::new(3), ..quick() };
    let running = Running::start(consumer(&redis, "one"), options, |delivery| {
        match (delivery.id().ms(), delivery.deliveries()) {
            (2, _) => Err("no such customer".to_owned()),
            (3, 1) => panic!("at the disco"),
            _ => Ok(()),
        }
    });
    until_all_is_acknowledged(&redis, id(4)).await;
    let mut tries = BTreeMap::<_, Vec<_>>::new();
    for (id, deliveries) in running.log() {
        tries.entry(id.ms()).or_default().push(deliveries);
    }
    let expected = [(1, vec![1]), (2, vec![1, 2, 3]), (3, vec![1, 2]), (4, vec![1])];
    assert_eq!(tries, expected.into_iter().collect());
    let report = running.stop().await;
    assert_eq!(report, RunReport { handled: 3, failed: 4, dead: 1, ..RunReport::default() });

    let letters = dead_letters(&redis).list(None, 10).await.unwrap();
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    let cause = letter.cause.as_ref().unwrap();
    assert_eq!((cause.origin, cause.deliveries), (id(2), 3));
    assert_eq!(
        (cause.reason.as_str(), cause.consumer.as_slice()),
        ("no such customer", &b"one"[..])
    );
    assert!(cause.at_ms > 1_700_000_000_000);
    assert_eq!(letter.fields.get("type"), Some(&b"Counted"[..]));
    assert_eq!(letter.fields.get("data"), Some(&br#"{"n":2}"#[..]));
}

#[tokio::test]
async fn a_run_until_nothing_is_left_ends_by_itself_with_all_handled_or_dead() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 120).await;
    consumer(&redis, "gone").next(5, None).await.unwrap();
    redis.run("XCLAIM events:orders billing gone 0 3-0 IDLE 5000 JUSTID").await;
    let options =
        RunOptions { until_idle: true, held: 10, claim_after: Duration::from_secs(4), ..quick() };
    let running = Running::start(consumer(&redis, "one"), options, |delivery| {
        if delivery.id().ms() == 50 { Err("no".to_owned()) } else { Ok(()) }
    });
    let report = running.task.await.unwrap().unwrap();
    assert_eq!((report.handled, report.dead, report.released), (115, 1, 0));
    assert_eq!(pending_ids(&redis).await, ids([1, 2, 4, 5]));
}

#[tokio::test]
async fn a_run_with_a_limit_begins_no_more_and_gives_the_rest_back() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 20).await;
    let options = RunOptions {
        limit: NonZeroU64::new(7),
        concurrency: NonZeroUsize::new(4).unwrap(),
        ..quick()
    };
    let running = Running::start(consumer(&redis, "one"), options, |_| Ok(()));
    let log = Arc::clone(&running.log);
    let report = running.task.await.unwrap().unwrap();
    assert_eq!((report.handled, report.released), (7, 13));
    assert_eq!(log.lock().unwrap().len(), 7);
    assert_eq!(pending_ids(&redis).await, ids(8..=20));
}

#[tokio::test]
async fn a_payload_that_cannot_be_decoded_goes_to_the_handler_or_to_the_dead_letters() {
    for undecodable in [Undecodable::Handler, Undecodable::DeadLetter] {
        let redis = TestRedis::start().await;
        redis.add(STREAM, "1-0", "a", "{\"n\":").await;
        redis.add(STREAM, "2-0", "a", "{}").await;
        let options = RunOptions { undecodable, ..quick() };
        let running = Running::start(consumer(&redis, "one"), options, |delivery| {
            assert_eq!(delivery.event().has_data(), delivery.id().ms() == 2);
            Ok(())
        });
        until_all_is_acknowledged(&redis, id(2)).await;
        let handled: Vec<_> = running.log().into_iter().map(|(id, _)| id.ms()).collect();
        let dead = dead_letters(&redis).list(None, 10).await.unwrap();
        if undecodable == Undecodable::Handler {
            assert_eq!((handled, dead.len()), (vec![1, 2], 0));
        } else {
            assert_eq!((handled, dead.len()), (vec![2], 1));
            let reason = &dead[0].cause.as_ref().unwrap().reason;
            assert!(reason.contains("`data`"), "{reason}");
        }
        running.stop().await;
    }
}

#[tokio::test]
async fn order_is_kept_for_each_key_while_many_entries_are_handled_at_once() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 200).await;
    let keys = 7;
    let options = RunOptions {
        concurrency: NonZeroUsize::new(16).unwrap(),
        order: Some(Arc::new(move |delivery| {
            Some(vec![u8::try_from(delivery.id().ms() % keys).unwrap()])
        })),
        ..quick()
    };
    let under_way = Arc::new(Mutex::new((0_usize, 0_usize)));
    let done = Arc::new(Mutex::new(Vec::new()));
    let (stop, stopped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (most, finished, end) = (Arc::clone(&under_way), Arc::clone(&done), Arc::clone(&stop));
    let consumer = consumer(&redis, "one");
    let task = tokio::spawn(async move {
        let handler = move |delivery: Arc<Delivery>| {
            let (most, finished) = (Arc::clone(&most), Arc::clone(&finished));
            async move {
                {
                    let mut most = most.lock().unwrap();
                    most.0 += 1;
                    most.1 = most.1.max(most.0);
                }
                for _ in 0..delivery.id().ms() % 5 {
                    tokio::task::yield_now().await;
                }
                most.lock().unwrap().0 -= 1;
                if delivery.id().ms().is_multiple_of(11) && delivery.deliveries() == 1 {
                    return Err("not yet");
                }
                finished.lock().unwrap().push(delivery.id().ms());
                Ok(())
            }
        };
        drop(stopped);
        consumer.run(options, async move { end.notified().await }, handler).await
    });
    until_all_is_acknowledged(&redis, id(200)).await;
    stop.notify_one();
    assert_eq!(task.await.unwrap().unwrap().handled, 200);
    let done = done.lock().unwrap();
    for key in 0..keys {
        let of_key: Vec<_> = done.iter().filter(|n| **n % keys == key).collect();
        assert!(of_key.is_sorted(), "{of_key:?}");
    }
    let most = under_way.lock().unwrap().1;
    assert!(most > 1 && most <= 16, "{most}");
}

#[tokio::test]
async fn a_consumer_that_stops_gives_back_what_it_holds() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    let (began, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begin, stopped) = (Arc::clone(&began), Arc::clone(&stop));
    let first = consumer(&redis, "first");
    let options = RunOptions { stop_within: Duration::from_millis(20), ..quick() };
    let task = tokio::spawn(async move {
        let handler = move |_| {
            begin.notify_one();
            std::future::pending::<Result<(), String>>()
        };
        first.run(options, async move { stopped.notified().await }, handler).await
    });
    began.notified().await;
    stop.notify_one();
    assert_eq!(task.await.unwrap().unwrap().released, 5);
    // However long others wait before they claim, they get it at once.
    let mut second = consumer(&redis, "second");
    let claimed = second.claim_idle(Duration::from_secs(3_600), 10).await.unwrap();
    assert_eq!(claimed.ids(), ids(1..=5));
    let deliveries: Vec<_> = claimed.deliveries.iter().map(Delivery::deliveries).collect();
    // Only the first was tried.
    assert_eq!(deliveries, [2, 1, 1, 1, 1]);
}

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
