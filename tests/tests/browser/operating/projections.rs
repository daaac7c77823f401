//! Projections.

use std::fs;

use super::{confirm, said, start};

const STATS: &str = "export default {
  streams: ['events:orders'],
  initial: () => ({ paid: 0 }),
  on: { 'order.paid'(state) { state.paid += 1; } },
};";

const NUMBERS: &str = "export default {
  streams: ['events:many'],
  key: ({ data }) => `n${data.n}`,
  initial: () => ({ type: null }),
  on: {
    $any(row, event) {
      if (event.type === 'broken') throw new Error('it is broken');
      row.type = event.type;
    },
  },
};";

#[tokio::test]
async fn projections_are_listed_paused_resumed_rebuilt_and_reset() {
    let (redis, mut app, browser) = start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("stats.js"), STATS).unwrap();
    app.restart_with_projections(folder.path().to_owned()).await;
    browser.open("/projections").await;
    browser
        .read("[data-testid=projection][data-name=stats] [data-testid=activity]", "following")
        .await;
    browser.click("[data-testid=projection][data-name=stats] [data-testid=projection-page]").await;
    browser.read("[data-testid=projection-title]", "stats").await;
    browser.read("[data-testid=projection-events]", "12").await;
    browser.read("[data-testid=projection-state]", "6").await;
    browser.click("[data-testid=projection-pause]").await;
    confirm(&browser, "").await;
    browser.read("[data-testid=activity]", "paused").await;
    redis.add("events:orders", "13-0", "order.paid", "{}").await;
    browser.click("[data-testid=projection-resume]").await;
    confirm(&browser, "").await;
    browser.read("[data-testid=projection-events]", "13").await;
    browser.click("[data-testid=projection-rebuild]").await;
    browser.read("[data-testid=preview-sentence]", "from 13 events").await;
    confirm(&browser, "Built again from 13").await;
    browser.click("[data-testid=projection-reset]").await;
    confirm(&browser, "Removed").await;
    browser.read("[data-testid=projection-state]", "7").await;
    browser.close().await;
}

#[tokio::test]
async fn a_table_is_searched_and_an_event_that_fails_is_skipped() {
    let (redis, mut app, browser) = start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("numbers.js"), NUMBERS).unwrap();
    redis.add_many("events:many", 1_200).await;
    redis.add("events:many", "5000-0", "broken", r#"{"n":1}"#).await;
    redis.add("events:many", "5001-0", "order.paid", r#"{"n":"last"}"#).await;
    app.restart_with_projections(folder.path().to_owned()).await;
    browser.open("/projection?name=numbers").await;
    browser.read("[data-testid=activity]", "failed").await;
    browser.read("[data-testid=projection-failure]", "it is broken").await;
    browser.read("[data-testid=rows-total]", "1,200 rows").await;
    browser.see("[data-testid=projection-rows]").await;
    let rows = "document.querySelectorAll('[data-testid=projection-row]').length";
    browser.see("[data-testid=rows-more]").await;
    let first = browser.evaluate(rows).await.as_u64().unwrap();
    browser.click("[data-testid=rows-more]").await;
    rewind_tests::eventually("more rows", || async {
        browser.evaluate(rows).await.as_u64().filter(|count| *count > first).map(drop)
    })
    .await;
    browser.fill("[data-testid=projection-search]", "n1177").await;
    browser.count("[data-testid=projection-row]", 1).await;
    browser.read("[data-testid=failed-event]", "5000-0").await;
    browser.click("[data-testid=failed-event]").await;
    browser.at("event=5000-0").await;
    browser.open("/projection?name=numbers").await;
    browser.click("[data-testid=projection-skip]").await;
    confirm(&browser, "").await;
    browser.fill("[data-testid=projection-search]", "nlast").await;
    browser.count("[data-testid=projection-row]", 1).await;
    assert!(said(&redis, "HGET projection:numbers:rows nlast").await.contains("order.paid"));
    browser.close().await;
}
