//! Controls that no other test presses, each with what comes of it.

use std::fs;

use rewind_tests::{TestApp, TestRedis};
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

fn row(path: &str) -> String {
    format!("[data-testid=tree-row][data-path='{path}']")
}

#[tokio::test]
async fn the_controls_of_the_state_do_what_they_say() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=5")).await;
    browser.see(&row("/customer/name")).await;
    browser.click("[data-testid=close-all]").await;
    browser.see_none(&row("/customer/name")).await;
    browser.click("[data-testid=open-all]").await;
    browser.see(&row("/customer/name")).await;
    // Shift and E close, E opens.
    browser.press("E").await;
    browser.see_none(&row("/customer/name")).await;
    browser.press("e").await;
    browser.see(&row("/customer/name")).await;
    browser.fill("[data-testid=state-search]", "ship").await;
    browser.read("[data-testid=search-count]", "1").await;
    browser.click("[data-testid=next-match]").await;
    browser.see(&format!("{}[data-found=current]", row("/status"))).await;
    browser.read("[data-testid=inspector]", "shipped").await;
    browser.read("[data-testid=author-line]", "version 5").await;
    browser.click("[data-testid=show-history]").await;
    browser.read("[data-testid=history-path]", "/status").await;
    browser.click("[data-testid=inspector-close]").await;
    browser.see_none("[data-testid=inspector]").await;
    browser.close().await;
}

#[tokio::test]
async fn the_controls_of_the_panes_do_what_they_say() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=4&pane=history")).await;
    browser.read("[data-testid=choose-value]", "Select a value").await;
    browser.click(&row("/total")).await;
    browser.count("[data-testid=history-row]", 3).await;
    browser.click("[data-testid=pane-changes]").await;
    browser.at("pane=changes").await;
    browser.click("[data-testid=set-base]").await;
    browser.at("base=4").await;
    browser.click("[data-testid=step-next]").await;
    browser.read("[data-testid=change-row]", "/status").await;
    browser.read("[data-testid=base-version]", "4").await;
    browser.click("[data-testid=base-version]").await;
    browser.read(VERSION, "4").await;
    browser.read("[data-testid=no-change]", "No change").await;
    browser.click("[data-testid=clear-base]").await;
    browser.click("[data-testid=pane-bisect]").await;
    browser.read("[data-testid=bisect-hint]", "JavaScript").await;
    browser.fill("[data-testid=expression]", "state.total < 0").await;
    browser.click("[data-testid=bisect]").await;
    browser.read("[data-testid=never-true]", "Never true").await;
    browser.close().await;
}

#[tokio::test]
async fn the_controls_of_the_versions_do_what_they_say() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=1")).await;
    browser.see("[data-testid=version-row][data-version='5']").await;
    let choose = |css: &str, value: &str| {
        format!(
            "(() => {{ const box = document.querySelector('{css}'); box.value = '{value}'; box.dispatchEvent(new Event('change', {{ bubbles: true }})); return box.value; }})()"
        )
    };
    let chosen = browser.evaluate(&choose("[data-testid=type-choice]", "OrderPaid")).await;
    assert_eq!(chosen, "OrderPaid");
    browser.press("]").await;
    browser.read(VERSION, "4").await;
    browser.press("[").await;
    browser.read("[data-testid=note]", "No earlier event is of type `OrderPaid`").await;
    let before = browser.evaluate("document.querySelector('[data-testid=speed]').value").await;
    browser.press(">").await;
    rewind_tests::eventually("the speed changes", || async {
        let now = browser.evaluate("document.querySelector('[data-testid=speed]').value").await;
        (now != before).then_some(())
    })
    .await;
    browser.press("<").await;
    rewind_tests::eventually("the speed is as before", || async {
        let now = browser.evaluate("document.querySelector('[data-testid=speed]').value").await;
        (now == before).then_some(())
    })
    .await;
    browser.click("[data-testid=play]").await;
    browser.read(VERSION, "5").await;
    browser.click("[data-testid=keys]").await;
    browser.read("[data-testid=keys-dialog][open]", "Play or pause").await;
    browser.press(Key::Escape + "").await;
    browser.see_none("dialog[open]").await;
    browser.press("g").await;
    let focused = "document.activeElement.dataset.testid";
    assert_eq!(browser.evaluate(focused).await, "version-input");
    browser.press(Key::Escape + "").await;
    browser.click("[data-testid=event-of-version]").await;
    browser.at("event=1706271600000-0").await;
    browser.close().await;
}

