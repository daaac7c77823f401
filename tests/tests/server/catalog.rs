//! `GET /api/catalog`, `GET /api/categories`, `POST /api/discovery`

use rewind_tests::{TestApp, TestRedis, eventually};
use serde_json::{Value, json};

/// Adds streams of one event, and keys of another kind.
async fn fill(redis: &TestRedis, streams: impl IntoIterator<Item = String>, others: usize) {
    let mut pipeline = redis::pipe();
    for key in streams {
        pipeline.cmd("XADD").arg(key).arg("1-0").arg("type").arg("created").ignore();
    }
    for n in 0..others {
        pipeline.cmd("SET").arg(format!("cache:{n}")).arg("x").ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

async fn complete(app: &TestApp) -> Value {
    eventually("the whole keyspace was walked", || async {
        let page = app.ok("/api/categories").await;
        (page["discovery"]["is_complete"] == true).then_some(page)
    })
    .await
}

fn keys(page: &Value) -> Vec<&str> {
    page["streams"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap()).collect()
}

/// The answer to a question with parameters that need to be encoded.
async fn ask(app: &TestApp, path: &str, parameters: &[(&str, &str)]) -> Value {
    app.request(path).query(parameters).send().await.unwrap().json().await.unwrap()
}

/// Rewind as a user with these rights.
async fn app_of(redis: &TestRedis, rights: &str) -> TestApp {
    redis.run(&format!("ACL SETUSER viewer on >password ~* resetchannels -@all {rights}")).await;
    let url = format!("{}?user=viewer&pass=password", redis.url_text());
    TestApp::start_on(url.parse().unwrap()).await
}

#[tokio::test]
async fn every_stream_among_other_keys_is_listed_once_in_order_and_a_range_at_a_time() {
    let redis = TestRedis::start().await;
    fill(&redis, (0..3_000).map(|n| format!("aggregate:Order:{n}")), 3_000).await;
    let app = TestApp::start(&redis).await;
    let tree = complete(&app).await;
    assert_eq!(tree["discovery"]["found"], 3_000);
    assert_eq!(tree["discovery"]["scanned"], tree["discovery"]["keys_total"]);

    let mut listed = Vec::new();
    for offset in (0..3_000).step_by(500) {
        let page = app.ok(&format!("/api/catalog?offset={offset}&limit=500")).await;
        assert_eq!((page["total"].as_u64(), page["offset"].as_u64()), (Some(3_000), Some(offset)));
        listed.extend(keys(&page).into_iter().map(str::to_owned));
    }
    assert_eq!(listed, (0..3_000).map(|n| format!("aggregate:Order:{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_first_answer_has_something_in_it_though_the_walk_goes_on() {
    let redis = TestRedis::start().await;
    fill(&redis, (0..20_000).map(|n| format!("a:{n}")), 0).await;
    let app = TestApp::start(&redis).await;
    let page = app.ok("/api/catalog").await;
    assert_eq!(keys(&page).len(), 100);
    assert_eq!(page["streams"][0]["length"], 1);
    assert_eq!(page["discovery"]["phase"], "walking");
    assert_eq!(page["discovery"]["keys_per_second"], 100_000);
    complete(&app).await;
    assert_eq!(app.ok("/api/catalog").await["total"], 20_000);
}

#[tokio::test]
async fn categories_stand_in_a_tree_and_count_what_is_within() {
    let redis = TestRedis::start().await;
    let streams = ["audit", "aggregate:Order:1", "aggregate:Order:2", "aggregate:A:1:x"];
    fill(&redis, streams.map(str::to_owned), 2).await;
    redis.run("XADD aggregate:Order:1 5-0 type paid").await;
    let app = TestApp::start(&redis).await;
    let rows = |page: &Value| -> Vec<(String, u64, u64)> {
        let rows = page["categories"].as_array().unwrap().iter();
        rows.map(|row| {
            let number = |name: &str| row[name].as_u64().unwrap();
            (row["category"].as_str().unwrap().to_owned(), number("depth"), number("streams"))
        })
        .collect()
    };
    let row = |category: &str, depth, streams| (category.to_owned(), depth, streams);
    let at_first = [
        row("", 0, 4),
        row("(none)", 0, 1),
        row("aggregate:", 0, 3),
        row("aggregate:A:", 1, 1),
        row("aggregate:Order:", 1, 2),
    ];
    assert_eq!(rows(&complete(&app).await), at_first);
    let opened = ask(&app, "/api/categories", &[("open", r#"["aggregate:A:"]"#)]).await;
    assert_eq!(rows(&opened)[4], row("aggregate:A:1:", 2, 1));
    let closed = [("closed", r#"["aggregate"]"#), ("open", ""), ("offset", "2"), ("limit", "5")];
    let closed = ask(&app, "/api/categories", &closed).await;
    assert_eq!((rows(&closed), closed["total"].as_u64()), (vec![row("aggregate:", 0, 3)], Some(3)));

    // Nobody has looked at any of them yet.
    assert_eq!(closed["categories"][0]["looked_at"], 0);
    app.ok("/api/catalog?category=aggregate:Order").await;
    let tree = app.ok("/api/categories?offset=2&limit=1").await;
    let aggregate = &tree["categories"][0];
    assert_eq!(
        (aggregate["looked_at"].as_u64(), aggregate["entries"].as_u64()),
        (Some(2), Some(3))
    );
    assert_eq!(aggregate["last_id"], "5-0");
}

#[tokio::test]
async fn a_category_lists_its_own_streams_only() {
    let redis = TestRedis::start().await;
    let streams = ["audit", "aggregate:Order:1", "aggregate:Customer:1", "aggregateX:1"];
    fill(&redis, streams.map(str::to_owned), 0).await;
    let app = TestApp::start(&redis).await;
    complete(&app).await;
    for (category, expected) in [
        ("aggregate:", &["aggregate:Customer:1", "aggregate:Order:1"][..]),
        ("aggregate:Order:", &["aggregate:Order:1"]),
        ("(none)", &["audit"]),
        ("nothing:", &[]),
    ] {
        let page = ask(&app, "/api/catalog", &[("category", category)]).await;
        assert_eq!(
            (keys(&page), page["total"].as_u64()),
            (expected.to_vec(), Some(expected.len() as u64))
        );
    }
}

#[tokio::test]
async fn streams_are_found_by_a_part_of_their_key_the_best_first() {
    let redis = TestRedis::start().await;
    let streams = ["order", "events:orders", "aggregate:Order:42", "aggregate:Customer:42", "a*b"];
    fill(&redis, streams.map(str::to_owned), 0).await;
    let app = TestApp::start(&redis).await;
    complete(&app).await;
    let order = ask(&app, "/api/catalog", &[("search", "ORDER")]).await;
    assert_eq!(keys(&order), ["order", "aggregate:Order:42", "events:orders"]);
    let of_customers = [("search", "42"), ("category", "aggregate:Customer:")];
    assert_eq!(keys(&ask(&app, "/api/catalog", &of_customers).await), ["aggregate:Customer:42"]);
    assert_eq!(keys(&ask(&app, "/api/catalog", &[("search", "*")]).await), ["a*b"]);
}

#[tokio::test]
async fn sorting_by_length_and_activity_looks_at_all_streams_first_and_says_how_far_it_is() {
    let redis = TestRedis::start().await;
    fill(&redis, (0..1_500).map(|n| format!("a:{n}")), 0).await;
    redis.run("XADD a:700 9-0 type x").await;
    redis.run("XADD a:900 5-0 type x").await;
    redis.run("XADD a:900 6-0 type x").await;
    let app = TestApp::start(&redis).await;
    complete(&app).await;
    for (sort, first) in [("length", ["a:900", "a:700"]), ("activity", ["a:700", "a:900"])] {
        let page = eventually("all were looked at", || async {
            let page = app.ok(&format!("/api/catalog?sort={sort}&limit=2")).await;
            assert_eq!(page["sorted_by"], sort);
            (page["looked_at"] == 1_500).then_some(page)
        })
        .await;
        assert_eq!(keys(&page), first);
    }
    assert!(app.ok("/api/catalog").await.get("looked_at").is_none());
}

#[tokio::test]
async fn streams_that_vanish_or_change_type_are_shown_as_such_and_go_with_the_next_walk() {
    let redis = TestRedis::start().await;
    fill(&redis, ["a:1", "a:2", "a:3"].map(str::to_owned), 0).await;
    let app = TestApp::start(&redis).await;
    complete(&app).await;
    redis.run("DEL a:1").await;
    redis.run("SET a:2 x").await;
    redis.run("XADD a:4 1-0 type x").await;
    let reason = |page: &Value, at: usize| {
        page["streams"][at]["unavailable"].as_str().unwrap_or_default().to_owned()
    };
    let page = app.ok("/api/catalog").await;
    assert_eq!(keys(&page), ["a:1", "a:2", "a:3"]);
    assert!(
        reason(&page, 0).contains("no such key") && reason(&page, 1).contains("something else")
    );
    assert!(reason(&page, 2).is_empty());
    let (_, status) = app.post("/api/discovery", &json!({"action": "restart"})).await;
    assert_eq!((status["phase"].as_str(), status["scanned"].as_u64()), (Some("walking"), Some(0)));
    eventually("the list is that of the next walk", || async {
        let page = app.ok("/api/catalog").await;
        (keys(&page) == ["a:3", "a:4"]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_paused_search_holds_still_until_it_is_let_go_on() {
    let redis = TestRedis::start().await;
    fill(&redis, (0..20_000).map(|n| format!("a:{n}")), 0).await;
    let app = TestApp::start(&redis).await;
    let (status, paused) = app.post("/api/discovery", &json!({"action": "pause"})).await;
    assert_eq!((status.as_u16(), paused["phase"].as_str()), (200, Some("paused")));
    // Found by its key alone, since nothing was walked.
    let page = app.ok("/api/catalog?search=a:123").await;
    assert_eq!((keys(&page), page["discovery"]["scanned"].as_u64()), (vec!["a:123"], Some(0)));
    assert_eq!(page["is_searching"], false);
    app.post("/api/discovery", &json!({"action": "resume"})).await;
    assert_eq!(complete(&app).await["discovery"]["found"], 20_000);
    let (status, _) = app.post("/api/discovery", &json!({"action": "explode"})).await;
    assert_eq!(status.as_u16(), 400);
}

#[tokio::test]
async fn what_begins_as_typed_is_found_before_the_walk_comes_to_it() {
    let redis = TestRedis::start().await;
    fill(&redis, (0..3_000).map(|n| format!("a:{n}")), 60_000).await;
    let app = TestApp::start(&redis).await;
    app.ok("/api/categories").await;
    let page = eventually("what was typed is found", || async {
        let page = app.ok("/api/catalog?search=a:12").await;
        (page["is_searching"] == false).then_some(page)
    })
    .await;
    // a:12, a:120 to a:129, a:1200 to a:1299
    assert_eq!((keys(&page)[0], page["total"].as_u64()), ("a:12", Some(111)));
}

#[tokio::test]
async fn a_search_goes_on_once_redis_is_back() {
    let mut redis = TestRedis::start_persistent().await;
    fill(&redis, ["a:1", "a:2"].map(str::to_owned), 0).await;
    let app = TestApp::start(&redis).await;
    redis.kill();
    let page = app.ok("/api/categories").await;
    assert_eq!(page["discovery"]["phase"], "waiting");
    assert_eq!(page["discovery"]["problems"][0]["code"], "redis_unavailable");
    redis.start_again().await;
    let page = complete(&app).await;
    assert_eq!(
        (page["discovery"]["found"].as_u64(), &page["discovery"]["problems"]),
        (Some(2), &json!([]))
    );
}

#[tokio::test]
async fn a_user_who_may_not_scan_is_told_so_and_still_opens_streams_by_their_key() {
    let redis = TestRedis::start().await;
    fill(&redis, ["a:1", "a:2"].map(str::to_owned), 0).await;
    let app = app_of(&redis, "+xinfo|stream +dbsize +ping").await;
    let page = app.ok("/api/catalog").await;
    let discovery = &page["discovery"];
    assert_eq!((keys(&page).len(), discovery["phase"].as_str()), (0, Some("refused")));
    let problem = &discovery["problems"][0];
    assert_eq!(
        (problem["command"].as_str(), problem["rule"].as_str()),
        (Some("SCAN"), Some("+scan"))
    );
    let page = app.ok("/api/catalog?search=a:1").await;
    assert_eq!((keys(&page), page["streams"][0]["length"].as_u64()), (vec!["a:1"], Some(1)));
    // Redis is there, though it does not tell its version.
    assert_eq!(app.ok("/api/about").await["redis_version"], "Redis");
    // Once it is granted, it goes on when asked to.
    redis.run("ACL SETUSER viewer +scan").await;
    app.post("/api/discovery", &json!({"action": "restart"})).await;
    assert_eq!(complete(&app).await["discovery"]["found"], 2);
}

#[tokio::test]
async fn a_user_who_may_not_ask_about_streams_sees_their_length_and_last_entry_another_way() {
    let redis = TestRedis::start().await;
    redis.add_many("a:1", 3).await;
    let app = app_of(&redis, "+scan +xlen +xrange +xrevrange").await;
    let page = app.ok("/api/catalog").await;
    let stream = &page["streams"][0];
    assert_eq!((stream["length"].as_u64(), stream["last_id"].as_str()), (Some(3), Some("3-0")));
    let page = app.ok("/api/catalog").await;
    let problem = &page["discovery"]["problems"][0];
    assert_eq!(problem["command"], "XINFO STREAM");
    assert_eq!(problem["rule"], "+xinfo|stream");
    // Nor may this user know how many keys there are.
    assert_eq!(page["discovery"]["keys_total"], Value::Null);
    assert_eq!(page["discovery"]["scanned"], 1_000);
}

#[tokio::test]
async fn a_user_who_may_ask_nothing_about_streams_sees_their_keys_and_the_reason() {
    let redis = TestRedis::start().await;
    redis.add_many("a:1", 3).await;
    let app = app_of(&redis, "+scan").await;
    let page = app.ok("/api/catalog").await;
    assert_eq!(keys(&page), ["a:1"]);
    assert!(page["streams"][0]["unavailable"].as_str().unwrap().contains("not allow"), "{page}");
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    for (query, name) in [
        ("catalog?sort=up", "sort"),
        ("catalog?limit=501", "limit"),
        ("catalog?offset=-1", "offset"),
        ("catalog?search=%5C", "search"),
        ("catalog?category=%5C", "category"),
        ("categories?open=aggregate", "open"),
        ("categories?closed=[%22%5C%5C%22]", "closed"),
        ("categories?limit=0", "limit"),
    ] {
        let (status, code, message) = app.error(&format!("/api/{query}")).await;
        assert_eq!((status, code.as_str()), (400, "bad_parameter"), "{query}");
        assert!(message.contains(&format!("`{name}`")), "{message}");
    }
}

/// How often Redis ran `SCAN`.
async fn scans(redis: &TestRedis) -> u64 {
    let stats: String = redis::from_redis_value(redis.run("INFO commandstats").await).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix("cmdstat_scan:calls="));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

/// What a search in a category finds, and its first frame.
async fn found_in(app: &TestApp, query: &str) -> (usize, Value) {
    let response = app.request(&format!("/api/find?{query}")).send().await.unwrap();
    let text = response.text().await.unwrap();
    let begun = text.split("event: begun").nth(1).unwrap().lines().nth(1).unwrap();
    let begun = serde_json::from_str(begun.trim_start_matches("data: ")).unwrap();
    (text.matches("event: found").count(), begun)
}

#[tokio::test]
async fn searches_in_a_category_share_one_walk_and_find_what_is_new_without_another() {
    let redis = TestRedis::start().await;
    let mut pipeline = redis::pipe();
    for n in 0..20_000 {
        pipeline.cmd("SET").arg(format!("session:{n}")).arg("x").ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    redis.add("c:1", "1-0", "A", "{}").await;
    redis.add("c:2", "2-0", "B", "{}").await;
    let app = TestApp::start(&redis).await;
    let (found, begun) = found_in(&app, "category=c").await;
    assert_eq!((found, &begun["coverage"]["is_whole"]), (2, &Value::Bool(true)));
    let first = scans(&redis).await;
    assert!(first >= 20, "{first}");
    for filter in ["type:A", "type:B", "type:A,B"] {
        found_in(&app, &format!("category=c&filter={filter}")).await;
    }
    let mut line = app.live("category=c").await;
    line.next_named("status").await;
    // What comes into being is found by the very next search, and by part of its key.
    redis.add("c:3", "3-0", "A", "{}").await;
    assert_eq!(found_in(&app, "category=c&filter=type:A").await.0, 2);
    let listed = app.ok("/api/catalog?search=3&category=c:").await;
    assert_eq!(listed["streams"][0]["key"], "c:3");
    assert_eq!(listed["discovery"]["is_told"], true);
    assert!(listed["discovery"]["as_of_ms"].is_u64());
    assert_eq!(scans(&redis).await, first);
    assert_eq!(app.figure("rewind_scan_calls_total").await, first);
}
