//! What is pressed, selected or meant stays where it is while events arrive.

use rewind_tests::{TestApp, TestRedis, eventually};
use thirtyfour::Key;
use tokio::task::JoinHandle;

use crate::browser::Browser;

const ROW: &str = "[data-testid=event-row]";
const NEWER: &str = "[data-testid=newer]";
/// Remembers which event was under the pointer when it went down.
const NOTE_PRESSED: &str = "addEventListener('pointerdown', event => { \
     window.pressed = event.target.closest('[data-id]')?.dataset.id ?? null; }, true)";
/// The event of the row where the keyboard is.
const MEANT: &str = "document.getElementById(\
     document.activeElement.getAttribute('aria-activedescendant'))?.dataset.id";

/// A stream to which twenty events a second are added, until this is dropped.
struct Busy {
    redis: TestRedis,
    writer: JoinHandle<()>,
}

impl Busy {
    async fn start() -> Self {
        let redis = TestRedis::start().await;
        redis.add_many("busy:1", 100).await;
        let mut connection = redis.connection().await;
        let writer = tokio::spawn(async move {
            loop {
                let mut command = redis::cmd("XADD");
                command
                    .arg("busy:1")
                    .arg("*")
                    .arg("type")
                    .arg("Added")
                    .arg("data")
                    .arg("{\"n\":1}");
                if command.query_async::<()>(&mut connection).await.is_err() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        });
        Self { redis, writer }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.writer.abort();
    }
}

async fn open(browser: &Browser, path: &str) {
    browser.open(path).await;
    browser.see("[data-testid=live-status][data-state=live]").await;
    browser.see(&format!("{ROW}.fresh")).await;
}

/// Waits until this many events wait to be shown.
async fn wait_for_new(browser: &Browser, count: u64) {
    eventually("events wait", || async {
        let text =
            browser.evaluate(&format!("document.querySelector('{NEWER}')?.textContent")).await;
        let waiting: u64 = text.as_str()?.split(' ').next()?.parse().ok()?;
        (waiting >= count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_click_opens_the_event_that_was_pressed() {
    let busy = Busy::start().await;
    let app = TestApp::start(&busy.redis).await;
    let browser = Browser::start(&app).await;
    for path in
        ["/events?stream=busy:1", "/events?stream=busy:1&filter=type%3AAdded", "/events?all=1"]
    {
        for n in 2..4 {
            open(&browser, path).await;
            browser.evaluate(NOTE_PRESSED).await;
            browser.press_down(&format!("{ROW}[aria-rowindex='{n}']")).await;
            wait_for_new(&browser, 3).await;
            browser.release().await;
            let pressed = browser.evaluate("window.pressed").await;
            let pressed = pressed.as_str().expect("a row was pressed").to_owned();
            browser.at(&pressed).await;
            browser.read("[data-testid=event-detail-id]", &pressed).await;
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn selected_text_stays_where_it_is_until_the_newest_are_asked_for() {
    let busy = Busy::start().await;
    let app = TestApp::start(&busy.redis).await;
    let browser = Browser::start(&app).await;
    open(&browser, "/events?stream=busy:1").await;
    let selected = "(() => { const row = getSelection().anchorNode.parentElement.closest('[data-id]'); \
         return [row.dataset.id, Math.round(row.getBoundingClientRect().top)]; })()";
    // Which holds the list still until the text is selected.
    browser.point_at(&format!("{ROW}[aria-rowindex='3']")).await;
    browser
        .evaluate(&format!(
            "getSelection().selectAllChildren(document.querySelector(\"{ROW}[aria-rowindex='3'] .cell-data code\"))"
        ))
        .await;
    let before = browser.evaluate(selected).await;
    wait_for_new(&browser, 5).await;
    assert_eq!(browser.evaluate(selected).await, before);
    let first = browser.evaluate(&format!("document.querySelector('{ROW}').dataset.id")).await;
    browser.click(NEWER).await;
    assert_eq!(browser.evaluate("getSelection().isCollapsed").await, true);
    browser.see_none(&format!("{ROW}[aria-rowindex='1'][data-id={first}]")).await;
    browser.close().await;
}

#[tokio::test]
async fn the_row_where_the_keyboard_is_stays_at_its_event() {
    let busy = Busy::start().await;
    let app = TestApp::start(&busy.redis).await;
    let browser = Browser::start(&app).await;
    for path in ["/events?stream=busy:1", "/events?category=busy"] {
        open(&browser, path).await;
        browser.evaluate("document.querySelector('[role=grid]').focus()").await;
        browser.press(Key::Down + "").await;
        let meant = browser.evaluate(MEANT).await;
        let id = meant.as_str().expect("a row is meant").to_owned();
        browser.see(&format!("{ROW}[data-id='{id}'].active")).await;
        browser.see_none(&format!("{ROW}[aria-rowindex='3'][data-id='{id}']")).await;
        eventually("others have come above it", || async {
            let at = format!("document.querySelector(\"{ROW}[data-id='{id}']\")?.ariaRowIndex");
            let at: u64 = browser.evaluate(&at).await.as_str()?.parse().ok()?;
            (at > 5).then_some(())
        })
        .await;
        assert_eq!(browser.evaluate(MEANT).await, meant);
        browser.press(Key::Enter + "").await;
        browser.read("[data-testid=event-detail-id]", &id).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_newest_events_of_the_overview_hold_still_under_a_press_and_count() {
    let busy = Busy::start().await;
    let app = TestApp::start(&busy.redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/").await;
    browser.see("[data-testid=newest].fresh").await;
    browser.evaluate(NOTE_PRESSED).await;
    browser.press_down("[data-testid=newest]:nth-child(2)").await;
    browser.read("[data-testid=newest-waiting]", "new").await;
    browser.release().await;
    let pressed = browser.evaluate("window.pressed").await;
    let pressed = pressed.as_str().expect("an event was pressed").to_owned();
    browser.at(&format!("event={pressed}")).await;
    browser.close().await;
}

#[tokio::test]
async fn a_facet_stays_under_the_pointer_while_its_count_goes_on() {
    let busy = Busy::start().await;
    let app = TestApp::start(&busy.redis).await;
    let browser = Browser::start(&app).await;
    open(&browser, "/events?stream=busy:1").await;
    browser.read("[data-testid=facets]", "Added").await;
    browser.evaluate("(window.facet = [...document.querySelectorAll('[data-testid=facet]')].find(e => e.textContent.includes('Added')), null)").await;
    let text = "[window.facet.isConnected, window.facet.textContent]";
    let before = browser.evaluate(text).await;
    eventually("the count has gone on", || async {
        let now = browser.evaluate(text).await;
        (now[0] == true && now[1] != before[1]).then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn a_stream_that_is_pressed_is_the_one_that_opens_though_others_were_found_above_it() {
    let redis = TestRedis::start().await;
    for stream in ["b:1", "b:2", "b:3"] {
        redis.add(stream, "1-0", "Added", "{}").await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.read("[data-testid=list-count]", "3 streams").await;
    browser.press_down("[data-testid=stream-row][data-key='b:2'] [data-testid=stream-link]").await;
    for n in 1..=3 {
        redis.add(&format!("a:{n}"), "1-0", "Added", "{}").await;
    }
    app.post("/api/discovery", &serde_json::json!({"action": "restart"})).await;
    browser.read("[data-testid=list-count]", "6 streams").await;
    browser.release().await;
    browser.at("/events?stream=b:2").await;
    browser.close().await;
}
