//! The audit log.

use serde_json::{Value, json};

use super::{STREAM, done, ended, number, with_billing};

async fn listed(app: &rewind_tests::TestApp, query: &str) -> Vec<Value> {
    app.ok(&format!("/api/audit?{query}")).await["operations"].as_array().unwrap().clone()
}

#[tokio::test]
async fn it_is_filtered_and_goes_on_page_by_page() {
    let (_redis, app) = with_billing().await;
    for n in 0..7 {
        let stream = if n % 2 == 0 { "a" } else { "b" };
        done(&app, json!({ "kind": "publish", "stream": stream, "events": [{ "type": "x" }] }))
            .await;
    }
    done(&app, json!({ "kind": "create_group", "stream": "a", "group": "g", "from": "end" })).await;
    assert_eq!(listed(&app, "stream=a").await.len(), 5);
    assert_eq!(listed(&app, "stream=b&kind=publish").await.len(), 3);
    assert_eq!(listed(&app, "group=g").await.len(), 1);
    assert_eq!(listed(&app, "who=AD").await.len(), 8);
    assert_eq!(listed(&app, "who=bob").await.len(), 0);
    assert_eq!(listed(&app, "projection=p").await.len(), 0);
    let (mut before, mut seen) = (String::new(), Vec::new());
    loop {
        let page = app.ok(&format!("/api/audit?limit=3{before}")).await;
        for operation in page["operations"].as_array().unwrap() {
            assert_eq!(operation["outcome"]["status"], "done", "{operation}");
            assert_eq!(
                (&operation["from"], &operation["is_verified"]),
                (&json!("127.0.0.1"), &json!(false))
            );
            seen.push(operation["id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next_before"].as_str() else { break };
        before = format!("&before={next}");
    }
    assert_eq!(seen.len(), 8);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 8);
}

#[tokio::test]
async fn it_is_a_stream_like_any_other() {
    let (redis, app) = with_billing().await;
    done(&app, json!({ "kind": "trim", "stream": STREAM, "by": { "length": 1 } })).await;
    assert_eq!(number(&redis, "XLEN rewind:audit").await, 2);
    let page = app.ok("/api/events?stream=rewind:audit&order=asc").await;
    assert_eq!(page["events"][0]["type"], "operation.begun");
    assert_eq!(page["events"][1]["type"], "operation.ended");
    assert_eq!(page["events"][0]["data"]["count"], 19);
}

#[tokio::test]
async fn an_operation_that_somebody_ends_says_how_far_it_came() {
    let (redis, app) = with_billing().await;
    done(&app, json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "x" })).await;
    // One a second: ten take ten seconds.
    let operation = json!({ "kind": "replay", "stream": STREAM, "group": "billing", "letters": "all", "per_second": 1 });
    let (status, answer) =
        app.post("/api/operate", &json!({ "operation": operation, "by": "ada" })).await;
    assert_eq!(
        (status.as_u16(), &answer["outcome"]["status"]),
        (200, &json!("running")),
        "{answer}"
    );
    let id = answer["id"].as_str().unwrap();
    assert_eq!(app.ok("/api/operations").await["operations"][0]["id"], id);
    let row = super::newest(&app).await;
    assert_eq!(
        (&row["outcome"], &row["heard_of"]["is_running"]),
        (&Value::Null, &json!(true)),
        "{row}"
    );
    app.post("/api/cancel_operation", &json!({ "id": id })).await;
    let outcome = ended(&app, id).await;
    assert_eq!(outcome["status"], "cancelled", "{outcome}");
    let count = outcome["done"].as_u64().unwrap();
    assert!((1..10).contains(&count), "{outcome}");
    assert_eq!(
        number(&redis, "XLEN {events:orders}:dead:billing").await,
        10 - i64::try_from(count).unwrap()
    );
    let message = outcome["message"].as_str().unwrap();
    assert!(message.contains(&format!("{} were not", 10 - count)), "{message}");
    let row = super::newest(&app).await;
    assert_eq!(
        (&row["outcome"]["status"], &row["outcome"]["message"]),
        (&json!("cancelled"), &json!(message))
    );
    assert!(
        app.figure("rewind_operations_total{kind=\"replay\",outcome=\"cancelled\"}").await == 1
    );
}

#[tokio::test]
async fn what_is_under_way_when_the_server_stops_is_recorded_as_cancelled() {
    let (_redis, mut app) = with_billing().await;
    done(&app, json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "x" })).await;
    let operation = json!({ "kind": "replay", "stream": STREAM, "group": "billing", "letters": "all", "per_second": 1 });
    let (_, answer) = app.post("/api/operate", &json!({ "operation": operation })).await;
    assert_eq!(answer["outcome"]["status"], "running", "{answer}");
    app.stop().await;
    app.start_again().await;
    let row = super::newest(&app).await;
    assert_eq!(row["outcome"]["status"], "cancelled", "{row}");
    assert!(row["outcome"]["message"].as_str().unwrap().contains("server"), "{row}");
}
