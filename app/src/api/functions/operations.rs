//! The server functions of operations, and of what they change.

#![allow(
    missing_docs,
    reason = "the macro makes a struct of each function's question, which `docs/api.md` describes"
)]

use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use rewind_domain::operations::Preview;

use crate::api::query::{
    AuditQuery, DeadQuery, DeliveriesQuery, GroupQuery, GroupsQuery, JsonBody, NoQuery,
    OperateQuery, OperationQuery, PendingQuery, PreviewQuery, ProjectionQuery, UrlParameters,
    asked_by_post, asked_by_url,
};
use crate::api::{
    ApiError, AuditPage, DeadPage, DeliveriesAnswer, GroupAnswer, GroupsPage, OperationStatus,
    OperationsAnswer, PendingPage, ProjectionAnswer, ProjectionsAnswer, RetentionAnswer,
};

/// `POST /api/preview`: what an operation would do. Changes nothing.
#[server(name = PreviewOperation, prefix = "/api", endpoint = "preview", input = JsonBody, output = Json)]
pub async fn preview(query: PreviewQuery) -> Result<Preview, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.preview(&caller, query).await
}

/// `POST /api/operate`: executes an operation.
#[server(name = OperateOn, prefix = "/api", endpoint = "operate", input = JsonBody, output = Json)]
pub async fn operate(query: OperateQuery) -> Result<OperationStatus, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.operate(&caller, query).await
}

/// `GET /api/operations`: the operations that are under way or ended lately.
#[server(name = GetOperations, prefix = "/api", endpoint = "operations", input = UrlParameters, output = Json)]
pub async fn operations(query: NoQuery) -> Result<OperationsAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.operations(&caller, query).await
}

/// `GET /api/operation`: how far an operation is.
#[server(name = GetOperation, prefix = "/api", endpoint = "operation", input = UrlParameters, output = Json)]
pub async fn operation(query: OperationQuery) -> Result<OperationStatus, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.operation(&caller, query).await
}

/// `POST /api/cancel_operation`: ends an operation that is under way.
#[server(name = CancelOperation, prefix = "/api", endpoint = "cancel_operation", input = JsonBody, output = Json)]
pub async fn cancel_operation(query: OperationQuery) -> Result<OperationStatus, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.cancel_operation(&caller, query).await
}

/// `GET /api/groups`: a part of the list of consumer groups.
#[server(name = GetGroups, prefix = "/api", endpoint = "groups", input = UrlParameters, output = Json)]
pub async fn groups(query: GroupsQuery) -> Result<GroupsPage, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.groups(&caller, query).await
}

/// `GET /api/group`: a consumer group.
#[server(name = GetGroup, prefix = "/api", endpoint = "group", input = UrlParameters, output = Json)]
pub async fn group(query: GroupQuery) -> Result<GroupAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.group(&caller, query).await
}

/// `GET /api/pending`: what a group has pending.
#[server(name = GetPending, prefix = "/api", endpoint = "pending", input = UrlParameters, output = Json)]
pub async fn pending(query: PendingQuery) -> Result<PendingPage, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.pending(&caller, query).await
}

/// `GET /api/dead`: the dead letters of a group.
#[server(name = GetDead, prefix = "/api", endpoint = "dead", input = UrlParameters, output = Json)]
pub async fn dead(query: DeadQuery) -> Result<DeadPage, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.dead(&caller, query).await
}

/// `GET /api/deliveries`: what groups have done with an event.
#[server(name = GetDeliveries, prefix = "/api", endpoint = "deliveries", input = UrlParameters, output = Json)]
pub async fn deliveries(query: DeliveriesQuery) -> Result<DeliveriesAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.deliveries(&caller, query).await
}

/// `GET /api/audit`: operations of the audit log.
#[server(name = GetAudit, prefix = "/api", endpoint = "audit", input = UrlParameters, output = Json)]
pub async fn audit(query: AuditQuery) -> Result<AuditPage, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.audit(&caller, query).await
}

/// `GET /api/projections`: the projections that there are.
#[server(name = GetProjections, prefix = "/api", endpoint = "projections", input = UrlParameters, output = Json)]
pub async fn projections(query: NoQuery) -> Result<ProjectionsAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.projections(&caller, query).await
}

/// `GET /api/projection`: a projection, and what is in it.
#[server(name = GetProjection, prefix = "/api", endpoint = "projection", input = UrlParameters, output = Json)]
pub async fn projection(query: ProjectionQuery) -> Result<ProjectionAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.projection(&caller, query).await
}

/// `GET /api/retention`: the policies of retention, and what each would do now.
#[server(name = GetRetention, prefix = "/api", endpoint = "retention", input = UrlParameters, output = Json)]
pub async fn retention(query: NoQuery) -> Result<RetentionAnswer, ApiError> {
    let (backend, caller) = super::server::asked()?;
    backend.retention(&caller, query).await
}

asked_by_url! {
    GetOperations => NoQuery,
    GetOperation => OperationQuery,
    GetGroups => GroupsQuery,
    GetGroup => GroupQuery,
    GetPending => PendingQuery,
    GetDead => DeadQuery,
    GetDeliveries => DeliveriesQuery,
    GetProjections => NoQuery,
    GetProjection => ProjectionQuery,
    GetRetention => NoQuery,
    GetAudit => AuditQuery,
}

asked_by_post! {
    PreviewOperation => PreviewQuery,
    OperateOn => OperateQuery,
    CancelOperation => OperationQuery,
}
