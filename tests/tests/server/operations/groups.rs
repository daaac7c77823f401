//! Groups and their consumers.

use serde_json::{Value, json};

use super::{STREAM, done, group, number, pending, preview, refused, with_billing};

/// Each place, and behind which entry of twenty it is when `billing` is at `10-0`.
fn places() -> Vec<(Value, &'static str, i64)> {
    vec![
        (json!("start"), "0-0", 20),
        (json!("end"), "20-0", 0),
        (json!({ "after": "7-0" }), "7-0", 13),
        (json!({ "time": 5 }), "4-18446744073709551615", 16),
        (json!({ "version": 12 }), "12-0", 8),
        (json!({ "version": 0 }), "0-0", 20),
        (json!({ "like": "stats" }), "3-0", 17),
        (json!({ "shift": -4 }), "6-0", 14),
        (json!({ "shift": 4 }), "14-0", 6),
        (json!({ "shift": -400 }), "0-0", 20),
        (json!({ "shift": 400 }), "20-0", 0),
    ]
}

#[tokio::test]
async fn a_group_is_set_to_each_place_and_its_lag_stays_known() {
    let (redis, app) = with_billing().await;
    redis.run("XGROUP CREATE events:orders stats 3-0").await;
    for (place, last, lag) in places() {
        redis.run("XGROUP SETID events:orders billing 10-0 ENTRIESREAD 10").await;
        let operation =
            json!({ "kind": "reset_group", "stream": STREAM, "group": "billing", "to": place });
        let (seen, _) = done(&app, operation).await;
        let group = group(&redis, "billing").await;
        assert_eq!(group["last-delivered-id"], last, "{place}");
        assert_eq!(group["lag"], lag, "{place}: {group}");
        assert_eq!(seen["count"], lag, "{place}: {seen}");
        let effect = &seen["effects"][0];
        match lag {
            10.. => assert_eq!(
                (&effect["kind"], &effect["count"]),
                (&json!("gets_again"), &json!(lag - 10))
            ),
            _ => assert_eq!(
                (&effect["kind"], &effect["count"]),
                (&json!("passes_over"), &json!(10 - lag))
            ),
        }
        // What it has pending stays.
        assert_eq!(pending(&redis, "billing").await.len(), 10);
    }
}

#[tokio::test]
async fn a_group_is_made_at_each_place_and_its_lag_is_known() {
    let (redis, app) = with_billing().await;
    redis.run("XGROUP CREATE events:orders stats 3-0").await;
    for (place, last, lag) in places() {
        let operation =
            json!({ "kind": "create_group", "stream": STREAM, "group": "new", "from": place });
        if place.get("shift").is_some() {
            let (status, error) = refused(&app, &operation, None).await;
            assert_eq!(status, 400, "{error}");
            continue;
        }
        done(&app, operation.clone()).await;
        let group = group(&redis, "new").await;
        assert_eq!(
            (&group["last-delivered-id"], &group["lag"]),
            (&json!(last), &json!(lag)),
            "{place}"
        );
        let (status, error) = refused(&app, &operation, None).await;
        assert_eq!((status, &error["code"]), (409, &json!("operation_refused")), "{error}");
        let operation = json!({ "kind": "delete_group", "stream": STREAM, "group": "new" });
        done(&app, operation).await;
        assert_eq!(super::group(&redis, "new").await, Value::Null);
    }
}

#[tokio::test]
async fn a_group_of_a_stream_that_does_not_exist_makes_an_empty_one() {
    let (redis, app) = with_billing().await;
    let operation =
        json!({ "kind": "create_group", "stream": "new", "group": "g", "from": { "time": 5 } });
    let (seen, _) = done(&app, operation).await;
    assert!(seen["warnings"].to_string().contains("no stream `new`"), "{seen}");
    assert_eq!(number(&redis, "XLEN new").await, 0);
}

#[tokio::test]
async fn a_preview_of_a_reset_stays_valid_while_the_group_is_read() {
    let (redis, app) = with_billing().await;
    for place in [json!("start"), json!({ "version": 2 }), json!({ "time": 3 })] {
        let operation =
            json!({ "kind": "reset_group", "stream": STREAM, "group": "billing", "to": place });
        let seen = preview(&app, &operation).await;
        redis.run("XREADGROUP GROUP billing b1 COUNT 1 STREAMS events:orders >").await;
        let (status, answer) = super::operate(&app, &operation, &seen).await;
        assert_eq!(
            (status, &answer["outcome"]["status"]),
            (200, &json!("done")),
            "{place}: {answer}"
        );
        redis.run("XGROUP SETID events:orders billing 12-0").await;
    }
}

#[tokio::test]
async fn a_group_is_deleted_with_what_it_has_pending_and_the_preview_says_how_much() {
    let (redis, app) = with_billing().await;
    let operation = json!({ "kind": "delete_group", "stream": STREAM, "group": "billing" });
    let (seen, _) = done(&app, operation.clone()).await;
    assert_eq!(
        seen["effects"],
        json!([{ "thing": { "group": "billing" }, "kind": "loses_pending", "count": 10 }])
    );
    assert_eq!(group(&redis, "billing").await, Value::Null);
    let (status, error) = refused(&app, &operation, Some("x")).await;
    assert_eq!((status, &error["code"]), (404, &json!("target_not_found")));
}

#[tokio::test]
async fn a_consumer_is_removed_and_what_it_had_goes_to_its_heir_or_is_acknowledged() {
    let (redis, app) = with_billing().await;
    let consumer = |kind: &str, name: &str| json!({ "kind": kind, "stream": STREAM, "group": "billing", "consumer": name });
    done(&app, consumer("create_consumer", "b2")).await;
    let (status, _) = refused(&app, &consumer("create_consumer", "b2"), None).await;
    assert_eq!(status, 409);
    let mut remove = consumer("delete_consumer", "b1");
    remove["heir"] = json!("b2");
    let (seen, outcome) = done(&app, remove).await;
    assert_eq!((&seen["count"], &outcome["done"]), (&json!(10), &json!(10)));
    let held = pending(&redis, "billing").await;
    assert!(held.len() == 10 && held.iter().all(|(_, consumer)| consumer == "b2"), "{held:?}");
    assert_eq!(group(&redis, "billing").await["consumers"], 1);
    let (seen, _) = done(&app, consumer("delete_consumer", "b2")).await;
    assert!(seen["sentence"].as_str().unwrap().contains("nobody will handle them"), "{seen}");
    assert_eq!(group(&redis, "billing").await["pending"], 0);
    let (status, _) = refused(&app, &consumer("delete_consumer", "b2"), Some("x")).await;
    assert_eq!(status, 404);
}
