//! Answers, held against what the description of the interface says that they look like.

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Map, Value, json};

const STREAM: &str = "aggregate:Order:1042";
const EVENT: &str = "1706185260000-0";

async fn start() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    for (n, id) in ["1706185200000-0", EVENT, "1706185320000-0"].iter().enumerate() {
        let data = format!(r#"{{"total":{n},"order_id":"7","correlation_id":"c"}}"#);
        redis.add(STREAM, id, "Counted", &data).await;
        redis.add("events:orders", id, "Counted", &data).await;
    }
    redis.run("XGROUP CREATE events:orders billing 0").await;
    redis.run("XREADGROUP GROUP billing one COUNT 2 STREAMS events:orders >").await;
    let app = TestApp::start(&redis).await;
    (redis, app)
}

/// What is wrong with a value of this schema, with where it is; `None` if it is as described. A member that is not described is wrong.
fn wrong(document: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(path) = schema["$ref"].as_str() {
        let schema = document.pointer(path.trim_start_matches('#')).expect(path);
        return wrong(document, schema, value, at);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[choice].as_array() {
            let whole = |choice: &Value| with_base(document, schema, choice);
            let wrongs: Option<Vec<String>> =
                choices.iter().map(|choice| wrong(document, &whole(choice), value, at)).collect();
            return wrongs.map(|wrongs| wrongs.join("; or "));
        }
    }
    if let Some(constant) = schema.get("const").filter(|constant| *constant != value) {
        return Some(format!("{at}: {value} is not {constant}"));
    }
    if let Some(names) = schema["enum"].as_array().filter(|names| !names.contains(value)) {
        return Some(format!("{at}: {value} is none of {names:?}"));
    }
    let is_of = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "integer" => value.is_u64() || value.is_i64(),
        _ => value.is_number(),
    };
    let is_fitting = match &schema["type"] {
        Value::String(kind) => is_of(kind),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).any(is_of),
        _ => true,
    };
    if !is_fitting {
        return Some(format!("{at}: {value} is no {}", schema["type"]));
    }
    match value {
        Value::Object(members) => wrong_member(document, schema, members, at),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            let schema = match &schema["prefixItems"][index] {
                Value::Null => &schema["items"],
                schema => schema,
            };
            wrong(document, schema, item, &format!("{at}/{index}"))
        }),
        _ => None,
    }
}

fn wrong_member(
    document: &Value,
    schema: &Value,
    members: &Map<String, Value>,
    at: &str,
) -> Option<String> {
    let empty = Map::new();
    let described = schema["properties"].as_object();
    let others = &schema["additionalProperties"];
    if described.is_none() && others.is_null() {
        return None;
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut missing = required.filter(|name| !members.contains_key(*name));
    if let Some(name) = missing.next() {
        return Some(format!("{at}: `{name}` is missing"));
    }
    members.iter().find_map(|(name, value)| {
        let at = format!("{at}/{name}");
        match described.unwrap_or(&empty).get(name) {
            Some(schema) => wrong(document, schema, value, &at),
            None if others.is_null() || others == false => Some(format!("{at} is not described")),
            None => wrong(document, others, value, &at),
        }
    })
}

/// A choice with the members that all choices have.
fn with_base(document: &Value, schema: &Value, choice: &Value) -> Value {
    let mut choice = match choice["$ref"].as_str() {
        Some(path) => document.pointer(path.trim_start_matches('#')).unwrap().clone(),
        None => choice.clone(),
    };
    let Some(base) = schema["properties"].as_object() else { return choice };
    if choice["type"] == "object" {
        for (name, property) in base {
            choice["properties"][name] = property.clone();
        }
    }
    choice
}

fn answer_schema<'d>(document: &'d Value, method: &str, path: &str) -> &'d Value {
    let call = &document["paths"][path][method];
    let schema = &call["responses"]["200"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{method} {path} has a schema");
    schema
}

