//! Payloads that are no JSON text, as the page shows them.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;

#[tokio::test]
async fn an_event_says_what_it_was_decoded_from_and_shows_its_bytes() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let broken = &b"\x1f\x8b\x08"[..];
    for (id, value) in [("1-0", &b"\x81\xa5total\x05"[..]), ("2-0", broken)] {
        let mut add = redis::cmd("XADD");
        add.arg("s").arg(id).arg("type").arg("Paid").arg("data").arg(value);
        let _: String = add.query_async(&mut connection).await.unwrap();
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;

    browser.open("/events?stream=s").await;
    browser.click("[data-id='1-0']").await;
    let decoded = "Decoded as MessagePack. The raw fields are under Fields.";
    browser.read("[data-testid=decoded]", decoded).await;
    browser.read(".detail-data", "total").await;
    browser.click("[data-testid=event-pane-fields]").await;
    browser.read("[data-field=data]", "not UTF-8").await;
    browser.click("[data-testid=event-pane-data]").await;
    browser.click("[data-id='2-0']").await;
    browser.read("[data-testid=decode-error]", "cannot be read as gzip").await;
    browser.see_none("[data-testid=decoded]").await;
    browser.close().await;
}
