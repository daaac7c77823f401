//! Browse: from the streams to a single event, and from a link back to it.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::prelude::*;

use crate::browser::Browser;
use crate::orders;

const EVENT_ROW: &str = "[data-testid=event-row]";
const STREAM_ROW: &str = "[data-testid=stream-row]";

#[tokio::test]
async fn from_categories_to_an_event_and_by_its_link_from_another_browser() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/streams").await;
    let orders = browser.read("[data-category='aggregate:Order']", "Order").await;
    assert!(orders.contains('3'), "{orders}");
    browser.click("[data-category='aggregate:Order'] [data-testid=category-link]").await;
    browser.count("[data-testid=stream-row]", 3).await;
    browser.click_text("[data-testid=stream-row] a", "1001").await;

    browser.at("/events?").await;
    browser.count(EVENT_ROW, 5).await;
    let newest = browser.see(EVENT_ROW).await.text().await.unwrap();
    assert!(newest.contains("OrderShipped"), "newest first: {newest}");
    browser.click_text(EVENT_ROW, "OrderPaid").await;
    let detail = browser.read("[data-testid=event-detail]", "14.95").await;
    assert!(detail.contains("OrderPaid"), "{detail}");
    let link = browser.at("event=1706185380000-0").await;
    browser.close().await;

    let other = Browser::start(&app).await;
    other.open(&link).await;
    other.read("[data-testid=event-detail]", "OrderPaid").await;
    other.read("[data-testid=event-detail] [data-testid=tree-row]", "payment").await;
    other.close().await;
}

#[tokio::test]
async fn a_long_stream_is_scrolled_through_in_both_orders() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/events?stream=events%3Aorders").await;
    browser.see("[data-id='250-0']").await;
    browser.evaluate("document.querySelector('[role=grid]').focus()").await;
    browser.press(Key::End + "").await;
    browser.see("[data-id='1-0']").await;
    browser.see_none("[data-id='250-0']").await;
    // Whoever comes back finds the place.
    let link = browser.at("version=").await;
    browser.open(&link).await;
    browser.see("[data-id='1-0']").await;
    browser.evaluate("document.querySelector('[role=grid]').focus()").await;
    browser.press(Key::Home + "").await;
    browser.see("[data-id='250-0']").await;

    browser.open("/events?stream=events%3Aorders&order=asc").await;
    browser.see("[data-id='1-0']").await;
    browser.fill("[data-testid=jump]", "200").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-id='200-0']").await;
    let rows =
        browser.evaluate("document.querySelectorAll('[data-testid=event-row]').length").await;
    assert!(rows.as_u64().unwrap() < 60, "{rows}");
    browser.close().await;
}

#[tokio::test]
async fn a_part_of_a_key_narrows_the_streams_and_is_in_the_address() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/streams").await;
    browser.count(STREAM_ROW, 5).await;
    browser.fill("[data-testid=search]", "ORDERS").await;
    browser.count(STREAM_ROW, 1).await;
    browser.see("[data-key='events:orders']").await;
    let link = browser.at("search=ORDERS").await;
    browser.fill("[data-testid=search]", "nothing").await;
    browser.read("main", "No stream has this in its key").await;
    browser.open(&link).await;
    browser.count(STREAM_ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn keys_with_any_characters_can_be_opened_by_their_link() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let key = b"odd:/a?b#c d%25&\xff\\";
    let mut add = redis::cmd("XADD");
    add.arg(key).arg("1-0").arg("type").arg("Odd").arg("data").arg(&b"\xff\x00"[..]);
    let _: String = add.query_async(&mut connection).await.unwrap();
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/streams?category=odd").await;
    browser.click("[data-testid=stream-row] a").await;
    browser.count(EVENT_ROW, 1).await;
    let link = browser.path().await;
    browser.click(EVENT_ROW).await;
    browser.read("[data-testid=decode-error]", "not UTF-8").await;
    browser.open(&link).await;
    browser.count(EVENT_ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn the_theme_is_chosen_by_a_switch_and_remembered() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let background = "getComputedStyle(document.body).backgroundColor";
    browser.open("/streams").await;
    browser.see("[data-testid=theme]").await;
    let mut seen = Vec::new();
    for theme in ["dark", "light", "dark"] {
        browser.click(&format!("[data-testid=theme] label:has([value={theme}])")).await;
        browser.see(&format!("[data-testid=theme][data-theme-choice={theme}]")).await;
        seen.push(browser.evaluate(background).await);
    }
    assert!(seen[0] != seen[1] && seen[0] == seen[2], "{seen:?}");
    browser.open("/streams").await;
    browser.see("[data-testid=theme][data-theme-choice=dark]").await;
    assert_eq!(browser.evaluate(background).await, seen[0]);
    browser.close().await;
}
