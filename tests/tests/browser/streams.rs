//! The page of streams: the tree of categories, the list, and what keeps them from being whole.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const ROW: &str = "[data-testid=stream-row]";
const KEYS: &str =
    "[...document.querySelectorAll('[data-testid=stream-row]')].map(row => row.dataset.key)";

/// Streams `{category}:0` and on, the later ones longer.
async fn fill(redis: &TestRedis, category: &str, count: u32) {
    let mut pipeline = redis::pipe();
    for n in 0..count {
        pipeline.cmd("XADD").arg(format!("{category}:{n}")).arg(format!("{}-0", n + 1));
        pipeline.arg("type").arg("Created").ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}

#[tokio::test]
async fn the_tree_of_categories_is_walked_by_arrow_keys_and_by_typing() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    fill(&redis, "aggregate:Order:archive", 2).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let meant = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.dataset.category";
    browser.open("/streams").await;
    browser.see("[data-category='aggregate:Order'][aria-expanded=false]").await;
    browser.click("[data-category='aggregate'] [data-testid=category-link]").await;
    browser.at("category=aggregate:").await;
    browser.evaluate("document.querySelector('[role=tree]').focus()").await;
    assert_eq!(browser.evaluate(meant).await, "aggregate");
    browser.press("o").await;
    assert_eq!(browser.evaluate(meant).await, "aggregate:Order");
    browser.press(Key::Right + "").await;
    browser.see("[data-category='aggregate:Order:archive'][aria-level='3']").await;
    browser.press(Key::Down + "").await;
    assert_eq!(browser.evaluate(meant).await, "aggregate:Order:archive");
    browser.press(Key::Left + "").await;
    browser.press(Key::Left + "").await;
    browser.see_none("[data-category='aggregate:Order:archive']").await;
    browser.press(Key::End + "").await;
    assert_eq!(browser.evaluate(meant).await, "events");
    browser.press(Key::Enter + "").await;
    browser.at("category=events:").await;
    browser.see("[data-category='events'][aria-selected=true]").await;
    browser.count(ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn the_order_of_the_list_is_chosen_by_its_heads_and_in_the_address() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.count(ROW, 5).await;
    assert_eq!(browser.evaluate(KEYS).await[0], "aggregate:Customer:7");
    browser.click_text("[data-testid=sort]", "Events").await;
    browser.see(&format!("{ROW}[aria-rowindex='2'][data-key='events:orders']")).await;
    browser.click_text("[data-testid=sort]", "Last activity").await;
    browser.see(&format!("{ROW}[aria-rowindex='2'][data-key='{}']", orders::ORDER)).await;
    let link = browser.at("sort=activity").await;
    browser.open(&link).await;
    browser.see(&format!("{ROW}[aria-rowindex='2'][data-key='{}']", orders::ORDER)).await;
    // What was looked at is summed up in the tree.
    browser.read("[data-category='aggregate:Order']", "7").await;
    browser.close().await;
}

#[tokio::test]
async fn of_very_many_streams_only_those_on_screen_are_drawn_and_every_one_can_be_reached() {
    let redis = TestRedis::start().await;
    fill(&redis, "aggregate:Order", 20_000).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.see(&format!("{ROW}[data-key='aggregate:Order:0']")).await;
    browser.see("[data-testid=scan-progress][data-phase=resting]").await;
    browser.read("[data-testid=list-count]", "20,000 streams").await;
    let drawn = browser.evaluate(KEYS).await;
    assert!(drawn.as_array().unwrap().len() < 80, "{drawn}");
    browser
        .evaluate("document.querySelector('.stream-table .virtual-list').scrollTo(0, 1e9)")
        .await;
    browser.see(&format!("{ROW}[data-key='aggregate:Order:19999']")).await;
    browser
        .evaluate("document.querySelector('.stream-table .virtual-list').scrollTo(0, 320000)")
        .await;
    browser.see(&format!("{ROW}[data-key='aggregate:Order:10005']")).await;
    browser.fill("[data-testid=search]", "17654").await;
    browser.count(ROW, 1).await;
    browser.close().await;
}

#[tokio::test]
async fn the_search_is_paused_and_goes_on_and_looks_again_for_what_is_new() {
    let redis = TestRedis::start().await;
    // Enough to be still walking when someone pauses.
    let mut pipeline = redis::pipe();
    for n in 0..400_000 {
        pipeline.cmd("SET").arg(n).arg(n).ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    fill(&redis, "a", 3).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.click_text("[data-testid=scan-action]", "Pause").await;
    browser.read("[data-testid=scan-progress]", "paused").await;
    browser.click_text("[data-testid=scan-action]", "Continue").await;
    browser.read("[data-testid=scan-progress]", "looked at all of 400,003 keys").await;
    browser.count(ROW, 3).await;
    fill(&redis, "b", 2).await;
    browser.click_text("[data-testid=scan-action]", "Look again").await;
    browser.see("[data-category='b']").await;
    browser.count(ROW, 5).await;
    browser.close().await;
}

#[tokio::test]
async fn what_redis_does_not_let_this_user_do_is_said_with_the_rule_that_would() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.run("ACL SETUSER viewer on >password ~* -@all +xlen +xrange +xrevrange +ping").await;
    let url = format!("{}?user=viewer&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let browser = Browser::start(&app).await;
    let problem = "[data-testid=discovery-problem]";
    browser.open("/streams").await;
    browser.read(problem, "+scan").await;
    browser.read("main", "Streams cannot be looked for").await;
    browser.fill("[data-testid=search]", orders::ORDER).await;
    browser.see(&format!("{ROW}[data-key='{}']", orders::ORDER)).await;
    browser.read(problem, "+xinfo|stream").await;
    browser.read(ROW, "5").await;
    browser.close().await;
}

#[tokio::test]
async fn on_a_phone_the_tree_is_a_drawer() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.resize(390, 844).await;
    browser.open("/streams").await;
    browser.count(ROW, 5).await;
    let is_open = "document.querySelector('[role=tree]').checkVisibility()";
    assert_eq!(browser.evaluate(is_open).await, false);
    browser.click("[data-testid=drawer-toggle]").await;
    browser.click("[data-category='aggregate:Order'] [data-testid=category-link]").await;
    browser.count(ROW, 3).await;
    browser.read(".list-head .crumbs", "Order").await;
    assert_eq!(browser.evaluate(is_open).await, false);
    let is_scrolled = "document.documentElement.scrollWidth > innerWidth";
    assert_eq!(browser.evaluate(is_scrolled).await, false);
    browser.close().await;
}

#[tokio::test]
async fn the_list_shows_what_each_stream_had_in_the_last_minutes() {
    let redis = TestRedis::start().await;
    redis.add("orders:quiet", "5-0", "Paid", "{}").await;
    redis.run("XADD orders:busy * type Paid").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams?category=orders").await;
    browser.see("[data-testid=stream-row][data-key='orders:quiet']").await;
    for _ in 0..2 {
        redis.run("XADD orders:busy * type Paid").await;
    }
    browser.see("[data-key='orders:busy'] [data-testid=recent] svg[aria-label^='3 events']").await;
    browser.see_none("[data-key='orders:quiet'] [data-testid=recent] svg").await;
    browser.close().await;
}
