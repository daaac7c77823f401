//! Lists have the keyboard as a whole: one stop for Tab, and keys that move within.

use rewind_tests::{TestApp, TestRedis, eventually};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

/// Stops for Tab that rows of virtual lists have, of which there must be none.
const STOPS_IN_ROWS: &str = "[...document.querySelectorAll('.virtual-list-drawn :is(a, button, input, [tabindex])')]\
     .filter(e => e.tabIndex >= 0).map(e => e.outerHTML)";
const FOCUS: &str = "document.activeElement.id || document.activeElement.dataset.testid \
     || document.activeElement.className || document.activeElement.tagName";

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.add_many("aggregate:Long:1", 200).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

#[tokio::test]
async fn no_row_of_any_list_is_a_stop_of_its_own() {
    let (_redis, _app, browser) = start().await;
    for (page, row) in [
        ("/streams", "[data-testid=stream-row]"),
        ("/events?stream=aggregate:Order:1001", "[data-testid=event-row]"),
        ("/events?all=1", "[data-testid=event-row]"),
        (
            "/events?stream=aggregate:Order:1001&event=1706185380000-0&pane=related",
            "[data-testid=story-row]",
        ),
        (
            "/events?stream=aggregate:Order:1001&event=1706185380000-0&pane=compare&base=1706185260000-0",
            "[data-testid=change-row]",
        ),
        ("/travel?stream=aggregate:Order:1001&version=3", "[data-testid=change-row]"),
        ("/travel?stream=aggregate:Order:1001&version=5&pane=diff&base=1", ".side-row"),
        (
            "/travel?stream=aggregate:Order:1001&version=5&pane=history&path=/status",
            "[data-testid=history-row]",
        ),
    ] {
        browser.open(page).await;
        browser.see(row).await;
        assert_eq!(browser.evaluate(STOPS_IN_ROWS).await, serde_json::json!([]), "{page}");
    }
    browser.close().await;
}

#[tokio::test]
async fn tab_passes_the_versions_with_one_press_and_reaches_the_panes() {
    let (_redis, _app, browser) = start().await;
    browser.open("/travel?stream=aggregate:Long:1&version=100").await;
    browser.see("[data-testid=change-row]").await;
    let mut stops = Vec::new();
    for _ in 0..60 {
        browser.press(Key::Tab + "").await;
        let stop = browser.evaluate(FOCUS).await.as_str().unwrap().to_owned();
        if stop == "change-rows" {
            break;
        }
        assert_ne!(stop, "BODY", "the keyboard is lost after {stops:?}");
        stops.push(stop);
    }
    assert_eq!(browser.evaluate(FOCUS).await, "change-rows", "{stops:?}");
    assert_eq!(stops.iter().filter(|stop| *stop == "version-rows").count(), 1, "{stops:?}");
    browser.close().await;
}

#[tokio::test]
async fn the_versions_are_walked_by_the_arrow_keys_beyond_those_at_hand() {
    let (_redis, _app, browser) = start().await;
    browser.open("/travel?stream=aggregate:Long:1&version=2").await;
    browser.see("[data-testid=version-row][aria-current]").await;
    browser.evaluate("document.querySelector('.version-rows').focus()").await;
    browser.press(Key::Down + "").await;
    browser.at("version=3").await;
    let meant = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.dataset.version";
    assert_eq!(browser.evaluate(meant).await, "3");
    browser.press(Key::PageDown + "").await;
    browser.at("version=13").await;
    browser.press(Key::End + "").await;
    browser.at("version=200").await;
    browser.press(Key::Up + "").await;
    browser.at("version=199").await;
    assert_eq!(browser.evaluate(FOCUS).await, "version-rows");
    browser.close().await;
}

#[tokio::test]
async fn changes_and_histories_are_walked_and_pressed() {
    let (_redis, _app, browser) = start().await;
    browser.open("/travel?stream=aggregate:Order:1001&version=2").await;
    browser.see("[data-testid=change-row]").await;
    browser.evaluate("document.querySelector('.change-rows').focus()").await;
    browser.press(Key::Down + "").await;
    browser.press(Key::End + "").await;
    browser.press(Key::Enter + "").await;
    browser.at("path=").await;
    browser.see("[data-testid=change-row][aria-current]").await;
    browser.open("/travel?stream=aggregate:Order:1001&version=5&pane=history&path=/status").await;
    browser.see("[data-testid=history-row]").await;
    browser.evaluate("document.querySelector('.history-list').focus()").await;
    browser.press(Key::End + "").await;
    browser.press(Key::Enter + "").await;
    browser.at("version=1").await;
    browser.close().await;
}

