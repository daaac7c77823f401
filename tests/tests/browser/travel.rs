//! Travel: an aggregate's versions, by slider, buttons, keys and address.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const VERSION: &str = "[data-testid=version]";

fn row(path: &str) -> String {
    format!("[data-testid=tree-row][data-path='{path}']")
}

#[tokio::test]
async fn a_link_leads_to_a_version_with_its_changes_marked() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=3").await;
    browser.read(VERSION, "3").await;
    let total = browser.read(&row("/total"), "14.95").await;
    assert!(total.contains("64.85"), "the value before is shown too: {total}");
    browser.see("[data-path='/total'][data-mark=changed]").await;
    browser.see("[data-path='/status']:not([data-mark=changed])").await;

    browser.click("[data-testid=step-next]").await;
    browser.see("[data-path='/payment'][data-mark=added]").await;
    browser.read(&row("/status"), "paid").await;
    browser.at("version=4").await;
    browser.close().await;
}

#[tokio::test]
async fn keys_buttons_and_slider_move_the_same_cursor() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/travel?stream=aggregate%3AOrder%3A1001").await;
    browser.read(VERSION, "5").await;
    browser.read(&row("/status"), "shipped").await;
    browser.press(Key::Left + "").await;
    browser.read(&row("/status"), "paid").await;
    browser.press(Key::Home + "").await;
    browser.at("version=0").await;
    browser.press(Key::Right + "").await;
    browser.read(&row("/status"), "created").await;
    browser.press(Key::End + "").await;
    browser.read(&row("/status"), "shipped").await;
    browser.click("[data-testid=step-prev]").await;
    browser.at("version=4").await;
    browser.click("[data-testid=step-first]").await;
    browser.at("version=0").await;
    browser.click("[data-testid=step-last]").await;
    browser.at("version=5").await;
    browser.see("[data-testid=version-slider]").await.send_keys(Key::Left + "").await.unwrap();
    browser.at("version=4").await;
    browser.close().await;
}

#[tokio::test]
async fn moving_inside_the_window_asks_the_server_nothing() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/travel?stream=aggregate%3AOrder%3A1001").await;
    browser.read(&row("/status"), "shipped").await;
    let requests = "performance.getEntriesByType('resource').filter(r => r.name.includes('/api/window')).length";
    let before = browser.evaluate(requests).await;
    for version in (0..5).rev() {
        browser.press(Key::Left + "").await;
        browser.at(&format!("version={version}")).await;
    }
    assert_eq!(browser.evaluate(requests).await, before);
    browser.close().await;
}

#[tokio::test]
async fn a_long_history_can_be_crossed_from_end_to_end() {
    let redis = TestRedis::start().await;
    redis.add_many("aggregate:Counter:1", 3_000).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/travel?stream=aggregate%3ACounter%3A1&version=1500").await;
    browser.read(&row("/n"), "1500").await;
    browser.click("[data-testid=step-first]").await;
    browser.at("version=0").await;
    browser.press(Key::Right + "").await;
    browser.read(&row("/n"), "1").await;
    browser.fill("[data-testid=version-input]", "2345").await;
    browser.press(Key::Enter + "").await;
    browser.read(&row("/n"), "2345").await;
    browser.close().await;
}

#[tokio::test]
async fn big_numbers_keep_their_digits_on_the_page() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=4").await;
    browser.read("[data-testid=tree-row]", "12345678901234567890").await;
    browser.close().await;
}

#[tokio::test]
async fn a_trimmed_head_is_said_aloud() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.run("XTRIM aggregate:Order:1001 MAXLEN 3").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001").await;
    browser.read("[data-testid=incomplete]", "1–2").await;
    browser.read(VERSION, "5").await;
    browser.close().await;
}

#[tokio::test]
async fn a_state_of_ten_megabytes_can_be_travelled_through() {
    let redis = TestRedis::start().await;
    let note = "x".repeat(260);
    let items: Vec<String> = (0..30_000)
        .map(|n| format!(r#""item_{n:06}":{{"sku":"SKU-{n:06}","name":"Some product with a name","note":"{note}"}}"#))
        .collect();
    let data = format!(r#"{{"total":0,"items":{{{}}}}}"#, items.join(","));
    assert!(data.len() > 10_000_000, "{}", data.len());
    redis.add("aggregate:Big:1", "1-0", "Loaded", &data).await;
    redis.add("aggregate:Big:1", "2-0", "Changed", r#"{"total":7}"#).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=aggregate%3ABig%3A1&version=2").await;
    browser.read("[data-testid=tree-row]", "30,000 members").await;
    browser.read("[data-path='/total']", "7").await;
    browser.press(Key::Left + "").await;
    browser.read("[data-path='/total']", "0").await;
    let nodes = browser.evaluate("document.querySelectorAll('*').length").await;
    assert!(nodes.as_u64().unwrap() < 2_000, "{nodes}");
    browser.close().await;
}
