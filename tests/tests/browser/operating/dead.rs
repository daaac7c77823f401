//! Dead letters.

use rewind_tests::TestRedis;

use super::{confirm, said, start};
use crate::browser::Browser;

const DEAD: &str = "/group?stream=events:orders&group=billing&pane=dead";

/// Moves the first three pending entries to the dead letters.
async fn bury_three(browser: &Browser) {
    browser.open("/group?stream=events:orders&group=billing&filter=id:..3-0").await;
    browser.count("[data-testid=pending-row]", 3).await;
    browser.click("[data-testid=choose-all]").await;
    browser.fill("[data-testid=bury-reason]", "poison").await;
    browser.click("[data-testid=bury]:enabled").await;
    confirm(browser, "Moved 3").await;
    browser.open(DEAD).await;
    browser.count("[data-testid=letter]", 3).await;
}

async fn letters(redis: &TestRedis) -> String {
    said(redis, "XLEN {events:orders}:dead:billing").await.trim().to_owned()
}

#[tokio::test]
async fn dead_letters_are_replayed_to_the_group_to_the_stream_and_deleted() {
    let (redis, _app, browser) = start().await;
    bury_three(&browser).await;
    browser.read("[data-testid=letter]", "poison").await;
    browser.read("[data-testid=dead-actions]", "0 chosen").await;
    browser.click("[data-testid=letter]:first-of-type [data-testid=choose-letter]").await;
    browser.click("[data-testid=replay]:enabled").await;
    browser.read("[data-testid=preview-sentence]", "Gives 1 dead letter to the group").await;
    confirm(&browser, "Replayed 1").await;
    browser.count("[data-testid=letter]", 2).await;
    assert!(said(&redis, "XPENDING events:orders billing - + 10").await.contains("1-0"));
    // To everybody, as a new event with a link to the old one.
    browser.click("[data-testid=letter]:first-of-type [data-testid=choose-letter]").await;
    let choose = "(() => { const s = document.querySelector('[data-testid=replay-to]'); s.value = 'stream'; s.dispatchEvent(new Event('change', {bubbles: true})); return 1 })()";
    browser.evaluate(choose).await;
    browser.click("[data-testid=replay]:enabled").await;
    browser.read("[data-testid=effects]", "Group stats gets 1 entry again").await;
    confirm(&browser, "Replayed 1").await;
    browser.count("[data-testid=letter]", 1).await;
    let last = said(&redis, "XREVRANGE events:orders + - COUNT 1").await;
    assert!(last.contains("replay_of") && last.contains("2-0"), "{last}");
    browser.click("[data-testid=dead] [data-testid=choose-all]").await;
    browser.click("[data-testid=drop]:enabled").await;
    browser.read("[data-testid=preview-sentence]", "Deletes 1 dead letter").await;
    confirm(&browser, "Deleted 1").await;
    browser.see_none("[data-testid=letter]").await;
    assert_eq!(letters(&redis).await, "0");
    browser.close().await;
}

#[tokio::test]
async fn an_edited_copy_of_a_dead_letter_begins_as_it_is() {
    let (redis, _app, browser) = start().await;
    bury_three(&browser).await;
    browser.click("[data-testid=letter]:first-of-type [data-testid=letter-edit]").await;
    browser.at("/publish?stream=events:orders&from=").await;
    let data = "document.querySelector('[data-testid=publish-data]').value";
    browser.see("[data-testid=publish-data]").await;
    rewind_tests::eventually("the form is filled", || async {
        browser.evaluate(data).await.as_str().filter(|data| data.contains("10")).map(drop)
    })
    .await;
    browser.fill("[data-testid=publish-data]", r#"{"total":11}"#).await;
    browser.click("[data-testid=publish-look]").await;
    confirm(&browser, "Published as").await;
    assert!(said(&redis, "XREVRANGE events:orders + - COUNT 1").await.contains(r#"{"total":11}"#));
    browser.close().await;
}

#[tokio::test]
async fn a_long_list_of_dead_letters_goes_on() {
    let (redis, _app, browser) = start().await;
    redis.add_many("{events:orders}:dead:billing", 150).await;
    browser.open(DEAD).await;
    browser.count("[data-testid=letter]", 100).await;
    browser.click("[data-testid=dead-more]").await;
    browser.count("[data-testid=letter]", 150).await;
    browser.close().await;
}
