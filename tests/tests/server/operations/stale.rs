//! Previews that went stale, and two people who do the same.

use serde_json::json;

use super::{STREAM, group, number, operate, pending, preview, refused, with_billing};

#[tokio::test]
async fn a_preview_that_no_longer_holds_is_answered_with_the_one_that_does() {
    let (redis, app) = with_billing().await;
    let trim = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 12 } });
    let ack =
        json!({ "kind": "ack", "stream": STREAM, "group": "billing", "entries": { "filter": "" } });
    let delete = json!({ "kind": "delete_stream", "stream": STREAM });
    let seen =
        [preview(&app, &trim).await, preview(&app, &ack).await, preview(&app, &delete).await];
    redis.add(STREAM, "21-0", "Late", "{}").await;
    redis.run("XREADGROUP GROUP billing b1 COUNT 1 STREAMS events:orders >").await;
    for (operation, seen) in [trim, ack, delete].iter().zip(&seen) {
        let (status, answer) = operate(&app, operation, seen).await;
        let error = &answer["error"];
        assert_eq!((status, &error["code"]), (409, &json!("preview_stale")), "{answer}");
        let now = &error["preview"];
        assert_eq!(now["count"], seen["count"].as_u64().unwrap() + 1, "{answer}");
        assert_ne!(now["fingerprint"], seen["fingerprint"]);
    }
    assert_eq!(number(&redis, "XLEN events:orders").await, 21);
    assert_eq!(number(&redis, "EXISTS rewind:audit").await, 0);
}

#[tokio::test]
async fn what_destroys_something_is_not_done_without_its_preview() {
    let (redis, app) = with_billing().await;
    for operation in [
        json!({ "kind": "trim", "stream": STREAM, "by": { "length": 1 } }),
        json!({ "kind": "delete_stream", "stream": STREAM }),
        json!({ "kind": "delete_group", "stream": STREAM, "group": "billing" }),
        json!({ "kind": "reset_group", "stream": STREAM, "group": "billing", "to": "end" }),
        json!({ "kind": "ack", "stream": STREAM, "group": "billing", "entries": { "ids": ["1-0"] } }),
        json!({ "kind": "delete_entries", "stream": STREAM, "ids": ["1-0"] }),
    ] {
        let (status, error) = refused(&app, &operation, None).await;
        assert_eq!((status, &error["parameter"]), (400, &json!("fingerprint")), "{error}");
    }
    // The fingerprint of one operation is none of another.
    let seen =
        preview(&app, &json!({ "kind": "trim", "stream": STREAM, "by": { "length": 9 } })).await;
    let other = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 1 } });
    assert_eq!(operate(&app, &other, &seen).await.0, 409);
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

#[tokio::test]
async fn of_two_who_do_the_same_one_does_it_and_the_other_one_is_told() {
    let (redis, app) = with_billing().await;
    for operation in [
        json!({ "kind": "create_group", "stream": STREAM, "group": "new", "from": "start" }),
        json!({ "kind": "delete_group", "stream": STREAM, "group": "new" }),
        json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "filter": "" }, "reason": "x" }),
    ] {
        let seen = preview(&app, &operation).await;
        let (one, other) =
            tokio::join!(operate(&app, &operation, &seen), operate(&app, &operation, &seen));
        let all = |answer: &(u16, serde_json::Value)| {
            let outcome = &answer.1["outcome"];
            answer.0 == 200 && outcome["status"] == "done" && outcome["passed_over"] == 0
        };
        let winners = [all(&one), all(&other)].iter().filter(|won| **won).count();
        // Or each did a part of it, and says how much.
        let parts: u64 =
            [&one, &other].iter().filter_map(|answer| answer.1["outcome"]["done"].as_u64()).sum();
        assert!(winners == 1 || parts == seen["count"].as_u64().unwrap(), "{one:?} {other:?}");
    }
    assert!(group(&redis, "new").await.is_null());
    assert!(pending(&redis, "billing").await.is_empty());
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 10);
}
