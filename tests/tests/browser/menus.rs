//! Menus: one at a time, closed by Escape, by a click and by the keyboard elsewhere.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const OPEN: &str = "/events?stream=aggregate%3AOrder%3A1001&event=1706185380000-0";
const MENUS: [&str; 3] = ["columns", "export", "copy-menu"];

fn button(menu: &str) -> String {
    format!("[data-testid={menu}] summary")
}

fn opened(menu: &str) -> String {
    format!("[data-testid={menu}][open]")
}

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

#[tokio::test]
async fn escape_closes_a_menu_and_gives_the_keyboard_back_to_its_button() {
    let (_redis, _app, browser) = start().await;
    browser.open(OPEN).await;
    browser.read("[data-testid=event-detail-id]", "1706185380000-0").await;
    browser.see("[data-testid=column][data-path='data.total']").await;
    for menu in MENUS {
        browser.click(&button(menu)).await;
        browser.see(&opened(menu)).await;
        browser.press(Key::Down + "").await;
        browser.press(Key::Down + "").await;
        let is_within =
            format!("document.activeElement.closest('[data-testid={menu}] [role=group]') !== null");
        assert_eq!(browser.evaluate(&is_within).await, true, "{menu}");
        browser.press(Key::Escape + "").await;
        browser.see_none(&opened(menu)).await;
        let is_back =
            format!("document.activeElement === document.querySelector('{}')", button(menu));
        assert_eq!(browser.evaluate(&is_back).await, true, "{menu}");
        // Escape was the menu's, not the panel's.
        browser.see("[data-testid=event-detail]").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_menu_closes_on_a_click_elsewhere_on_tab_and_when_another_opens() {
    let (_redis, _app, browser) = start().await;
    browser.open(OPEN).await;
    browser.read("[data-testid=event-detail-id]", "1706185380000-0").await;
    for (at, menu) in MENUS.into_iter().enumerate() {
        browser.click(&button(menu)).await;
        browser.see(&opened(menu)).await;
        browser.click(".stream-head-name, h1").await;
        browser.see_none(&opened(menu)).await;
        browser.click(&button(menu)).await;
        browser.see(&opened(menu)).await;
        browser.evaluate("document.querySelector('[data-testid=filter]').focus()").await;
        browser.see_none(&opened(menu)).await;
        browser.click(&button(menu)).await;
        let other = MENUS[(at + 1) % MENUS.len()];
        browser.evaluate(&format!("document.querySelector('{}').click()", button(other))).await;
        browser.see(&opened(other)).await;
        browser.see_none(&opened(menu)).await;
        browser.click(&button(other)).await;
        browser.see_none("details.menu[open]").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn each_line_of_the_columns_does_what_it_says_and_stays_where_it_is() {
    let (redis, _app, browser) = start().await;
    browser.open("/events?stream=aggregate:Order:1001").await;
    browser.see("[data-testid=column][data-path='data.total']").await;
    browser.click(&button("columns")).await;
    let lines = "[...document.querySelectorAll('[data-testid=columns] [data-path]')].map(e => e.dataset.path)";
    let before = browser.evaluate(lines).await;
    redis.add(orders::ORDER, "1806271600000-0", "NoteAdded", r#"{"aaa":1}"#).await;
    browser.see("[data-path='data.aaa']").await;
    let after = browser.evaluate(lines).await;
    let count = before.as_array().unwrap().len();
    assert_eq!(after.as_array().unwrap()[..count], before.as_array().unwrap()[..]);
    browser.click("[data-testid=column][data-path='data.status']").await;
    browser.at("cols=data.status").await;
    browser.click("[data-testid=column][data-path='data.total']").await;
    browser.at("data.total").await;
    browser.click("[data-testid=column][data-path='data.status']").await;
    browser.read(".event-head .cell-own", "data.total").await;
    browser.count(".event-head .cell-own", 1).await;
    browser.see(&opened("columns")).await;
    browser.close().await;
}

#[tokio::test]
async fn types_are_ignored_from_a_menu_that_closes_as_all_others_do() {
    let (_redis, _app, browser) = start().await;
    browser.open("/travel?stream=aggregate:Order:1001&version=5&pane=history&path=/status").await;
    browser.click(&button("ignore-types")).await;
    browser.see(&opened("ignore-types")).await;
    browser.press(Key::Down + "").await;
    browser.press(" ").await;
    browser.at("ignore").await;
    browser.press(Key::Escape + "").await;
    browser.see_none(&opened("ignore-types")).await;
    browser.read(&button("ignore-types"), "1 ignored").await;
    browser.close().await;
}

#[tokio::test]
async fn on_a_narrow_screen_every_menu_is_within_the_screen() {
    let (_redis, _app, browser) = start().await;
    for (width, height) in [(390, 844), (320, 568)] {
        browser.resize(width, height).await;
        for (page, menus) in [
            ("/events?stream=aggregate:Order:1001", &["columns", "export"][..]),
            (OPEN, &["copy-menu"][..]),
        ] {
            browser.open(page).await;
            for menu in menus {
                browser.click(&button(menu)).await;
                browser.see(&opened(menu)).await;
                let is_within = format!(
                    "(() => {{ const at = document.querySelector('[data-testid={menu}] [role=group]').getBoundingClientRect(); \
                     return at.width > 100 && at.left >= 0 && at.right <= innerWidth && at.top >= 0 && at.bottom <= innerHeight; }})()"
                );
                assert_eq!(browser.evaluate(&is_within).await, true, "{menu} at {width}");
                browser.press(Key::Escape + "").await;
            }
        }
    }
    browser.close().await;
}
