//! Everything can be done without a mouse.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

#[tokio::test]
async fn the_state_tree_is_walked_opened_and_closed_by_arrow_keys() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=1").await;
    let meant = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.dataset.path";
    browser
        .click("[role=tree] [role=treeitem][aria-level='2'][data-path='/customer/country']")
        .await;
    assert_eq!(browser.evaluate(meant).await, "/customer/country");
    browser.press(Key::Left + "").await;
    assert_eq!(browser.evaluate(meant).await, "/customer");
    browser.press(Key::Left + "").await;
    browser.see("[data-path='/customer'][aria-expanded=false]").await;
    browser.press(Key::Right + "").await;
    browser.see("[data-path='/customer'][aria-expanded=true]").await;
    browser.press(Key::Down + "").await;
    assert_eq!(browser.evaluate(meant).await, "/customer/name");
    // Keys in the tree do not move the version.
    browser.at("version=1").await;
    browser.close().await;
}

#[tokio::test]
async fn every_control_of_every_page_has_a_name_and_can_be_focused() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let nameless = "[...document.querySelectorAll('a, button, input, select, textarea, [role=slider]')]\
        .filter(e => e.offsetParent !== null)\
        .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.title || e.labels?.length))\
        .map(e => e.outerHTML)";
    for (page, mark) in [
        ("/", "[data-testid=newest]"),
        ("/streams", "[data-testid=category]"),
        ("/events?stream=aggregate%3AOrder%3A1001", "[data-testid=event-row]"),
        ("/travel?stream=aggregate%3AOrder%3A1001", "[data-testid=tree-row]"),
        ("/fold?stream=aggregate%3AOrder%3A1001", "#fold-state"),
    ] {
        browser.open(page).await;
        browser.see(mark).await;
        assert_eq!(browser.evaluate(nameless).await, serde_json::json!([]), "{page}");
        assert_eq!(browser.evaluate("document.documentElement.lang").await, "en");
        assert_eq!(browser.evaluate("document.querySelectorAll('main').length").await, 1);
    }
    browser.close().await;
}
