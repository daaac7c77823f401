//! Dead letters: replayed and deleted.

use serde_json::{Value, json};

use super::{STREAM, done, number, pending, refused, with_billing};

async fn bury(app: &rewind_tests::TestApp, ids: Value) {
    let operation = json!({ "kind": "bury", "stream": STREAM, "group": "billing", "entries": { "ids": ids }, "reason": "no stock" });
    done(app, operation).await;
}

async fn letters(app: &rewind_tests::TestApp) -> Value {
    app.ok("/api/dead?stream=events:orders&group=billing").await
}

#[tokio::test]
async fn a_dead_letter_says_why_and_is_replayed_to_its_group_or_to_everybody() {
    let (redis, app) = with_billing().await;
    bury(&app, json!(["1-0", "2-0", "3-0"])).await;
    let page = letters(&app).await;
    assert_eq!(page["total"], 3);
    let letter = &page["letters"][0];
    assert_eq!((&letter["origin"], &letter["reason"]), (&json!("1-0"), &json!("no stock")));
    assert_eq!((&letter["consumer"], &letter["deliveries"]), (&json!("b1"), &json!(1)));
    assert_eq!(letter["event"]["data"]["n"], 1);
    assert_eq!(pending(&redis, "billing").await.len(), 7);

    let ids = json!({ "ids": [page["letters"][0]["id"]] });
    let replay = |letters: Value, to_group: bool| json!({ "kind": "replay", "stream": STREAM, "group": "billing", "letters": letters, "to_group": to_group });
    let (_, outcome) = done(&app, replay(ids.clone(), true)).await;
    assert_eq!(outcome["ids"], json!(["1-0"]));
    assert_eq!(pending(&redis, "billing").await.len(), 8);
    let (status, _) = refused(&app, &replay(ids, true), None).await;
    assert_eq!(status, 409);

    let mut all = replay(json!("all"), false);
    all.as_object_mut().unwrap().remove("to_group");
    all["per_second"] = json!(100);
    let (seen, outcome) = done(&app, all).await;
    assert_eq!(seen["effects"][0]["kind"], "gets_again");
    let new = outcome["ids"][0].as_str().unwrap();
    let event = app.ok(&format!("/api/event?stream=events:orders&id={new}")).await;
    assert_eq!(event["event"]["fields"]["replay_of"], "2-0", "{event}");
    assert_eq!(letters(&app).await["total"], 0);
    assert_eq!(number(&redis, "XLEN events:orders").await, 22);
}

#[tokio::test]
async fn dead_letters_are_dropped_those_that_are_named_or_all() {
    let (redis, app) = with_billing().await;
    bury(&app, json!(["1-0", "2-0", "3-0"])).await;
    let first = letters(&app).await["letters"][0]["id"].take();
    let drop = |letters: Value| json!({ "kind": "drop", "stream": STREAM, "group": "billing", "letters": letters });
    let (seen, _) = done(&app, drop(json!({ "ids": [first, "5-5"] }))).await;
    assert_eq!(seen["count"], 1);
    let (_, outcome) = done(&app, drop(json!("all"))).await;
    assert_eq!(outcome["done"], 2);
    assert_eq!(number(&redis, "XLEN {events:orders}:dead:billing").await, 0);
}

#[tokio::test]
async fn what_groups_have_done_with_an_event_is_told() {
    let (redis, app) = with_billing().await;
    redis.run("XGROUP CREATE events:orders stats 0").await;
    redis.run("XACK events:orders billing 1-0").await;
    let state = async |id: &str| {
        let answer = app.ok(&format!("/api/deliveries?stream=events:orders&id={id}")).await;
        let groups = answer["groups"].as_array().unwrap();
        let states = groups.iter().map(|group| group["state"].as_str().unwrap().to_owned());
        states.collect::<Vec<_>>()
    };
    assert_eq!(state("1-0").await, ["behind", "not_yet"]);
    assert_eq!(state("2-0").await, ["pending", "not_yet"]);
    assert_eq!(state("15-0").await, ["not_yet", "not_yet"]);
}
