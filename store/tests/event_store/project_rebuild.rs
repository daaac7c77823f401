//! Rebuilds: beside the old state, which they replace in one step or leave alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rewind_dev::{TestRedis, eventually};
use rewind_store::EventStore;
use rewind_store::project::{self, Changes, Handlers, ProjectError, Projection};

use crate::project::{Counted, Number, counted, counting, order_stats, text};

/// The same projection, with handlers that count twice as much.
fn doubling() -> Projection {
    let handlers =
        Handlers::new().on("Counted", |state: &mut Counted, data: Number| state.add(2 * data.n));
    Projection::state("count", Counted::default, handlers).stream("s")
}

#[tokio::test]
async fn a_rebuild_takes_the_place_of_the_old_state_while_events_come_and_the_runner_goes_on() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 20_000).await;
    counting("count").catch_up(&store).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let store = store.clone();
        async move { doubling().run(&store, async { stopped.await.unwrap_or_default() }).await }
    });
    let writing = async {
        for n in 20_001..=20_400_u64 {
            redis.add("s", &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
        }
    };
    let mut told = Vec::new();
    let mut rebuilt = doubling();
    let rebuilding = rebuilt.rebuild(&store, |progress| told.push(progress.handled));
    let (progress, ()) = tokio::join!(rebuilding, writing);
    let progress = progress.unwrap();
    assert!(progress.handled >= 20_000 && told.is_sorted() && told.len() > 1);
    eventually("the runner has gone on", async || {
        let at = text(&redis, "GET projection:count:checkpoint").await;
        (at == "20400-0").then_some(())
    })
    .await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of((1..=20_400).map(|n| 2 * n)));
    assert_eq!(redis.run("EXISTS projection:count:next:state projection:count:next:status projection:count:next:checkpoint projection:count:next:lease").await, redis::Value::Int(0));
}

#[tokio::test]
async fn a_rebuild_that_is_cancelled_dropped_or_fails_leaves_the_old_state() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 30_000).await;
    counting("count").catch_up(&store).await.unwrap();
    let before = text(&redis, "GET projection:count:state").await;
    let unchanged = async |what: &str| {
        assert_eq!(text(&redis, "GET projection:count:state").await, before, "{what}");
        assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "30000-0", "{what}");
    };

    // Cancelled by somebody else.
    let has_begun = Arc::new(AtomicBool::new(false));
    let rebuilding = tokio::spawn({
        let (store, has_begun) = (store.clone(), Arc::clone(&has_begun));
        let handlers = Handlers::new().on("Counted", |state: &mut Counted, data: Number| {
            std::thread::sleep(std::time::Duration::from_micros(200));
            state.add(data.n);
        });
        let mut slow = Projection::state("count", Counted::default, handlers).stream("s");
        async move { slow.rebuild(&store, |_| has_begun.store(true, Ordering::Relaxed)).await }
    });
    eventually("it has begun", async || has_begun.load(Ordering::Relaxed).then_some(())).await;
    let error = doubling().rebuild(&store, |_| {}).await.unwrap_err();
    assert!(matches!(error, ProjectError::Busy { .. }), "{error}");
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert!(status.rebuild.is_some() && status.lag == Some(0));
    assert!(project::cancel_rebuild(&store, "count").await.unwrap());
    let error = rebuilding.await.unwrap().unwrap_err();
    assert!(matches!(error, ProjectError::Cancelled { .. }), "{error}");
    unchanged("cancelled").await;
    assert!(!project::cancel_rebuild(&store, "count").await.unwrap());

    // Failed.
    let handlers = Handlers::new().on(
        "Counted",
        |_: &mut Counted, data: Number| {
            if data.n == 12_345 { Err("no") } else { Ok(()) }
        },
    );
    let mut failing = Projection::state("count", Counted::default, handlers).stream("s");
    let error = failing.rebuild(&store, |_| {}).await.unwrap_err();
    assert!(matches!(error, ProjectError::Failed(_)), "{error}");
    unchanged("failed").await;

    // Dropped on its way.
    let rebuilding = tokio::spawn({
        let store = store.clone();
        async move { doubling().rebuild(&store, |_| {}).await }
    });
    tokio::task::yield_now().await;
    rebuilding.abort();
    let _ = rebuilding.await;
    unchanged("dropped").await;
}

