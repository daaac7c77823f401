//! The overview: the page that one comes to first.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const PLOT: &str = "[data-testid=rates-plot]";
const ORDERS: &str = "[data-testid=rate][data-name='aggregate:Order']";

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/").await;
    (redis, app, browser)
}

#[tokio::test]
async fn what_happens_shows_by_itself_and_leads_to_its_events() {
    let (redis, _app, browser) = start().await;
    browser.read("[data-testid=newest]", "OrderShipped").await;
    browser.read("[data-testid=rates]", "No events in the last 5 minutes").await;
    redis.add(orders::ORDER, "*", "OrderReturned", r#"{"status":"returned"}"#).await;
    browser.read("[data-testid=newest]", "OrderReturned").await;
    browser.see(ORDERS).await;
    browser.see(&format!("[data-testid=busy][data-key='{}']", orders::ORDER)).await;
    browser.see("[data-testid=rates] path[d^=M]").await;
    browser.click_text("[data-testid=newest] a", "OrderReturned").await;
    browser.at("/events?stream=aggregate:Order:1001&event=").await;
    browser.evaluate("history.back()").await;
    browser.click(&format!("{ORDERS} a")).await;
    browser.at("/events?category=aggregate:Order").await;
    browser.evaluate("history.back()").await;
    browser.click("[data-name=OrderReturned] [data-testid=rate-link]").await;
    browser.at("filter=type:OrderReturned").await;
    browser.count("[data-testid=event-row]", 1).await;
    browser.close().await;
}

#[tokio::test]
async fn a_moment_of_a_chart_is_read_by_the_keyboard() {
    let (redis, _app, browser) = start().await;
    for _ in 0..6 {
        redis.add(orders::ORDER, "*", "OrderReturned", "{}").await;
    }
    browser.see("[data-testid=rates] path[d^=M]").await;
    let text = "document.querySelector('[data-testid=rates-plot]').getAttribute('aria-valuetext')";
    let plot = browser.see(PLOT).await;
    plot.focus().await.unwrap();
    browser.press(Key::End).await;
    browser.see(".rates-mark.shown").await;
    let at_end = browser.evaluate(text).await;
    assert!(at_end.as_str().unwrap().contains("events a second"), "{at_end}");
    // The moment stays chosen, and the keyboard where it is, while the chart moves on below them.
    let bar = "Number(document.activeElement.ariaValueNow)";
    let last = browser.evaluate(bar).await.as_f64().unwrap();
    browser.press(Key::Left).await;
    rewind_tests::eventually("the chosen moment moves to the left", || async {
        browser.evaluate(bar).await.as_f64().filter(|bar| *bar < last - 1.0)
    })
    .await;
    browser.see(".rates-mark.shown").await;
    browser.press(Key::Home).await;
    let at_home = browser.evaluate(text).await;
    assert_ne!(at_home, at_end);
    browser.press(Key::Escape).await;
    browser.count(".rates-mark.shown", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn a_moment_that_is_pointed_at_is_marked_in_both_charts() {
    let (redis, _app, browser) = start().await;
    redis.add(orders::ORDER, "*", "OrderReturned", "{}").await;
    browser.see("[data-testid=rates] path[d^=M]").await;
    browser.count(".rates-mark.shown", 0).await;
    browser.point_at(PLOT).await;
    browser.count(".rates-mark.shown", 2).await;
    browser.point_at("[data-testid=newest]").await;
    browser.count(".rates-mark.shown", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn what_threatens_the_events_is_called_out() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("CONFIG SET maxmemory-policy allkeys-lru").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/").await;
    browser.read("[data-testid=finding].warning", "maxmemory-policy").await;
    browser.read("[data-testid=redis]", "Redis").await;
    browser.read("[data-testid=group]", "250").await;
    browser.close().await;
}

#[tokio::test]
async fn it_is_the_start_page_and_old_links_lead_to_the_streams() {
    let (_redis, _app, browser) = start().await;
    browser.see("[data-testid=newest]").await;
    browser.click("[data-testid=nav-streams]").await;
    browser.at("/streams").await;
    browser.count("[data-testid=stream-row]", 5).await;
    browser.click("[data-testid=nav-overview]").await;
    browser.see("[data-testid=newest]").await;
    browser.open("/?category=aggregate%3AOrder%3A").await;
    browser.count("[data-testid=stream-row]", 3).await;
    browser.close().await;
}

#[tokio::test]
async fn on_a_phone_nothing_sticks_out() {
    let (_redis, _app, browser) = start().await;
    browser.resize(390, 844).await;
    browser.see("[data-testid=newest]").await;
    let is_scrolled = "document.documentElement.scrollWidth > innerWidth";
    assert_eq!(browser.evaluate(is_scrolled).await, false);
    browser.close().await;
}