#[tokio::test]
async fn answers_look_as_the_description_says() {
    let (_redis, app) = start().await;
    let document = app.ok("/api/openapi.json").await;
    let of_stream = format!("stream={STREAM}");
    let of_event = format!("{of_stream}&id={EVENT}");
    let questions = [
        "/api/about".to_owned(),
        "/api/overview".to_owned(),
        "/api/streams".to_owned(),
        "/api/catalog?sort=length".to_owned(),
        "/api/categories".to_owned(),
        format!("/api/events?{of_stream}&limit=2"),
        format!("/api/event?{of_event}"),
        format!("/api/related?{of_event}"),
        format!("/api/index?{of_stream}"),
        format!("/api/replay?{of_stream}"),
        format!("/api/window?{of_stream}"),
        format!("/api/diff?{of_stream}&from=1&to=2"),
        format!("/api/blame?{of_stream}"),
        format!("/api/history?{of_stream}&path=/total"),
        format!("/api/timeline?{of_stream}"),
        format!("/api/fold?{of_stream}"),
        "/api/export_status?ticket=0123456789abcdef0123456789abcdef".to_owned(),
        "/api/operations".to_owned(),
        "/api/groups".to_owned(),
        "/api/group?stream=events:orders&group=billing".to_owned(),
        "/api/pending?stream=events:orders&group=billing".to_owned(),
        "/api/dead?stream=events:orders&group=billing".to_owned(),
        format!("/api/deliveries?stream=events:orders&id={EVENT}"),
        "/api/projections".to_owned(),
    ];
    for question in questions {
        let path = question.split('?').next().unwrap();
        let schema = answer_schema(&document, "get", path);
        let answer = app.ok(&question).await;
        assert_eq!(wrong(&document, schema, &answer, ""), None, "{question}: {answer}");
    }
    let bodies = [
        ("/api/rates", json!({"streams": [STREAM]})),
        ("/api/discovery", json!({"action": "resume"})),
        (
            "/api/try_fold",
            json!({"stream": STREAM, "source": "export default { initial: {}, on: {} }"}),
        ),
        (
            "/api/preview",
            json!({"operation": {"kind": "delete_group", "stream": "events:orders", "group": "billing"}}),
        ),
    ];
    for (path, body) in bodies {
        let schema = answer_schema(&document, "post", path);
        let (status, answer) = app.post(path, &body).await;
        assert_eq!(status.as_u16(), 200, "{path}: {answer}");
        assert_eq!(wrong(&document, schema, &answer, ""), None, "{path}: {answer}");
    }
}

#[tokio::test]
async fn every_answer_in_json_is_described() {
    let (_redis, app) = start().await;
    let document = app.ok("/api/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    for (path, methods) in paths.iter().filter(|(path, _)| *path != "/api/openapi.json") {
        for (method, call) in methods.as_object().unwrap() {
            let content = call["responses"]["200"]["content"].as_object().unwrap();
            // Files and lines of events have other types too.
            if content.len() == 1 && content.contains_key("application/json") {
                answer_schema(&document, method, path);
            }
        }
    }
}

#[test]
fn an_answer_that_looks_different_is_noticed() {
    let document = json!({"components": {"schemas": {"Id": {"type": "string"}}}});
    let schema = json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"$ref": "#/components/schemas/Id"},
            "next": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
        },
    });
    let says = |answer: Value| wrong(&document, &schema, &answer, "");
    assert_eq!(says(json!({"id": "1-0", "next": null, "kinds": ["b"]})), None);
    for (answer, place) in [
        (json!({}), "`id` is missing"),
        (json!({"id": 1}), "/id: 1 is no"),
        (json!({"id": "1-0", "next": "2"}), "/next: \"2\" is no"),
        (json!({"id": "1-0", "kinds": ["c"]}), "/kinds/0: \"c\" is none"),
        (json!({"id": "1-0", "other": 1}), "/other is not described"),
    ] {
        assert!(says(answer.clone()).is_some_and(|wrong| wrong.contains(place)), "{answer}");
    }
}
