//! Running a handler over what a consumer is given.

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rewind_dev::{TestRedis, eventually};
use rewind_domain::EntryId;
use rewind_store::consume::{
    Consumer, DeadLetters, Delivery, Group, PendingQuery, RunOptions, RunReport, Undecodable,
    Unhandled,
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
pub(crate) type Log = Arc<Mutex<Vec<(EntryId, u64)>>>;

/// A consumer that runs in a task until it is stopped.
pub(crate) struct Running {
    pub(crate) log: Log,
    stop: Arc<Notify>,
    pub(crate) task: JoinHandle<Result<RunReport, StoreError>>,
}

impl Running {
    /// Runs a handler that notes each call, and fails where `verdict` says so.
    pub(crate) fn start(
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

    pub(crate) fn log(&self) -> Vec<(EntryId, u64)> {
        self.log.lock().unwrap().clone()
    }

    pub(crate) async fn stop(self) -> RunReport {
        self.stop.notify_one();
        self.task.await.unwrap().unwrap()
    }
}

pub(crate) async fn until_all_is_acknowledged(redis: &TestRedis, last: EntryId) {
    let store = EventStore::new(redis.url());
    let group = Group::new(&store, STREAM, GROUP);
    eventually("all is acknowledged", || async {
        let info = group.info().await.ok()?;
        (info.pending == 0 && info.last_delivered_id >= last).then_some(())
    })
    .await;
}

pub(crate) fn dead_letters(redis: &TestRedis) -> DeadLetters {
    DeadLetters::new(&EventStore::new(redis.url()), STREAM, GROUP)
}

pub(crate) fn ids(ms: impl IntoIterator<Item = u64>) -> Vec<EntryId> {
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
async fn a_run_with_a_limit_takes_no_more_and_ends_when_they_are_settled() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 20).await;
    let options = RunOptions {
        limit: NonZeroU64::new(7),
        concurrency: NonZeroUsize::new(4).unwrap(),
        max_deliveries: NonZeroU64::new(2),
        ..quick()
    };
    let running = Running::start(consumer(&redis, "one"), options, |delivery| {
        if delivery.id().ms() == 3 { Err("no".to_owned()) } else { Ok(()) }
    });
    let report = running.task.await.unwrap().unwrap();
    assert_eq!((report.handled, report.dead, report.released), (6, 1, 0));
    assert_eq!(pending_ids(&redis).await, []);
    let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
    assert_eq!(group.info().await.unwrap().last_delivered_id, id(7));
}

#[tokio::test]
async fn a_handler_that_has_to_stop_ends_the_run_and_its_entry_was_not_tried() {
    let redis = TestRedis::start().await;
    redis.add_many(STREAM, 5).await;
    // One delivery would be enough for a dead letter.
    let options = RunOptions { max_deliveries: NonZeroU64::new(1), ..quick() };
    let handler = |delivery: Arc<Delivery>| async move {
        if delivery.id() == id(3) { Err(Unhandled::Stopped) } else { Ok(()) }
    };
    let run = consumer(&redis, "one").run_stoppable(options, std::future::pending(), handler);
    let report = run.await.unwrap();
    assert_eq!((report.handled, report.failed, report.released), (2, 0, 3));
    assert_eq!(dead_letters(&redis).count().await.unwrap(), 0);
    let group = Group::new(&EventStore::new(redis.url()), STREAM, GROUP);
    let pending = group.pending(&PendingQuery::default(), 10).await.unwrap();
    let deliveries: Vec<_> = pending.iter().map(|entry| (entry.id, entry.deliveries)).collect();
    assert_eq!(deliveries, [(id(3), 0), (id(4), 0), (id(5), 0)]);
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