#[tokio::test]
async fn what_handlers_count_is_counted_again_beside_what_they_counted() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    for n in 1..=50 {
        redis.add("events:orders", &format!("{n}-0"), "order.created", r#"{"total":2}"#).await;
    }
    // As another program left it, which counted some twice.
    redis.run("HSET stats:orders total_count 77 other 1").await;
    redis.run("SET projection:order-stats:checkpoint 50-0").await;
    order_stats().rebuild(&store, |_| {}).await.unwrap();
    assert_eq!(text(&redis, "HGET stats:orders total_count").await, "50");
    assert_eq!(text(&redis, "HGET stats:orders other").await, "(nil)");
    order_stats().rebuild(&store, |_| {}).await.unwrap();
    assert_eq!(text(&redis, "HGET stats:orders total_value").await, "100");
    let removed = project::reset_removes(&store, "order-stats").await.unwrap();
    assert!(removed.contains(&"stats:orders".to_owned()), "{removed:?}");
    assert_eq!(project::reset(&store, "order-stats").await.unwrap(), removed);
    assert_eq!(redis.run("DBSIZE").await, redis::Value::Int(1));
    order_stats().catch_up(&store).await.unwrap();
    assert_eq!(text(&redis, "HGET stats:orders total_count").await, "50");
}

#[tokio::test]
async fn a_reset_has_whoever_runs_it_begin_again() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 3_000).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let store = store.clone();
        async move { counting("count").run(&store, async { stopped.await.unwrap_or_default() }).await }
    });
    let has_all = async |last: &str| {
        eventually("all are handled", async || {
            (text(&redis, "GET projection:count:checkpoint").await == last).then_some(())
        })
        .await;
    };
    has_all("3000-0").await;
    // Also where nothing new comes.
    project::reset(&store, "count").await.unwrap();
    has_all("3000-0").await;
    redis.add("s", "3001-0", "Counted", r#"{"n":3001}"#).await;
    has_all("3001-0").await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=3_001));
}

#[tokio::test]
async fn a_rebuild_that_is_stopped_leaves_nothing_and_another_may_begin_at_once() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 1_000).await;
    counting("count").catch_up(&store).await.unwrap();
    let handlers = Handlers::new().on("Counted", |state: &mut Counted, data: Number| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        state.add(data.n);
    });
    let mut slow = Projection::state("count", Counted::default, handlers).stream("s");
    let begun = std::sync::Mutex::new(Vec::new());
    let stop = eventually("the rebuild has begun", async || {
        let lease = redis.run("EXISTS projection:count:next:lease").await;
        (lease == redis::Value::Int(1)).then_some(())
    });
    let told = |progress: &project::Progress| begun.lock().unwrap().push(progress.handled);
    let error = slow.rebuild_until(&store, stop, told).await.unwrap_err();
    assert!(matches!(error, ProjectError::Cancelled { .. }), "{error}");
    let left = redis.run("KEYS projection:count:next:*").await;
    assert_eq!(left, redis::Value::Array(Vec::new()));
    doubling().rebuild(&store, |_| {}).await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of((1..=1_000).map(|n| 2 * n)));
}

#[tokio::test]
async fn a_reset_removes_every_key_though_handlers_change_further_ones_meanwhile() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 3_000).await;
    let handlers = Handlers::new().on("Counted", |changes: &mut Changes, data: Number| {
        changes.increment(format!("counted:{}", data.n), "n", 1);
    });
    let mut keys = Projection::changes("keys", handlers).stream("s");
    let resets = async {
        for _ in 0..20 {
            project::reset(&store, "keys").await.unwrap();
        }
    };
    let (caught_up, ()) = tokio::join!(keys.catch_up(&store), resets);
    caught_up.unwrap();
    // It began again after the last reset, so each event is counted once.
    keys.catch_up(&store).await.unwrap();
    for n in [1, 1_500, 3_000] {
        assert_eq!(text(&redis, &format!("HGET counted:{n} n")).await, "1", "{n}");
    }
    project::reset(&store, "keys").await.unwrap();
    assert_eq!(redis.run("DBSIZE").await, redis::Value::Int(1));
}
