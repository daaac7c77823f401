//! Follow: lists of what a filter means, and of many streams, go on with what is added.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;

const FILTERED: &str = "/events?stream=orders:1&filter=type%3APaid";
const CATEGORY: &str = "/events?category=orders";

fn state(state: &str) -> String {
    format!("[data-testid=live-status][data-state={state}]")
}

fn row(place: usize) -> String {
    format!("[data-testid=event-row][aria-rowindex='{place}']")
}

fn event(id: u64) -> String {
    format!("[data-testid=event-row][data-id='{id}-0']")
}

async fn add(redis: &TestRedis, stream: &str, id: u64, kind: &str) {
    redis.add(stream, &format!("{id}-0"), kind, &format!("{{\"n\":{id}}}")).await;
}

/// Two orders, with ids as Redis makes them.
const NOW: u64 = 1_700_000_000_000;

async fn fill(redis: &TestRedis) {
    add(redis, "orders:1", NOW + 1, "Placed").await;
    add(redis, "orders:1", NOW + 2, "Paid").await;
    add(redis, "orders:2", NOW + 3, "Placed").await;
}

#[tokio::test]
async fn what_a_filter_means_appears_above_what_it_has_found() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(FILTERED).await;
    browser.see(&state("live")).await;
    browser.count("[data-testid=event-row]", 1).await;
    add(&redis, "orders:1", NOW + 4, "Shipped").await;
    add(&redis, "orders:1", NOW + 5, "Paid").await;
    browser.see(&event(NOW + 5)).await;
    browser.count("[data-testid=event-row]", 2).await;
    browser.read("[data-testid=coverage]", "1 found, 1 more added since").await;
    browser.see(&format!("{}[data-id='{}-0']", row(1), NOW + 5)).await;
    browser.close().await;
}

#[tokio::test]
async fn a_category_is_followed_with_its_new_streams_and_in_both_orders() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(CATEGORY).await;
    browser.see(&state("live")).await;
    browser.count("[data-testid=event-row]", 3).await;
    redis.run("XADD orders:77 * type FirstOfNew").await;
    browser.read(&row(1), "FirstOfNew").await;
    browser.click("[data-testid=order-choice][data-order=asc]").await;
    browser.see(&state("live")).await;
    browser.read(&row(4), "FirstOfNew").await;
    redis.run("XADD orders:78 * type FirstOfNewer").await;
    browser.read(&row(5), "FirstOfNewer").await;
    browser.close().await;
}

#[tokio::test]
async fn paused_it_counts_and_resumed_it_shows() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=orders:1&stream=orders:2").await;
    browser.see(&state("live")).await;
    browser.press("p").await;
    browser.see(&state("paused")).await;
    add(&redis, "orders:2", NOW + 6, "Paid").await;
    add(&redis, "orders:1", NOW + 7, "Paid").await;
    browser.read("[data-testid=live-count]", "2").await;
    browser.count("[data-testid=event-row]", 3).await;
    browser.press("p").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.close().await;
}

#[tokio::test]
async fn an_event_on_which_the_filter_fails_is_counted_and_named() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    // Throws where there is no list of items.
    browser.open("/events?stream=orders:2&filter=%3Devent.data.items.length%3E1").await;
    browser.see(&state("live")).await;
    browser.see("[data-testid=find-failures]").await;
    browser.see_none("[data-testid=live-failures]").await;
    add(&redis, "orders:2", NOW + 8, "Paid").await;
    browser.read("[data-testid=live-failures]", &format!("{}-0", NOW + 8)).await;
    browser.close().await;
}

#[tokio::test]
async fn more_tabs_than_a_browser_opens_connections_are_all_live_and_survive_each_other() {
    const TABS: usize = 9;
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let mut tabs = vec![browser.tab().await];
    for n in 0..TABS {
        if n > 0 {
            tabs.push(browser.new_tab().await);
        }
        let page = [FILTERED, CATEGORY, "/events?stream=orders:1"][n % 3];
        browser.open(page).await;
        browser.see(&state("live")).await;
    }
    assert_eq!(app.figure("rewind_live_viewers").await, TABS as u64);
    add(&redis, "orders:1", NOW + 9, "Paid").await;
    for tab in &tabs {
        browser.switch_to(tab).await;
        browser.see(&event(NOW + 9)).await;
    }
    // The first one started what they share.
    browser.switch_to(&tabs[0]).await;
    browser.close_tab(&tabs[1]).await;
    add(&redis, "orders:1", NOW + 10, "Paid").await;
    for tab in &tabs[1..] {
        browser.switch_to(tab).await;
        browser.see(&event(NOW + 10)).await;
    }
    rewind_tests::eventually("the closed tab has left its seat", || async {
        (app.figure("rewind_live_viewers").await == TABS as u64 - 1).then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn a_tab_without_the_shared_worker_has_a_line_of_its_own() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.run_in_new_documents("delete window.SharedWorker").await;
    browser.open(CATEGORY).await;
    browser.see(&state("live")).await;
    add(&redis, "orders:1", NOW + 9, "Paid").await;
    browser.see(&event(NOW + 9)).await;
    browser.close().await;
}

#[tokio::test]
async fn any_streams_are_chosen_to_be_one_list_and_left_out_again() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=orders:1").await;
    browser.count("[data-testid=event-row]", 2).await;
    browser.fill("[data-testid=add-stream]", "orders:2").await;
    browser.press(thirtyfour::Key::Enter + "").await;
    browser.at("stream=orders:1&stream=orders:2").await;
    browser.count("[data-testid=event-row]", 3).await;
    browser.see(&state("live")).await;
    add(&redis, "orders:2", NOW + 9, "Paid").await;
    browser.see(&event(NOW + 9)).await;
    browser.count("[data-testid=chosen-stream]", 2).await;
    browser.click("[data-testid=chosen-away][aria-label='Leave out orders:1']").await;
    browser.at("/events?stream=orders:2").await;
    browser.count("[data-testid=event-row]", 2).await;
    browser.count("[data-testid=chosen-stream]", 0).await;
    browser.close().await;
}

#[tokio::test]
async fn all_streams_are_one_list_that_goes_on() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    add(&redis, "other", NOW, "Noted").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.click("[data-testid=all-events]").await;
    browser.at("/events?all=1").await;
    browser.count("[data-testid=event-row]", 4).await;
    browser.see(&state("live")).await;
    redis.run("XADD another * type FirstOfNew").await;
    browser.read(&row(1), "FirstOfNew").await;
    browser.close().await;
}

#[tokio::test]
async fn where_redis_tells_nothing_the_page_says_how_late_events_are_and_what_would_help() {
    let redis = TestRedis::start().await;
    fill(&redis).await;
    redis.run("ACL SETUSER few on >password ~* resetchannels -@all +xrange +xrevrange +xread +xinfo|stream +scan +dbsize +ping +time +info").await;
    let url = format!("{}?user=few&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let browser = Browser::start(&app).await;
    browser.open(CATEGORY).await;
    browser.see(&state("live")).await;
    let says = browser.read("[data-testid=watched-how]", "notify-keyspace-events").await;
    assert!(says.contains("2 streams") && says.contains("later"), "{says}");
    redis.run("XADD orders:1 * type FirstOfNew").await;
    browser.read(&row(1), "FirstOfNew").await;
    browser.close().await;
}
