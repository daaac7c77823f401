//! One event: its data and bytes, what is copied of it, what it is compared with, and the story that it belongs to.

use rewind_tests::{TestApp, TestRedis, eventually};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const OPEN: &str = "/events?stream=aggregate%3AOrder%3A1001&event=1706185380000-0";
const ID: &str = "[data-testid=event-detail-id]";
const PANE: &str = "[data-testid=event-pane]";
const STORY_ROW: &str = "[data-testid=story-row]";

/// Has the page keep what it copies, since a browser without a window has no clipboard.
async fn keep_copies(browser: &Browser) {
    browser
        .evaluate(
            "Object.defineProperty(navigator, 'clipboard', { configurable: true, value: {
               writeText: (text) => { window.copied = text; return Promise.resolve(); } } }) && true",
        )
        .await;
}

async fn copied(browser: &Browser) -> String {
    eventually("something was copied", || async {
        browser.evaluate("window.copied ?? null").await.as_str().map(str::to_owned)
    })
    .await
}

/// Copies by the keyboard: opens the menu, goes down this many lines, and presses.
async fn copy_line(browser: &Browser, line: usize) -> String {
    browser
        .evaluate("(window.copied = null, document.querySelector('.copy-menu summary').focus())")
        .await;
    for _ in 0..line {
        browser.press(Key::Down + "").await;
    }
    browser.press(Key::Enter + "").await;
    copied(browser).await
}

#[tokio::test]
async fn an_event_is_copied_in_four_forms_by_the_keyboard() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(OPEN).await;
    browser.read(ID, "1706185380000-0").await;
    keep_copies(&browser).await;

    let link = copy_line(&browser, 1).await;
    let address = "/events?stream=aggregate:Order:1001&event=1706185380000-0";
    assert!(link.starts_with("http://") && link.ends_with(address), "{link}");
    browser.read("[data-testid=copied]", "Copied link").await;
    let json = copy_line(&browser, 2).await;
    assert!(json.contains("\"id\": 12345678901234567890"), "{json}");
    let line = copy_line(&browser, 3).await;
    assert!(
        line.starts_with(r#"{"stream":"aggregate:Order:1001","id":"1706185380000-0","fields":{"#),
        "{line}"
    );
    let command = copy_line(&browser, 4).await;
    assert!(
        command.starts_with(
            "XADD aggregate:Order:1001 1706185380000-0 type OrderPaid data \"{\\\"status\\\""
        ),
        "{command}"
    );

    // Escape closes the menu, and only then the event.
    browser.press(Key::Down + "").await;
    browser.see(".copy-menu[open]").await;
    browser.press(Key::Escape + "").await;
    browser.see_none(".copy-menu[open]").await;
    browser.see(ID).await;
    browser.press(Key::Escape + "").await;
    browser.see_none(ID).await;
    browser.close().await;
}

#[tokio::test]
async fn bytes_are_shown_as_text_hex_or_base64() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let mut add = redis::cmd("XADD");
    add.arg("s").arg("1-0").arg("type").arg("Odd").arg("blob").arg(&b"\xff\x00Hi"[..]);
    let _: String = add.query_async(&mut connection).await.unwrap();
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=s&event=1-0&pane=fields").await;
    let row = browser.read("[data-field=blob] [data-testid=hex-row]", "ff 00 48 69").await;
    assert!(row.contains("00000000") && row.contains("..Hi"), "{row}");
    browser.read("[data-field=blob]", "not UTF-8, 4 B").await;
    let encoding = "[data-field=blob] [data-testid=field-encoding] option";
    browser.click_text(encoding, "Base64").await;
    browser.read("[data-field=blob] [data-testid=field-text]", "/wBIaQ==").await;
    browser.click_text(encoding, "Text").await;
    browser.read("[data-field=blob] [data-testid=field-text]", "\\xff").await;
    browser.read("[data-field=type] [data-testid=field-text]", "Odd").await;
    let href = browser.see("[data-field=blob] [data-testid=field-download]").await;
    let href = href.attr("href").await.unwrap().unwrap();
    let bytes = app.request(&href).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(&bytes[..], b"\xff\x00Hi");
    browser.close().await;
}

