//! Projections.

use std::fs;

use super::{confirm, said, start};

const STATS: &str = "export default {
  streams: ['events:orders'],
  initial: () => ({ paid: 0 }),
  on: { 'order.paid'(state) { state.paid += 1; } },
};";

const TOTALS: &str = "export default {
  streams: ['events:orders'],
  key: ({ data }) => String(data.total),
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
    browser.click("[data-testid=projection][data-name=stats] a").await;
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
    fs::write(folder.path().join("totals.js"), TOTALS).unwrap();
    app.restart_with_projections(folder.path().to_owned()).await;
    for n in 1..=150 {
        redis
            .add(
                "events:orders",
                &format!("{}-0", 100 + n),
                "many",
                &format!(r#"{{"total":"m{n}"}}"#),
            )
            .await;
    }
    redis.add("events:orders", "500-0", "broken", r#"{"total":1}"#).await;
    redis.add("events:orders", "501-0", "order.paid", r#"{"total":"last"}"#).await;
    browser.open("/projection?name=totals").await;
    browser.read("[data-testid=activity]", "failed").await;
    browser.read("[data-testid=projection-failure]", "it is broken").await;
    browser.read("[data-testid=failed-event]", "500-0").await;
    browser.read("[data-testid=rows-total]", "162 rows").await;
    browser.click("[data-testid=rows-more]").await;
    browser.see_none("[data-testid=rows-more]").await;
    browser.fill("[data-testid=projection-search]", "m77").await;
    browser.count("[data-testid=projection-row]", 1).await;
    browser.click("[data-testid=projection-skip]").await;
    confirm(&browser, "").await;
    browser.fill("[data-testid=projection-search]", "last").await;
    browser.count("[data-testid=projection-row]", 1).await;
    assert!(said(&redis, "HGET projection:totals:rows last").await.contains("order.paid"));
    browser.close().await;
}
