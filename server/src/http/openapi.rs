//! `GET /api/openapi.json`: all calls, for programs.
//!
//! What the parameters are comes from the types of the questions, what they mean from `docs/api.md`, so neither can say something else.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use rewind_app::api::query::shape::{Parameter, ParameterKind, parameters_of, sample_of};
use rewind_app::api::query::{
    AuditQuery, BisectQuery, BlameQuery, CatalogQuery, CategoriesQuery, DeadQuery, DeliveriesQuery,
    DiffQuery, DiscoveryQuery, EventQuery, EventsQuery, ExportQuery, FieldQuery, FindQuery,
    FoldQuery, GroupQuery, GroupsQuery, HistoryQuery, IndexQuery, LiveQuery, NoQuery, OperateQuery,
    OperationQuery, OverviewQuery, PendingQuery, PreviewQuery, ProjectionQuery, Query, RatesQuery,
    RelatedQuery, ReplayQuery, SaveFoldQuery, StreamsQuery, TicketQuery, TimelineQuery,
    TryFoldQuery, WindowQuery, read_url,
};
use serde_json::{Map, Value, json};

use super::errors;

/// What `docs/api.md` says.
const DOCUMENTATION: &str = include_str!("../../../docs/api.md");

const JSON: &[&str] = &["application/json"];
const EVENTS: &[&str] = &["text/event-stream"];
const BYTES: &[&str] = &["application/octet-stream"];
/// Those of each format.
const FILES: &[&str] = &["application/x-ndjson", "text/csv", "application/json"];

pub(super) async fn document(RawQuery(query): RawQuery) -> Response {
    if let Err(error) = read_url::<NoQuery>(&query.unwrap_or_default()) {
        return errors::response(&error);
    }
    static TEXT: LazyLock<Bytes> =
        LazyLock::new(|| serde_json::to_vec(&openapi()).unwrap_or_default().into());
    let mut response = Response::new(Body::from(TEXT.clone()));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A call.
struct Call {
    method: &'static str,
    path: &'static str,
    parameters: Vec<Parameter>,
    /// The media types that its answer can have.
    answers: &'static [&'static str],
}

fn get<Q: Query>(path: &'static str, answers: &'static [&'static str]) -> Call {
    Call { method: "get", path, parameters: parameters_of::<Q>(), answers }
}

fn post<Q: Query>(path: &'static str) -> Call {
    Call { method: "post", path, parameters: parameters_of::<Q>(), answers: JSON }
}

fn calls() -> Vec<Call> {
    vec![
        get::<OverviewQuery>("/api/overview", JSON),
        post::<RatesQuery>("/api/rates"),
        get::<StreamsQuery>("/api/streams", JSON),
        get::<CatalogQuery>("/api/catalog", JSON),
        get::<CategoriesQuery>("/api/categories", JSON),
        post::<DiscoveryQuery>("/api/discovery"),
        get::<EventsQuery>("/api/events", JSON),
        get::<EventQuery>("/api/event", JSON),
        get::<FieldQuery>("/api/value", BYTES),
        get::<RelatedQuery>("/api/related", JSON),
        get::<IndexQuery>("/api/index", JSON),
        get::<FindQuery>("/api/find", EVENTS),
        get::<ExportQuery>("/api/export", FILES),
        get::<TicketQuery>("/api/export_status", JSON),
        post::<TicketQuery>("/api/cancel_export"),
        get::<ReplayQuery>("/api/replay", JSON),
        get::<WindowQuery>("/api/window", JSON),
        get::<DiffQuery>("/api/diff", JSON),
        get::<BlameQuery>("/api/blame", JSON),
        get::<HistoryQuery>("/api/history", JSON),
        get::<BisectQuery>("/api/bisect", JSON),
        get::<TimelineQuery>("/api/timeline", JSON),
        get::<FoldQuery>("/api/fold", JSON),
        post::<TryFoldQuery>("/api/try_fold"),
        post::<SaveFoldQuery>("/api/save_fold"),
        post::<PreviewQuery>("/api/preview"),
        post::<OperateQuery>("/api/operate"),
        get::<NoQuery>("/api/operations", JSON),
        get::<OperationQuery>("/api/operation", JSON),
        post::<OperationQuery>("/api/cancel_operation"),
        get::<GroupsQuery>("/api/groups", JSON),
        get::<GroupQuery>("/api/group", JSON),
        get::<PendingQuery>("/api/pending", JSON),
        get::<DeadQuery>("/api/dead", JSON),
        get::<DeliveriesQuery>("/api/deliveries", JSON),
        get::<NoQuery>("/api/projections", JSON),
        get::<ProjectionQuery>("/api/projection", JSON),
        get::<AuditQuery>("/api/audit", JSON),
        get::<LiveQuery>("/api/live", EVENTS),
        get::<NoQuery>("/api/about", JSON),
        get::<NoQuery>("/api/openapi.json", JSON),
    ]
}

fn openapi() -> Value {
    let mut paths = Map::new();
    for call in calls() {
        let section = section(&call);
        let mut operation = json!({
            "operationId": call.path.trim_start_matches("/api/").replace('.', "_"),
            "description": opening(section),
            "responses": {
                "200": {"description": "The answer", "content": contents(call.answers)},
                "default": {"$ref": "#/components/responses/Error"},
            },
        });
        match call.method {
            "get" => operation["parameters"] = parameters(&call.parameters, section),
            _ => operation["requestBody"] = body(&call.parameters, section),
        }
        paths.insert(call.path.to_owned(), json!({ call.method: operation }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Rewind",
            "version": env!("CARGO_PKG_VERSION"),
            "description": opening(DOCUMENTATION),
        },
        "paths": paths,
        "components": {
            "responses": {
                "Error": {
                    "description": "Why the call was not answered",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
                },
            },
            "schemas": {"Error": error_schema()},
        },
    })
}

fn contents(types: &[&str]) -> Value {
    types.iter().map(|name| ((*name).to_owned(), json!({}))).collect::<Map<_, _>>().into()
}

fn parameters(parameters: &[Parameter], section: &str) -> Value {
    let described = |parameter: &Parameter| {
        let mut described = json!({
            "name": parameter.name,
            "in": "query",
            "required": parameter.is_required,
            "description": meaning(parameter.name, section),
            "schema": schema(parameter),
        });
        if let Some(sample) = sample_of(parameter.name).filter(|_| parameter.is_required) {
            described["example"] = json!(sample);
        }
        described
    };
    parameters.iter().map(described).collect()
}

fn body(parameters: &[Parameter], section: &str) -> Value {
    let mut properties = Map::new();
    for parameter in parameters {
        let mut property = schema(parameter);
        if !parameter.is_required {
            // Nothing is as good as left out.
            property = json!({"anyOf": [property, {"type": "null"}]});
        }
        property["description"] = json!(meaning(parameter.name, section));
        properties.insert(parameter.name.to_owned(), property);
    }
    let required = parameters.iter().filter(|parameter| parameter.is_required);
    let required: Vec<_> = required.map(|parameter| parameter.name).collect();
    let schema = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn schema(parameter: &Parameter) -> Value {
    match parameter.kind {
        // An empty one counts as left out.
        ParameterKind::Text if parameter.is_required => json!({"type": "string", "minLength": 1}),
        ParameterKind::Text => json!({"type": "string"}),
        ParameterKind::Number => json!({"type": "integer", "minimum": 0}),
        ParameterKind::Limit(most) => json!({"type": "integer", "minimum": 1, "maximum": most}),
        ParameterKind::Switch => json!({"type": "boolean"}),
        ParameterKind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        ParameterKind::Object => json!({"type": "object"}),
        ParameterKind::OneOf(names) => json!({"type": "string", "enum": names}),
    }
}

fn error_schema() -> Value {
    json!({
        "type": "object",
        "required": ["error"],
        "properties": {"error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "parameter": {"type": "string"},
                "version": {"type": "integer"},
                "line": {"type": "integer"},
                "column": {"type": "integer"},
            },
        }},
    })
}

