//! Trimming and deleting.

use super::{confirm, said, start};

async fn choose(browser: &crate::browser::Browser, kind: &str) {
    let script = format!(
        "(() => {{ const s = document.querySelector('[data-testid=trim-kind]'); s.value = '{kind}'; s.dispatchEvent(new Event('change', {{bubbles: true}})); return 1 }})()"
    );
    browser.see("[data-testid=trim-kind]").await;
    browser.evaluate(&script).await;
}

#[tokio::test]
async fn what_would_go_and_who_would_lose_it_shows_while_one_chooses() {
    let (redis, _app, browser) = start().await;
    browser.open("/events?stream=events:orders").await;
    browser.click("[data-testid=operate-button]").await;
    browser.click("[data-testid=operate-trim]").await;
    browser.at("/trim?stream=events:orders").await;
    browser.read("[data-testid=refusal]", "has nothing that would go").await;
    browser.fill("[data-testid=trim-value]", "many").await;
    browser.read("[data-testid=trim-problem]", "no number").await;
    choose(&browser, "from").await;
    browser.fill("[data-testid=trim-value]", "3-0").await;
    browser.read("[data-testid=preview-sentence]", "oldest 2 entries").await;
    browser
        .read("[data-testid=effects]", "Group billing loses 2 entries that it has pending")
        .await;
    browser
        .read("[data-testid=effects]", "Group stats loses 2 entries that it has not been given")
        .await;
    choose(&browser, "age").await;
    browser.fill("[data-testid=trim-value]", "1d").await;
    browser.read("[data-testid=preview-sentence]", "oldest 12 entries").await;
    choose(&browser, "acknowledged").await;
    browser.read("[data-testid=refusal]", "has nothing that would go").await;
    choose(&browser, "length").await;
    browser.fill("[data-testid=trim-value]", "5").await;
    browser.click("[data-testid=trim-about]").await;
    browser.read("[data-testid=warnings]", "whole blocks").await;
    browser.click("[data-testid=trim-about]").await;
    browser.click("[data-testid=trim-look]:enabled").await;
    confirm(&browser, "Removed 7").await;
    assert_eq!(said(&redis, "XLEN events:orders").await.trim(), "5");
    browser.close().await;
}

#[tokio::test]
async fn a_stream_is_deleted_with_its_groups() {
    let (redis, _app, browser) = start().await;
    browser.open("/trim?stream=events:orders").await;
    browser.click("[data-testid=delete-stream]").await;
    browser.read("[data-testid=preview-sentence]", "with 12 entries and all of its groups").await;
    browser.read("[data-testid=warnings]", "2 groups are deleted").await;
    confirm(&browser, "The stream was deleted").await;
    assert_eq!(said(&redis, "EXISTS events:orders").await.trim(), "0");
    // The page has asked what trimming what is gone would do.
    browser.close_regardless().await;
}

#[tokio::test]
async fn who_may_not_trim_sees_what_it_would_do_and_why_not() {
    let (_redis, mut app, browser) = start().await;
    app.restart_with_access(rewind_server::config::AccessConfig::default()).await;
    browser.open("/trim?stream=events:orders").await;
    browser.fill("[data-testid=trim-value]", "5").await;
    browser.read("[data-testid=preview-sentence]", "oldest 7 entries").await;
    browser.read("[data-testid=trim-obstacle]", "--allow trim").await;
    browser.see("[data-testid=trim-look]:disabled").await;
    browser.close().await;
}
