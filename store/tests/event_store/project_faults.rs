//! What can go wrong with a projection: each is said, and nothing is half done.

use rewind_dev::TestRedis;
use rewind_domain::EntryId;
use rewind_store::EventStore;
use rewind_store::project::{self, Activity, Changes, Handlers, ProjectError, Projection};

use crate::project::{Counted, Number, counted, counting, order_stats, text};

fn failing_at(bad: u64) -> Projection {
    let handlers = Handlers::new().on("Counted", move |state: &mut Counted, data: Number| {
        state.add(data.n);
        if data.n == bad { Err("no room for it") } else { Ok(()) }
    });
    Projection::state("count", Counted::default, handlers).stream("s")
}

#[tokio::test]
async fn a_handler_that_fails_stops_its_projection_before_that_event() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 2_500).await;
    let store = EventStore::new(redis.url());
    let error = failing_at(1_700).catch_up(&store).await.unwrap_err();
    let ProjectError::Failed(failure) = &error else { panic!("{error}") };
    assert_eq!(
        (failure.id, failure.event_type.as_deref()),
        (EntryId::new(1_700, 0), Some("Counted"))
    );
    assert!(
        error.to_string().contains("`1700-0`") && error.to_string().contains("no room"),
        "{error}"
    );
    assert_eq!(counted(&store, "count").await, Counted::of(1..1_700));
    assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "1699-0");
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert_eq!((status.activity, status.failure.as_ref()), (Activity::Failed, Some(&**failure)));
    assert_eq!(status.lag, Some(801));
    // Others go on, and so does this one once its handler can.
    counting("other").catch_up(&store).await.unwrap();
    failing_at(0).catch_up(&store).await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=2_500));
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert_eq!((status.error, status.failure), (None, None));
}

#[tokio::test]
async fn data_that_does_not_fit_is_a_failure_with_the_event() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Counted", r#"{"n":1}"#).await;
    redis.add("s", "2-0", "Counted", r#"{"n":"#).await;
    let store = EventStore::new(redis.url());
    let error = counting("count").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("`2-0`") && error.contains("field `data`"), "{error}");
    assert_eq!(counted(&store, "count").await, Counted::of([1]));
}

#[tokio::test]
async fn a_change_that_redis_refuses_leaves_all_as_it_was() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add("s", "1-0", "E", "{}").await;
    redis.run("SET plain text").await;
    redis.run("HSET hash word text").await;
    type Bad = fn(&mut Changes);
    let cases: [(&str, Bad); 4] = [
        ("a hash", |changes| changes.increment("plain", "a", 1)),
        ("no number", |changes| changes.increment("hash", "word", 1)),
        ("no finite number", |changes| changes.increment_float("hash", "x", f64::INFINITY)),
        ("another type in between", |changes| {
            changes.set("new", "text");
            changes.hash_set("new", "field", "text");
        }),
    ];
    for (what, bad) in cases {
        let handlers = Handlers::fold(move |changes: &mut Changes, _| {
            changes.increment("hash", "counter", 1);
            changes.hash_set("hash", "word", "other");
            changes.hash_set("hash", "word", "text");
            changes.delete("plain");
            changes.set("plain", "text");
            changes.increment_float("hash", "float", 0.5);
            bad(changes);
        });
        let mut projection = Projection::changes("p", handlers).stream("s");
        let error = projection.catch_up(&store).await.unwrap_err();
        assert!(
            matches!(error, ProjectError::Write(ref error) if !error.is_unknown()),
            "{what}: {error}"
        );
        assert_eq!(text(&redis, "GET plain").await, "text", "{what}");
        assert_eq!(text(&redis, "HGET hash word").await, "text", "{what}");
        assert_eq!(redis.run("HLEN hash").await, redis::Value::Int(1), "{what}");
        assert_eq!(redis.run("EXISTS new").await, redis::Value::Int(0), "{what}");
        assert_eq!(text(&redis, "GET projection:p:checkpoint").await, "(nil)", "{what}");
        let status = store.reads().projection("p").await.unwrap().unwrap();
        assert!(status.error.is_some(), "{what}");
    }
}

