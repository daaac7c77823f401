//! Links and buttons that lead from one page to another, each with where one comes to.

use std::fs;

use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis, eventually};
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

const VERSION: &str = "[data-testid=version]";
const ORDER: &str = "/travel?stream=aggregate:Order:1001";
const EVENTS: &str = "/events?stream=aggregate:Order:1001";

async fn start() -> (TestRedis, TestApp, Browser) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser)
}

/// Orders are folded by this source.
async fn start_with_fold(source: &str) -> (TestRedis, TestApp, Browser, tempfile::TempDir) {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Order.js"), source).unwrap();
    let folds = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    let app = TestApp::start_with_folds(&redis, folds).await;
    let browser = Browser::start(&app).await;
    (redis, app, browser, folder)
}

#[tokio::test]
async fn the_links_of_the_top_bar_and_the_crumbs_lead_where_they_say() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.click_text("[data-testid=crumb]", "Order").await;
    browser.at("/streams?category=aggregate:Order").await;
    browser.count("[data-testid=stream-row]", 3).await;
    browser.click("[data-testid=crumb-all]").await;
    browser.read("[data-testid=list-count]", "5 streams").await;
    browser.click("[data-testid=home]").await;
    browser.see("[data-testid=newest]").await;
    assert_eq!(browser.path().await, "/");
    browser.open(EVENTS).await;
    browser.see("[data-testid=event-row]").await;
    browser.evaluate("document.querySelector('[data-testid=skip]').focus()").await;
    browser.press(Key::Enter + "").await;
    assert_eq!(browser.evaluate("document.activeElement.tagName").await, "MAIN");
    browser.click("[data-testid=lens-fold]").await;
    browser.see("[data-testid=fold-source]").await;
    browser.click("[data-testid=lens-events]").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.close().await;
}

#[tokio::test]
async fn a_row_of_streams_leads_to_its_events_and_its_versions() {
    let (_redis, _app, browser) = start().await;
    let row = format!("[data-testid=stream-row][data-key='{}']", orders::ORDER);
    browser.open("/streams").await;
    browser.click(&format!("{row} [data-testid=stream-events]")).await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.open("/streams").await;
    browser.click(&format!("{row} [data-testid=stream-travel]")).await;
    browser.read(VERSION, "5").await;
    browser.open("/streams?category=aggregate%3ACustomer&search=1001").await;
    browser.click("[data-testid=everywhere]").await;
    browser.count("[data-testid=stream-row]", 1).await;
    assert!(!browser.path().await.contains("category"));
    browser.close().await;
}

#[tokio::test]
async fn what_the_overview_lists_leads_to_its_events() {
    let (redis, _app, browser) = start().await;
    redis.run("XGROUP CREATE aggregate:Order:1001 billing 0").await;
    redis.add(orders::ORDER, "*", "OrderReturned", "{}").await;
    let busy = format!("[data-testid=busy][data-key='{}'] [data-testid=busy-link]", orders::ORDER);
    browser.open("/").await;
    browser.click(&busy).await;
    browser.at(EVENTS).await;
    browser.count("[data-testid=event-row]", 6).await;
    browser.open("/").await;
    browser.click("[data-testid=group] [data-testid=group-link]").await;
    browser.at(EVENTS).await;
    browser.count("[data-testid=event-row]", 6).await;
    browser.open("/").await;
    browser.click_text("[data-testid=newest-link]", "OrderReturned").await;
    browser.read("[data-testid=event-detail]", "OrderReturned").await;
    browser.close().await;
}

#[tokio::test]
async fn several_streams_become_one_and_a_filter_that_cannot_be_read_is_taken_away() {
    let (_redis, _app, browser) = start().await;
    let other = "stream=aggregate:Order:1002";
    browser.open(&format!("{EVENTS}&{other}")).await;
    browser.count("[data-testid=event-row]", 6).await;
    browser.click_text("[data-testid=chosen-alone]", "1002").await;
    browser.count("[data-testid=event-row]", 1).await;
    browser.open(&format!("{EVENTS}&filter=data.total%3E")).await;
    browser.click("[data-testid=filter-away]").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser
        .click("[data-testid=event-row][data-id='1706185380000-0'] [data-testid=event-link]")
        .await;
    browser.read("[data-testid=event-detail]", "OrderPaid").await;
    browser.open("/events?stream=events:orders&filter=%3Devent.data.nothing.at+%3E+1").await;
    let failed = browser.read("[data-testid=failed-event]", "-").await;
    browser.click("[data-testid=failed-event]").await;
    browser.read("[data-testid=event-detail-id]", &failed).await;
    browser.close().await;
}

