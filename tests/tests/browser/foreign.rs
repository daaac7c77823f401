//! Text that others wrote: shown for what it is, and copied as what it is.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;

const HIDDEN: &str = "aggregate:Order:1\u{200b}0";
const OVERRIDE: &str = "aggregate:Order:invoice\u{202e}gnp.exe";
const BROKEN: &str = "aggregate:Order:two\nlines\t";
const HEBREW: &str = "aggregate:Order:שלום";

async fn add(redis: &TestRedis, stream: &str, event_type: &str, data: &str) {
    let mut connection = redis.connection().await;
    let _: String = redis::cmd("XADD")
        .arg(stream)
        .arg("1706185200000-0")
        .arg("type")
        .arg(event_type)
        .arg("data")
        .arg(data)
        .query_async(&mut connection)
        .await
        .unwrap();
}

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    add(&redis, "aggregate:Order:10", "OrderPaid", "{}").await;
    for stream in [HIDDEN, OVERRIDE, BROKEN, HEBREW] {
        add(&redis, stream, "Order\u{2066}Paid", "{\"na\u{200b}me\":\"a\u{202e}b\"}").await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

#[tokio::test]
async fn keys_that_differ_in_what_cannot_be_seen_look_different() {
    let (_redis, _app, browser) = start().await;
    browser.open("/streams").await;
    browser.count("[data-testid=stream-row]", 5).await;
    for shown in ["1U+200B0", "invoiceU+202Egnp.exe", "two↵lines⇥", "שלום"] {
        browser.read("[data-testid=stream-row] .key-name", shown).await;
    }
    let raw = "[...document.querySelectorAll('.streams-page *')].filter(e => /[\\u200b\\u202e\\n\\t]/.test(e.title || '') || (e.children.length === 0 && /[\\u200b\\u202e\\n\\t]/.test(e.textContent))).length";
    assert_eq!(browser.evaluate(raw).await, 0);
    // One line each, and each in a box of its own that keeps its direction.
    let heights = "[...document.querySelectorAll('.stream-row')].every(e => e.getBoundingClientRect().height === 32 && [...e.querySelectorAll('.foreign')].every(f => getComputedStyle(f).unicodeBidi === 'isolate' && f.getBoundingClientRect().height < 32))";
    assert_eq!(browser.evaluate(heights).await, true);
    browser.close().await;
}

#[tokio::test]
async fn types_values_titles_and_names_show_what_is_hidden_in_them() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=aggregate%3AOrder%3A1%E2%80%8B0&event=1706185200000-0").await;
    browser.read("[data-testid=event-row] .event-type", "OrderU+2066Paid").await;
    browser.read("[data-testid=event-detail] .tree-label", "naU+200Bme").await;
    browser.read("[data-testid=event-detail] .leaf", "aU+202Eb").await;
    browser.read("[data-testid=stream-key]", "1U+200B0").await;
    assert_eq!(browser.evaluate("document.title").await, "1⟨U+200B⟩0 · Events · Rewind");
    browser.open("/travel?stream=aggregate%3AOrder%3A1%E2%80%8B0").await;
    browser.read("[data-testid=tree-row] .tree-label", "naU+200Bme").await;
    browser.open("/").await;
    browser.see("[data-testid=newest] .newest-data .hidden-char").await;
    let preview =
        "document.querySelector('[data-testid=newest]:has(.hidden-char) .newest-data').textContent";
    assert_eq!(browser.evaluate(preview).await, "{\"naU+200Bme\":\"aU+202Eb\"}");
    browser.close().await;
}

#[tokio::test]
async fn what_is_selected_is_copied_as_what_it_is() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=aggregate%3AOrder%3Atwo%0Alines%09").await;
    browser.see("[data-testid=stream-key] .hidden-char").await;
    let copied = |css: &str| {
        format!(
            "(() => {{ const node = document.querySelector('{css}'); const range = document.createRange(); range.selectNodeContents(node); getSelection().removeAllRanges(); getSelection().addRange(range); const clipboardData = new DataTransfer(); node.dispatchEvent(new ClipboardEvent('copy', {{ clipboardData, bubbles: true, cancelable: true }})); return clipboardData.getData('text/plain'); }})()"
        )
    };
    let name = browser.evaluate(&copied("[data-testid=stream-key] .key-name .foreign")).await;
    assert_eq!(name, "two\nlines\t");
    let key = browser.evaluate(&copied("[data-testid=stream-key] .key")).await;
    assert_eq!(key, "aggregate:Order:two\nlines\t");
    browser.close().await;
}