#[tokio::test]
async fn a_key_of_the_projection_that_holds_something_else_is_named() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add("s", "1-0", "Counted", r#"{"n":1}"#).await;
    redis.run("HSET projection:count:state a b").await;
    let error = counting("count").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("projection:count:state") && error.contains("hash"), "{error}");
    assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "(nil)");
    redis.run("SET projection:word:checkpoint yesterday").await;
    let error = counting("word").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("`projection:word:checkpoint`"), "{error}");
}

#[tokio::test]
async fn events_that_were_trimmed_before_they_were_read_are_said() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 100).await;
    counting("count").catch_up(&store).await.unwrap();
    for n in 101..=120 {
        redis.add("s", &format!("{n}-0"), "Counted", &format!(r#"{{"n":{n}}}"#)).await;
    }
    redis.run("XTRIM s MAXLEN = 5").await;
    let progress = counting("count").catch_up(&store).await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of((1..=100).chain(116..=120)));
    let status = store.reads().projection("count").await.unwrap().unwrap();
    let is_counted = !matches!(redis.run("XINFO STREAM s").await, redis::Value::Array(ref fields) if fields.len() < 18);
    if is_counted {
        assert_eq!((progress.missed, status.missed), (15, 15));
    }
    assert!(status.notice.unwrap_or_default().contains("trimmed"));
}

#[tokio::test]
async fn a_stream_that_is_gone_or_another_one_is_an_error_and_changes_nothing() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 50).await;
    counting("count").catch_up(&store).await.unwrap();
    redis.run("RENAME s kept").await;
    let error = counting("count").catch_up(&store).await.unwrap_err();
    assert!(matches!(error, ProjectError::Gone { .. }), "{error}");
    // Another one under its key, whose ids go back.
    redis.add("s", "49-0", "Counted", r#"{"n":1000}"#).await;
    let error = counting("count").catch_up(&store).await.unwrap_err();
    assert!(matches!(error, ProjectError::Remade { .. }), "{error}");
    let status = store.reads().projection("count").await.unwrap().unwrap();
    assert!(status.error.unwrap().contains("`s`"));
    assert_eq!(status.events, 50);
    assert_eq!(counted(&store, "count").await, Counted::of(1..=50));
    redis.run("DEL s").await;
    redis.run("RENAME kept s").await;
    redis.add("s", "51-0", "Counted", r#"{"n":51}"#).await;
    counting("count").catch_up(&store).await.unwrap();
    assert_eq!(counted(&store, "count").await, Counted::of(1..=51));
}

#[tokio::test]
async fn another_stream_with_later_ids_is_noticed_or_said_to_be_possible() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.add_many("s", 50).await;
    counting("count").catch_up(&store).await.unwrap();
    redis.run("DEL s").await;
    redis.add("s", "60-0", "Counted", r#"{"n":60}"#).await;
    match counting("count").catch_up(&store).await {
        Err(error) => assert!(matches!(error, ProjectError::Remade { .. }), "{error}"),
        // Before Redis 7 nothing counts what was added.
        Ok(progress) => {
            assert!(progress.may_have_missed);
            let status = store.reads().projection("count").await.unwrap().unwrap();
            assert!(status.notice.unwrap_or_default().contains("before version 7"));
        }
    }
}

#[tokio::test]
async fn a_key_that_is_no_stream_and_no_streams_at_all_are_errors() {
    let redis = TestRedis::start().await;
    let store = EventStore::new(redis.url());
    redis.run("SET s text").await;
    let error = counting("count").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("something else than a stream"), "{error}");
    let mut none = Projection::changes("none", Handlers::new());
    let error = none.catch_up(&store).await.unwrap_err();
    assert!(matches!(error, ProjectError::NoStreams { .. }), "{error}");
}

