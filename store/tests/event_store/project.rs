//! Projections: what is in the state, and that it is there exactly once.

use std::time::Duration;

use rewind_dev::{TestRedis, eventually};
use rewind_domain::{Event, Json};
use rewind_store::EventStore;
use rewind_store::project::{Activity, Changes, Handlers, Projection};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Counted {
    pub(crate) count: u64,
    pub(crate) sum: u64,
    /// Order matters to it.
    pub(crate) mix: u64,
}

#[derive(Deserialize)]
pub(crate) struct Number {
    pub(crate) n: u64,
}

impl Counted {
    pub(crate) fn add(&mut self, n: u64) {
        self.count += 1;
        self.sum += n;
        self.mix = self.mix.wrapping_mul(31).wrapping_add(n) % 1_000_000_007;
    }

    pub(crate) fn of(numbers: impl IntoIterator<Item = u64>) -> Self {
        let mut counted = Self::default();
        numbers.into_iter().for_each(|n| counted.add(n));
        counted
    }
}

pub(crate) fn counting(name: &str) -> Projection {
    let handlers =
        Handlers::new().on("Counted", |state: &mut Counted, data: Number| state.add(data.n));
    Projection::state(name, Counted::default, handlers).stream("s")
}

pub(crate) async fn counted(store: &EventStore, name: &str) -> Counted {
    let text = store.reads().projected(name, None).await.unwrap().unwrap();
    serde_json::from_str(&text).unwrap()
}

pub(crate) async fn text(redis: &TestRedis, line: &str) -> String {
    match redis.run(line).await {
        redis::Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
        redis::Value::Nil => "(nil)".to_owned(),
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn the_state_is_the_fold_of_the_stream_and_the_checkpoint_its_last_event() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 25_000).await;
    let store = EventStore::new(redis.url());
    let progress = counting("count").catch_up(&store).await.unwrap();
    assert_eq!((progress.handled, progress.lag), (25_000, Some(0)));
    assert_eq!(counted(&store, "count").await, Counted::of(1..=25_000));
    assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "25000-0");
    redis.add("s", "25001-0", "Counted", r#"{"n":25001}"#).await;
    redis.add("s", "25002-0", "Other", r#"{"n":9}"#).await;
    let progress = counting("count").catch_up(&store).await.unwrap();
    assert_eq!((progress.handled, progress.events), (2, 25_002));
    assert_eq!(counted(&store, "count").await, Counted::of(1..=25_001));
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert_eq!((status.events, status.lag, status.missed), (25_002, Some(0), 0));
    assert_eq!((status.kind.as_str(), status.streams.len()), ("state", 1));
    assert_eq!(store.reads().projections().await.unwrap(), ["count"]);
}

#[tokio::test]
async fn what_comes_is_handled_while_it_runs() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let store = store.clone();
        async move { counting("count").run(&store, async { stopped.await.unwrap_or_default() }).await }
    });
    for n in 1..=20 {
        redis.add("s", &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
    }
    eventually("all are handled", async || {
        let at = text(&redis, "GET projection:count:checkpoint").await;
        (at == "20-0").then_some(())
    })
    .await;
    eventually("it says that it follows", async || {
        let status = store.reads().projection("count").await.unwrap()?;
        (status.activity == Activity::Following && status.lag == Some(0)).then_some(())
    })
    .await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=20));
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert_eq!(status.activity, Activity::Stopped);
}

#[tokio::test]
async fn runners_that_are_doubled_and_killed_apply_each_event_once() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    let total = 30_000_u64;
    let writing = tokio::spawn({
        let url = redis.url_text();
        async move {
            let client = redis::Client::open(url).unwrap();
            let mut connection = client.get_multiplexed_async_connection().await.unwrap();
            for from in (1..=total).step_by(300) {
                let mut pipeline = redis::pipe();
                for n in from..from + 300 {
                    let data = format!(r#"{{"n":{n}}}"#);
                    pipeline.cmd("XADD").arg("s").arg(format!("{n}-0"));
                    pipeline.arg("type").arg("Counted").arg("data").arg(data).ignore();
                }
                pipeline.exec_async(&mut connection).await.unwrap();
            }
        }
    });
    let mut killed = 0;
    while text(&redis, "GET projection:count:checkpoint").await != format!("{total}-0") {
        let runners: Vec<_> = (0..3)
            .map(|_| {
                let store = EventStore::new(redis.url());
                tokio::spawn(async move { drop(counting("count").catch_up(&store).await) })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(killed % 40)).await;
        killed += 7;
        runners.iter().for_each(tokio::task::JoinHandle::abort);
    }
    writing.await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=total));
}

