//! Changing the event store, and what can be changed.

use async_trait::async_trait;
use rewind_app::api::query::{
    AuditQuery, DeadQuery, DeliveriesQuery, GroupQuery, GroupsQuery, NoQuery, OperateQuery,
    OperationQuery, PendingQuery, PreviewQuery, ProjectionQuery,
};
use rewind_app::api::{
    ApiError, AuditPage, DeadPage, DeliveriesAnswer, GroupAnswer, GroupsPage, Operate,
    OperationStatus, OperationsAnswer, PendingPage, ProjectionAnswer, ProjectionsAnswer,
    RetentionAnswer,
};
use rewind_domain::caller::Caller;
use rewind_domain::operations::Preview;

use super::StoreBackend;
use crate::api_errors::operation_error;

#[async_trait]
impl Operate for StoreBackend {
    async fn preview(&self, caller: &Caller, query: PreviewQuery) -> Result<Preview, ApiError> {
        let preview = self.operations.preview(caller, &query.operation).await;
        preview.map_err(operation_error)
    }

    async fn operate(
        &self,
        caller: &Caller,
        query: OperateQuery,
    ) -> Result<OperationStatus, ApiError> {
        self.operations.operate(caller, query).await.map_err(operation_error)
    }

    async fn operations(&self, _: &Caller, _: NoQuery) -> Result<OperationsAnswer, ApiError> {
        Ok(self.operations.list())
    }

    async fn operation(
        &self,
        _: &Caller,
        query: OperationQuery,
    ) -> Result<OperationStatus, ApiError> {
        self.operations.status(&query.id).map_err(operation_error)
    }

    async fn cancel_operation(
        &self,
        caller: &Caller,
        query: OperationQuery,
    ) -> Result<OperationStatus, ApiError> {
        self.operations.cancel(caller, &query.id).await.map_err(operation_error)
    }

    async fn groups(&self, _: &Caller, query: GroupsQuery) -> Result<GroupsPage, ApiError> {
        self.overviews.groups(&query).await
    }

    async fn group(&self, _: &Caller, query: GroupQuery) -> Result<GroupAnswer, ApiError> {
        self.groups.group(&query).await
    }

    async fn pending(&self, _: &Caller, query: PendingQuery) -> Result<PendingPage, ApiError> {
        self.groups.pending(&query).await
    }

    async fn dead(&self, _: &Caller, query: DeadQuery) -> Result<DeadPage, ApiError> {
        self.groups.dead(&query).await
    }

    async fn deliveries(
        &self,
        _: &Caller,
        query: DeliveriesQuery,
    ) -> Result<DeliveriesAnswer, ApiError> {
        self.groups.deliveries(&query).await
    }

    async fn projections(&self, _: &Caller, _: NoQuery) -> Result<ProjectionsAnswer, ApiError> {
        self.projections.list().await
    }

    async fn projection(
        &self,
        _: &Caller,
        query: ProjectionQuery,
    ) -> Result<ProjectionAnswer, ApiError> {
        self.projections.one(&query).await
    }

    async fn retention(&self, _: &Caller, _: NoQuery) -> Result<RetentionAnswer, ApiError> {
        self.retention.list().await
    }

    async fn audit(&self, _: &Caller, query: AuditQuery) -> Result<AuditPage, ApiError> {
        self.operations.audit(&query).await.map_err(operation_error)
    }
}
