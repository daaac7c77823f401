//! Streams that were emptied, and streams that were made again under an open page.

use rewind_tests::{TestApp, TestRedis};
use thirtyfour::Key;

use crate::browser::Browser;

const ROW: &str = "[data-testid=event-row]";
const REMADE: &str = "[data-testid=remade]";
const LIVE: &str = "[data-testid=live-status][data-state=live]";

async fn fill(redis: &TestRedis, count: u64) {
    for n in 1..=count {
        redis.add("s", &format!("{n}-0"), "Old", &format!(r#"{{"old":{n}}}"#)).await;
    }
}

#[tokio::test]
async fn an_emptied_stream_goes_on_with_the_version_that_comes_next() {
    for emptied in ["XTRIM s MAXLEN 0", "XDEL s 1-0 2-0 3-0"] {
        let redis = TestRedis::start().await;
        fill(&redis, 3).await;
        redis.run(emptied).await;
        let app = TestApp::start(&redis).await;
        let browser = Browser::start(&app).await;
        browser.open("/events?stream=s").await;
        browser.read("main", "The stream is empty").await;
        browser.see(LIVE).await;
        redis.add("s", "4-0", "New", "{}").await;
        browser.read(&format!("{ROW} .cell-version"), "4").await;
        assert_eq!(browser.evaluate("document.querySelectorAll('.event-row').length").await, 1);
        assert_eq!(app.ok("/api/events?stream=s").await["events"][0]["version"], 4);
        browser.close().await;
    }
}

#[tokio::test]
async fn the_history_of_an_emptied_stream_is_followed() {
    let redis = TestRedis::start().await;
    fill(&redis, 3).await;
    redis.run("XTRIM s MAXLEN 0").await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=s").await;
    browser.read(".version-of", "of 3").await;
    browser.see(LIVE).await;
    redis.add("s", "4-0", "New", r#"{"new":4}"#).await;
    browser.read(".version-of", "of 4").await;
    browser.read("[role=tree]", "new").await;
    browser.close().await;
}

#[tokio::test]
async fn the_list_of_a_stream_that_was_made_again_has_nothing_of_the_one_before() {
    for path in
        ["/events?stream=s", "/events?stream=s&filter=-type%3ANothing", "/events?stream=s&stream=t"]
    {
        let redis = TestRedis::start().await;
        fill(&redis, 3).await;
        redis.add("t", "1-0", "Other", "{}").await;
        let app = TestApp::start(&redis).await;
        let browser = Browser::start(&app).await;
        browser.open(path).await;
        browser.see(&format!("{ROW}[data-id='3-0']")).await;
        browser.see(LIVE).await;
        redis.run("DEL s").await;
        redis.add("s", "2-0", "New", r#"{"new":2}"#).await;
        browser.read(REMADE, "made again").await;
        browser.read(ROW, "New").await;
        browser.see_none(&format!("{ROW}[data-id='3-0']")).await;
        let texts = browser
            .evaluate(&format!(
                "[...document.querySelectorAll('{ROW}')].map(e => e.textContent).join()"
            ))
            .await;
        assert!(!texts.as_str().unwrap().contains("Old"), "{path}: {texts}");
        redis.add("s", "5-0", "Newer", r#"{"new":5}"#).await;
        browser.read(ROW, "Newer").await;
        browser.close().await;
    }
}

/// Has `s` hold three other events, in this way: with higher ids than before, or the same ones.
async fn make_again(redis: &TestRedis, way: &str) {
    let (key, from) = match way {
        "DEL" => ("s", 11),
        "RENAME" => ("elsewhere", 1),
        _ => ("elsewhere", 11),
    };
    if way == "DEL" {
        redis.run("DEL s").await;
    }
    for n in from..from + 3 {
        redis.add(key, &format!("{n}-0"), "New", &format!(r#"{{"new":{n}}}"#)).await;
    }
    if way != "DEL" {
        redis.run("RENAME elsewhere s").await;
    }
}

const WAYS: [&str; 3] = ["DEL", "RENAME", "RENAME behind its end"];

#[tokio::test]
async fn a_stream_that_is_another_one_is_listed_alone_whichever_ids_it_has() {
    for way in WAYS {
        let redis = TestRedis::start().await;
        fill(&redis, 3).await;
        let app = TestApp::start(&redis).await;
        let browser = Browser::start(&app).await;
        browser.open("/events?stream=s").await;
        browser.see(&format!("{ROW}[data-id='3-0']")).await;
        browser.see(LIVE).await;
        make_again(&redis, way).await;
        browser.read(REMADE, "made again").await;
        browser.read(ROW, "New").await;
        browser.read("main", "3 events").await;
        let old = format!("[...document.querySelectorAll('{ROW}')].map(e => e.textContent).join()");
        let texts = browser.evaluate(&old).await;
        assert!(!texts.as_str().unwrap().contains("Old"), "{way}: {texts}");
        browser.close().await;
    }
}

#[tokio::test]
async fn a_stream_that_became_another_one_while_the_server_was_away_is_shown_from_its_beginning() {
    for path in ["/events?stream=s", "/travel?stream=s"] {
        let redis = TestRedis::start().await;
        fill(&redis, 3).await;
        let mut app = TestApp::start(&redis).await;
        let browser = Browser::start(&app).await;
        browser.open(path).await;
        browser.see(LIVE).await;
        app.stop().await;
        make_again(&redis, "DEL").await;
        app.start_again().await;
        browser.read(REMADE, "made again").await;
        match path {
            "/travel?stream=s" => browser.see("[data-path='/new']").await,
            _ => browser.see(&format!("{ROW}[data-id='11-0']")).await,
        };
        browser.see_none(&format!("{ROW}[data-id='3-0']")).await;
        browser.see_none("[data-path='/old']").await;
        // The console says that the server was away.
        browser.close_regardless().await;
    }
}

#[tokio::test]
async fn an_open_event_of_a_stream_that_was_made_again_is_the_one_that_is_there_now() {
    let redis = TestRedis::start().await;
    fill(&redis, 3).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=s&event=2-0").await;
    browser.read("[data-testid=event-detail]", "Old").await;
    browser.see(LIVE).await;
    redis.run("DEL s").await;
    redis.add("s", "2-0", "New", r#"{"new":2}"#).await;
    browser.read(REMADE, "made again").await;
    browser.read("[data-testid=event-detail]", "New").await;
    browser.close().await;
}

#[tokio::test]
async fn the_history_of_a_stream_that_was_made_again_is_shown_from_its_new_end() {
    let redis = TestRedis::start().await;
    fill(&redis, 3).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/travel?stream=s").await;
    browser.read(".version-of", "of 3").await;
    browser.see(LIVE).await;
    browser.press(Key::Left + "").await;
    browser.at("version=2").await;
    redis.run("DEL s").await;
    redis.add("s", "1-0", "New", r#"{"new":1}"#).await;
    browser.read(REMADE, "made again").await;
    browser.read(".version-of", "of 1").await;
    browser.see("[data-path='/new']").await;
    browser.see_none("[data-path='/old']").await;
    redis.add("s", "2-0", "New", r#"{"more":2}"#).await;
    browser.read(".version-of", "of 2").await;
    browser.see("[data-path='/more']").await;
    browser.close().await;
}
