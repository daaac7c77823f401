//! `GET /api/openapi.json`: all calls, for programs.
//!
//! What the parameters are comes from the types of the questions, what they mean from `docs/api.md`, and what the answers look like from
//! their types, so none of them can say something else.

use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use rewind_app::api::export::ExportStatus;
use rewind_app::api::query::shape::{Parameter, ParameterKind, parameters_of, sample_of};
use rewind_app::api::query::{
    AuditQuery, BisectQuery, BlameQuery, CatalogQuery, CategoriesQuery, DeadQuery, DeliveriesQuery,
    DiffQuery, DiscoveryQuery, EventQuery, EventsQuery, ExportQuery, FieldQuery, FindQuery,
    FoldQuery, GroupQuery, GroupsQuery, HistoryQuery, IndexQuery, LiveQuery, NoQuery, OperateQuery,
    OperationQuery, OverviewQuery, PendingQuery, PreviewQuery, ProjectionQuery, Query, RatesQuery,
    RelatedQuery, ReplayQuery, SaveFoldQuery, StreamsQuery, TicketQuery, TimelineQuery,
    TryFoldQuery, WindowQuery, read_url,
};
use rewind_app::api::related::RelatedAnswer;
use rewind_app::api::{
    About, AuditPage, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, DeadPage,
    DeliveriesAnswer, DiffAnswer, DiscoveryStatus, EventAnswer, EventsPage, FoldAnswer,
    GroupAnswer, GroupsPage, HistoryAnswer, IndexAnswer, OperationStatus, OperationsAnswer,
    Overview, PendingPage, ProjectionAnswer, ProjectionsAnswer, ReplayAnswer, RetentionAnswer,
    StreamRates, StreamsPage, TimelineAnswer, TrialAnswer, WindowAnswer,
};
use rewind_domain::operations::Preview;
use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema};
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
    /// Makes the schema of its answer; `None` if the answer is not JSON.
    schema: Option<fn(&mut SchemaGenerator) -> Schema>,
}

impl Call {
    /// The same call, whose answer is of this type.
    fn answered_with<A: JsonSchema>(self) -> Self {
        Self { schema: Some(SchemaGenerator::subschema_for::<A>), ..self }
    }
}

fn get<Q: Query>(path: &'static str, answers: &'static [&'static str]) -> Call {
    Call { method: "get", path, parameters: parameters_of::<Q>(), answers, schema: None }
}

fn post<Q: Query>(path: &'static str) -> Call {
    Call { method: "post", path, parameters: parameters_of::<Q>(), answers: JSON, schema: None }
}

fn calls() -> Vec<Call> {
    vec![
        get::<OverviewQuery>("/api/overview", JSON).answered_with::<Overview>(),
        post::<RatesQuery>("/api/rates").answered_with::<StreamRates>(),
        get::<StreamsQuery>("/api/streams", JSON).answered_with::<StreamsPage>(),
        get::<CatalogQuery>("/api/catalog", JSON).answered_with::<CatalogPage>(),
        get::<CategoriesQuery>("/api/categories", JSON).answered_with::<CategoriesPage>(),
        post::<DiscoveryQuery>("/api/discovery").answered_with::<DiscoveryStatus>(),
        get::<EventsQuery>("/api/events", JSON).answered_with::<EventsPage>(),
        get::<EventQuery>("/api/event", JSON).answered_with::<EventAnswer>(),
        get::<FieldQuery>("/api/value", BYTES),
        get::<RelatedQuery>("/api/related", JSON).answered_with::<RelatedAnswer>(),
        get::<IndexQuery>("/api/index", JSON).answered_with::<IndexAnswer>(),
        get::<FindQuery>("/api/find", EVENTS),
        get::<ExportQuery>("/api/export", FILES),
        get::<TicketQuery>("/api/export_status", JSON).answered_with::<ExportStatus>(),
        post::<TicketQuery>("/api/cancel_export").answered_with::<ExportStatus>(),
        get::<ReplayQuery>("/api/replay", JSON).answered_with::<ReplayAnswer>(),
        get::<WindowQuery>("/api/window", JSON).answered_with::<WindowAnswer>(),
        get::<DiffQuery>("/api/diff", JSON).answered_with::<DiffAnswer>(),
        get::<BlameQuery>("/api/blame", JSON).answered_with::<BlameAnswer>(),
        get::<HistoryQuery>("/api/history", JSON).answered_with::<HistoryAnswer>(),
        get::<BisectQuery>("/api/bisect", JSON).answered_with::<BisectAnswer>(),
        get::<TimelineQuery>("/api/timeline", JSON).answered_with::<TimelineAnswer>(),
        get::<FoldQuery>("/api/fold", JSON).answered_with::<FoldAnswer>(),
        post::<TryFoldQuery>("/api/try_fold").answered_with::<TrialAnswer>(),
        post::<SaveFoldQuery>("/api/save_fold").answered_with::<FoldAnswer>(),
        post::<PreviewQuery>("/api/preview").answered_with::<Preview>(),
        post::<OperateQuery>("/api/operate").answered_with::<OperationStatus>(),
        get::<NoQuery>("/api/operations", JSON).answered_with::<OperationsAnswer>(),
        get::<OperationQuery>("/api/operation", JSON).answered_with::<OperationStatus>(),
        post::<OperationQuery>("/api/cancel_operation").answered_with::<OperationStatus>(),
        get::<GroupsQuery>("/api/groups", JSON).answered_with::<GroupsPage>(),
        get::<GroupQuery>("/api/group", JSON).answered_with::<GroupAnswer>(),
        get::<PendingQuery>("/api/pending", JSON).answered_with::<PendingPage>(),
        get::<DeadQuery>("/api/dead", JSON).answered_with::<DeadPage>(),
        get::<DeliveriesQuery>("/api/deliveries", JSON).answered_with::<DeliveriesAnswer>(),
        get::<NoQuery>("/api/projections", JSON).answered_with::<ProjectionsAnswer>(),
        get::<ProjectionQuery>("/api/projection", JSON).answered_with::<ProjectionAnswer>(),
        get::<NoQuery>("/api/retention", JSON).answered_with::<RetentionAnswer>(),
        get::<AuditQuery>("/api/audit", JSON).answered_with::<AuditPage>(),
        get::<LiveQuery>("/api/live", EVENTS),
        get::<NoQuery>("/api/about", JSON).answered_with::<About>(),
        get::<NoQuery>("/api/openapi.json", JSON),
    ]
}

fn openapi() -> Value {
    let mut paths = Map::new();
    let mut schemas = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    for call in calls() {
        let schema = call.schema.map(|schema| schema(&mut schemas));
        let section = section(&call);
        let mut operation = json!({
            "operationId": call.path.trim_start_matches("/api/").replace('.', "_"),
            "description": opening(section),
            "responses": {
                "200": {"description": "The answer", "content": contents(call.answers, schema.as_ref())},
                "default": {"$ref": "#/components/responses/Error"},
            },
        });
        match call.method {
            "get" => operation["parameters"] = parameters(&call.parameters, section),
            _ => operation["requestBody"] = body(&call.parameters, section),
        }
        paths.insert(call.path.to_owned(), json!({ call.method: operation }));
    }
    let mut schemas = schemas.take_definitions(true);
    schemas.insert("Error".to_owned(), error_schema());
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
            "schemas": schemas,
        },
    })
}

fn contents(types: &[&str], schema: Option<&Schema>) -> Value {
    let content = schema.map_or(json!({}), |schema| json!({"schema": schema}));
    types.iter().map(|name| ((*name).to_owned(), content.clone())).collect::<Map<_, _>>().into()
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
