//! Saving what is listed as a file.

use std::fs;

use rewind_tests::{TestApp, TestRedis, eventually};

use crate::browser::Browser;

const ROW: &str = "[data-testid=export-row]";
const DETAILS: &str = "[data-testid=export-details]";

#[tokio::test]
async fn what_is_listed_is_saved_with_the_columns_that_are_shown() {
    let redis = TestRedis::start().await;
    for (stream, total) in [("shop:1", 7), ("shop:2", 70), ("shop:3", 700)] {
        redis.add(stream, "1-0", "Created", "{}").await;
        redis.add(stream, &format!("{total}-0"), "Paid", &format!(r#"{{"total":{total}}}"#)).await;
    }
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let folder = browser.save_downloads().await;
    browser.open("/events?category=shop&filter=data.total%3E50&cols=data.total&order=asc").await;
    browser.click("[data-testid=export] summary").await;
    browser.click("[data-testid=export-csv]").await;
    browser.read(ROW, "events.csv complete").await;
    browser.read(DETAILS, "2 events").await;
    let file = eventually("the file is there", || async {
        fs::read_to_string(folder.path().join("events.csv")).ok()
    })
    .await;
    let lines: Vec<&str> = file.lines().collect();
    assert_eq!(lines.len(), 3, "{file}");
    assert!(lines[0].ends_with(",data.total"), "{file}");
    assert!(lines[1].starts_with("shop:2,70-0,") && lines[1].ends_with(",70"), "{file}");
    assert!(lines[2].starts_with("shop:3,700-0,") && lines[2].ends_with(",700"), "{file}");

    browser.click("[data-testid=export-dismiss]").await;
    browser.see_none(ROW).await;
    browser.close().await;
}

#[tokio::test]
async fn an_export_is_followed_from_any_page_and_can_be_cancelled() {
    let redis = TestRedis::start().await;
    redis.add_many("long", 50_000).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let folder = browser.save_downloads().await;
    // A billion turns for all events: much longer than this test.
    let filter = "%3D(()%3D%3E%7Blet+n%3D0;for(let+i%3D0;i%3C20000;i%2B%2B)n%2B%3Di;return+n%3Eevent.data.n%7D)()";
    browser.open(&format!("/events?stream=long&filter={filter}")).await;
    browser.click("[data-testid=export] summary").await;
    browser.click("[data-testid=export-ndjson]").await;
    browser.read(DETAILS, "of 50,000 events").await;
    browser.see("[data-phase=running] progress").await;

    browser.click("[data-testid=nav-overview]").await;
    browser.see("[data-testid=rates]").await;
    browser.read(DETAILS, "of 50,000 events").await;
    browser.click("[data-testid=export-cancel]").await;
    browser.read(ROW, "events.ndjson cancelled").await;
    eventually("the browser has given up", || async {
        let names = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let has_partial = names.into_iter().any(|name| name.to_string_lossy().contains("download"));
        (!has_partial).then_some(())
    })
    .await;
    assert!(!folder.path().join("events.ndjson").exists(), "a part passes for the whole");
    browser.close().await;
}

#[tokio::test]
async fn on_a_narrow_screen_all_of_the_menu_can_be_seen() {
    let redis = TestRedis::start().await;
    redis.add("shop:1", "1-0", "Created", "{}").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.resize(390, 844).await;
    for path in ["/events?stream=shop%3A1", "/events?category=shop"] {
        browser.open(path).await;
        for (menu, body) in [("export", "menu-body"), ("columns", "menu-sheet")] {
            browser.click(&format!("[data-testid={menu}] summary")).await;
            let place = format!(
                "(() => {{ const place = document.querySelector('[data-testid={menu}] .{body}').getBoundingClientRect(); \
                 return place.left >= 0 && place.right <= innerWidth && place.width > 200; }})()"
            );
            assert_eq!(browser.evaluate(&place).await, true, "{menu} of {path}");
            browser.click(&format!("[data-testid={menu}] summary")).await;
        }
    }
    browser.close().await;
}

#[tokio::test]
async fn what_is_not_in_the_file_is_said_beside_it() {
    let redis = TestRedis::start().await;
    redis.add("shop:1", "1-0", "Paid", r#"{"by":"ann"}"#).await;
    redis.add("shop:2", "2-0", "Paid", "{}").await;
    redis.add("shop:secret", "3-0", "Paid", r#"{"by":"eve"}"#).await;
    redis.run("ACL SETUSER rewind on >password ~shop:1 ~shop:2 &* +@all").await;
    let url = format!("{}?user=rewind&pass=password", redis.url_text());
    let app = TestApp::start_on(url.parse().unwrap()).await;
    let browser = Browser::start(&app).await;
    let folder = browser.save_downloads().await;
    let filter = "event.data.by.length%20%3E%200%20%26%26%20Math.abs(1)";
    browser.open(&format!("/events?category=shop&filter={filter}")).await;
    browser.read("[data-testid=find-unread]", "`shop:secret`").await;
    browser.read("[data-testid=live-unread]", "`shop:secret`").await;
    browser.click("[data-testid=export] summary").await;
    browser.click("[data-testid=export-ndjson]").await;
    browser.read(ROW, "events.ndjson complete").await;
    browser.read("[data-testid=export-unread]", "1 stream could not be read").await;
    browser.read("[data-testid=export-unread]", "`shop:secret`").await;
    browser.read("[data-testid=export-failures]", "failed on 1 event").await;
    let file = eventually("the file is there", || async {
        fs::read_to_string(folder.path().join("events.ndjson")).ok()
    })
    .await;
    assert!(file.lines().count() == 1 && file.contains("\"shop:1\""), "{file}");
    browser.close().await;
}
