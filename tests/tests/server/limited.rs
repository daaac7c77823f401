//! Every read call on a Redis that allows less than all: as far as Redis lets it, it answers; what is missing is named.

use rewind_tests::{LiveLine, TestApp, TestRedis, eventually};
use serde_json::{Value, json};

/// The calls that read one stream, `orders:1`, whose events are `1-0` to `5-0`.
const OF_A_STREAM: &[&str] = &[
    "/api/events?stream=orders:1",
    "/api/events?stream=orders:1&order=asc&limit=2",
    "/api/events?stream=orders:1&version=2&limit=2",
    "/api/events?stream=orders:1&after=18446744073709551615-18446744073709551615",
    "/api/events?stream=orders:1&before=0-0",
    "/api/event?stream=orders:1&id=2-0",
    "/api/related?stream=orders:1&id=2-0",
    "/api/index?stream=orders:1",
    "/api/replay?stream=orders:1",
    "/api/replay?stream=orders:1&version=2",
    "/api/replay?stream=orders:1&id=18446744073709551615-18446744073709551615",
    "/api/window?stream=orders:1",
    "/api/diff?stream=orders:1",
    "/api/blame?stream=orders:1",
    "/api/history?stream=orders:1&type=Counted",
    "/api/bisect?stream=orders:1&expression=state.n%3E2",
    "/api/timeline?stream=orders:1",
    "/api/fold?stream=orders:1",
];

/// The calls that are about all streams, or none.
const OF_ALL: &[&str] = &[
    "/healthz",
    "/readyz",
    "/api/about",
    "/api/overview",
    "/api/streams",
    "/api/catalog",
    "/api/catalog?search=orders",
    "/api/catalog?sort=length",
    "/api/categories",
    "/api/export_status?ticket=0123456789abcdef",
];

/// What is searched and exported, by a call that ends once it has all.
const SEARCHES: &[&str] = &["stream=orders:1", "category=orders", "all"];

/// Asks every call, and gives those that do not answer with what was asked for: their path, code and message.
async fn refusals(app: &TestApp) -> Vec<[String; 3]> {
    let mut refused = Vec::new();
    let mut note = |path: &str, error: &Value| {
        let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
        refused.push([path.to_owned(), text("code"), text("message")]);
    };
    for path in OF_A_STREAM.iter().chain(OF_ALL) {
        let (status, answer) = app.get(path).await;
        assert!(status.as_u16() < 500, "{path}: {status} {answer}");
        if status != 200 {
            note(path, &answer["error"]);
        }
    }
    let posts = [
        ("/api/rates", json!({ "streams": ["orders:1"] })),
        ("/api/discovery", json!({ "action": "resume" })),
        ("/api/try_fold", json!({ "stream": "orders:1", "source": "export default {}" })),
    ];
    for (path, body) in posts {
        let (status, answer) = app.post(path, &body).await;
        assert!(status.as_u16() < 500, "{path}: {status} {answer}");
        if status != 200 && answer["error"]["code"] == "redis_forbidden" {
            note(path, &answer["error"]);
        }
    }
    let value = app.request("/api/value?stream=orders:1&id=2-0&field=type").send().await.unwrap();
    assert_eq!((value.status().as_u16(), value.text().await.unwrap().as_str()), (200, "Counted"));
    for place in SEARCHES {
        let path = format!("/api/find?{place}");
        let mut line = LiveLine::open(app.request(&path)).await;
        loop {
            let frame = line.next().await.expect("a search ends with a word");
            match frame.name.as_str() {
                "done" => break,
                "failed" => {
                    note(&path, &frame.data["error"]);
                    break;
                }
                _ => {}
            }
        }
        let path = format!("/api/export?{place}");
        let response = app.request(&path).send().await.unwrap();
        match response.status().as_u16() {
            200 => drop(response.text().await.expect("the file is whole")),
            status => {
                let answer: Value = response.json().await.unwrap();
                assert!(status < 500, "{path}: {status} {answer}");
                note(&path, &answer["error"]);
            }
        }
    }
    for place in SEARCHES {
        let path = format!("/api/live?{place}");
        let response = app.request(&path).send().await.unwrap();
        assert!(response.status().as_u16() < 500, "{path}: {}", response.status());
        if response.status() != 200 {
            let answer: Value = response.json().await.unwrap();
            note(&path, &answer["error"]);
        }
    }
    refused
}

/// Asks every call; all of them answer with what was asked for.
async fn all_answer(app: &TestApp) {
    let refused = refusals(app).await;
    assert!(refused.is_empty(), "{refused:#?}");
}

