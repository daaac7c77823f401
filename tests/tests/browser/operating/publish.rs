//! New events.

use super::{confirm, said, start};

#[tokio::test]
async fn an_event_is_published_with_all_that_was_written() {
    let (redis, _app, browser) = start().await;
    browser.open("/events?stream=events:orders").await;
    browser.click("[data-testid=operate-button]").await;
    browser.click("[data-testid=operate-new]").await;
    browser.at("/publish?stream=events:orders").await;
    browser.fill("[data-testid=publish-data]", "{").await;
    browser.see("[data-testid=publish-data-problem]").await;
    browser.fill("[data-testid=publish-data]", r#"{"total":1.10}"#).await;
    browser.click("[data-testid=publish-look]").await;
    browser.read("[data-testid=publish-problem]", "type").await;
    browser.fill("[data-testid=publish-type]", "order.refunded").await;
    browser.fill("[data-testid=publish-correlation]", "checkout-7").await;
    browser.fill("[data-testid=publish-causation]", "5-0").await;
    browser.fill("[data-testid=publish-user]", "ada").await;
    browser.fill("[data-testid=publish-max-len]", "100").await;
    browser.click("[data-testid=publish-look]").await;
    browser.read("[data-testid=preview-sentence]", "Publishes 1 event to `events:orders`").await;
    browser.read("[data-testid=effects]", "Group billing gets 1 entry").await;
    confirm(&browser, "Published as").await;
    let last = said(&redis, "XREVRANGE events:orders + - COUNT 1").await;
    for part in ["order.refunded", r#"{"total":1.10}"#, "checkout-7", "5-0", "ada"] {
        assert!(last.contains(part), "{last}");
    }
    browser.close().await;
}

#[tokio::test]
async fn an_event_is_copied_and_edited() {
    let (redis, _app, browser) = start().await;
    browser.open("/events?stream=events:orders&event=4-0").await;
    browser.click("[data-testid=publish-copy]").await;
    browser.at("from=4-0").await;
    rewind_tests::eventually("the form is filled", || async {
        let value = "document.querySelector('[data-testid=publish-type]')?.value";
        browser.evaluate(value).await.as_str().filter(|name| *name == "order.paid").map(drop)
    })
    .await;
    browser.click("[data-testid=publish-look]").await;
    confirm(&browser, "Published as").await;
    assert!(said(&redis, "XREVRANGE events:orders + - COUNT 1").await.contains("\"total\": 40"));
    browser.close().await;
}

#[tokio::test]
async fn an_append_shows_what_it_changes_first_and_what_came_between() {
    let (redis, _app, browser) = start().await;
    redis.add("aggregate:Order:7", "1-0", "OrderCreated", r#"{"total":10}"#).await;
    browser.open("/publish?stream=aggregate:Order:7").await;
    browser.read("[data-testid=publish-version]", "at version 1").await;
    browser.fill("[data-testid=publish-type]", "TotalChanged").await;
    browser.fill("[data-testid=publish-data]", r#"{"total":25}"#).await;
    browser.read(".publish-state", "25").await;
    // A colleague appends meanwhile.
    redis.add("aggregate:Order:7", "2-0", "TotalChanged", r#"{"total":20}"#).await;
    browser.click("[data-testid=publish-look]").await;
    browser.read("[data-testid=refusal]", "at version 2 by now").await;
    browser.see("[data-testid=operation-do]:disabled").await;
    browser.click("[data-testid=operation-leave]").await;
    browser.read("[data-testid=publish-moved]", "1 event since you looked").await;
    let missed = "document.querySelector('[data-testid=publish-missed]').getAttribute('href')";
    assert_eq!(browser.evaluate(missed).await, "/travel?stream=aggregate:Order:7&version=2");
    browser.see("[data-testid=publish-missed]").await.focus().await.unwrap();
    browser.click("[data-testid=publish-rebase]").await;
    browser.read("[data-testid=publish-version]", "at version 2").await;
    browser.click("[data-testid=publish-look]").await;
    confirm(&browser, "at version 3 now").await;
    assert_eq!(said(&redis, "XLEN aggregate:Order:7").await.trim(), "3");
    browser.close().await;
}

#[tokio::test]
async fn the_first_event_makes_an_aggregate() {
    let (redis, _app, browser) = start().await;
    browser.open("/publish?stream=aggregate:Order:8").await;
    browser.read("[data-testid=publish-new]", "no such aggregate yet").await;
    browser.fill("[data-testid=publish-type]", "OrderCreated").await;
    browser.click("[data-testid=publish-look]").await;
    browser.read("[data-testid=preview-sentence]", "Begins `aggregate:Order:8`").await;
    confirm(&browser, "at version 1 now").await;
    assert_eq!(said(&redis, "XLEN aggregate:Order:8").await.trim(), "1");
    // What does not exist yet was asked for.
    browser.close_regardless().await;
}