#[tokio::test]
async fn types_that_do_not_fit_are_shown_when_asked_for() {
    let redis = TestRedis::start().await;
    for n in 1..=12 {
        redis.add("s", &format!("{n}-0"), &format!("Type{n}"), "{}").await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=s").await;
    browser.read("[data-testid=more-facets]", "4 more types").await;
    browser.count("[data-testid=facet]", 8).await;
    browser.click("[data-testid=more-facets]").await;
    browser.count("[data-testid=facet]", 12).await;
    browser.see_none("[data-testid=more-facets]").await;
    browser.close().await;
}

#[tokio::test]
async fn every_page_that_cannot_be_shown_leads_on() {
    let (redis, _app, browser) = start().await;
    redis.run("SET no:stream x").await;
    for page in [
        "/nowhere",
        "/events?stream=aggregate:Order:1001&limit=none&event=none",
        "/events?stream=no:stream",
        "/travel?stream=no:stream",
        "/fold?stream=no:stream",
    ] {
        browser.open(page).await;
        browser.click("[data-testid=all-streams]").await;
        browser.count("[data-testid=stream-row]", 5).await;
    }
    browser.open(&format!("{ORDER}&version=99")).await;
    browser.click("[data-testid=latest-version]").await;
    browser.read(VERSION, "5").await;
    // What it asks again is answered by then.
    browser.open("/travel?stream=aggregate:Late:1").await;
    browser.see("[data-testid=error]").await;
    redis.add("aggregate:Late:1", "1-0", "LateCame", "{}").await;
    browser.click("[data-testid=error] [data-testid=try-again]").await;
    browser.read(VERSION, "1").await;
    // The browser notes what the server did not have.
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_stop_of_the_fold_is_reached_from_where_it_is_told() {
    let fold = "export default { on: { OrderPaid(state) { state.missing.thing = 1; } } };";
    let (_redis, _app, browser, folder) = start_with_fold(fold).await;
    browser.open(&format!("{ORDER}&version=5")).await;
    browser.click("[data-testid=at-stop]").await;
    browser.read(VERSION, "4").await;
    browser.click("[data-testid=stopped-event]").await;
    browser.read("[data-testid=event-detail]", "OrderPaid").await;
    browser.open(&format!("{ORDER}&version=5&pane=bisect")).await;
    browser.fill("[data-testid=expression]", "state.total > 0").await;
    browser.click("[data-testid=bisect]").await;
    browser.click("[data-testid=stopped-version]").await;
    browser.read(VERSION, "4").await;
    browser.open("/fold?stream=aggregate:Order:1001&version=5").await;
    browser.click("[data-testid=fold-stopped-line]").await;
    assert_eq!(browser.evaluate("document.activeElement.dataset.testid").await, "fold-source");
    fs::write(folder.path().join("Order.js"), "no fold").unwrap();
    browser.open(&format!("{ORDER}&version=3")).await;
    browser.click("[data-testid=open-fold]").await;
    browser.at("/fold?stream=aggregate:Order:1001").await;
    browser.see("[data-testid=fold-source]").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn what_a_bisect_found_is_gone_to() {
    let (redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5&pane=bisect")).await;
    browser.fill("[data-testid=expression]", "state.status === 'paid'").await;
    browser.click("[data-testid=bisect]").await;
    browser.click("[data-testid=first-true-version]").await;
    browser.read(VERSION, "4").await;
    browser.fill("[data-testid=expression]", "state.payment.amount > 0").await;
    browser.click("[data-testid=bisect]").await;
    browser.click("[data-testid=failed-version]").await;
    browser.read(VERSION, "1").await;
    redis.add(orders::ORDER, "1706271700000-0", "OrderBroken", "{no JSON").await;
    browser.open(&format!("{ORDER}&version=6")).await;
    browser.click("[data-testid=first-unread]").await;
    browser.read(VERSION, "6").await;
    browser.close().await;
}

#[tokio::test]
async fn the_version_is_moved_by_every_button_of_the_toolbar() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=3")).await;
    browser.read(VERSION, "3").await;
    browser.click("[data-testid=step-prev]").await;
    browser.read(VERSION, "2").await;
    browser.click("[data-testid=follow]").await;
    browser.read(VERSION, "5").await;
    browser.see("[data-testid=follow][aria-pressed=true]").await;
    browser.click_text("[data-testid=type-choice] option", "OrderCreated").await;
    browser.click("[data-testid=previous-of-type]").await;
    browser.read(VERSION, "1").await;
    browser.click_text("[data-testid=type-choice] option", "OrderPaid").await;
    browser.click("[data-testid=next-of-type]").await;
    browser.read(VERSION, "4").await;
    browser.click("[data-testid=speed] option:last-child").await;
    let chosen = "(box => box.selectedIndex === box.length - 1)(document.querySelector('[data-testid=speed]'))";
    assert_eq!(browser.evaluate(chosen).await, true);
    browser.click("[data-testid=step-next]").await;
    browser.read(VERSION, "5").await;
    browser.click("[data-testid=timeline-track]").await;
    browser.read(VERSION, "3").await;
    browser.click("[data-testid=pane-diff]").await;
    browser.at("pane=diff").await;
    browser.see(".side-row").await;
    browser.fill("[data-testid=state-search]", "t").await;
    browser.read("[data-testid=search-count]", "8 found").await;
    browser.click("[data-testid=next-match]").await;
    browser.read("[data-testid=search-count]", "1 of 8").await;
    browser.click("[data-testid=next-match]").await;
    browser.read("[data-testid=search-count]", "2 of").await;
    browser.click("[data-testid=previous-match]").await;
    browser.read("[data-testid=search-count]", "1 of").await;
    browser.close().await;
}

#[tokio::test]
async fn a_history_leads_to_its_versions_and_leaves_out_types() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5&pane=history&path=/status")).await;
    browser.count("[data-testid=history-row]", 3).await;
    browser.click("[data-testid=history-row][data-version='4']").await;
    browser.read(VERSION, "4").await;
    browser.click("[data-testid=ignore-types-button]").await;
    browser.click("[data-testid=ignored-type]").await;
    browser.at("ignore").await;
    browser.read("[data-testid=ignore-types-button]", "1 ignored").await;
    browser.close().await;
}

#[tokio::test]
async fn the_panes_of_an_event_lead_to_one_another_and_to_other_events() {
    let (redis, _app, browser) = start().await;
    let story = "type OrderAudited correlation_id c1 event_id";
    redis.run(&format!("XADD aggregate:Order:1001 1706272000000-0 {story} e1")).await;
    redis
        .run(&format!("XADD aggregate:Order:1002 1706272001000-0 {story} e2 causation_id e1"))
        .await;
    browser.open(&format!("{EVENTS}&event=1706272000000-0")).await;
    for pane in ["related", "compare", "fields", "data"] {
        browser.see(&format!("[data-testid=event-pane-{pane}]")).await;
    }
    browser.click("[data-testid=event-pane-related]").await;
    browser.count("[data-testid=story-row]", 2).await;
    browser.click("[data-testid=story-row][data-depth='1'] [data-testid=story-link]").await;
    browser.at("stream=aggregate:Order:1002").await;
    browser.read("[data-testid=event-detail-id]", "1706272001000-0").await;
    browser.open(&format!("{EVENTS}&event=1706272000000-0&base=1706185380000-0")).await;
    browser.click("[data-testid=event-pane-compare]").await;
    browser.click("[data-testid=base-link]").await;
    browser.read("[data-testid=event-detail-id]", "1706185380000-0").await;
    browser.click("[data-testid=event-pane-fields]").await;
    let folder = browser.save_downloads().await;
    browser.click("[data-field=type] [data-testid=field-download]").await;
    eventually("the bytes of the field are saved", || async {
        let saved = fs::read_dir(folder.path()).ok()?.next()?.ok()?;
        fs::read(saved.path()).ok().filter(|bytes| bytes == b"OrderPaid")
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn each_line_of_the_menu_of_an_event_copies_and_the_menus_open_by_their_buttons() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{EVENTS}&event=1706185380000-0")).await;
    browser.read("[data-testid=event-detail-id]", "1706185380000-0").await;
    browser
        .evaluate("(navigator.clipboard.writeText = async text => { window.copied = text; }, 0)")
        .await;
    for (line, what) in [
        ("[data-testid=copy-link]", "http"),
        ("[data-testid=copy-json]", "\"status\": \"paid\""),
        ("[data-testid=copy-ndjson]", "{\"stream\":"),
        ("[data-testid=copy-xadd]", "XADD "),
    ] {
        browser.click("[data-testid=copy-menu-button]").await;
        browser.click(line).await;
        eventually(&format!("{line} copies"), || async {
            browser.evaluate("window.copied ?? ''").await.as_str()?.contains(what).then_some(())
        })
        .await;
    }
    for (button, opened) in [
        ("[data-testid=columns-button]", "[data-testid=columns][open] [data-testid=column]"),
        ("[data-testid=export-button]", "[data-testid=export][open] [data-testid=export-csv]"),
    ] {
        browser.click(button).await;
        browser.see(opened).await;
    }
    browser.close().await;
}

#[tokio::test]
async fn the_help_on_keys_is_closed_by_its_button_and_by_a_click_beside_it() {
    let (_redis, _app, browser) = start().await;
    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.press("?").await;
    browser.click("[data-testid=keys-close]").await;
    browser.see_none("[data-testid=keys-dialog][open]").await;
    browser.press("?").await;
    browser.see("[data-testid=keys-dialog][open]").await;
    browser.click_at("[data-testid=keys-dialog]", -20, -20).await;
    browser.see_none("[data-testid=keys-dialog][open]").await;
    browser.close().await;
}

#[tokio::test]
async fn the_workbench_leads_to_its_event_and_tries_again_what_could_not_be_tried() {
    let fold = "export default { on: { OrderPaid(state) { state.paid = true; } } };";
    let (redis, _app, browser, _folder) = start_with_fold(fold).await;
    browser.open("/fold?stream=aggregate:Order:1001&version=4").await;
    browser.see("[data-testid=fold-event][open]").await;
    browser.click("[data-testid=fold-event-button]").await;
    browser.see("[data-testid=fold-event]:not([open])").await;
    browser.see("[data-testid=fold-source]").await;
    redis.run("RENAME aggregate:Order:1001 elsewhere").await;
    browser.fill("[data-testid=fold-source]", "export default { on: {} };").await;
    browser.see("[data-testid=fold-try-again]").await;
    redis.run("RENAME elsewhere aggregate:Order:1001").await;
    browser.click("[data-testid=fold-try-again]").await;
    browser.see_none("[data-testid=fold-refused]").await;
    browser.click("[data-testid=fold-event-button]").await;
    browser.click("[data-testid=fold-event-link]").await;
    browser.read("[data-testid=event-detail]", "OrderPaid").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn more_of_a_story_is_looked_for_when_asked() {
    let redis = TestRedis::start().await;
    let mut connection = redis.connection().await;
    let mut pipeline = redis::pipe();
    for n in 0..5_000 {
        let command = pipeline.cmd("XADD").arg(format!("a:{n}")).arg("1-0").arg("type").arg("T");
        command.arg("correlation_id").arg("c").ignore();
    }
    pipeline.exec_async(&mut connection).await.unwrap();
    redis.add_many("a:long", 110_000).await;
    redis.run("XADD a:long 110001-0 type T correlation_id c").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let effort = "document.querySelector('[data-testid=related-effort]')?.textContent";
    browser.open("/events?stream=a:long&event=110001-0&pane=related").await;
    browser.read("[data-testid=related-parts]", "1 stream was not read to the end").await;
    browser.click("[data-testid=related-parts-button]").await;
    for button in ["[data-testid=related-deeper]", "[data-testid=related-further]"] {
        let before = browser.evaluate(effort).await;
        assert!(before.is_string());
        browser.click(button).await;
        eventually(&format!("{button} reads more"), || async {
            (browser.evaluate(effort).await != before).then_some(())
        })
        .await;
        browser.see("[data-testid=related-further]:not([disabled])").await;
    }
    browser.close().await;
}

#[tokio::test]
async fn what_is_not_known_of_a_place_or_an_order_is_said() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 6_000).await;
    let mut connection = redis.connection().await;
    let mut pipeline = redis::pipe();
    for n in 0..100_001 {
        pipeline.cmd("XADD").arg(format!("many:{n}"));
        pipeline.arg("1-0").arg("n").arg(n).ignore();
    }
    pipeline.exec_async(&mut connection).await.unwrap();
    let app = TestApp::start_without_indexes(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=s").await;
    browser.see("[data-testid=event-row]").await;
    browser.evaluate("document.querySelector('.long-list').scrollTo(0, document.querySelector('.long-list').scrollHeight / 2)").await;
    browser.read("[data-testid=counting]", "--index-mb").await;
    browser.open("/streams").await;
    browser.see("[data-testid=stream-row]").await;
    browser.click_text("[data-testid=sort]", "Events").await;
    browser.read("[data-testid=list-note]", "Too many to be sorted").await;
    browser.close_regardless().await;
}
