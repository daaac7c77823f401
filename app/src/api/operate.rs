//! What the server functions of operations need of the server.

use async_trait::async_trait;
use rewind_domain::caller::Caller;
use rewind_domain::operations::Preview;

use super::query::{
    AuditQuery, DeadQuery, DeliveriesQuery, GroupQuery, GroupsQuery, NoQuery, OperateQuery,
    OperationQuery, PendingQuery, PreviewQuery, ProjectionQuery,
};
use super::{
    ApiError, AuditPage, DeadPage, DeliveriesAnswer, GroupAnswer, GroupsPage, OperationStatus,
    OperationsAnswer, PendingPage, ProjectionAnswer, ProjectionsAnswer, RetentionAnswer,
};

/// The part of the server that changes the event store, and shows what can be changed.
///
/// Every question has a caller, who comes first: what one may do depends on who asks.
#[async_trait]
pub trait Operate: Send + Sync {
    /// What an operation would do. Changes nothing.
    async fn preview(&self, caller: &Caller, query: PreviewQuery) -> Result<Preview, ApiError>;

    /// Executes an operation, and says how far it is after at most a moment. Needs the permission of the operation.
    async fn operate(
        &self,
        caller: &Caller,
        query: OperateQuery,
    ) -> Result<OperationStatus, ApiError>;

    /// The operations of this server that are under way or ended lately.
    async fn operations(
        &self,
        caller: &Caller,
        query: NoQuery,
    ) -> Result<OperationsAnswer, ApiError>;

    /// How far an operation is.
    async fn operation(
        &self,
        caller: &Caller,
        query: OperationQuery,
    ) -> Result<OperationStatus, ApiError>;

    /// Ends an operation that is under way. What it has done stays done. Needs the permission of the operation.
    async fn cancel_operation(
        &self,
        caller: &Caller,
        query: OperationQuery,
    ) -> Result<OperationStatus, ApiError>;

    /// A part of the list of consumer groups.
    async fn groups(&self, caller: &Caller, query: GroupsQuery) -> Result<GroupsPage, ApiError>;

    /// A consumer group.
    async fn group(&self, caller: &Caller, query: GroupQuery) -> Result<GroupAnswer, ApiError>;

    /// What a group has pending.
    async fn pending(&self, caller: &Caller, query: PendingQuery) -> Result<PendingPage, ApiError>;

    /// The dead letters of a group.
    async fn dead(&self, caller: &Caller, query: DeadQuery) -> Result<DeadPage, ApiError>;

    /// What the groups of a stream have done with one of its events.
    async fn deliveries(
        &self,
        caller: &Caller,
        query: DeliveriesQuery,
    ) -> Result<DeliveriesAnswer, ApiError>;

    /// The projections that there are.
    async fn projections(
        &self,
        caller: &Caller,
        query: NoQuery,
    ) -> Result<ProjectionsAnswer, ApiError>;

    /// A projection, and what is in it.
    async fn projection(
        &self,
        caller: &Caller,
        query: ProjectionQuery,
    ) -> Result<ProjectionAnswer, ApiError>;

    /// The policies of retention, and what each would do now.
    async fn retention(&self, caller: &Caller, query: NoQuery)
    -> Result<RetentionAnswer, ApiError>;

    /// Operations of the audit log.
    async fn audit(&self, caller: &Caller, query: AuditQuery) -> Result<AuditPage, ApiError>;
}
