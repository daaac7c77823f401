//! The user that the README recommends.

use rewind_tests::{TestApp, TestRedis};

#[tokio::test]
async fn a_user_with_the_rights_that_the_readme_names_can_read_everything() {
    let readme = include_str!("../../../README.md");
    let rights = readme
        .lines()
        .find_map(|line| line.strip_prefix("ACL SETUSER rewind on >password "))
        .unwrap();
    let redis = TestRedis::start().await;
    redis.add_many("aggregate:Order:1", 1_500).await;
    redis.run(&format!("ACL SETUSER rewind on >password {rights}")).await;
    let socket = redis.url_text();
    let app =
        TestApp::start_on(format!("{socket}?user=rewind&pass=password").parse().unwrap()).await;

    for path in [
        "/readyz",
        "/api/streams",
        "/api/overview",
        "/api/catalog",
        "/api/categories",
        "/api/events?stream=aggregate:Order:1",
        "/api/events?stream=aggregate:Order:1&order=asc",
        "/api/replay?stream=aggregate:Order:1",
        "/api/window?stream=aggregate:Order:1",
    ] {
        app.ok(path).await;
    }
    assert!(app.ok("/api/about").await["redis_version"].is_string());
    let mut line = app.live("stream=aggregate:Order:1&after=1499-0").await;
    assert_eq!(line.next_ids(1).await, ["1500-0"]);
    redis.add("aggregate:Order:1", "2000-0", "Seen", "{}").await;
    assert_eq!(line.next_ids(1).await, ["2000-0"]);
    let mut line = app.live("category=aggregate:Order").await;
    assert_eq!(line.next_named("status").await.data["watching"]["by"], "notifications");
    redis.add("aggregate:Order:1", "2001-0", "Seen", "{}").await;
    assert_eq!(line.next_ids(1).await, ["2001-0"]);
    let request = app.request("/api/find?category=aggregate:Order");
    let begun = rewind_tests::LiveLine::open(request).await.next_named("begun").await.data;
    assert!(begun["live_after"].is_string(), "{begun}");
    let denied: redis::Value = redis.run("ACL LOG").await;
    assert!(matches!(denied, redis::Value::Array(ref entries) if entries.is_empty()), "{denied:?}");
}