#[tokio::test]
async fn a_place_that_is_not_there_is_said_and_one_stays_where_one_is() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{ORDER}&version=2")).await;
    browser.read(VERSION, "2").await;
    // Again and again, since a page that still puts its own place into the address would take this one for gone.
    let visit = format!(
        "history.pushState(null, '', '{ORDER}&version=99'); dispatchEvent(new PopStateEvent('popstate'));"
    );
    browser
        .evaluate(&format!(
            "(() => {{ window.again = setInterval(() => {{ if (!document.querySelector('[data-testid=refusal]')) {{ {visit} }} }}, 500); }})()"
        ))
        .await;
    browser.read("[data-testid=refusal]", "99").await;
    browser.evaluate("clearInterval(window.again)").await;
    browser.click_text("[data-testid=stay]", "Stay at version 2").await;
    browser.see_none("[data-testid=refusal]").await;
    browser.at("version=2").await;
    // The browser notes that the server did not have it.
    browser.close_regardless().await;
}

#[tokio::test]
async fn the_controls_of_an_open_event_do_what_they_say() {
    let (_redis, _app, browser) = start().await;
    browser.open(&format!("{EVENTS}&event=1706185260000-0")).await;
    browser.read("[data-testid=event-detail]", "ItemAdded").await;
    browser.click("[data-testid=set-base]").await;
    browser.at("base=1706185260000-0").await;
    browser.click("[data-testid=event-next]").await;
    browser.at("event=1706185200000-0").await;
    browser.read("[data-testid=change-row]", "/customer").await;
    browser.click("[data-testid=event-close]").await;
    browser.see_none("[data-testid=event-detail]").await;
    browser.open(&format!("{EVENTS}&event=1706185260000-0&pane=related")).await;
    browser.read("[data-testid=no-story]", "names no story").await;
    browser.click("[data-testid=travel-to-event]").await;
    browser.read(VERSION, "2").await;
    browser.close().await;
}

#[tokio::test]
async fn a_type_is_left_out_with_shift_and_the_order_is_turned() {
    let (_redis, _app, browser) = start().await;
    browser.open(EVENTS).await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.click_text("[data-testid=order-choice]", "Oldest first").await;
    browser.at("order=asc").await;
    browser.see("[data-testid=event-row][data-id='1706185200000-0']#event-0").await;
    browser
        .evaluate(
            "[...document.querySelectorAll('[data-testid=facet]')].find(e => e.textContent.includes('OrderPaid'))
                .dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, shiftKey: true }))",
        )
        .await;
    browser.read("[data-testid=filter-chip].negated", "-type:OrderPaid").await;
    browser.count("[data-testid=event-row]", 4).await;
    browser.click("[data-testid=chip-away]").await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.close().await;
}

#[tokio::test]
async fn a_rate_is_told_while_events_come() {
    let (redis, _app, browser) = start().await;
    browser.open("/").await;
    browser.see("[data-testid=newest]").await;
    for _ in 0..5 {
        redis.add(orders::ORDER, "*", "OrderReturned", "{}").await;
    }
    rewind_tests::eventually("the rate of the category is more than nothing", || async {
        let now = "document.querySelector(\"[data-name='aggregate:Order'] [data-testid=rate-now]\")?.textContent";
        let now: f64 = browser.evaluate(now).await.as_str()?.parse().ok()?;
        (now > 0.0).then_some(())
    })
    .await;
    browser.close().await;
}

#[tokio::test]
async fn the_colours_that_were_chosen_stay() {
    let (_redis, _app, browser) = start().await;
    browser.open("/streams").await;
    browser.see("[data-testid=theme]").await;
    let background = "getComputedStyle(document.body).backgroundColor";
    let mut seen = Vec::new();
    for theme in ["light", "dark"] {
        browser
            .click(&format!(
                "[data-testid=theme] label:has([data-testid=theme-choice][value={theme}])"
            ))
            .await;
        browser.see(&format!("[data-testid=theme][data-theme-choice={theme}]")).await;
        seen.push(browser.evaluate(background).await);
    }
    assert_ne!(seen[0], seen[1]);
    browser.open("/").await;
    browser.see("[data-testid=theme][data-theme-choice=dark]").await;
    assert_eq!(browser.evaluate(background).await, seen[1]);
    browser.close().await;
}

