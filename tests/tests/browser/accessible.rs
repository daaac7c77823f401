//! Whatever a page shows, axe-core finds nothing in it that keeps people from using it: in both themes, on a wide and on a narrow screen, and
//! at 200 % zoom.

use std::fmt::Write as _;

use rewind_server::config::FoldConfig;
use rewind_tests::{TestApp, TestRedis};
use serde_json::Value;
use thirtyfour::Key;

use crate::browser::Browser;
use crate::orders;

/// The sizes of the page in CSS pixels, and how many pixels of the screen each of these has: the last is the first one at 200 % zoom.
const SCREENS: [(u32, u32, f64); 3] = [(1440, 900, 1.0), (390, 844, 3.0), (720, 450, 2.0)];

/// What scrolls within a list is scrolled by the keys of the list, which has the keyboard as a whole: it is no stop of its own.
const CONFIGURE: &str = "axe.configure({ rules: [{ id: 'scrollable-region-focusable', \
     selector: ':not(:is([role=tree], [role=grid], [role=listbox])[tabindex=\"0\"] .virtual-list)' }] })";

/// What is to be seen, and by which element one knows that it is there.
const STATES: [(&str, &str); 34] = [
    ("/", "[data-testid=newest]"),
    ("/streams", "[data-testid=stream-row]"),
    ("/streams?category=aggregate%3AOrder", "[data-testid=stream-row]"),
    ("/streams?search=nothing+like+it", ".empty"),
    ("/events?stream=aggregate:Order:1001", "[data-testid=event-row]"),
    ("/events?stream=aggregate:Order:1001&event=1706185380000-0", "[data-testid=event-detail]"),
    (
        "/events?stream=aggregate:Order:1001&event=1706185380000-0&pane=fields",
        "[data-testid=field]",
    ),
    (
        "/events?stream=aggregate:Order:1001&event=1706185380000-0&pane=related",
        "[data-testid=story-row]",
    ),
    (
        "/events?stream=aggregate:Order:1001&event=1706185380000-0&pane=compare&base=1706185260000-0",
        "[data-testid=change-row]",
    ),
    ("/events?stream=aggregate:Broken:1&event=2-0", "[data-testid=decode-error]"),
    ("/events?all=1", "[data-testid=event-row]"),
    ("/events?category=aggregate%3AOrder&filter=type%3AOrderPaid", "[data-testid=filter-chip]"),
    (
        "/events?stream=events:orders&filter=%3Devent.data.nothing.at+%3E+1",
        "[data-testid=find-failures]",
    ),
    ("/events?stream=events:orders&filter=data.total%3E", "[data-testid=filter-away]"),
    ("/travel?stream=aggregate:Order:1001&version=4", "[data-testid=tree-row]"),
    ("/travel?stream=aggregate:Order:1001&version=5&base=2&pane=diff", ".side-row"),
    (
        "/travel?stream=aggregate:Order:1001&version=5&pane=history&path=/status",
        "[data-testid=history-row]",
    ),
    ("/travel?stream=aggregate:Order:1001&version=5&pane=bisect", "[data-testid=bisect]"),
    ("/travel?stream=aggregate:Broken:1&version=3", "[data-testid=stopped]"),
    ("/travel?stream=aggregate:Order:1001&version=99", "[data-testid=error]"),
    ("/travel?stream=aggregate:Trimmed:1&version=4", "[data-testid=incomplete]"),
    ("/fold?stream=aggregate:Order:1001&version=4", "[data-testid=fold-source]"),
    ("/fold?stream=aggregate:Broken:1&version=3", "[data-testid=fold-stopped]"),
    ("/nowhere", "[data-testid=not-found]"),
    ("/groups", "[data-testid=group-row]"),
    ("/group?stream=events:orders&group=billing", "[data-testid=pending-row]"),
    ("/group?stream=events:orders&group=billing&pane=consumers", "[data-testid=consumer]"),
    ("/group?stream=events:orders&group=billing&pane=dead", "[data-testid=letter]"),
    ("/publish?stream=events:orders", "[data-testid=publish-type]"),
    ("/publish?stream=aggregate:Order:1001", "[data-testid=publish-version]"),
    ("/trim?stream=events:orders", "[data-testid=preview]"),
    ("/audit", "[data-testid=audit-row]"),
    ("/projections", "[data-testid=projection]"),
    ("/projection?name=totals", "[data-testid=projection-title]"),
];

