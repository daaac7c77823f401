//! Aggregates in topics: the events of one thing among those of many, looked at like a stream of its own.

use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};

const RULE: [&str; 3] = ["Order", "events:orders", "data.order_id"];
const ORDER_7: &str = "stream=events:orders%23Order:7";
/// Too many to be read in one short read, or to be on one page.
const MANY: u64 = 5_000;

async fn start(redis: &TestRedis) -> TestApp {
    TestApp::start_with_topics(redis, FoldConfig::default(), &[RULE], None).await
}

async fn add(redis: &TestRedis, ms: u64, event_type: &str, data: &Value) {
    redis.add("events:orders", &format!("{ms}-0"), event_type, &data.to_string()).await;
}

/// Three orders, whose events take turns: the order 7 has those at 1, 4, 7 …
async fn add_orders(redis: &TestRedis, count: u64) {
    let mut pipeline = redis::pipe();
    for n in 1..=count {
        let order = ["7", "8", "urn:9"][usize::try_from((n - 1) % 3).unwrap()];
        let data = json!({"order_id": order, "n": n, "customer": {"id": n % 5}}).to_string();
        pipeline.cmd("XADD").arg("events:orders").arg(format!("{n}-0"));
        pipeline.arg("type").arg("OrderChanged").arg("data").arg(data);
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

fn ids(page: &Value) -> Vec<&str> {
    page["events"].as_array().unwrap().iter().filter_map(|event| event["id"].as_str()).collect()
}

#[tokio::test]
async fn an_aggregate_has_its_own_events_and_versions() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = start(&redis).await;
    let page = app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await;
    assert_eq!(ids(&page), ["1-0", "4-0", "7-0"]);
    assert_eq!(page["events"][2]["version"], 3);
    let stream = &page["stream"];
    assert_eq!((&stream["length"], &stream["latest_version"]), (&json!(3), &json!(3)));
    assert_eq!((&stream["kind"], &stream["incomplete"]), (&json!("aggregate"), &Value::Null));

    let page = app.ok("/api/events?stream=events:orders%23Order:7&order=desc&limit=2").await;
    assert_eq!((ids(&page), &page["next"]), (vec!["7-0", "4-0"], &json!("4-0")));
    let page = app.ok("/api/events?stream=events:orders%23Order:7&order=desc&before=4-0").await;
    assert_eq!((ids(&page), &page["next"]), (vec!["1-0"], &Value::Null));
    let page = app.ok(&format!("/api/events?{ORDER_7}&order=asc&version=2&limit=1")).await;
    assert_eq!(ids(&page), ["4-0"]);
    let page = app.ok("/api/events?stream=events:orders%23Order:urn:9&order=asc").await;
    assert_eq!(ids(&page), ["3-0", "6-0", "9-0"]);
}

#[tokio::test]
async fn an_aggregate_is_travelled_through_with_the_fold_of_its_type() {
    let redis = TestRedis::start().await;
    add(&redis, 1, "OrderCreated", &json!({"order_id": "7", "total": 5})).await;
    add(&redis, 2, "OrderCreated", &json!({"order_id": "8", "total": 1})).await;
    add(&redis, 3, "OrderPaid", &json!({"order_id": "7", "paid": true})).await;
    let folder = tempfile::tempdir().unwrap();
    let fold = "export default { initial: () => ({seen: 0}), on: { $any: (state, event) => ({seen: state.seen + 1, last: event.type}) } };";
    std::fs::write(folder.path().join("Order.js"), fold).unwrap();
    let folder = Some(folder.path().to_owned());
    let folds = FoldConfig { folder, ..FoldConfig::default() };
    let app = TestApp::start_with_topics(&redis, folds, &[RULE], None).await;
    let replay = app.ok(&format!("/api/replay?{ORDER_7}")).await;
    assert_eq!(replay["version"], 2);
    assert_eq!(replay["state"], json!({"seen": 2, "last": "OrderPaid"}));
    let replay = app.ok(&format!("/api/replay?{ORDER_7}&version=1")).await;
    assert_eq!(replay["state"], json!({"seen": 1, "last": "OrderCreated"}));
    let diff = app.ok(&format!("/api/diff?{ORDER_7}&from=1&to=2")).await;
    assert_eq!(diff["changes"].as_array().unwrap().len(), 2);
    let blame = app.ok(&format!("/api/blame?{ORDER_7}&version=2")).await;
    assert!(blame["paths"].as_array().unwrap().iter().all(|path| path["id"] == "3-0"), "{blame}");
}

#[tokio::test]
async fn what_is_added_later_belongs_to_it_at_once() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 3).await;
    let app = start(&redis).await;
    assert_eq!(ids(&app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await), ["1-0"]);
    add(&redis, 10, "OrderPaid", &json!({"order_id": "7"})).await;
    add(&redis, 11, "OrderPaid", &json!({"order_id": 10})).await;
    assert_eq!(ids(&app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await), ["1-0", "10-0"]);
    let page = app.ok("/api/events?stream=events:orders%23Order:10").await;
    assert_eq!(ids(&page), ["11-0"]);
    assert_eq!(app.ok(&format!("/api/replay?{ORDER_7}")).await["version"], 2);
}