#[tokio::test]
async fn a_user_who_may_not_write_and_a_full_redis_change_nothing() {
    let redis = TestRedis::start().await;
    redis.run("XADD events:orders 1-0 type order.created data {\"total\":1}").await;
    redis.run("ACL SETUSER app on >secret ~* +@all -hincrbyfloat").await;
    let socket = redis.socket();
    let url = format!("redis+unix://{socket}?user=app&pass=secret");
    let store = EventStore::new(url.parse().unwrap());
    let error = order_stats().catch_up(&store).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("hincrbyfloat"), "{error}");
    assert_eq!(
        redis.run("EXISTS stats:orders projection:order-stats:checkpoint").await,
        redis::Value::Int(0)
    );

    redis.run("ACL SETUSER app +hincrbyfloat -@scripting").await;
    let error = order_stats().catch_up(&store).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("evalsha"), "{error}");
    assert_eq!(
        redis.run("EXISTS stats:orders projection:order-stats:checkpoint").await,
        redis::Value::Int(0)
    );

    redis.run("CONFIG SET maxmemory 1").await;
    let store = EventStore::new(redis.url());
    let error = order_stats().catch_up(&store).await.unwrap_err();
    assert!(error.to_string().contains("maxmemory"), "{error}");
    assert_eq!(
        redis.run("EXISTS stats:orders projection:order-stats:checkpoint").await,
        redis::Value::Int(0)
    );
    redis.run("CONFIG SET maxmemory 0").await;
    order_stats().catch_up(&store).await.unwrap();
    assert_eq!(text(&redis, "HGET stats:orders total_count").await, "1");
}

#[tokio::test]
async fn a_projection_that_cannot_even_load_says_why_in_its_status() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 3).await;
    let store = EventStore::new(redis.url());
    redis.run("SET projection:count:checkpoint soon").await;
    let error = counting("count").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("`soon`") && error.contains("checkpoint"), "{error}");
    redis.run("HSET projection:torn:streams s {").await;
    redis.run("SET projection:torn:checkpoint 1-0").await;
    counting("torn").run(&store, std::future::pending()).await.unwrap_err();
    let none = Projection::changes("none", Handlers::new());
    { none }.catch_up(&store).await.unwrap_err();
    for (name, part) in
        [("count", "`soon`"), ("torn", "projection:torn:streams"), ("none", "stream")]
    {
        let status = store.reads().projection(name).await.unwrap().unwrap();
        assert_eq!(status.activity, Activity::Failed, "{name}");
        assert!(status.error.as_ref().unwrap().contains(part), "{name}: {:?}", status.error);
    }
    // Mended, it goes on, and the error is gone.
    redis.run("SET projection:count:checkpoint 0").await;
    counting("count").catch_up(&store).await.unwrap();
    assert_eq!(store.reads().projection("count").await.unwrap().unwrap().error, None);
}

#[tokio::test]
async fn a_checkpoint_may_be_milliseconds_alone() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 9).await;
    let store = EventStore::new(redis.url());
    for (checkpoint, handled) in [("0", 9), ("5", 4), ("0-0", 9)] {
        project::reset(&store, "count").await.unwrap();
        redis.run(&format!("SET projection:count:checkpoint {checkpoint}")).await;
        let progress = counting("count").catch_up(&store).await.unwrap();
        assert_eq!(progress.handled, handled, "{checkpoint}");
        assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "9-0", "{checkpoint}");
    }
    redis.run("SET projection:other:checkpoint 5").await;
    let status = store.reads().projection("other").await.unwrap().unwrap();
    assert_eq!(status.checkpoint, Some(EntryId::new(5, 0)));
}

#[tokio::test]
async fn more_state_than_is_read_at_once_is_refused_and_left_as_it_is() {
    const TOO_MUCH: usize = 257 << 20;
    let redis = TestRedis::start().await;
    redis.add_many("s", 1).await;
    let store = EventStore::new(redis.url());
    counting("count").catch_up(&store).await.unwrap();
    redis.run(&format!("SETRANGE projection:count:state {TOO_MUCH} x")).await;
    redis.add("s", "2-0", "Counted", r#"{"n":2}"#).await;
    let error = counting("count").catch_up(&store).await.unwrap_err().to_string();
    assert!(error.contains("projection:count:state") && error.contains("bytes"), "{error}");
    assert!(store.reads().projected("count", None).await.is_err());
    assert_eq!(text(&redis, "GET projection:count:checkpoint").await, "1-0");
}