#[tokio::test]
async fn a_runner_goes_on_where_it_was_when_redis_is_killed_and_comes_back() {
    let mut redis = TestRedis::start_persistent().await;
    let store = EventStore::new(redis.url());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn({
        let store = store.clone();
        async move { counting("count").run(&store, async { stopped.await.unwrap_or_default() }).await }
    });
    let mut next = 1;
    for _ in 0..3 {
        for n in next..next + 500 {
            redis.add("s", &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
        }
        next += 500;
        redis.kill();
        redis.start_again().await;
    }
    eventually("all are handled", async || {
        let at = text(&redis, "GET projection:count:checkpoint").await;
        (at == "1500-0").then_some(())
    })
    .await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=1_500));
}

#[tokio::test]
async fn one_of_several_runners_works_and_another_takes_over() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 10).await;
    let run = |name: &'static str| {
        let store = store.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            counting("count")
                .run_by(name)
                .run(&store, async { stopped.await.unwrap_or_default() })
                .await
        });
        (stop, running)
    };
    let (stop_first, first) = run("first");
    eventually("the first one works", async || {
        (text(&redis, "GET projection:count:lease").await == "first").then_some(())
    })
    .await;
    let (stop_second, second) = run("second");
    stop_first.send(()).unwrap();
    first.await.unwrap().unwrap();
    redis.add("s", "11-0", "Counted", r#"{"n":11}"#).await;
    eventually("the second one works", async || {
        let status = store.reads().projection("count").await.unwrap()?;
        (status.runner.as_deref() == Some("second") && status.events == 11).then_some(())
    })
    .await;
    stop_second.send(()).unwrap();
    second.await.unwrap().unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=11));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Customer {
    orders: u64,
}

fn customers() -> Projection {
    let key = |event: &Event| Some(event.data.get("customer")?.as_str()?.to_owned());
    let handlers = Handlers::new()
        .any(|row: &mut Option<Customer>, _: &Event| {
            row.get_or_insert(Customer { orders: 0 }).orders += 1;
        })
        .on_event("Forgotten", |row: &mut Option<Customer>, _: &Event| *row = None);
    Projection::table("customers", key, handlers).stream("s")
}

