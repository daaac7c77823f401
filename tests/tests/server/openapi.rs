//! The description of the interface for programs, and the documentation, held against the running server.

use rewind_tests::{TestApp, TestRedis};
use serde_json::{Map, Value};

const DOCUMENTATION: &str = include_str!("../../../docs/api.md");

async fn start() -> (TestRedis, TestApp) {
    let redis = TestRedis::start().await;
    for (n, id) in ["1706185200000-0", "1706185260000-0", "1706185320000-0"].iter().enumerate() {
        let data = format!(r#"{{"total":{n}}}"#);
        redis.add("aggregate:Order:1042", id, "Counted", &data).await;
        redis.add("events:orders", id, "Counted", &data).await;
    }
    let app = TestApp::start(&redis).await;
    (redis, app)
}

/// Each call with its path, its method and what is said of it.
fn calls(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap();
            methods.iter().map(move |(method, call)| (path.as_str(), method.as_str(), call))
        })
        .collect()
}

/// A value that a parameter can have.
fn sample(parameter: &Value) -> String {
    if let Some(example) = parameter["example"].as_str() {
        return example.to_owned();
    }
    match (parameter["name"].as_str().unwrap(), parameter["schema"]["type"].as_str().unwrap()) {
        ("stream", _) => "aggregate:Order:1042",
        ("id" | "after" | "before", "string") => "1706185260000-0",
        ("open" | "closed", _) => "[\"aggregate:\"]",
        ("ticket", _) => "0123456789abcdef",
        ("format", _) => "csv",
        ("columns", _) => "data.total",
        ("path", _) => "/total",
        ("cursor", "string") => "0.0",
        ("position", _) => "1706185260000-0@aggregate:Order:1042",
        ("order", _) => "asc",
        ("sort", _) => "length",
        (_, "integer") => "1",
        (_, "boolean") => "true",
        _ => "data",
    }
    .to_owned()
}

fn question(path: &str, parameters: &[&Value]) -> String {
    let pair = |parameter: &&Value| {
        let name = parameter["name"].as_str().unwrap();
        let value: String = sample(parameter).bytes().map(|byte| format!("%{byte:02X}")).collect();
        format!("{name}={value}")
    };
    let pairs: Vec<String> = parameters.iter().map(pair).collect();
    format!("{path}?{}", pairs.join("&"))
}

#[tokio::test]
async fn the_description_and_the_documentation_have_the_same_calls() {
    let (_redis, app) = start().await;
    let document = app.ok("/api/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let mut described: Vec<String> = calls(&document)
        .iter()
        .map(|(path, method, _)| format!("{} {path}", method.to_uppercase()))
        .collect();
    let mut documented: Vec<String> = DOCUMENTATION
        .lines()
        .filter_map(|line| line.strip_prefix("## `"))
        .map(|heading| heading.split('`').next().unwrap().to_owned())
        .filter(|call| call.contains(" /api/"))
        .collect();
    described.sort();
    documented.sort();
    assert_eq!(described, documented);
}

#[tokio::test]
async fn each_described_parameter_is_known_to_the_server_and_those_that_are_required_are() {
    let (_redis, app) = start().await;
    let document = app.ok("/api/openapi.json").await;
    for (path, method, call) in calls(&document) {
        if method != "get" {
            continue;
        }
        let parameters = call["parameters"].as_array().unwrap();
        let required: Vec<&Value> =
            parameters.iter().filter(|parameter| parameter["required"] == true).collect();
        for missing in &required {
            let others: Vec<&Value> =
                required.iter().filter(|other| other != &missing).copied().collect();
            let (status, answer) = app.get(&question(path, &others)).await;
            assert_eq!((status.as_u16(), &answer["error"]["parameter"]), (400, &missing["name"]));
        }
        for parameter in parameters {
            let mut asked = required.clone();
            if parameter["required"] != true {
                asked.push(parameter);
            }
            let question = question(path, &asked);
            let response = app.request(&question).send().await.unwrap();
            let status = response.status().as_u16();
            if status == 400 {
                let error: Value = response.json().await.unwrap();
                let message = error["error"]["message"].as_str().unwrap();
                assert!(!message.contains("is not known"), "{question}: {message}");
            }
            assert!(status < 500, "{question}: {status}");
        }
    }
}

#[tokio::test]
async fn each_described_body_is_known_to_the_server() {
    let (_redis, app) = start().await;
    let document = app.ok("/api/openapi.json").await;
    for (path, method, call) in calls(&document) {
        if method != "post" {
            continue;
        }
        let schema = &call["requestBody"]["content"]["application/json"]["schema"];
        assert_eq!(schema["additionalProperties"], false, "{path}");
        for (name, property) in schema["properties"].as_object().unwrap() {
            // Of another type than it is, so that nothing happens; but known.
            let wrong =
                if property["type"] == "object" { Value::from(1) } else { Value::from(Map::new()) };
            let body = Value::from(Map::from_iter([(name.clone(), wrong)]));
            let (status, answer) = app.post(path, &body).await;
            let message = answer["error"]["message"].as_str().unwrap();
            assert_eq!(status.as_u16(), 400, "{path} {name}: {message}");
            assert!(!message.contains("is not known"), "{path}: {message}");
        }
    }
}

#[tokio::test]
async fn the_examples_of_the_documentation_are_answered() {
    let (_redis, app) = start().await;
    let examples: Vec<&str> = DOCUMENTATION
        .lines()
        .filter(|line| line.starts_with("curl ") && !line.contains("content-type"))
        .collect();
    assert!(examples.len() >= 6, "{examples:?}");
    for example in examples {
        let status = app.request(&path_of(example)).send().await.unwrap().status();
        assert_eq!(status.as_u16(), 200, "{example}");
    }
}

/// What a `curl` command asks for, whose data it sends as parameters.
fn path_of(command: &str) -> String {
    let mut words = Vec::new();
    for (at, part) in command.split('\'').enumerate() {
        // Between quotes a space is no end.
        match at % 2 {
            1 => words.push(part.to_owned()),
            _ => words.extend(part.split_whitespace().map(str::to_owned)),
        }
    }
    let address = words.iter().find_map(|word| word.strip_prefix("http://127.0.0.1:7117")).unwrap();
    let data = words.windows(2).filter(|pair| matches!(&*pair[0], "-d" | "--data-urlencode"));
    let parameters: Vec<String> = data
        .map(|pair| {
            let (name, value) = pair[1].split_once('=').unwrap();
            let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            format!("{name}={value}")
        })
        .collect();
    match parameters.is_empty() {
        true => address.to_owned(),
        false => format!("{address}?{}", parameters.join("&")),
    }
}