/// What is opened on a page, and by what one knows that it is open.
const OPENED: [(&str, &str, &str); 6] = [
    (
        "/events?stream=aggregate:Order:1001",
        "[data-testid=columns-button]",
        "[data-testid=columns][open]",
    ),
    (
        "/events?stream=aggregate:Order:1001",
        "[data-testid=export-button]",
        "[data-testid=export][open]",
    ),
    (
        "/events?stream=aggregate:Order:1001&event=1706185380000-0",
        "[data-testid=copy-menu-button]",
        "[data-testid=copy-menu][open]",
    ),
    (
        "/travel?stream=aggregate:Order:1001&version=5",
        "[data-testid=keys]",
        "[data-testid=keys-dialog][open]",
    ),
    (
        "/group?stream=events:orders&group=billing",
        "[data-testid=delete-group]",
        "[data-testid=operation-dialog][open] [data-testid=preview]",
    ),
    ("/groups", "[data-testid=new-group-button]", "[data-testid=new-group][open]"),
];

#[tokio::test]
async fn no_page_has_what_keeps_people_from_using_it() {
    let Ok(script) = std::env::var("REWIND_AXE") else {
        eprintln!("left out: `REWIND_AXE` names no axe-core; `cargo xtask test` fetches it");
        return;
    };
    let script = std::fs::read_to_string(script).unwrap();
    let redis = TestRedis::start().await;
    fill(&redis).await;
    let folder = tempfile::tempdir().unwrap();
    let fold = "export default { on: { BrokenSecond(state) { state.missing.thing = 1; } } };";
    std::fs::write(folder.path().join("Broken.js"), fold).unwrap();
    let folds = FoldConfig { folder: Some(folder.path().to_owned()), ..FoldConfig::default() };
    let app = TestApp::start_with_folds(&redis, folds).await;
    let browser = Browser::start(&app).await;
    let mut found = String::new();
    for (page, css) in STATES {
        browser.open(page).await;
        browser.see(css).await;
        look(&browser, &script, page, &mut found).await;
    }
    for (page, button, css) in OPENED {
        browser.open(page).await;
        browser.click(button).await;
        browser.see(css).await;
        look(&browser, &script, &format!("{page} with {css}"), &mut found).await;
        browser.press(Key::Escape + "").await;
    }
    assert!(found.is_empty(), "{found}");
    // The browser notes what the server did not have.
    browser.close_regardless().await;
}

async fn fill(redis: &TestRedis) {
    orders::fill(redis).await;
    redis.run("XGROUP CREATE aggregate:Order:1001 billing 0").await;
    redis.run("XREADGROUP GROUP billing one COUNT 2 STREAMS aggregate:Order:1001 >").await;
    redis.add("aggregate:Broken:1", "1-0", "BrokenFirst", r#"{"n":1}"#).await;
    redis.add("aggregate:Broken:1", "2-0", "BrokenSecond", "{no JSON").await;
    redis.add("aggregate:Broken:1", "3-0", "BrokenThird", r#"{"n":3}"#).await;
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing one COUNT 2 STREAMS events:orders >").await;
    redis.add_many("{events:orders}:dead:billing", 2).await;
    redis.run("SET projection:totals:checkpoint 1-0").await;
    let begun = r#"{"id":"done-0001","kind":"publish","sentence":"Publishes 1 event.","count":1,"who":"ada","is_verified":false,"from":null,"stream":"events:orders","group":null,"projection":null,"operation":null}"#;
    redis.add("rewind:audit", "1-0", "operation.begun", begun).await;
    redis.add_many("aggregate:Trimmed:1", 5).await;
    redis.run("XTRIM aggregate:Trimmed:1 MAXLEN 2").await;
    redis.add("aggregate:Order:1002", "*", "OrderReturned", r#"{"status":"returned"}"#).await;
}

/// Notes what there is to find in the page as it is: everything in the light, and in the dark what colours are about.
async fn look(browser: &Browser, script: &str, state: &str, found: &mut String) {
    browser.evaluate(&format!("(window.axe ?? (() => {{ {script} }})(), {CONFIGURE}, 0)")).await;
    for (width, height, scale) in SCREENS {
        browser.scale(width, height, scale).await;
        for (scheme, options) in [
            (
                "light",
                r#"{ resultTypes: ["violations"], rules: { "target-size": { enabled: true } } }"#,
            ),
            ("dark", r#"{ resultTypes: ["violations"], runOnly: ["color-contrast"] }"#),
        ] {
            browser.prefer_scheme(scheme).await;
            let run = format!("axe.run(document, {options}).then(result => result.violations)");
            for violation in browser.evaluate(&run).await.as_array().unwrap() {
                note(found, &format!("{state} at {width}, {scheme}"), violation);
            }
        }
    }
}

fn note(found: &mut String, state: &str, violation: &Value) {
    let nodes = violation["nodes"].as_array().unwrap();
    let shown = nodes.iter().take(3).map(|node| node["target"].to_string());
    let shown = shown.collect::<Vec<_>>().join(", ");
    let (id, first) = (&violation["id"], &nodes[0]["failureSummary"]);
    let first = first.as_str().unwrap_or_default().replace('\n', " ");
    writeln!(found, "{state}: {id} in {} places: {shown}; {first}", nodes.len()).unwrap();
}
