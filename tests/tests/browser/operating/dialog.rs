//! The dialog in which an operation is looked at and done.

use rewind_domain::caller::Permission;
use rewind_server::config::AccessConfig;

use super::{GROUP, confirm, said, start};

const DIALOG: &str = "[data-testid=operation-dialog][open]";

#[tokio::test]
async fn an_operation_is_done_only_once_it_was_looked_at_and_is_in_the_audit_log() {
    let (redis, mut app, browser) = start().await;
    app.restart_as_environment("production", "red").await;
    browser.open(GROUP).await;
    browser.read("[data-testid=environment].red", "production").await;
    browser.click("[data-testid=delete-group]").await;
    browser.read("[data-testid=preview-sentence]", "with 6 entries").await;
    browser.read("[data-testid=effects]", "loses 6 entries that it has pending").await;
    browser.read("[data-testid=warnings]", "1 consumers are removed").await;
    browser.read(&format!("{DIALOG} .environment.red"), "production").await;
    browser.click("[data-testid=commands-open]").await;
    browser.read("[data-testid=commands]", "XGROUP DESTROY events:orders billing").await;
    // Each way out leaves everything as it is.
    browser.click("[data-testid=operation-leave]").await;
    browser.see_none(DIALOG).await;
    browser.click("[data-testid=delete-group]").await;
    browser.see("[data-testid=operation-do]:enabled").await;
    browser.click("[data-testid=operation-close]").await;
    browser.see_none(DIALOG).await;
    assert_eq!(said(&redis, "XINFO GROUPS events:orders").await.matches("name").count(), 2);
    // With a name, it is done under that.
    browser.click("[data-testid=delete-group]").await;
    browser.fill("[data-testid=operation-by]", "ada").await;
    browser.click("[data-testid=operation-do]:enabled").await;
    browser.read("[data-testid=outcome][data-status=done]", "The group was deleted").await;
    browser.click("[data-testid=outcome-audit]").await;
    browser.at("/audit").await;
    browser.read("[data-testid=audit-row][data-kind=delete_group]", "ada").await;
    browser.read("[data-testid=audit-status]", "done").await;
    // The page of the group that is gone has asked for it.
    browser.close_regardless().await;
}

#[tokio::test]
async fn what_has_changed_since_it_was_looked_at_is_shown_instead_of_done() {
    let (redis, _app, browser) = start().await;
    browser.open("/trim?stream=events:orders").await;
    browser.fill("[data-testid=trim-value]", "4").await;
    browser.read("[data-testid=preview-sentence]", "oldest 8 entries").await;
    browser.click("[data-testid=trim-look]:enabled").await;
    browser.see("[data-testid=operation-do]:enabled").await;
    // A colleague trims meanwhile.
    redis.run("XTRIM events:orders MAXLEN = 10").await;
    browser.click("[data-testid=operation-do]:enabled").await;
    browser.read("[data-testid=stale]", "oldest 8 entries").await;
    browser.read(&format!("{DIALOG} [data-testid=preview-sentence]"), "oldest 6 entries").await;
    assert_eq!(said(&redis, "XLEN events:orders").await.trim(), "10");
    confirm(&browser, "Removed 6").await;
    assert_eq!(said(&redis, "XLEN events:orders").await.trim(), "4");
    // It was refused first.
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_button_that_one_may_not_use_is_there_and_says_why() {
    let (_redis, mut app, browser) = start().await;
    app.restart_with_access(AccessConfig {
        permissions: vec![Permission::Trim],
        ..AccessConfig::default()
    })
    .await;
    browser.open(GROUP).await;
    browser.read("[data-testid=pending-actions]", "--allow groups").await;
    browser.click("[data-testid=delete-group]").await;
    browser.read("[data-testid=refusal]", "streams = [\"events:orders\"] can = [\"groups\"]").await;
    browser.see("[data-testid=operation-do]:disabled").await;
    browser.close().await;
}

#[tokio::test]
async fn what_takes_long_is_followed_and_can_be_ended() {
    let (redis, _app, browser) = start().await;
    redis.run("XGROUP CREATE events:orders slow 0").await;
    redis.run("XREADGROUP GROUP slow s1 STREAMS events:orders >").await;
    browser.open("/group?stream=events:orders&group=slow").await;
    browser.click("[data-testid=pending] [data-testid=choose-all]").await;
    browser.click("[data-testid=bury]:enabled").await;
    confirm(&browser, "Moved 12").await;
    browser.click("[data-testid=pane-dead]").await;
    browser.click("[data-testid=dead] [data-testid=choose-all]").await;
    browser.fill("[data-testid=replay-pace]", "1").await;
    browser.click("[data-testid=replay]:enabled").await;
    browser.read("[data-testid=warnings]", "about 12 s").await;
    browser.click("[data-testid=operation-do]:enabled").await;
    browser.read("[data-testid=outcome][data-status=running]", "of 12").await;
    browser.click("[data-testid=operation-cancel]").await;
    browser.read("[data-testid=outcome][data-status=cancelled]", "It was ended").await;
    browser.close().await;
}