#[tokio::test]
async fn large_events_are_shown_in_part_until_more_is_asked_for() {
    let redis = TestRedis::start().await;
    let text = "x".repeat(300_000);
    redis.add("s", "1-0", "Large", &format!(r#"{{"text":"{text}"}}"#)).await;
    redis.add("s", "2-0", "Huge", &format!(r#"{{"text":"{}"}}"#, "y".repeat(10_000_000))).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let size = "document.body.outerHTML.length";
    browser.open("/events?stream=s&event=2-0").await;
    browser.read(PANE, "9.5 MiB of JSON").await;
    assert!(browser.evaluate(size).await.as_u64().unwrap() < 100_000);
    browser.click("[data-testid=load-event]").await;
    browser.see_none("[data-testid=load-event]").await;
    browser.read(PANE, "downloads are whole").await;

    browser.press("j").await;
    browser.read(ID, "1-0").await;
    browser.read("[data-testid=data-cut]", "292.9 KiB").await;
    browser.click("[data-testid=load-event]").await;
    browser.see("[data-testid=tree-row][data-path='/text']").await;
    assert!(browser.evaluate(size).await.as_u64().unwrap() < 100_000);
    browser.press("f").await;
    browser.click("[data-field=data] [data-testid=field-more]").await;
    browser.read("[data-field=data]", "hex shows more, a download all").await;
    browser.close().await;
}

#[tokio::test]
async fn keys_step_through_the_list_wherever_it_is() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=events%3Aorders&event=152-0").await;
    browser.read(ID, "152-0").await;
    browser.see("[data-testid=event-row][data-id='152-0'][aria-selected=true]").await;
    browser.press("j").await;
    browser.read(ID, "151-0").await;
    browser.press("j").await;
    browser.read(ID, "150-0").await;
    browser.see("[data-testid=event-row][data-id='150-0'][aria-selected=true]").await;
    browser.press("k").await;
    browser.read(ID, "151-0").await;
    browser.see("[data-testid=event-row][data-id='151-0'][aria-selected=true]").await;

    browser.open("/events?stream=events%3Aorders&event=250-0").await;
    browser.read(ID, "250-0").await;
    browser.click("[data-testid=event-previous]").await;
    browser.read(".toast.on", "first event of the list").await;
    browser.click("[data-testid=event-next]").await;
    for id in ["249-0", "248-0", "247-0"] {
        browser.read(ID, id).await;
        let focused = "document.activeElement.id === 'event-next'";
        eventually("the button has the focus", || async {
            browser.evaluate(focused).await.as_bool().filter(|is_focused| *is_focused)
        })
        .await;
        browser.press(Key::Enter + "").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn a_base_is_kept_while_others_are_compared_and_a_difference_leads_to_its_place() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=aggregate%3AOrder%3A1001&event=1706185260000-0").await;
    browser.read(ID, "1706185260000-0").await;
    browser.press("b").await;
    browser.see("[data-testid=is-base]").await;
    browser.press("k").await;
    browser.read("[data-testid=change-row][data-path='/data/total']", "14.95").await;
    browser.read("[data-testid=change-row][data-path='/type']", "ItemRemoved").await;
    browser.click("[data-testid=change-row][data-path='/data/total']").await;
    browser.see("[role=tree] [data-path='/total'][aria-selected=true]").await;
    browser.at("base=1706185260000-0").await;
    browser.close().await;
}

#[tokio::test]
async fn an_event_of_another_stream_can_be_the_base() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(&format!("{OPEN}&pane=compare")).await;
    browser.see("[data-testid=no-base]").await;
    browser.fill("[data-testid=event-base]", "nonsense").await;
    browser.press(Key::Enter + "").await;
    browser.read(".search-problem", "`nonsense` is no event").await;
    browser.fill("[data-testid=event-base]", "aggregate:Order:1002@1706185200000-0").await;
    browser.press(Key::Enter + "").await;
    browser.at("base=aggregate:Order:1002%401706185200000-0").await;
    browser.see("[data-testid=change-row][data-path='/data/total']").await;
    browser.click("[data-testid=change-row][data-path='/data/status']").await;
    browser.see("[role=tree] [data-path='/status'][aria-selected=true]").await;
    browser.press("c").await;
    browser.click("[data-testid=clear-base]").await;
    browser.see("[data-testid=no-base]").await;
    browser.close().await;
}

/// A story over three streams, and something else.
async fn fill_story(redis: &TestRedis) {
    for line in [
        "aggregate:Order:1 1706185200000-0 type OrderPlaced correlation_id c1 event_id e1",
        "aggregate:Payment:9 1706185201250-0 type PaymentTaken correlation_id c1 event_id e2 causation_id e1",
        "aggregate:Order:1 1706185385000-0 type OrderPaid correlation_id c1 event_id e3 causation_id e2",
        "events:orders 1706185385000-0 type order.paid correlation_id c1 event_id e4 causation_id e3",
        "events:orders 1706185390000-0 type order.other correlation_id c2 event_id e5",
    ] {
        redis.run(&format!("XADD {line}")).await;
    }
}

#[tokio::test]
async fn a_story_is_a_tree_that_is_walked_by_keys() {
    let redis = TestRedis::start().await;
    fill_story(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=aggregate%3AOrder%3A1&event=1706185385000-0").await;
    browser.read(ID, "1706185385000-0").await;
    browser.press("r").await;
    browser.count(STORY_ROW, 3).await;
    browser.read("[data-testid=related]", "c1").await;
    browser.read("[data-testid=related-effort]", "aggregate:Order:*, events:*").await;
    let row = |key: &str| format!("{STORY_ROW}[data-key='{key}']");
    // The payment is in a stream that is not looked in.
    browser.read(&row("aggregate:Order:1@1706185385000-0"), "cause not found").await;
    browser.see(&format!("{}[aria-current=true]", row("aggregate:Order:1@1706185385000-0"))).await;
    browser.read(&row("events:orders@1706185385000-0"), "+3 min 5 s").await;
    browser.see(&format!("{}[data-depth='1']", row("events:orders@1706185385000-0"))).await;

    browser.evaluate("document.getElementById('story').focus()").await;
    browser.press(Key::Right + "").await;
    browser.press(Key::Enter + "").await;
    browser.at("stream=events:orders").await;
    browser.read(ID, "1706185385000-0").await;
    browser.see(&format!("{}[aria-current=true]", row("events:orders@1706185385000-0"))).await;
    browser.open("/events?stream=events%3Aorders&event=1706185390000-0&pane=related").await;
    browser.count(STORY_ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn events_of_several_streams_are_compared_whichever_way_the_base_was_set() {
    let redis = TestRedis::start().await;
    redis.add("shop:a", "1-0", "Placed", r#"{"total":1}"#).await;
    redis.add("shop:b", "2-0", "Paid", r#"{"total":2}"#).await;
    redis.add("shop:c", "3-0", "Sent", r#"{"total":3}"#).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let difference = "[data-testid=change-row][data-path='/data/total']";
    for list in ["category=shop", "all=1", "stream=shop:a&stream=shop:b&stream=shop:c"] {
        // By the key, then on to the next events, in other streams.
        browser.open(&format!("/events?{list}")).await;
        browser.click("[data-testid=event-row][data-id='3-0']").await;
        browser.read(ID, "3-0").await;
        browser.press("b").await;
        browser.at("base=shop:c%403-0").await;
        for id in ["2-0", "1-0"] {
            browser.press("j").await;
            browser.read(ID, id).await;
            browser.see(difference).await;
        }
        // By the button.
        browser.click("[data-testid=set-base]").await;
        browser.at("base=shop:a%401-0").await;
        browser.click("[data-testid=event-row][data-id='2-0']").await;
        browser.see(difference).await;
        // With Shift, and on to a third stream.
        browser.open(&format!("/events?{list}")).await;
        browser.click("[data-testid=event-row][data-id='1-0']").await;
        browser.read(ID, "1-0").await;
        browser.shift_click("[data-testid=event-row][data-id='2-0']").await;
        browser.at("base=shop:a%401-0").await;
        browser.press("k").await;
        browser.read(ID, "3-0").await;
        browser.read(difference, "1").await;
    }
    browser.close().await;
}
