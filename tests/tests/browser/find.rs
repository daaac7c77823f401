//! Find: filters, many streams as one list, and what the whole of a stream looks like.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::prelude::*;

use crate::browser::Browser;
use crate::orders;

const FILTER: &str = "[data-testid=filter]";
const CHIP: &str = "[data-testid=filter-chip]";
const EVENT_ROW: &str = "[data-testid=event-row]";
const COVERAGE: &str = "[data-testid=coverage]";

/// A stream of two types of events with totals from 0 on.
async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    for n in 0..40_u64 {
        let event_type = if n % 10 == 3 { "Refunded" } else { "Paid" };
        let data = format!(r#"{{"total":{n}.50,"customer":"cust_{}"}}"#, n % 4);
        redis.add("shop:a", &format!("{}-0", 1_000_000 + n * 1_000), event_type, &data).await;
        redis.add("shop:b", &format!("{}-0", 1_000_500 + n * 1_000), event_type, &data).await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

async fn type_filter(browser: &Browser, text: &str) {
    browser.see(FILTER).await.send_keys(text).await.unwrap();
    browser.press(Key::Escape + "").await;
    browser.see(FILTER).await.send_keys(Key::Enter + "").await.unwrap();
}

#[tokio::test]
async fn a_filter_is_written_term_by_term_and_is_in_the_address() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.see(EVENT_ROW).await;
    type_filter(&browser, "type:Refunded").await;
    browser.count(EVENT_ROW, 4).await;
    browser.read(COVERAGE, "40 of 40 events").await;
    browser.read(COVERAGE, "4 found").await;
    type_filter(&browser, "data.total>20").await;
    browser.count(EVENT_ROW, 2).await;
    browser.count(CHIP, 2).await;
    let link = browser.at("filter=").await;
    browser.open(&link).await;
    browser.count(EVENT_ROW, 2).await;
    browser.click("[data-testid=filter-chip] button").await;
    browser.count(CHIP, 1).await;
    browser.read(COVERAGE, "20 found").await;
    browser.close().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_filter_is_said_at_its_place_before_anything_runs() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.see(EVENT_ROW).await;
    type_filter(&browser, "type:Paid data.total>").await;
    browser.read("[data-testid=filter-problem]", "At character 22").await;
    browser.see_none(COVERAGE).await;
    // What only the engine finds wrong is said in the same place; the browser reports the refused request.
    browser.open("/events?stream=shop%3Aa&filter=%3Devent.data.total+%3E+(").await;
    browser.read("[data-testid=filter-problem]", "At character").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn an_expression_in_javascript_finds_events_and_its_failures_are_told() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.see(EVENT_ROW).await;
    type_filter(&browser, "=event.data.customer.endsWith('_3') && event.data.total > 30").await;
    browser.count(EVENT_ROW, 3).await;
    browser.open("/events?stream=shop%3Aa&filter=%3Devent.data.nothing.at+%3E+1").await;
    browser.read("[data-testid=find-failures]", "failed on 40 events").await;
    browser.close().await;
}

#[tokio::test]
async fn completions_are_offered_and_taken_by_keys() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.read("[data-testid=facets]", "Refunded").await;
    browser.press("/").await;
    browser.see(FILTER).await.send_keys("type:Ref").await.unwrap();
    browser.read("[role=option]", "Refunded").await;
    browser.press(Key::Down + "").await;
    browser.press(Key::Enter + "").await;
    browser.press(Key::Enter + "").await;
    browser.read(CHIP, "type:Refunded").await;
    browser.count(EVENT_ROW, 4).await;
    browser.close().await;
}

#[tokio::test]
async fn a_category_is_one_list_in_the_order_of_ids() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?category=shop").await;
    browser.see("[data-id='1039500-0']").await;
    let streams = "[...document.querySelectorAll('[data-testid=event-row] .cell-stream')].slice(0, 4).map(e => e.textContent)";
    assert_eq!(
        browser.evaluate(streams).await,
        serde_json::json!(["shop:b", "shop:a", "shop:b", "shop:a"])
    );
    browser.read(COVERAGE, "in 2 streams").await;
    browser.read("main", "in the order of entry ids").await;
    browser.click("[data-id='1039000-0']").await;
    browser.read("[data-testid=event-detail]", "39.50").await;
    browser.at("event=shop:a%401039000-0").await;
    browser.close().await;
}

#[tokio::test]
async fn types_are_counted_and_chosen_and_left_out() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.read("[data-testid=facets]", "Refunded 4").await;
    browser.read("[data-testid=facets]", "Paid 36").await;
    browser.click("[data-testid=facet]:nth-of-type(2)").await;
    browser.read(CHIP, "type:Refunded").await;
    browser.count(EVENT_ROW, 4).await;
    browser.click("[data-testid=facet][aria-pressed=true]").await;
    browser.count(CHIP, 0).await;
    browser.close().await;
}

#[tokio::test]
async fn a_range_of_the_histogram_is_a_filter_for_its_times() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.see(".histogram-bar").await;
    let bars = browser.see("[data-testid=histogram-bars]").await;
    let width = bars.rect().await.unwrap().width;
    #[expect(clippy::cast_possible_truncation, reason = "pixels")]
    let half = (width / 2.0) as i64;
    browser.drag(&bars, half).await;
    browser.read(CHIP, "time:").await;
    browser.read(COVERAGE, "20 found").await;
    browser.close().await;
}

#[tokio::test]
async fn columns_are_chosen_from_the_values_that_events_have() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.see(EVENT_ROW).await;
    browser.click("[data-testid=columns] summary").await;
    browser.click("[data-testid=column][data-path='data.total']").await;
    browser.read(".event-row .cell-own", "39.50").await;
    let link = browser.at("cols=data.total").await;
    browser.open(&link).await;
    browser.read(".event-head .cell-own", "data.total").await;
    browser.close().await;
}

#[tokio::test]
async fn a_list_is_gone_to_by_time_and_by_id() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=events%3Aorders").await;
    browser.see("[data-id='250-0']").await;
    browser.fill("[data-testid=jump]", "20-0").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-id='20-0']").await;
    browser.see_none("[data-id='250-0']").await;
    browser.close().await;
}

#[tokio::test]
async fn times_are_shown_in_the_zone_that_was_chosen() {
    let (_redis, _app, browser) = start().await;
    browser.open("/events?stream=shop%3Aa").await;
    browser.read("[data-testid=zone]", "UTC").await;
    browser.click("[data-testid=zone]").await;
    browser.read("[data-testid=zone]", "Local").await;
    browser.open("/streams").await;
    browser.read("[data-testid=zone]", "Local").await;
    browser.close().await;
}