#[tokio::test]
async fn what_is_folded_away_can_be_seen() {
    let redis = TestRedis::start().await;
    redis.add_many("aggregate:Counter:1", 300).await;
    orders::fill(&redis).await;
    let members: Vec<String> = (0..40).map(|n| format!("\"m{n}\":{n}")).collect();
    let data = format!("{{{},\"status\":\"created\"}}", members.join(","));
    redis.add("aggregate:Order:9", "1-0", "OrderCreated", &data).await;
    redis.add("aggregate:Order:9", "2-0", "OrderShipped", r#"{"status":"shipped"}"#).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=aggregate:Counter:1&pane=history&path=/n").await;
    browser.see("[data-testid=history-row][data-version='300']").await;
    browser.click("[data-testid=more-history]").await;
    browser.see_none("[data-testid=more-history]").await;
    browser.read("[data-testid=pane]", "300 events").await;
    browser.open("/travel?stream=aggregate:Order:9&version=2&pane=diff").await;
    browser.read("[data-testid=side-differs]", "shipped").await;
    browser.read("[data-testid=side-fold]", "unchanged").await;
    let rows = "document.querySelectorAll('.side-row').length";
    let before = browser.evaluate(rows).await.as_u64().unwrap();
    browser.click("[data-testid=side-fold]").await;
    rewind_tests::eventually("the lines that are the same show", || async {
        browser.evaluate(rows).await.as_u64().filter(|rows| *rows > before)
    })
    .await;
    browser.open("/streams").await;
    browser.see("[data-testid=category][data-category='aggregate']").await;
    browser.read("[data-testid=category]", "aggregate").await;
    let inner = "[data-testid=category][data-category='aggregate:Order']";
    let is_open = browser.evaluate(&format!("document.querySelector(\"{inner}\") !== null")).await;
    browser
        .click("[data-testid=category][data-category='aggregate'] [data-testid=category-twisty]")
        .await;
    match is_open.as_bool().unwrap() {
        true => browser.see_none(inner).await,
        false => drop(browser.see(inner).await),
    }
    browser.close().await;
}

#[tokio::test]
async fn what_is_missing_of_a_history_is_marked_and_leads_on() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.run("XTRIM aggregate:Order:1001 MAXLEN 4").await;
    let folder = tempfile::tempdir().unwrap();
    let fold = "export default { on: { OrderPaid(state) { state.missing.thing = 1; } } };";
    fs::write(folder.path().join("Order.js"), fold).unwrap();
    let folds = rewind_server::config::FoldConfig {
        folder: Some(folder.path().to_owned()),
        ..rewind_server::config::FoldConfig::default()
    };
    let app = TestApp::start_with_folds(&redis, folds).await;
    let browser = Browser::start(&app).await;
    browser.open(&format!("{ORDER}&version=4")).await;
    browser.see("[data-testid=timeline-gap]").await;
    browser.see("[data-testid=timeline-stop]").await;
    browser.click("[data-testid=mend-fold]").await;
    browser.at("/fold?stream=aggregate:Order:1001").await;
    browser.read("[data-testid=fold-file]", "Order.js").await;
    browser.read("[data-testid=fold-stopped-line]", "line 1").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn events_that_cannot_be_read_and_expressions_that_fail_are_counted() {
    let redis = TestRedis::start().await;
    orders::fill(&redis).await;
    redis.add(orders::ORDER, "1706271700000-0", "OrderBroken", "{no JSON").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open(&format!("{ORDER}&version=6")).await;
    browser.read("[data-testid=undecodable]", "1 event could not be read").await;
    browser.open(&format!("{ORDER}&version=5&pane=bisect")).await;
    browser.fill("[data-testid=expression]", "state.payment.amount > 0").await;
    browser.click("[data-testid=bisect]").await;
    browser.read("[data-testid=expression-failures]", "It failed at").await;
    browser.close().await;
}
