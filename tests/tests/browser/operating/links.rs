//! The ways from one of these pages to another.

use serde_json::json;

use super::{GROUP, start};

#[tokio::test]
async fn the_bar_leads_to_every_page() {
    let (_redis, _app, browser) = start().await;
    browser.open("/").await;
    for (name, path) in
        [("nav-groups", "/groups"), ("nav-projections", "/projections"), ("nav-audit", "/audit")]
    {
        browser.click(&format!("[data-testid={name}]")).await;
        browser.at(path).await;
        browser.see(&format!("[data-testid={name}][aria-current=page]")).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_overview_leads_to_a_group_and_to_all() {
    let (_redis, _app, browser) = start().await;
    browser.open("/").await;
    browser.click("[data-testid=group][data-group=billing] [data-testid=group-page]").await;
    browser.read("[data-testid=group-title]", "billing").await;
    browser.open("/").await;
    browser.click("[data-testid=overview-groups]").await;
    browser.at("/groups").await;
    browser.close().await;
}

#[tokio::test]
async fn a_group_leads_to_its_stream_its_events_and_its_likes() {
    let (_redis, _app, browser) = start().await;
    browser.open(GROUP).await;
    browser.click("[data-testid=crumb-group-stream]").await;
    browser.at("/groups?stream=events:orders").await;
    browser.open(GROUP).await;
    browser.click("[data-testid=crumb-groups]").await;
    browser.at("/groups").await;
    browser.open(GROUP).await;
    browser.click("[data-testid=pending-row][data-id='3-0'] [data-testid=pending-event]").await;
    browser.at("event=3-0").await;
    browser.open("/group?stream=events:orders&group=billing&pane=consumers").await;
    browser.click("[data-consumer=b1] [data-testid=consumer-pending]").await;
    browser.count("[data-testid=pending-row]", 6).await;
    browser.at("filter=").await;
    browser.open("/group?stream=events:orders&group=nobody").await;
    browser.click("[data-testid=group-missing-others]").await;
    browser.count("[data-testid=group-row]", 2).await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_dead_letter_leads_to_its_event_and_to_the_state_then() {
    let (_redis, app, browser) = start().await;
    let bury = json!({"kind": "bury", "stream": "events:orders", "group": "billing", "entries": {"ids": ["2-0"]}, "reason": "no"});
    app.post("/api/operate", &json!({"operation": bury})).await;
    let dead = "/group?stream=events:orders&group=billing&pane=dead";
    browser.open(dead).await;
    browser.click("[data-testid=letter-event]").await;
    browser.at("event=2-0").await;
    browser.open(dead).await;
    browser.click("[data-testid=letter-state]").await;
    browser.at("/travel?stream=events:orders&id=2-0").await;
    browser.close().await;
}

#[tokio::test]
async fn what_was_done_leads_to_what_it_was_done_to_and_back() {
    let (_redis, app, browser) = start().await;
    let make =
        json!({"kind": "create_group", "stream": "events:orders", "group": "mail", "from": "end"});
    app.post("/api/operate", &json!({"operation": make})).await;
    let publish = json!({"kind": "publish", "stream": "events:orders", "events": [{"type": "a"}]});
    app.post("/api/operate", &json!({"operation": publish})).await;
    browser.open("/trim?stream=events:orders").await;
    browser.click("[data-testid=trim-audit]").await;
    browser.count("[data-testid=audit-row]", 2).await;
    browser.click("[data-testid=audit-without]").await;
    browser.see_none("[data-testid=audit-without]").await;
    browser.click("[data-kind=create_group] [data-testid=audit-group]").await;
    browser.read("[data-testid=group-title]", "mail").await;
    browser.open("/audit").await;
    browser.click("[data-kind=publish] [data-testid=audit-of-stream]").await;
    browser.at("/events?stream=events:orders").await;
    browser.open("/trim?stream=events:orders").await;
    browser.click("[data-testid=crumb-trim-stream]").await;
    browser.at("/events?stream=events:orders").await;
    browser.open("/publish?stream=events:orders").await;
    browser.click("[data-testid=crumb-publish-stream]").await;
    browser.at("/events?stream=events:orders").await;
    browser.close().await;
}

#[tokio::test]
async fn a_projection_leads_to_the_others_and_to_what_was_done() {
    let (redis, _app, browser) = start().await;
    redis.run("SET projection:totals:checkpoint 3-0").await;
    browser.open("/projection?name=totals").await;
    browser.click("[data-testid=crumb-projections]").await;
    browser.click("[data-testid=projection][data-name=totals] [data-testid=projection-page]").await;
    browser.read("[data-testid=projection-title]", "totals").await;
    browser.click("[data-testid=projection-audit]").await;
    browser.at("/audit?projection=totals").await;
    browser.close().await;
}
