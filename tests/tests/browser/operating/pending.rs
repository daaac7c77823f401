//! What a group has pending.

use super::{GROUP, confirm, said, start};

#[tokio::test]
async fn pending_entries_are_chosen_by_a_filter_and_acknowledged() {
    let (redis, _app, browser) = start().await;
    browser.open(GROUP).await;
    browser.count("[data-testid=pending-row]", 6).await;
    browser.fill("[data-testid=pending-filter]", "idle>x").await;
    browser.read("[data-testid=pending-problem]", "idle>5m").await;
    browser.fill("[data-testid=pending-filter]", "type:order.paid data.total>20").await;
    browser.click("[data-testid=pending-apply]").await;
    browser.count("[data-testid=pending-row]", 2).await;
    browser.at("filter=").await;
    browser.click("[data-testid=choose-all]").await;
    browser.click("[data-testid=ack]:enabled").await;
    browser.read("[data-testid=preview-sentence]", "Acknowledges 2 entries").await;
    confirm(&browser, "Acknowledged 2").await;
    browser.count("[data-testid=pending-row]", 0).await;
    let left = said(&redis, "XPENDING events:orders billing - + 10").await;
    assert!(!left.contains("4-0") && !left.contains("6-0") && left.contains("2-0"), "{left}");
    browser.close().await;
}

#[tokio::test]
async fn single_entries_are_claimed_and_moved_to_the_dead_letters() {
    let (redis, _app, browser) = start().await;
    browser.open(GROUP).await;
    browser.click("[data-testid=pending-row][data-id='1-0'] [data-testid=choose-pending]").await;
    browser.fill("[data-testid=claim-to]", "b2").await;
    browser.click("[data-testid=claim]:enabled").await;
    browser.read("[data-testid=effects]", "Consumer b2 gets 1 entry").await;
    confirm(&browser, "Gave away 1").await;
    browser.read("[data-testid=pending-row][data-id='1-0']", "b2").await;
    browser.click("[data-testid=pending-row][data-id='2-0'] [data-testid=choose-pending]").await;
    browser.fill("[data-testid=bury-reason]", "no such customer").await;
    browser.click("[data-testid=bury]:enabled").await;
    confirm(&browser, "Moved 1").await;
    browser.see_none("[data-testid=pending-row][data-id='2-0']").await;
    let dead = said(&redis, "XRANGE {events:orders}:dead:billing - +").await;
    assert!(dead.contains("no such customer") && dead.contains("2-0"), "{dead}");
    browser.close().await;
}

#[tokio::test]
async fn an_entry_that_is_gone_from_the_stream_is_named_as_such() {
    let (redis, _app, browser) = start().await;
    redis.run("XTRIM events:orders MINID = 3-0").await;
    browser.open(GROUP).await;
    browser.read("[data-testid=pending-row][data-id='1-0'] [data-testid=gone]", "No longer").await;
    browser.read("[data-testid=pending-row][data-id='3-0']", "order.created").await;
    browser.close().await;
}

#[tokio::test]
async fn a_long_list_goes_on() {
    let (redis, _app, browser) = start().await;
    redis.add_many("events:many", 250).await;
    redis.run("XGROUP CREATE events:many g 0").await;
    redis.run("XREADGROUP GROUP g c STREAMS events:many >").await;
    browser.open("/group?stream=events:many&group=g").await;
    browser.count("[data-testid=pending-row]", 100).await;
    browser.click("[data-testid=pending-more]:enabled").await;
    browser.count("[data-testid=pending-row]", 200).await;
    browser.click("[data-testid=pending-more]:enabled").await;
    browser.count("[data-testid=pending-row]", 250).await;
    browser.see_none("[data-testid=pending-more]").await;
    browser.close().await;
}