/// What the documentation says of a call: the section whose heading names it.
fn section(call: &Call) -> &'static str {
    let heading = format!("`{} {}`", call.method.to_uppercase(), call.path);
    let mut sections = DOCUMENTATION.split("\n## ").skip(1);
    sections.find(|section| section.starts_with(&heading)).unwrap_or_default()
}

/// The first paragraph behind a heading.
fn opening(section: &str) -> String {
    let paragraphs = section.split("\n\n").skip(1);
    paragraphs.map(str::trim).find(|text| !text.is_empty()).unwrap_or_default().replace('\n', " ")
}

/// What a section's table says of a parameter; else the table of another one that it refers to.
fn meaning(name: &str, section: &str) -> String {
    let here = in_table(name, section);
    if !here.is_empty() {
        return here;
    }
    let links = section.split("](#get-api").skip(1).filter_map(|link| link.split(')').next());
    let elsewhere = links.filter_map(|call| {
        let heading = format!("`GET /api/{call}`");
        DOCUMENTATION.split("\n## ").find(|section| section.starts_with(&heading))
    });
    elsewhere
        .map(|section| in_table(name, section))
        .find(|text| !text.is_empty())
        .unwrap_or_default()
}

fn in_table(name: &str, section: &str) -> String {
    let row = section.lines().find_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let named = cells.next()?.split(", ").any(|cell| cell.trim_matches('`') == name);
        named.then(|| cells.next().unwrap_or_default())
    });
    row.unwrap_or_default().trim_end_matches(" |").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_stands_in_the_documentation() {
        for call in calls() {
            assert!(!section(&call).is_empty(), "{} {}", call.method, call.path);
            assert!(!opening(section(&call)).is_empty(), "{}", call.path);
        }
    }

    #[test]
    fn every_parameter_of_a_get_has_a_meaning_in_the_documentation() {
        let silent: Vec<_> = calls()
            .iter()
            .filter(|call| call.method == "get")
            .flat_map(|call| {
                let section = section(call);
                let is_silent = |parameter: &&Parameter| {
                    meaning(parameter.name, section).is_empty()
                        && !section.contains(&format!("`{}`", parameter.name))
                };
                let silent = call.parameters.iter().filter(is_silent);
                silent.map(|parameter| (call.path, parameter.name)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(silent, []);
    }
}
