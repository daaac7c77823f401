//! What a version can be asked: what differs, who set what, where it went wrong, and how it lies in time.

use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const VERSION: &str = "[data-testid=version]";
const ORDER: &str = "/travel?stream=aggregate%3AOrder%3A1001";

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

fn row(path: &str) -> String {
    format!("[data-testid=tree-row][data-path='{path}']")
}

#[tokio::test]
async fn a_link_brings_back_version_base_path_and_pane() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=4&base=1&path=%2Ftotal&pane=history")).await;
    browser.read(VERSION, "4").await;
    browser.read("[data-testid=history-path]", "/total").await;
    browser.count("[data-testid=history-row]", 3).await;
    // Marked is what differs from the base.
    browser.see("[data-path='/status'][data-mark=changed]").await;
    browser.read(&row("/total"), "49.90").await;
    browser.at("base=1").await;
    browser.close().await;
}

#[tokio::test]
async fn two_versions_are_compared_by_a_click_and_a_shift_click() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5")).await;
    browser.read(VERSION, "5").await;
    browser.see("[data-testid=version-row][data-version='1']").await;
    browser
        .evaluate(
            "document.querySelector(\"[data-testid=version-row][data-version='1']\")
                .dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))",
        )
        .await;
    browser.at("base=1").await;
    browser.read(VERSION, "5").await;
    browser.read("[data-testid=pane]", "/payment").await;
    browser.press("d").await;
    browser.read("[data-testid=side-by-side]", "shipped").await;
    browser.at("pane=diff").await;
    browser.press("c").await;
    browser.press(Key::Escape + "").await;
    browser.see("[data-path='/status'][data-mark=changed]").await;
    browser.see("[data-path='/total']:not([data-mark=changed])").await;
    browser.close().await;
}

#[tokio::test]
async fn each_value_names_who_set_it_and_all_that_it_was() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5")).await;
    browser.click(&row("/total")).await;
    browser.read("[data-testid=author-jump]", "version 3").await;
    browser.press("h").await;
    browser.count("[data-testid=history-row]", 3).await;
    // One event back, its author is another one, without anybody being asked.
    browser.click("[data-testid=author-jump]").await;
    browser.read(VERSION, "3").await;
    browser.press(Key::Left + "").await;
    browser.read("[data-testid=author-jump]", "version 2").await;
    browser.press("p").await;
    browser.read(VERSION, "1").await;
    browser.press("n").await;
    browser.read(VERSION, "2").await;
    browser.close().await;
}

#[tokio::test]
async fn the_version_at_which_an_expression_turns_true_is_found() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5&pane=bisect")).await;
    browser.fill("[data-testid=expression]", "state.total < 20").await;
    browser.click("[data-testid=bisect]").await;
    browser.read("[data-testid=first-true]", "3").await;
    browser.click("[data-testid=transition]").await;
    browser.read(VERSION, "3").await;
    browser.at("expr=").await;
    browser.fill("[data-testid=expression]", "state.total <").await;
    browser.click("[data-testid=bisect]").await;
    browser.see("[data-testid=expression-problem]").await;
    // The browser notes that the server would not take it.
    browser.close_regardless().await;
}

#[tokio::test]
async fn the_timeline_shows_idle_times_and_lanes() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=2")).await;
    browser.count("[data-testid=timeline-fold]", 1).await;
    browser.see("[data-testid=timeline-lane][data-path='/status']").await;
    browser.see("[data-testid=timeline-cursor]").await;
    browser.close().await;
}

#[tokio::test]
async fn playing_goes_on_to_the_end_and_leaves_no_history() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=1")).await;
    browser.read(VERSION, "1").await;
    let opened = browser.evaluate("history.length").await;
    browser.press(" ").await;
    browser.read(VERSION, "5").await;
    browser.at("version=5").await;
    assert_eq!(browser.evaluate("history.length").await, opened);
    browser.close().await;
}

#[tokio::test]
async fn a_time_an_entry_and_nonsense_can_be_typed_as_a_place() {
    let (_redis, _app, browser) = start().await;
    browser.open(ORDER).await;
    browser.read(VERSION, "5").await;
    for (typed, version) in [
        ("1706185260000-0", "2"),
        ("2024-01-25 12:22", "3"),
        ("2024-01-25T12:23:00Z", "4"),
        ("1", "1"),
    ] {
        browser.fill("[data-testid=version-input]", typed).await;
        browser.press(Key::Enter + "").await;
        browser.read(VERSION, version).await;
    }
    browser.fill("[data-testid=version-input]", "tomorrow").await;
    browser.press(Key::Enter + "").await;
    browser.see("[data-testid=place-problem]").await;
    browser.close().await;
}

#[tokio::test]
async fn at_the_head_it_follows_and_moved_back_it_counts() {
    let (redis, _app, browser) = start().await;
    browser.open(ORDER).await;
    browser.read(VERSION, "5").await;
    browser.see("[data-testid=follow][aria-pressed=true]").await;
    redis
        .add(orders::ORDER, "1706271700000-0", "OrderDelivered", r#"{"status":"delivered"}"#)
        .await;
    browser.read(VERSION, "6").await;
    browser.read(&row("/status"), "delivered").await;
    browser.press(Key::Left + "").await;
    browser.read(VERSION, "5").await;
    redis.add(orders::ORDER, "1706271800000-0", "OrderReturned", r#"{"status":"returned"}"#).await;
    browser.read("[data-testid=newer-versions]", "1 new version").await;
    browser.read(VERSION, "5").await;
    browser.click("[data-testid=newer-versions]").await;
    browser.read(&row("/status"), "returned").await;
    browser.close().await;
}

#[tokio::test]
async fn where_the_fold_stops_no_state_is_shown() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let fold = "export default {\n  on: {\n    OrderCreated(state, { data }) { state.total = data.total; },\n    OrderPaid(state) { state.missing.thing = 1; },\n  },\n};\n";
    std::fs::write(folder.path().join("Order.js"), fold).unwrap();
    let folds = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    let app = TestApp::start_with_folds(&redis, folds).await;
    let browser = Browser::start(&app).await;
    browser.open(&format!("{ORDER}&version=3")).await;
    browser.read(&row("/total"), "49.90").await;
    browser.read("[data-testid=skipped-types]", "ItemAdded").await;
    browser.press(Key::Right + "").await;
    browser.read("[data-testid=stopped]", "Stopped at version 4").await;
    browser.read("[data-testid=stopped]", "4:").await;
    browser.see_none("[data-testid=tree-row]").await;
    browser.press(Key::Right + "").await;
    browser.read(VERSION, "5").await;
    browser.read("[data-testid=stopped]", "Stopped at version 4").await;
    browser.click("[data-testid=before-stop]").await;
    browser.read(&row("/total"), "49.90").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn the_state_is_searched_and_every_key_is_listed() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5")).await;
    browser.read(VERSION, "5").await;
    browser.press("/").await;
    browser.press("ada").await;
    browser.read("[data-testid=search-count]", "1").await;
    browser.press(Key::Escape + "").await;
    browser.press("?").await;
    browser.read("dialog[open]", "Play or pause").await;
    browser.press(Key::Escape + "").await;
    browser.see_none("dialog[open]").await;
    browser.close().await;
}
