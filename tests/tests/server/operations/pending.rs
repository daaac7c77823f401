//! Pending entries: acknowledged, given away, moved to the dead letters.

use serde_json::json;

use super::{STREAM, done, group, number, pending, preview, refused, with_billing};

#[tokio::test]
async fn those_that_are_named_are_acknowledged_and_the_others_stay() {
    let (redis, app) = with_billing().await;
    let entries = json!({ "ids": ["1-0", "2-0", "2-0", "15-0", "99-0"] });
    let operation =
        json!({ "kind": "ack", "stream": STREAM, "group": "billing", "entries": entries });
    let (seen, outcome) = done(&app, operation.clone()).await;
    assert_eq!((&seen["count"], &seen["first_ids"]), (&json!(2), &json!(["1-0", "2-0"])));
    assert!(seen["warnings"].to_string().contains("2 of those that were named"), "{seen}");
    assert_eq!(outcome["done"], 2);
    assert_eq!(group(&redis, "billing").await["pending"], 8);
    let (status, error) = refused(&app, &operation, Some("x")).await;
    assert_eq!(status, 409, "{error}");
}

#[tokio::test]
async fn those_that_a_filter_means_are_given_to_another_consumer() {
    let (redis, app) = with_billing().await;
    let entries = json!({ "filter": "type:Counted data.n>7" });
    let operation = json!({ "kind": "claim", "stream": STREAM, "group": "billing", "entries": entries, "to": "b2" });
    let (seen, _) = done(&app, operation).await;
    assert_eq!(seen["first_ids"], json!(["8-0", "9-0", "10-0"]));
    assert!(seen["warnings"].to_string().contains("no consumer `b2` yet"), "{seen}");
    let of_b2: Vec<String> = pending(&redis, "billing")
        .await
        .into_iter()
        .filter(|(_, consumer)| consumer == "b2")
        .map(|(id, _)| id)
        .collect();
    assert_eq!(of_b2, ["8-0", "9-0", "10-0"]);
    for (filter, count) in [
        ("", 10),
        ("consumer:b1", 7),
        ("-consumer:b1", 3),
        ("deliveries>1", 0),
        ("deliveries=1", 10),
        ("idle>1h", 0),
        ("consumer:b1 data.n<3", 2),
    ] {
        let operation = json!({ "kind": "ack", "stream": STREAM, "group": "billing", "entries": { "filter": filter } });
        let seen = preview(&app, &operation).await;
        assert_eq!(seen["count"], count, "{filter}: {seen}");
        assert_eq!(seen["refusal"].is_string(), count == 0, "{filter}: {seen}");
    }
    let operation = json!({ "kind": "ack", "stream": STREAM, "group": "billing", "entries": { "filter": "idle>soon" } });
    let (status, error) = refused(&app, &operation, Some("x")).await;
    assert_eq!((status, &error["parameter"]), (400, &json!("operation")), "{error}");
}

#[tokio::test]
async fn what_is_gone_from_the_stream_is_not_moved_to_the_dead_letters() {
    let (redis, app) = with_billing().await;
    redis.run("XDEL events:orders 3-0").await;
    let operation = json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "poison" });
    let (seen, outcome) = done(&app, operation).await;
    assert_eq!(seen["count"], 10, "{seen}");
    assert_eq!((&outcome["done"], &outcome["passed_over"]), (&json!(9), &json!(1)), "{outcome}");
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 9);
    let left = pending(&redis, "billing").await;
    assert_eq!(left, [("3-0".to_owned(), "b1".to_owned())]);
}

#[tokio::test]
async fn a_page_of_pending_entries_names_those_that_are_gone() {
    let (redis, app) = with_billing().await;
    redis.run("XDEL events:orders 3-0").await;
    let page = app.ok("/api/pending?stream=events:orders&group=billing&limit=4").await;
    assert_eq!((&page["total"], &page["next_after"]), (&json!(10), &json!("4-0")));
    assert!(page["entries"][2]["event"].is_null(), "{page}");
    assert_eq!(page["entries"][3]["event"]["data"]["n"], 4);
    let page = app.ok("/api/pending?stream=events:orders&group=billing&after=9-0").await;
    assert_eq!(
        (page["entries"].as_array().unwrap().len(), page["next_after"].is_null()),
        (1, true)
    );
    let page = app.ok("/api/pending?stream=events:orders&group=billing&filter=idle%3E1h").await;
    assert_eq!(page["entries"], json!([]));
}
