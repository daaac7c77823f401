//! What is refused: by a missing permission, by the streams of a rule, by Redis.

use rewind_domain::caller::{Grant, Permission};
use rewind_domain::glob::Glob;
use rewind_server::config::AccessConfig;
use rewind_store::StoreUrl;
use rewind_tests::{TestApp, TestRedis};
use serde_json::json;

use super::{STREAM, done, number, preview, refused, with_billing};

fn nothing() -> AccessConfig {
    AccessConfig { permissions: Vec::new(), ..AccessConfig::default() }
}

#[tokio::test]
async fn without_the_permission_nothing_is_done_and_the_rule_that_would_allow_it_is_named() {
    let (redis, mut app) = with_billing().await;
    app.restart_with_access(nothing()).await;
    let pending = json!({ "ids": ["1-0"] });
    let group = |kind: &str| json!({ "kind": kind, "stream": STREAM, "group": "billing" });
    let mut ack = group("ack");
    ack["entries"] = pending;
    let cases = [
        (json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a" }] }), "publish"),
        (
            json!({ "kind": "append", "stream": "aggregate:A:1", "events": [{ "type": "a" }], "expected": 0 }),
            "append",
        ),
        (group("delete_group"), "groups"),
        (ack, "groups"),
        (json!({ "kind": "trim", "stream": STREAM, "by": { "length": 1 } }), "trim"),
        (json!({ "kind": "delete_entries", "stream": STREAM, "ids": ["1-0"] }), "delete"),
        (json!({ "kind": "delete_stream", "stream": STREAM }), "delete"),
        (json!({ "kind": "reset_projection", "projection": "p" }), "projections"),
        (json!({ "kind": "pause_projection", "projection": "p" }), "projections"),
    ];
    for (operation, permission) in cases {
        let (status, error) = refused(&app, &operation, Some("x")).await;
        assert_eq!((status, &error["code"]), (403, &json!("permission_denied")), "{error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("--allow") && message.contains(permission), "{message}");
        if permission != "projections" {
            // It can be looked at all the same, and says so beforehand.
            let seen = preview(&app, &operation).await;
            assert_eq!(seen["refusal"].as_str().unwrap(), message);
        }
    }
    assert_eq!(number(&redis, "EXISTS rewind:audit").await, 0);
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

#[tokio::test]
async fn a_rule_allows_it_on_the_streams_that_it_means_and_on_no_others() {
    let (redis, mut app) = with_billing().await;
    redis.add_many("other:1", 5).await;
    let grant = Grant { streams: vec![Glob::new("events:*")], can: vec![Permission::Trim] };
    app.restart_with_access(AccessConfig { grants: vec![grant], ..nothing() }).await;
    let trim = |stream: &str| json!({ "kind": "trim", "stream": stream, "by": { "length": 4 } });
    done(&app, trim(STREAM)).await;
    let (status, error) = refused(&app, &trim("other:1"), Some("x")).await;
    assert_eq!((status, &error["code"]), (403, &json!("permission_denied")));
    assert!(error["message"].as_str().unwrap().contains("other:1"), "{error}");
    assert_eq!(number(&redis, "XLEN other:1").await, 5);
    let publish = json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a" }] });
    assert_eq!(refused(&app, &publish, None).await.0, 403);
}

#[tokio::test]
async fn a_permission_that_was_withdrawn_after_the_preview_counts() {
    let (redis, mut app) = with_billing().await;
    let operation = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } });
    let seen = preview(&app, &operation).await;
    app.restart_with_access(nothing()).await;
    let (status, answer) = super::operate(&app, &operation, &seen).await;
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("permission_denied")));
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

/// The URL of a user of Redis with these rights.
async fn user(redis: &TestRedis, rights: &str) -> StoreUrl {
    redis.run(&format!("ACL SETUSER operator on >password {rights}")).await;
    format!("{}?user=operator&pass=password", redis.url_text()).parse().unwrap()
}

