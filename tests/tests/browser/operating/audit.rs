//! The audit log.

use serde_json::json;

use super::{confirm, start};

#[tokio::test]
async fn what_was_done_is_listed_and_found_by_who_and_what() {
    let (_redis, app, browser) = start().await;
    for (by, group) in [("ada", "mail"), ("grace", "search")] {
        let operation = json!({"kind": "create_group", "stream": "events:orders", "group": group, "from": "start"});
        app.post("/api/operate", &json!({"operation": operation, "by": by})).await;
    }
    let publish = json!({"kind": "publish", "stream": "events:orders", "events": [{"type": "a"}]});
    app.post("/api/operate", &json!({"operation": publish, "by": "ada"})).await;
    browser.open("/audit").await;
    browser.count("[data-testid=audit-row]", 3).await;
    browser.fill("[data-testid=audit-who]", "ada").await;
    browser.count("[data-testid=audit-row]", 2).await;
    let choose = "(() => { const s = document.querySelector('[data-testid=audit-kind]'); s.value = 'publish'; s.dispatchEvent(new Event('change', {bubbles: true})); return 1 })()";
    browser.evaluate(choose).await;
    browser.count("[data-testid=audit-row]", 1).await;
    browser.at("kind=publish").await;
    browser.click("[data-testid=audit-stream]").await;
    browser.at("/events?stream=rewind:audit").await;
    browser.open("/events?stream=events:orders").await;
    browser.click("[data-testid=operate-button]").await;
    browser.click("[data-testid=operate-audit]").await;
    browser.count("[data-testid=audit-row]", 3).await;
    browser.close().await;
}

#[tokio::test]
async fn an_operation_whose_server_is_gone_is_finished_from_the_log() {
    let (redis, _app, browser) = start().await;
    let operation = json!({"kind": "ack", "stream": "events:orders", "group": "billing", "entries": {"filter": ""}});
    let begun = json!({
        "id": "gone-0001", "kind": "ack", "sentence": "Acknowledges 9 entries.", "count": 9, "who": "ada", "is_verified": false,
        "from": null, "stream": "events:orders", "group": "billing", "projection": null, "operation": operation
    });
    redis.add("rewind:audit", "1000-0", "operation.begun", &begun.to_string()).await;
    browser.open("/audit").await;
    browser.read("[data-testid=audit-status]", "interrupted").await;
    browser.click("[data-testid=audit-finish]").await;
    browser.read("[data-testid=preview-sentence]", "Acknowledges 6 entries").await;
    confirm(&browser, "Acknowledged 6").await;
    browser.count("[data-testid=audit-row]", 2).await;
    browser.close().await;
}

#[tokio::test]
async fn a_long_log_goes_on() {
    let (redis, _app, browser) = start().await;
    for n in 1..=120 {
        let begun = json!({
            "id": format!("done-{n:05}"), "kind": "publish", "sentence": "Publishes.", "count": 1, "who": "ada", "is_verified": true,
            "from": null, "stream": "a", "group": null, "projection": null, "operation": null
        });
        redis.add("rewind:audit", &format!("{n}-0"), "operation.begun", &begun.to_string()).await;
    }
    browser.open("/audit").await;
    browser.count("[data-testid=audit-row]", 100).await;
    browser.click("[data-testid=audit-more]").await;
    browser.count("[data-testid=audit-row]", 120).await;
    browser.close().await;
}
