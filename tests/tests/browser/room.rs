//! Little room: small screens, and pages that are enlarged.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;
use crate::orders;

const PAGES: [&str; 7] = [
    "/",
    "/streams",
    "/events?stream=events:orders",
    "/events?stream=aggregate:Order:1001&event=1706185200000-0",
    "/events?all=1",
    "/travel?stream=aggregate:Order:1001",
    "/fold?stream=aggregate:Order:1001",
];

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

#[tokio::test]
async fn nothing_is_cut_off_on_any_page_however_small_the_screen_is() {
    let (_redis, _app, browser) = start().await;
    for (width, height) in [(320, 568), (390, 844), (720, 450), (1440, 900)] {
        browser.resize(width, height).await;
        for page in PAGES {
            browser.open(page).await;
            browser.see("[data-testid=connection]").await;
            browser.see("main > *").await;
            let place = format!("{page} at {width}×{height}");
            let overflow = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(browser.evaluate(overflow).await, false, "{place}");
            let cut = "[...document.querySelectorAll('.top-bar :is(a, button, label)')].filter(e => { const box = e.getBoundingClientRect(); const around = e.parentElement.getBoundingClientRect(); const at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2); return box.left < 0 || box.right > innerWidth || box.right > around.right + 1 || !e.contains(at); }).map(e => e.outerHTML)";
            assert_eq!(browser.evaluate(cut).await, serde_json::json!([]), "{place}");
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn an_enlarged_page_still_shows_events() {
    let (_redis, _app, browser) = start().await;
    // 1440×900 at 200 %.
    browser.resize(720, 450).await;
    for page in [
        "/events?stream=events:orders",
        "/events?stream=events:orders&filter=type:Counted",
        "/events?all=1",
    ] {
        browser.open(page).await;
        browser.see("[data-testid=event-row]").await;
        let rows = "[...document.querySelectorAll('.event-row')].filter(e => { const box = e.getBoundingClientRect(); const at = document.elementFromPoint(box.left + 20, box.bottom - 4); return box.bottom <= innerHeight && e.contains(at); }).length";
        rewind_tests::eventually(&format!("{page} shows more than two rows"), || async {
            browser.evaluate(rows).await.as_u64().filter(|rows| *rows > 2)
        })
        .await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_link_to_a_pane_shows_the_pane_at_any_width() {
    let (_redis, _app, browser) = start().await;
    for (width, height) in [(320, 568), (390, 844), (720, 450), (1440, 900)] {
        browser.resize(width, height).await;
        for pane in ["changes", "diff", "history", "bisect"] {
            browser
                .open(&format!(
                    "/travel?stream=aggregate:Order:1001&version=3&path=/total&pane={pane}"
                ))
                .await;
            browser.see("[data-testid=tree-row]").await;
            let is_seen =
                "document.querySelector('[data-testid=pane]').getBoundingClientRect().height > 80";
            rewind_tests::eventually(&format!("`{pane}` shows at {width}×{height}"), || async {
                browser.evaluate(is_seen).await.as_bool().filter(|is_seen| *is_seen)
            })
            .await;
        }
    }
    // Back to the state, and on to a pane by the address alone.
    browser.resize(390, 844).await;
    browser.open("/travel?stream=aggregate:Order:1001&version=3").await;
    browser.click("[data-testid=pane-history]").await;
    browser.at("pane=history").await;
    browser.see("[data-sheet=pane]").await;
    browser.click_text("[data-testid=sheet]", "State").await;
    browser.see("[data-sheet=state]").await;
    for pane in ["fields", "related", "compare", "data"] {
        browser
            .open(&format!("/events?stream=aggregate:Order:1001&event=1706185260000-0&pane={pane}"))
            .await;
        browser.see("[data-testid=event-pane]").await;
        let is_seen = "document.querySelector('[data-testid=event-pane]').getBoundingClientRect().height > 80";
        rewind_tests::eventually(&format!("`{pane}` shows"), || async {
            browser.evaluate(is_seen).await.as_bool().filter(|is_seen| *is_seen)
        })
        .await;
    }
    browser.close().await;
}
