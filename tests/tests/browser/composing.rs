//! Keyboards of all languages: text that is composed, letters that are not Latin, characters that take a modifier.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const EVENTS: &str = "/events?stream=aggregate:Order:1001";
const FILTER: &str = "[data-testid=filter]";

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

/// Presses a key where the keyboard is, as a page hears it; says whether the page took it.
async fn take(browser: &Browser, key: &str) -> bool {
    let script = format!(
        "!document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{ bubbles: true, cancelable: true, {key} }}))"
    );
    browser.evaluate(&script).await == true
}

#[tokio::test]
async fn no_key_that_composes_text_is_taken() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.see("[data-testid=event-row]").await;
    browser.click(FILTER).await;
    browser.press("type:Order").await;
    for key in ["Enter", "Escape", "ArrowDown", "Tab", "Backspace"] {
        assert!(!take(&browser, &format!("key: '{key}', isComposing: true")).await, "{key}");
        // Safari says it by the code alone, of the key that ends the composition.
        assert!(!take(&browser, &format!("key: '{key}', keyCode: 229")).await, "{key}");
    }
    browser.see_none("[data-testid=filter-chip]").await;
    browser.press(Key::Escape + "").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-testid=filter-chip]").await;

    browser.open("/travel?stream=aggregate:Order:1001").await;
    browser.see("[data-testid=tree-row]").await;
    browser.click("[data-testid=state-search]").await;
    browser.press("qty").await;
    assert!(!take(&browser, "key: 'Escape', isComposing: true").await);
    browser.read("[data-testid=search-count]", "found").await;
    browser.click("[data-testid=version-input]").await;
    browser.press("12").await;
    take(&browser, "key: 'Escape', isComposing: true").await;
    assert_eq!(browser.evaluate("document.activeElement.value").await, "12");

    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.click("[data-testid=search]").await;
    assert!(!take(&browser, "key: 'Enter', isComposing: true").await);
    browser.evaluate("document.querySelector('[role=tree]').focus()").await;
    assert!(!take(&browser, "key: 'Process', keyCode: 229").await);
    browser.close().await;
}

#[tokio::test]
async fn text_that_is_composed_for_real_is_a_filter_only_once_it_is_whole() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.see("[data-testid=event-row]").await;
    browser.click(FILTER).await;
    browser.compose("しょう").await;
    browser.press_by_code("Enter", "Enter", 229, "").await;
    browser.see_none("[data-testid=filter-chip]").await;
    browser.insert("商品").await;
    browser.press(Key::Escape + "").await;
    browser.press(Key::Enter + "").await;
    browser.read("[data-testid=filter-chip]", "商品").await;
    browser.close().await;
}

#[tokio::test]
async fn shortcuts_are_at_their_places_on_keyboards_with_other_letters() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.see("[data-testid=live-status][data-state=live]").await;
    for (letter, code) in [("з", "KeyP"), ("π", "KeyP"), ("פ", "KeyP")] {
        browser.press_by_code(letter, code, 80, letter).await;
        browser.see("[data-testid=live-status][data-state=paused]").await;
        browser.press_by_code(letter, code, 80, letter).await;
        browser.see("[data-testid=live-status][data-state=live]").await;
    }
    browser.open("/travel?stream=aggregate:Order:1001&version=3").await;
    browser.see("[data-testid=tree-row]").await;
    browser.press_by_code("в", "KeyD", 68, "в").await;
    browser.at("pane=diff").await;
    browser.close().await;
}

#[tokio::test]
async fn no_shortcut_takes_what_a_modifier_writes() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.see("[data-testid=live-status][data-state=live]").await;
    for key in [
        "key: 'π', code: 'KeyP', altKey: true",
        "key: 'p', code: 'KeyP', modifierAltGraph: true",
        "key: 'p', code: 'KeyP', ctrlKey: true, altKey: true",
        "key: 'p', code: 'KeyP', ctrlKey: true",
        "key: 'p', code: 'KeyP', metaKey: true",
    ] {
        assert!(!take(&browser, key).await, "{key}");
    }
    browser.see("[data-testid=live-status][data-state=live]").await;
    assert!(take(&browser, "key: 'p', code: 'KeyP'").await);
    browser.see("[data-testid=live-status][data-state=paused]").await;
    browser.close().await;
}
