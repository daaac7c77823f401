//! `rewind info`

use rewind_tests::TestRedis;
use serde_json::json;

use super::run;

#[tokio::test]
async fn a_stream_is_told_with_its_groups() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 10).await;
    redis.run("XGROUP CREATE s g 0").await;
    redis.run("XREADGROUP GROUP g c COUNT 4 STREAMS s >").await;
    let ran = run(&redis, &["info", "s"]);
    assert_eq!(ran.status, 0, "{}", ran.error);
    let info = &ran.lines()[0];
    assert_eq!((&info["length"], &info["first"]["id"]), (&json!(10), &json!("1-0")));
    let group = &info["groups"][0];
    assert_eq!(
        (&group["lag"], &group["pending"], &group["consumers"][0]["pending"]),
        (&json!(6), &json!(4), &json!(4))
    );
    let listed = &run(&redis, &["groups", "list", "s"]).lines()[0];
    assert_eq!((&group["lag_is_exact"], &listed["lag_is_exact"]), (&json!(true), &json!(true)));
    assert_eq!(run(&redis, &["info", "none"]).status, 4);
}
