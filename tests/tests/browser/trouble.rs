//! Trouble: what is missing, wrong or away is said on the page, and recovers where it can.

use rewind_tests::{TestApp, TestRedis};

use crate::browser::Browser;
use crate::orders;

const ERROR: &str = "[data-testid=error]";

#[tokio::test]
async fn what_does_not_exist_is_named() {
    let redis = TestRedis::start().await;
    redis.run("SET text x").await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/events?stream=aggregate%3AOrder%3A9").await;
    browser.read(ERROR, "aggregate:Order:9").await;
    browser.open("/travel?stream=text").await;
    browser.read(ERROR, "something else than a stream").await;
    browser.open("/travel?stream=aggregate%3AOrder%3A1001&version=99").await;
    browser.read(ERROR, "latest is 5").await;
    browser.open("/events?stream=aggregate%3AOrder%3A1001&event=1-0").await;
    browser.read("[data-testid=event-detail]", "not there any more").await;
    browser.open("/no/such/page").await;
    browser.see("[data-testid=not-found]").await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn a_page_opened_while_redis_is_away_comes_by_itself() {
    let mut redis = TestRedis::start_persistent().await;
    orders::fill(&redis).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    redis.kill();
    browser.open("/events?stream=aggregate%3AOrder%3A1001").await;
    browser.read(ERROR, "not available").await;
    redis.start_again().await;
    browser.count("[data-testid=event-row]", 5).await;
    browser.see_none(ERROR).await;
    browser.close_regardless().await;
}

#[tokio::test]
async fn an_empty_redis_is_explained() {
    let redis = TestRedis::start().await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    browser.open("/streams").await;
    browser.read("main", "No streams").await;
    browser.close().await;
}

/// Changes what the server says of the calls that begin like this, before the page hears it.
async fn hear(browser: &Browser, call: &str, change: &str) {
    let script = format!(
        "(() => {{
          const real = window.fetch;
          window.fetch = async (request, ...rest) => {{
            const answer = await real(request, ...rest);
            const url = new URL(request.url ?? request, location.href);
            if (!url.pathname.startsWith('{call}') || !answer.ok) return answer;
            const said = await answer.json();
            ({change})(said);
            return new Response(JSON.stringify(said), {{ status: answer.status, headers: answer.headers }});
          }};
        }})()"
    );
    browser.run_in_new_documents(&script).await;
}

#[tokio::test]
async fn that_there_are_more_streams_than_are_kept_is_said() {
    let redis = TestRedis::start().await;
    redis.add_many("shop:1", 3).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    // The list of streams and the tree of categories both have it.
    let cut = "(said) => { if (said.discovery) said.discovery.cut_at = 250000; }";
    hear(&browser, "/api/cat", cut).await;
    browser.open("/streams").await;
    browser.read("[data-testid=catalog-cut]", "more than the 250,000").await;
    browser.close().await;
}

#[tokio::test]
async fn every_page_says_that_only_one_node_of_a_cluster_is_shown() {
    let redis = TestRedis::start().await;
    redis.add_many("shop:1", 3).await;
    let app = TestApp::start(&redis).await;
    let browser = Browser::start(&app).await;
    let cluster = "(said) => { said.cluster = { nodes: 3, message: 'Redis is a cluster of 3 nodes, and only the keys of one are shown' }; }";
    hear(&browser, "/api/about", cluster).await;
    for path in ["/streams", "/events?stream=shop:1", "/travel?stream=shop:1"] {
        browser.open(path).await;
        browser.read("[data-testid=cluster]", "a cluster of 3 nodes").await;
    }
    browser.close().await;
}