#[tokio::test]
async fn a_long_one_is_read_page_by_page() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 3 * MANY).await;
    let app = start(&redis).await;
    let replay = eventually("the topic is gone through", || async {
        let (status, replay) = app.get(&format!("/api/replay?{ORDER_7}")).await;
        status.is_success().then_some(replay)
    })
    .await;
    assert_eq!(replay["version"], MANY);
    assert_eq!(replay["state"]["n"], 3 * MANY - 2);
    let page = app.ok(&format!("/api/events?{ORDER_7}&order=asc&version=4000&limit=1")).await;
    assert_eq!(ids(&page), ["11998-0"]);
    let found =
        app.request(&format!("/api/find?{ORDER_7}&order=asc&filter=data.customer.id:3&limit=9999"));
    let text = found.send().await.unwrap().text().await.unwrap();
    assert_eq!(
        text.matches("\"customer\":{\"id\":3}").count() as u64,
        MANY / 5,
        "those of order 7"
    );
}

#[tokio::test]
async fn the_versions_of_a_trimmed_topic_do_not_claim_to_be_exact() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = start(&redis).await;
    assert_eq!(ids(&app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await).len(), 3);
    redis.run("XTRIM events:orders MINID 4-0").await;
    let page = app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await;
    assert_eq!(ids(&page), ["4-0", "7-0"]);
    assert_eq!(page["stream"]["incomplete"]["reason"], "unknown");
    let replay = app.ok(&format!("/api/replay?{ORDER_7}")).await;
    assert_eq!((&replay["version"], &replay["state"]["n"]), (&json!(2), &json!(7)));
    assert_eq!(replay["incomplete"]["reason"], "unknown");
    // Another server, which never saw what is gone, says the same.
    let other = start(&redis).await;
    assert_eq!(other.ok(&format!("/api/replay?{ORDER_7}")).await, replay);
}

#[tokio::test]
async fn a_topic_that_was_made_again_is_gone_through_again() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = start(&redis).await;
    assert_eq!(ids(&app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await).len(), 3);
    redis.run("DEL events:orders").await;
    add(&redis, 2, "OrderCreated", &json!({"order_id": "7"})).await;
    assert_eq!(ids(&app.ok(&format!("/api/events?{ORDER_7}&order=asc")).await), ["2-0"]);
    let (status, code, message) = app.error("/api/events?stream=events:orders%23Order:8").await;
    assert_eq!((status, code.as_str()), (404, "stream_not_found"), "{message}");
}