/// New events of `orders:1` arrive, by its name and in everything, though `add` adds them to a Redis that is looked at by turns.
async fn new_events_arrive(redis: &TestRedis, app: &TestApp) {
    let mut by_name = app.live("stream=orders:1").await;
    let mut in_all = app.live("all").await;
    by_name.next_named("status").await;
    in_all.next_named("status").await;
    let added = redis.run("XADD orders:1 * type Late data {}").await;
    let redis::Value::BulkString(id) = added else { panic!("{added:?}") };
    let id = String::from_utf8(id).unwrap();
    assert_eq!(by_name.next_ids(1).await, [id.as_str()]);
    assert_eq!(in_all.next_ids(1).await, [id.as_str()]);
}

async fn with_orders(arguments: &[&str]) -> TestRedis {
    let usual = ["--save", "", "--appendonly", "no"];
    let redis = TestRedis::start_with(&[&usual[..], arguments].concat()).await;
    redis.add_many("orders:1", 5).await;
    redis
}

/// A server for a user with these rights.
async fn as_user(redis: &TestRedis, rights: &str, database: u8) -> TestApp {
    redis.run(&format!("ACL SETUSER rewind on >password {rights}")).await;
    let url = format!("{}?user=rewind&pass=password&db={database}", redis.url_text());
    TestApp::start_on(url.parse().unwrap()).await
}

fn readme_rights() -> &'static str {
    let readme = include_str!("../../../README.md");
    let line =
        readme.lines().find_map(|line| line.strip_prefix("ACL SETUSER rewind on >password "));
    line.unwrap()
}

fn free_port() -> u16 {
    let address = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    address.port()
}

#[tokio::test]
async fn a_full_redis_answers_every_call() {
    let redis = with_orders(&[]).await;
    redis.run("CONFIG SET maxmemory-policy noeviction").await;
    redis.run("CONFIG SET maxmemory 1").await;
    let refused: redis::RedisResult<()> = redis::cmd("XADD")
        .arg(&["orders:1", "*", "type", "Late"])
        .query_async(&mut redis.connection().await)
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("OOM"));
    let app = TestApp::start(&redis).await;
    all_answer(&app).await;
    let mut line = app.live("stream=orders:1&after=3-0").await;
    assert_eq!(line.next_ids(2).await, ["4-0", "5-0"]);
    redis.run("CONFIG SET maxmemory 0").await;
    new_events_arrive(&redis, &app).await;
}

#[tokio::test]
async fn without_transactions_every_call_answers() {
    let renamed = ["MULTI", "EXEC"].map(|name| ["--rename-command", name, ""]).concat();
    let redis = with_orders(&renamed).await;
    let app = TestApp::start(&redis).await;
    all_answer(&app).await;
    new_events_arrive(&redis, &app).await;
}

#[tokio::test]
async fn a_replica_answers_every_call() {
    let port = free_port().to_string();
    let master = with_orders(&["--port", &port]).await;
    let usual = ["--save", "", "--appendonly", "no"];
    let follow = ["--replicaof", "127.0.0.1", &port];
    let replica = TestRedis::start_with(&[&usual[..], &follow].concat()).await;
    eventually("the replica has the events", || async {
        (replica.run("EXISTS orders:1").await == redis::Value::Int(1)).then_some(())
    })
    .await;
    let app = TestApp::start(&replica).await;
    all_answer(&app).await;
    assert_eq!(app.ok("/api/overview").await["redis"]["role"], "slave");
    new_events_arrive(&master, &app).await;
}

#[tokio::test]
async fn one_node_of_a_cluster_answers_every_call() {
    let (port, bus) = (free_port().to_string(), free_port().to_string());
    let usual = ["--save", "", "--appendonly", "no"];
    let cluster = ["--port", &port, "--cluster-enabled", "yes", "--cluster-port", &bus];
    let redis = TestRedis::start_with(&[&usual[..], &cluster].concat()).await;
    redis.run("CLUSTER ADDSLOTSRANGE 0 16383").await;
    eventually("the cluster is up", || async {
        let state: String = redis::cmd("CLUSTER")
            .arg("INFO")
            .query_async(&mut redis.connection().await)
            .await
            .unwrap();
        state.contains("cluster_state:ok").then_some(())
    })
    .await;
    redis.add_many("orders:1", 5).await;
    redis.add_many("payments:1", 5).await;
    let app = TestApp::start(&redis).await;
    all_answer(&app).await;
    new_events_arrive(&redis, &app).await;
    // In different slots.
    let mut line = app.live("stream=orders:1&stream=payments:1").await;
    let first = line.next_named("status").await;
    assert_eq!(first.data["redis"], "up");
    redis.add("payments:1", "*", "Late", "{}").await;
    assert_eq!(line.next_named("entry").await.data["stream"], "payments:1");
    redis.add("orders:1", "*", "Late", "{}").await;
    assert_eq!(line.next_named("entry").await.data["stream"], "orders:1");
    assert_eq!(app.ok("/api/about").await["cluster"]["nodes"], 1);
}