#[tokio::test]
async fn a_table_has_a_row_for_each_key_and_loses_those_that_are_deleted() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    for n in 1..=3_000 {
        let data = format!(r#"{{"customer":"c{}"}}"#, n % 7);
        redis.add("s", &format!("{n}-0"), "Ordered", &data).await;
    }
    redis.add("s", "3001-0", "Ordered", r#"{"nobody":1}"#).await;
    redis.add("s", "3002-0", "Forgotten", r#"{"customer":"c3"}"#).await;
    customers().catch_up(&store).await.unwrap();
    assert_eq!(text(&redis, "HGET projection:customers:rows c1").await, r#"{"orders":429}"#);
    assert_eq!(redis.run("HLEN projection:customers:rows").await, redis::Value::Int(6));
    assert_eq!(store.reads().projected("customers", Some("c3")).await.unwrap(), None);
    redis.add("s", "3003-0", "Ordered", r#"{"customer":"c3"}"#).await;
    customers().catch_up(&store).await.unwrap();
    let row = store.reads().projected("customers", Some("c3")).await.unwrap();
    assert_eq!(row.as_deref(), Some(r#"{"orders":1}"#));
}

#[tokio::test]
async fn two_streams_are_handled_in_the_order_of_their_ids() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    for n in 1..=4_000_u64 {
        let stream = if n % 3 == 0 { "t" } else { "s" };
        redis.add(stream, &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
    }
    let both = || counting("both").stream("t");
    both().catch_up(&store).await.unwrap();
    assert_eq!(counted(&store, "both").await, Counted::of(1..=4_000));
    // A third one, which has no events yet, changes nothing; and without the second one it goes on where that one stream was.
    let progress = both().stream("none").catch_up(&store).await.unwrap();
    assert_eq!(progress.handled, 0);
    let progress = counting("both").catch_up(&store).await.unwrap();
    assert_eq!(progress.handled, 0);
    // The checkpoint is never ahead of any of them.
    assert_eq!(text(&redis, "GET projection:both:checkpoint").await, "3999-0");
    redis.add("t", "4001-0", "Counted", r#"{"n":4001}"#).await;
    redis.add("s", "4002-0", "Counted", r#"{"n":4002}"#).await;
    let progress = both().catch_up(&store).await.unwrap();
    assert_eq!((progress.handled, progress.lag), (2, Some(0)));
    assert_eq!(counted(&store, "both").await, Counted::of(1..=4_002));
}

#[tokio::test]
async fn old_shapes_are_brought_up_to_date_before_handlers_see_them() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add("s", "1-0", "Counted.v1", r#"{"number":1}"#).await;
    redis.add("s", "2-0", "Counted.v2", r#"{"value":2}"#).await;
    redis.add("s", "3-0", "Counted", r#"{"n":3}"#).await;
    let renamed = |event: &Event, from: &str, to: &str| {
        let number = event.data.get(from).cloned().unwrap_or(Json::Null);
        Json::parse(&format!(r#"{{"{to}":{number}}}"#)).unwrap()
    };
    let handlers = Handlers::new()
        .upcast("Counted.v1", move |event| Event {
            event_type: Some("Counted.v2".into()),
            data: renamed(&event, "number", "value"),
            ..event
        })
        .upcast("Counted.v2", move |event| Event {
            event_type: Some("Counted".into()),
            data: renamed(&event, "value", "n"),
            ..event
        })
        .on("Counted", |state: &mut Counted, data: Number| state.add(data.n));
    let mut projection = Projection::state("count", Counted::default, handlers).stream("s");
    projection.catch_up(&store).await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=3));
}

#[derive(Deserialize)]
struct OrderCreated {
    total: f64,
}

/// `order-stats` of the reference, as it stands there.
pub(crate) fn order_stats() -> Projection {
    let handlers = Handlers::new()
        .on("order.created", |changes: &mut Changes, order: OrderCreated| {
            changes.increment("stats:orders", "total_count", 1);
            changes.increment_float("stats:orders", "total_value", order.total);
        })
        .on_event("order.shipped", |changes: &mut Changes, _: &Event| {
            changes.increment("stats:orders", "shipped_count", 1);
        });
    Projection::changes("order-stats", handlers).stream("events:orders")
}

#[tokio::test]
async fn counters_that_handlers_keep_move_with_the_checkpoint() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    for n in 1..=100 {
        redis.add("events:orders", &format!("{n}-0"), "order.created", r#"{"total":0.5}"#).await;
    }
    redis.add("events:orders", "101-0", "order.shipped", "{}").await;
    order_stats().catch_up(&store).await.unwrap();
    order_stats().catch_up(&store).await.unwrap();
    assert_eq!(text(&redis, "HGET stats:orders total_count").await, "100");
    assert_eq!(text(&redis, "HGET stats:orders total_value").await, "50");
    assert_eq!(text(&redis, "HGET stats:orders shipped_count").await, "1");
    assert_eq!(text(&redis, "GET projection:order-stats:checkpoint").await, "101-0");
}

#[tokio::test]
async fn a_checkpoint_that_another_program_wrote_is_gone_on_from() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    for n in 1..=10 {
        redis.add("events:orders", &format!("{n}-0"), "order.created", r#"{"total":1}"#).await;
    }
    redis.run("HSET stats:orders total_count 4 total_value 4").await;
    redis.run("SET projection:order-stats:checkpoint 4-0").await;
    assert_eq!(store.reads().projections().await.unwrap(), ["order-stats"]);
    let progress = order_stats().catch_up(&store).await.unwrap();
    assert_eq!((progress.handled, progress.lag), (6, Some(0)));
    assert_eq!(text(&redis, "HGET stats:orders total_count").await, "10");
}
