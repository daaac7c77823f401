//! What the pages show of who one is, and of what one may not do.

use rewind_server::config::AccessConfig;
use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

use crate::browser::Browser;

#[tokio::test]
async fn the_page_names_whoever_the_proxy_names_and_says_what_they_may_not_do() {
    let redis = TestRedis::start().await;
    redis.add_many("events:orders", 3).await;
    let mut app = TestApp::start(&redis).await;
    app.restart_with_access(AccessConfig {
        permissions: Vec::new(),
        proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..AccessConfig::default()
    })
    .await;
    let browser = Browser::start(&app).await;
    browser.send_headers(json!({"X-Forwarded-User": "ada", "X-Forwarded-Groups": "ops,dev"})).await;
    browser.open("/streams").await;
    browser.read("[data-testid=caller]", "ada").await;
    let groups = "document.querySelector('[data-testid=caller]').title";
    assert_eq!(browser.evaluate(groups).await, "In ops, dev");
    browser.see("[data-testid=scan-action]:disabled").await;
    let why = "document.querySelector('[data-testid=scan-action]').title";
    assert!(browser.evaluate(why).await.as_str().unwrap().contains("permission `discovery`"));
    browser.close().await;
}