#[tokio::test]
async fn the_focus_stays_in_a_list_whose_rows_come_and_go() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=events:orders").await;
    // The id is a link of its own.
    browser.click("[data-testid=event-row] .id").await;
    browser.read("[data-testid=event-detail-id]", "250-0").await;
    for _ in 0..8 {
        browser.press(Key::PageDown + "").await;
    }
    let meant = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.dataset.id";
    eventually("the row is here", || async {
        (browser.evaluate(meant).await == "170-0").then_some(())
    })
    .await;
    // Its event is open, though the row had to be fetched first.
    browser.read("[data-testid=event-detail-id]", "170-0").await;
    assert_eq!(browser.evaluate(FOCUS).await, "events");
    browser.close().await;
}

#[tokio::test]
async fn streams_are_searched_and_opened_without_a_mouse() {
    let (_redis, _app, browser) = start().await;
    browser.open("/streams").await;
    browser.count("[data-testid=stream-row]", 6).await;
    browser.press(Key::Down + "").await;
    assert_eq!(browser.evaluate(FOCUS).await, "streams");
    browser.press(Key::End + "").await;
    browser.press(Key::Enter + "").await;
    browser.at("/events?stream=events:orders").await;
    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.press("/").await;
    browser.see("#stream-search:focus").await;
    browser.press("Order:100").await;
    browser.count("[data-testid=stream-row]", 3).await;
    browser.press(Key::Enter + "").await;
    assert_eq!(browser.evaluate(FOCUS).await, "streams");
    browser.press(Key::Down + "").await;
    browser.press("t").await;
    browser.at("/travel?stream=aggregate:Order:1002").await;
    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.press("/").await;
    browser.see("#stream-search:focus").await;
    browser.press("Customer:7").await;
    browser.count("[data-testid=stream-row]", 1).await;
    browser.press(Key::Enter + "").await;
    browser.at("/events?stream=aggregate:Customer:7").await;
    browser.close().await;
}

#[tokio::test]
async fn the_head_that_sorts_keeps_the_keyboard() {
    let (_redis, _app, browser) = start().await;
    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.evaluate("document.getElementById('sort-length').focus()").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-testid=stream-row][aria-rowindex='2'][data-key='events:orders']").await;
    eventually("the head has the keyboard", || async {
        (browser.evaluate(FOCUS).await == "sort-length").then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn the_keys_are_explained_on_every_page() {
    let (_redis, _app, browser) = start().await;
    for (page, mark, says) in [
        ("/", "[data-testid=newest]", "These keys"),
        ("/streams", "[data-testid=stream-row]", "Travel through the aggregate"),
        ("/events?all=1", "[data-testid=event-row]", "Hold new events back"),
        ("/travel?stream=aggregate:Order:1001", "[data-testid=tree-row]", "Previous version"),
        ("/fold?stream=aggregate:Order:1001", "#fold-state", "In the source: save it"),
        ("/nowhere", "main", "These keys"),
    ] {
        browser.open(page).await;
        browser.see(mark).await;
        browser.press("?").await;
        browser.see("[data-testid=keys-dialog][open]").await;
        browser.read("[data-testid=keys-dialog]", says).await;
        browser.press(Key::Escape + "").await;
        browser.see_none("[data-testid=keys-dialog][open]").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_button_that_goes_away_leaves_the_keyboard_where_it_belongs() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=events:orders&filter=data.n%3E9").await;
    browser.see("[data-testid=filter-chip]").await;
    browser.evaluate("document.querySelector('[data-testid=chip-away]').focus()").await;
    browser.press(Key::Enter + "").await;
    browser.see_none("[data-testid=filter-chip]").await;
    assert_eq!(browser.evaluate(FOCUS).await, "filter");
    browser.open("/events?stream=events:orders&event=9-0&pane=compare&base=8-0").await;
    browser.see("[data-testid=clear-base]").await;
    browser.evaluate("document.querySelector('[data-testid=clear-base]').focus()").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-testid=no-base]").await;
    assert_eq!(browser.evaluate(FOCUS).await, "event-base");
    browser.close().await;
}