#[tokio::test]
async fn what_redis_will_refuse_is_known_beforehand() {
    let (redis, mut app) = with_billing().await;
    // May do everything but what is asked here.
    let url = user(&redis, "~* +@all -xtrim -xdel -xgroup|destroy").await;
    app.restart_operating_as(url).await;
    for (operation, command) in [
        (json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } }), "xtrim"),
        (json!({ "kind": "delete_entries", "stream": STREAM, "ids": ["1-0"] }), "xdel"),
        (json!({ "kind": "delete_group", "stream": STREAM, "group": "billing" }), "xgroup|destroy"),
    ] {
        let seen = preview(&app, &operation).await;
        let refusal = seen["refusal"].as_str().unwrap_or_else(|| panic!("{operation}: {seen}"));
        assert!(refusal.to_lowercase().contains(command), "{refusal}");
        let (status, answer) = super::operate(&app, &operation, &seen).await;
        // It is recorded as what was asked for, and what came of it.
        assert_eq!(status, 200, "{answer}");
        assert_eq!(answer["outcome"]["status"], "failed", "{answer}");
        assert_eq!(super::newest(&app).await["outcome"]["status"], "failed");
    }
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let (redis, mut app) = with_billing().await;
    let url = user(&redis, "~events:* +@all").await;
    app.restart_operating_as(url).await;
    let operation = json!({ "kind": "trim", "stream": STREAM, "by": { "length": 4 } });
    let seen = preview(&app, &operation).await;
    assert!(seen["refusal"].as_str().unwrap().contains("rewind:"), "{seen}");
    let (status, answer) = super::operate(&app, &operation, &seen).await;
    assert_eq!((status, &answer["error"]["code"]), (503, &json!("audit_unavailable")), "{answer}");
    assert_eq!(number(&redis, "XLEN events:orders").await, 20);
}

/// The rights that `docs/permissions.md` names for the user of operations.
fn documented_rights() -> &'static str {
    let document = include_str!("../../../../docs/permissions.md");
    let is_of_operations = "ACL SETUSER rewind-operate on >password ";
    document.lines().find_map(|line| line.strip_prefix(is_of_operations)).unwrap()
}

#[tokio::test]
async fn the_documented_rights_are_enough_for_every_operation() {
    let (redis, mut app) = with_billing().await;
    redis.run("SET projection:p:checkpoint 4-0").await;
    let url = user(&redis, documented_rights()).await;
    app.restart_operating_as(url).await;
    redis.run("ACL LOG RESET").await;
    let of_group = |kind: &str, more: serde_json::Value| {
        let mut operation = json!({ "kind": kind, "stream": STREAM, "group": "billing" });
        operation.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        operation
    };
    for operation in [
        json!({ "kind": "publish", "stream": STREAM, "events": [{ "type": "a" }, { "type": "b" }], "max_len": 1_000 }),
        json!({ "kind": "append", "stream": "aggregate:A:1", "events": [{ "type": "a" }], "expected": 0 }),
        json!({ "kind": "create_group", "stream": STREAM, "group": "g", "from": "start" }),
        json!({ "kind": "reset_group", "stream": STREAM, "group": "g", "to": "end" }),
        json!({ "kind": "delete_group", "stream": STREAM, "group": "g" }),
        of_group("create_consumer", json!({ "consumer": "b2" })),
        of_group("claim", json!({ "entries": { "ids": ["1-0", "2-0"] }, "to": "b2" })),
        of_group("delete_consumer", json!({ "consumer": "b2", "heir": "b1" })),
        of_group("ack", json!({ "entries": { "ids": ["1-0"] } })),
        of_group("bury", json!({ "entries": { "ids": ["2-0", "3-0", "4-0"] }, "reason": "no" })),
        of_group("replay", json!({ "letters": "all", "to_group": true })),
        of_group("bury", json!({ "entries": { "ids": ["2-0", "3-0", "4-0"] }, "reason": "no" })),
        of_group("replay", json!({ "letters": "all" })),
        of_group("bury", json!({ "entries": { "ids": ["5-0"] }, "reason": "no" })),
        of_group("drop", json!({ "letters": "all" })),
        json!({ "kind": "delete_entries", "stream": STREAM, "ids": ["6-0"] }),
        json!({ "kind": "trim", "stream": STREAM, "by": { "length": 12 } }),
        json!({ "kind": "pause_projection", "projection": "p" }),
        json!({ "kind": "resume_projection", "projection": "p" }),
        json!({ "kind": "reset_projection", "projection": "p" }),
        json!({ "kind": "delete_stream", "stream": STREAM }),
    ] {
        done(&app, operation).await;
    }
    let denied = redis.run("ACL LOG").await;
    assert!(matches!(denied, redis::Value::Array(ref entries) if entries.is_empty()), "{denied:?}");
}

#[tokio::test]
async fn somebody_without_a_login_may_only_look() {
    let (_redis, app) = with_billing().await;
    // What a page of another site could send.
    let response = app.request("/api/operate").send().await.unwrap();
    assert_eq!(response.status(), 405);
    let response = reqwest::Client::new()
        .post(format!("{}/api/operate", app.url()))
        .header("content-type", "text/plain")
        .body(r#"{"operation":{"kind":"publish","stream":"s","events":[{"type":"a"}]}}"#)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 415);
    let _: &TestApp = &app;
}
