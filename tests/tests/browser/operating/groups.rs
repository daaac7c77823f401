//! All groups, and the places to which one is set.

use super::{GROUP, confirm, said, start};

#[tokio::test]
async fn groups_are_listed_by_how_far_they_are_behind_and_lead_to_their_pages() {
    let (_redis, _app, browser) = start().await;
    browser.open("/groups").await;
    browser.count("[data-testid=group-row]", 2).await;
    browser.read("[data-testid=groups-note]", "2 groups").await;
    browser.read("[data-testid=groups] a:first-of-type", "stats").await;
    browser.fill("[data-testid=groups-search]", "bill").await;
    browser.count("[data-testid=group-row]", 1).await;
    browser.at("search=bill").await;
    browser.click("[data-testid=group-row][data-group=billing]").await;
    browser.read("[data-testid=group-title]", "billing").await;
    browser.read("[data-testid=group-figures] [data-testid=lag]", "6").await;
    browser.read("[data-testid=group-pending]", "6").await;
    browser.read("[data-testid=last-delivered]", "6-0").await;
    browser.click("[data-testid=group-events]").await;
    browser.at("/events?stream=events:orders").await;
    // And back from the stream, to its own groups only.
    browser.click("[data-testid=operate-button]").await;
    browser.click("[data-testid=operate-groups]").await;
    browser.at("/groups?stream=events:orders").await;
    browser.click("[data-testid=groups-all]").await;
    browser.count("[data-testid=group-row]", 2).await;
    browser.close().await;
}

#[tokio::test]
async fn a_group_is_made_where_it_is_to_begin() {
    let (redis, _app, browser) = start().await;
    browser.open("/groups?stream=events:orders").await;
    browser.click("[data-testid=new-group-button]").await;
    browser.fill("[data-testid=new-group-name]", "mail").await;
    browser.click("[data-testid=new-group-end]").await;
    browser.click("[data-testid=new-group-make]").await;
    browser.read("[data-testid=preview-sentence]", "it will get 0 entries").await;
    confirm(&browser, "The group was made").await;
    browser.see("[data-testid=group-row][data-group=mail]").await;
    assert!(said(&redis, "XINFO GROUPS events:orders").await.contains("mail"));
    // Of a stream that is written by hand.
    browser.open("/groups").await;
    browser.click("[data-testid=new-group-button]").await;
    browser.fill("[data-testid=new-group-stream]", "events:new").await;
    browser.fill("[data-testid=new-group-name]", "first").await;
    browser.click("[data-testid=new-group-make]").await;
    browser.read("[data-testid=warnings]", "an empty one is made").await;
    confirm(&browser, "The group was made").await;
    assert!(said(&redis, "XINFO GROUPS events:new").await.contains("first"));
    browser.close().await;
}

#[tokio::test]
async fn a_group_is_set_to_each_kind_of_place() {
    let (redis, _app, browser) = start().await;
    browser.open(GROUP).await;
    for (kind, value, last) in [
        ("version", "3", "3-0"),
        ("shift", "2", "5-0"),
        ("after", "9-0", "9-0"),
        ("like", "stats", "0-0"),
        ("end", "", "12-0"),
        ("start", "", "0-0"),
    ] {
        browser.click("[data-testid=reset-group-button]").await;
        let choose = format!(
            "const s = document.querySelector('[data-testid=reset-kind]'); s.value = '{kind}'; s.dispatchEvent(new Event('change', {{bubbles: true}}))"
        );
        browser.evaluate(&format!("(() => {{ {choose}; return 1 }})()")).await;
        if !value.is_empty() {
            browser.fill("[data-testid=reset-value]", value).await;
        }
        browser.click("[data-testid=reset-look]").await;
        browser.see("[data-testid=preview-sentence]").await;
        confirm(&browser, "The group goes on from there").await;
        browser.read("[data-testid=last-delivered]", last).await;
    }
    // The lag stays known.
    let groups = said(&redis, "XINFO GROUPS events:orders").await;
    assert!(groups.contains("12"), "{groups}");
    browser.close().await;
}

#[tokio::test]
async fn a_consumer_is_removed_and_another_one_gets_what_it_has_pending() {
    let (redis, _app, browser) = start().await;
    browser.open(GROUP).await;
    browser.click("[data-testid=pane-consumers]").await;
    browser.see("[data-testid=consumer][data-consumer=b1]").await;
    browser.fill("[data-testid=consumer-heir]", "b2").await;
    browser.click("[data-consumer=b1] [data-testid=consumer-remove]").await;
    browser
        .read("[data-testid=preview-sentence]", "gives 6 entries that it has pending to `b2`")
        .await;
    confirm(&browser, "The consumer was removed").await;
    browser.see("[data-testid=consumer][data-consumer=b2]").await;
    browser.see_none("[data-testid=consumer][data-consumer=b1]").await;
    assert!(said(&redis, "XPENDING events:orders billing").await.contains("b2"));
    browser.click("[data-testid=pane-history]").await;
    browser.see("[data-testid=audit-row][data-kind=delete_consumer]").await;
    browser.click("[data-testid=pane-pending]").await;
    browser.count("[data-testid=pending-row]", 6).await;
    browser.close().await;
}

#[tokio::test]
async fn an_event_says_what_groups_have_done_with_it_and_leads_there() {
    let (redis, _app, browser) = start().await;
    redis.run("XACK events:orders billing 2-0").await;
    browser.open("/events?stream=events:orders&event=3-0").await;
    browser.read("[data-testid=deliveries] [data-group=billing]", "has it pending at b1").await;
    browser.read("[data-testid=deliveries] [data-group=stats]", "has not been given it yet").await;
    browser.open("/events?stream=events:orders&event=2-0").await;
    browser.read("[data-testid=deliveries] [data-group=billing]", "is behind it").await;
    browser
        .click("[data-testid=deliveries] [data-group=billing] [data-testid=delivery-group]")
        .await;
    browser.at("/group?stream=events:orders&group=billing").await;
    browser.close().await;
}
