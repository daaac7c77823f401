//! Whoever goes back finds the place that was left.

use rewind_tests::{TestApp, TestRedis, eventually};

use crate::browser::Browser;
use crate::orders;

const STREAMS: &str = "document.querySelector('.stream-table .virtual-list')";
const EVENTS: &str = "document.querySelector('.event-grid .virtual-list')";
const FIRST: &str = "(() => { const list = document.querySelector('.event-grid .virtual-list').getBoundingClientRect(); const at = document.elementFromPoint(list.left + 60, list.top + 8); return at?.closest('.event-row')?.dataset.id ?? null; })()";

async fn scrolled(browser: &Browser, list: &str, least: u64) -> u64 {
    eventually("the list is scrolled", || async {
        let top = browser.evaluate(&format!("{list}?.scrollTop ?? 0")).await;
        top.as_u64().filter(|top| *top >= least)
    })
    .await
}

#[tokio::test]
async fn the_list_of_streams_is_found_as_it_was_left() {
    let redis = TestRedis::start().await;
    for n in 0..300 {
        redis.add(&format!("aggregate:Order:{n:04}"), "1-0", "OrderPaid", "{}").await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.read("[data-testid=list-count]", "300 streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.evaluate(&format!("{STREAMS}.scrollTo(0, 6400)")).await;
    browser.see("[data-key='aggregate:Order:0205']").await;
    browser.click("[data-key='aggregate:Order:0205'] [data-testid=stream-link]").await;
    browser.at("/events?stream=aggregate:Order:0205").await;
    browser.see("[data-testid=event-row]").await;
    browser.evaluate("history.back()").await;
    browser.see("[data-key='aggregate:Order:0205']").await;
    assert_eq!(scrolled(&browser, STREAMS, 1).await, 6400);
    // By a link as well.
    browser.click("[data-testid=nav-overview]").await;
    browser.see("[data-testid=newest]").await;
    browser.click("[data-testid=nav-streams]").await;
    browser.see("[data-key='aggregate:Order:0205']").await;
    assert_eq!(scrolled(&browser, STREAMS, 1).await, 6400);
    browser.close().await;
}

#[tokio::test]
async fn a_filtered_list_is_found_as_it_was_left_also_when_events_were_added() {
    let redis = TestRedis::start().await;
    redis.add_many("events:orders", 400).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?category=events&filter=id:1..").await;
    browser.see("[data-id='400-0']").await;
    browser.evaluate(&format!("{EVENTS}.scrollTo(0, 4600)")).await;
    browser.see("[data-id='300-0']").await;
    let before = eventually("the row at the edge is drawn", || async {
        browser.evaluate(FIRST).await.as_str().filter(|id| !id.starts_with('4')).map(str::to_owned)
    })
    .await;
    browser.click("[data-testid=nav-streams]").await;
    browser.see("[data-testid=stream-row]").await;
    redis.add("events:orders", "401-0", "E", "{}").await;
    browser.evaluate("history.back()").await;
    browser.at("filter=id:1..").await;
    eventually("the same event is at the edge", || async {
        browser.evaluate(FIRST).await.as_str().filter(|id| *id == before).map(|_| ())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn the_overview_is_found_as_it_was_left() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.resize(390, 600).await;
    browser.open("/").await;
    browser.see("[data-testid=newest]").await;
    let page = "document.querySelector('.overview-page')";
    browser.evaluate(&format!("{page}.scrollTo(0, 300)")).await;
    let before = scrolled(&browser, page, 100).await;
    browser.click("[data-testid=nav-streams]").await;
    browser.see("[data-testid=stream-row]").await;
    browser.evaluate("history.back()").await;
    assert_eq!(scrolled(&browser, page, 100).await, before);
    browser.close().await;
}