#[tokio::test]
async fn aggregates_are_listed_like_streams() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = start(&redis).await;
    let listed = |catalog: &Value| -> Vec<String> {
        let streams = catalog["streams"].as_array().unwrap();
        streams.iter().map(|stream| stream["key"].as_str().unwrap().to_owned()).collect()
    };
    let keys = eventually("the orders are listed", || async {
        let catalog = app.ok("/api/catalog?search=Order:").await;
        let keys = listed(&catalog);
        (keys.len() == 3).then_some(keys)
    })
    .await;
    assert!(keys.contains(&"events:orders#Order:7".to_owned()), "{keys:?}");
    let categories = app.ok("/api/categories?open=%5B%22events%3A%22%5D").await;
    let text = categories.to_string();
    assert!(text.contains("events:orders#Order"), "{text}");
    let row = app.ok("/api/catalog?search=Order:8").await["streams"][0].clone();
    assert_eq!((&row["length"], &row["last_id"]), (&json!(3), &json!("8-0")));

    add(&redis, 20, "OrderCreated", &json!({"order_id": "new"})).await;
    eventually("a new order is listed too", || async {
        let catalog = app.ok("/api/catalog?search=Order:new").await;
        (listed(&catalog) == ["events:orders#Order:new"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_event_of_the_topic_leads_to_the_versions_that_it_makes() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 6).await;
    redis.add("events:orders", "7-0", "Broken", "{").await;
    let rules = [RULE, ["Customer", "events:orders", "data.customer.id"]];
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &rules, None).await;
    let event = app.ok("/api/event?stream=events:orders&id=6-0").await;
    let expected = json!([
        {"stream": "events:orders#Order:urn:9", "version": 2},
        {"stream": "events:orders#Customer:1", "version": 2},
    ]);
    assert_eq!(event["aggregates"], expected);
    // One that names none leads nowhere.
    let event = app.ok("/api/event?stream=events:orders&id=7-0").await;
    assert_eq!(event["aggregates"], Value::Null);
    let event = app.ok("/api/event?stream=events:orders%23Order:urn:9&id=6-0").await;
    assert_eq!(event["event"]["version"], 2);
}

#[tokio::test]
async fn without_room_for_it_the_answer_says_what_would_help() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = TestApp::start_with_topics(&redis, FoldConfig::default(), &[RULE], Some(0)).await;
    let (status, code, message) = app.error(&format!("/api/events?{ORDER_7}&order=asc")).await;
    assert_eq!((status, code.as_str()), (503, "not_indexed"));
    assert!(message.contains("`events:orders`") && message.contains("`--topic-mb`"), "{message}");
    assert_eq!(ids(&app.ok("/api/events?stream=events:orders").await).len(), 9);
}

#[tokio::test]
async fn a_key_that_no_rule_makes_is_a_key_of_redis() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 3).await;
    redis.add("events:orders#Invoice:7", "1-0", "A", "{}").await;
    let app = start(&redis).await;
    let page = app.ok("/api/events?stream=events:orders%23Invoice:7").await;
    assert_eq!(ids(&page), ["1-0"]);
    for missing in
        ["events:orders%23Order:none", "events:others%23Order:7", "events:orders%23Order:"]
    {
        let (status, code, _) = app.error(&format!("/api/events?stream={missing}")).await;
        assert_eq!((status, code.as_str()), (404, "stream_not_found"), "{missing}");
    }
}

#[tokio::test]
async fn several_aggregates_are_one_list_like_streams() {
    let redis = TestRedis::start().await;
    add_orders(&redis, 9).await;
    let app = start(&redis).await;
    let found = async |place: &str| {
        let request = app.request(&format!("/api/find?{place}&order=asc"));
        let text = request.send().await.unwrap().text().await.unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        let json = data.map(|json| serde_json::from_str::<Value>(json).unwrap());
        let ids = json.filter_map(|found| Some(found["event"]["id"].as_str()?.to_owned()));
        ids.collect::<Vec<String>>()
    };
    let two = "stream=events:orders%23Order:7&stream=events:orders%23Order:8";
    assert_eq!(found(two).await, ["1-0", "2-0", "4-0", "5-0", "7-0", "8-0"]);
    let all: Vec<String> = (1..=9).map(|n| format!("{n}-0")).collect();
    assert_eq!(found("category=events:orders%23Order").await, all);
    // Each event of the topic is there once, not once more for its aggregate.
    assert_eq!(found("category=events").await, all);
    let streams = app.ok("/api/streams?prefix=events:orders%23Order:&limit=2").await;
    assert_eq!(streams["streams"].as_array().unwrap().len(), 2);
    let cursor = streams["next_cursor"].as_str().unwrap();
    let path = format!("/api/streams?prefix=events:orders%23Order:&limit=2&cursor={cursor}");
    let streams = app.ok(&path).await;
    assert_eq!(streams["streams"][0]["key"], "events:orders#Order:urn:9");
    assert_eq!(streams["next_cursor"], Value::Null);
    let (status, body) = app.get("/api/live?category=events:orders%23Order").await;
    let message = body["error"]["message"].as_str().unwrap();
    assert!(status == 400 && message.contains("watch that stream"), "{body}");
}