#[tokio::test]
async fn a_node_of_several_says_which_keys_are_elsewhere_and_is_never_complete() {
    let mut nodes = Vec::new();
    for slots in ["0 8191", "8192 16383"] {
        let (port, bus) = (free_port().to_string(), free_port().to_string());
        let usual = ["--save", "", "--appendonly", "no", "--cluster-require-full-coverage", "no"];
        let cluster = ["--port", &port, "--cluster-enabled", "yes", "--cluster-port", &bus];
        let node = TestRedis::start_with(&[&usual[..], &cluster].concat()).await;
        node.run(&format!("CLUSTER ADDSLOTSRANGE {slots}")).await;
        nodes.push((node, port, bus));
    }
    let (first, second) = (&nodes[0], &nodes[1]);
    first.0.run(&format!("CLUSTER MEET 127.0.0.1 {} {}", second.1, second.2)).await;
    // `b` is in slot 3300, `a` in 15495.
    eventually("the nodes know each other", || async {
        let read =
            redis::cmd("XLEN").arg("a").query_async::<u64>(&mut first.0.connection().await).await;
        read.is_err_and(|error| error.code() == Some("MOVED")).then_some(())
    })
    .await;
    first.0.add_many("b", 3).await;
    let app = TestApp::start(&first.0).await;
    let (status, code, message) = app.error("/api/events?stream=a").await;
    assert_eq!((status, code.as_str()), (409, "other_node"));
    assert!(message.contains(&second.1) && message.contains("not support clusters"), "{message}");
    assert_eq!(app.ok("/api/events?stream=b").await["events"].as_array().unwrap().len(), 3);
    let mut line = app.live("stream=a&stream=b&after=0-0,0-0").await;
    assert_eq!(line.next_named("failed").await.data["stream"], "a");
    assert_eq!(line.next_ids(3).await, ["1-0", "2-0", "3-0"]);
    let about = app.ok("/api/about").await;
    assert_eq!(about["cluster"]["nodes"], 2);
    eventually("the walk is over", || async {
        (app.ok("/api/catalog").await["total"] == 1).then_some(())
    })
    .await;
    let discovery = app.ok("/api/catalog").await["discovery"].take();
    assert_eq!(
        (&discovery["is_complete"], &discovery["problems"][0]["code"]),
        (&json!(false), &json!("other_node"))
    );
    let overview = app.ok("/api/overview").await;
    assert_eq!(overview["coverage"]["is_search_complete"], false);
    let codes = overview["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]);
    assert!(codes.clone().any(|code| code == "one_node"), "{:?}", codes.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_user_of_some_keys_gets_these_and_is_told_of_the_others() {
    let redis = with_orders(&[]).await;
    redis.add_many("secret:1", 5).await;
    let app = as_user(&redis, "~orders:* +@all", 0).await;
    for path in OF_A_STREAM.iter().filter(|path| !path.contains("/api/fold")) {
        assert_eq!(app.get(path).await.0, 200, "{path}");
        let path = path.replace("orders:1", "secret:1");
        let (status, code, message) = app.error(&path).await;
        assert_eq!((status, code.as_str()), (403, "redis_forbidden"), "{path}");
        assert!(message.contains("`secret:1`") && message.contains('~'), "{path}: {message}");
    }
    for path in OF_ALL {
        app.ok(path).await;
    }
    let mut line = LiveLine::open(app.request("/api/find?all")).await;
    let done = line.next_named("done").await.data;
    assert_eq!((&done["found"], &done["unread"]["first_stream"]), (&json!(5), &json!("secret:1")));
    let mut line = LiveLine::open(app.request("/api/find?stream=orders:1&stream=secret:1")).await;
    let done = line.next_named("done").await.data;
    assert_eq!((&done["found"], &done["unread"]["first_stream"]), (&json!(5), &json!("secret:1")));
    assert_eq!(done["unread"]["streams"], json!(["secret:1"]));

    let mut line = app.live("stream=secret:1&stream=orders:1&after=0-0,3-0").await;
    let failed = line.next_named("failed").await.data;
    assert_eq!(failed["stream"], "secret:1");
    assert_eq!(line.next_ids(2).await, ["4-0", "5-0"]);
    let mut all = app.live("all").await;
    let watching = all.next_named("status").await.data["watching"].take();
    assert_eq!(watching["unread"]["first_stream"], "secret:1", "{watching}");
    redis.add("secret:1", "*", "Hidden", "{}").await;
    redis.run("SET session:1 x").await;
    redis.add("orders:1", "*", "Late", "{}").await;
    assert_eq!(all.next_named("entry").await.data["stream"], "orders:1");
    assert_eq!(line.next_named("entry").await.data["stream"], "orders:1");
    let (status, code, _) = app.error("/api/live?stream=secret:1").await;
    assert_eq!((status, code.as_str()), (403, "redis_forbidden"));
}

#[tokio::test]
async fn a_key_that_becomes_something_else_ends_only_itself() {
    let redis = with_orders(&[]).await;
    redis.add_many("session:1", 1).await;
    let app = TestApp::start(&redis).await;
    let mut both = app.live("stream=session:1&stream=orders:1").await;
    let mut all = app.live("all").await;
    both.next_named("status").await;
    all.next_named("status").await;
    redis.run("SET session:1 x").await;
    redis.add("orders:1", "*", "Late", "{}").await;
    assert_eq!(all.next_named("entry").await.data["stream"], "orders:1");
    let mut names = Vec::new();
    while names.len() < 2 {
        let frame = both.next().await.unwrap();
        if frame.name != "heartbeat" {
            names.push((frame.name, frame.data["stream"].as_str().map(str::to_owned)));
        }
    }
    names.sort();
    let expected = [("entry", "orders:1"), ("failed", "session:1")];
    assert_eq!(names, expected.map(|(name, stream)| (name.to_owned(), Some(stream.to_owned()))));
    redis.add("orders:1", "*", "Later", "{}").await;
    assert_eq!(both.next_named("entry").await.data["event"]["type"], "Later");
}

#[tokio::test]
async fn the_rights_in_the_readme_are_enough_for_every_call() {
    let redis = with_orders(&[]).await;
    redis.run("XGROUP CREATE orders:1 billing 0").await;
    let app = as_user(&redis, readme_rights(), 0).await;
    all_answer(&app).await;
    new_events_arrive(&redis, &app).await;
    let denied = redis.run("ACL LOG").await;
    assert!(matches!(denied, redis::Value::Array(ref entries) if entries.is_empty()), "{denied:?}");
}

#[tokio::test]
async fn another_database_shows_its_own_keys_only() {
    let redis = with_orders(&[]).await;
    redis.add_many("other:1", 7).await;
    redis.run("COPY orders:1 orders:1 DB 5").await;
    redis.run("DEL orders:1").await;
    let app = as_user(&redis, readme_rights(), 5).await;
    all_answer(&app).await;
    let catalog = app.ok("/api/catalog").await;
    assert_eq!((&catalog["total"], &catalog["streams"][0]["key"]), (&json!(1), &json!("orders:1")));
    redis.add("other:1", "*", "Elsewhere", "{}").await;
    let overview = eventually("the overview is drawn", || async {
        let overview = app.ok("/api/overview").await;
        (overview["redis"]["keys"] == 1).then_some(overview)
    })
    .await;
    assert!(!overview.to_string().contains("other:1"), "{overview}");
    assert_eq!(overview["coverage"]["streams"], 1);
}

#[tokio::test]
async fn a_command_that_goes_by_another_name_is_missed_only_where_nothing_else_serves() {
    // Each with what does not answer without it.
    let cases: [(&str, &[&str]); 9] = [
        ("XINFO", &[]),
        ("XREAD", &[]),
        ("DBSIZE", &[]),
        ("INFO", &[]),
        ("PING", &[]),
        ("TIME", &[]),
        ("CLIENT", &[]),
        ("HELLO", &[]),
        ("SCAN", &["/api/streams", "category=orders", "?all"]),
    ];
    for (name, missed) in cases {
        let redis = with_orders(&["--rename-command", name, ""]).await;
        let app = TestApp::start(&redis).await;
        for [path, code, message] in refusals(&app).await {
            assert!(missed.iter().any(|part| path.contains(part)), "{name}: {path}: {message}");
            assert_eq!(code, "redis_forbidden", "{name}: {path}");
            assert!(message.contains(name), "{name}: {path}: {message}");
        }
        if name != "SCAN" {
            new_events_arrive(&redis, &app).await;
        }
    }
}

/// The ids that a file of lines has, and the streams that its head names as missing.
async fn saved(app: &TestApp, query: &str) -> (Vec<String>, Option<String>) {
    let response = app.request(&format!("/api/export?order=asc&{query}")).send().await.unwrap();
    assert_eq!(response.status(), 200, "{query}");
    let unread = response.headers().get("rewind-unread").cloned();
    let count = response.headers().get("rewind-unread-count").cloned();
    assert_eq!(count.is_some(), unread.is_some());
    let text = response.text().await.expect("the file is whole");
    let ids = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line["id"].as_str().unwrap().to_owned()
    });
    (ids.collect(), unread.map(|unread| unread.to_str().unwrap().to_owned()))
}

#[tokio::test]
async fn an_export_has_all_that_may_be_read_and_names_the_rest() {
    let redis = with_orders(&[]).await;
    redis.add_many("orders:secret:1", 5).await;
    redis.add_many("orders:secret:ü,2", 5).await;
    let app = as_user(&redis, "~orders:1 +@all", 0).await;
    let missing = Some("orders%3Asecret%3A1, orders%3Asecret%3A%C3%BC%2C2".to_owned());
    let all: Vec<String> = (1..=5).map(|n| format!("{n}-0")).collect();
    for place in ["category=orders", "all"] {
        assert_eq!(saved(&app, place).await, (all.clone(), missing.clone()), "{place}");
    }
    let named = "stream=orders:secret:1&stream=orders:1";
    let one = Some("orders%3Asecret%3A1".to_owned());
    assert_eq!(saved(&app, named).await, (all.clone(), one));
    assert_eq!(saved(&app, "stream=orders:1").await, (all, None));

    // A page that follows it is told as well.
    let ticket = "0123456789abcdef";
    saved(&app, &format!("category=orders&ticket={ticket}")).await;
    let status = app.ok(&format!("/api/export_status?ticket={ticket}")).await;
    assert_eq!((&status["phase"], &status["unread"]["count"]), (&json!("complete"), &json!(2)));
    assert_eq!(status["unread"]["streams"], json!(["orders:secret:1", "orders:secret:ü,2"]));

    // Of nothing that may be read there is no file.
    let (status, code, _) = app.error("/api/export?stream=orders:secret:1").await;
    assert_eq!((status, code.as_str()), (403, "redis_forbidden"));
}

#[tokio::test]
async fn a_search_of_named_streams_goes_on_live_where_one_of_them_cannot_be_read() {
    let redis = with_orders(&[]).await;
    redis.add_many("secret:1", 5).await;
    let app = as_user(&redis, "~orders:* +@all", 0).await;
    let both = "stream=orders:1&stream=secret:1";
    let mut line = LiveLine::open(app.request(&format!("/api/find?{both}"))).await;
    let begun = line.next_named("begun").await.data;
    assert_eq!(begun["unread"]["streams"], json!(["secret:1"]));
    let after = begun["live_after"].as_str().unwrap().to_owned();
    redis.add("orders:1", "6-0", "Late", "{}").await;
    let mut line = app.live(&format!("{both}&after={after}")).await;
    assert_eq!(line.next_named("failed").await.data["stream"], "secret:1");
    assert_eq!(line.next_ids(1).await, ["6-0"]);
}

#[test]
fn the_command_line_exports_all_that_may_be_read_names_the_rest_and_fails() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let redis = runtime.block_on(async {
        let redis = with_orders(&[]).await;
        redis.add_many("orders:secret:1", 5).await;
        redis.run("ACL SETUSER rewind on >password ~orders:1 +@all").await;
        redis
    });
    let url = format!("{}?user=rewind&pass=password", redis.url_text());
    let export = |arguments: &[&str]| {
        let mut command = std::process::Command::new(rewind_tests::rewind_binary());
        command.arg("export").args(arguments).env("REWIND_REDIS_URL", &url);
        let output = command.env("REWIND_QUIET", "true").output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap().lines().count(), said)
    };
    for arguments in [&["--prefix", "orders:"][..], &["orders:1", "orders:secret:1"]] {
        let (is_success, lines, said) = export(arguments);
        assert!(!is_success && lines == 5, "{lines} {said}");
        assert!(
            said.contains("1 stream could not be read") && said.contains("`orders:secret:1`"),
            "{said}"
        );
    }
    let (is_success, lines, said) = export(&["orders:secret:1"]);
    assert!(
        !is_success && lines == 0 && said.contains("`orders:secret:1` cannot be read"),
        "{said}"
    );
    assert_eq!(export(&["orders:1"]), (true, 5, String::new()));
}
