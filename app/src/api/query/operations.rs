//! Questions about operations, and what they change: groups, pending entries, dead letters, the audit log.

use rewind_domain::operations::{Name, Operation};
use rewind_domain::{EntryId, StreamKey};
use serde::{Deserialize, Serialize};

use super::limit::Limit;
use super::{Query, defaulted};
use crate::api::ApiError;

/// How long the id of an operation is at most, in bytes.
const MAX_OPERATION_ID_BYTES: usize = 64;
/// How long the name is at most that somebody without a login gives, in bytes.
pub const MAX_BY_BYTES: usize = 80;

/// Which operation to preview.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PreviewQuery {
    /// What would be done.
    pub operation: Operation,
}

impl Query for PreviewQuery {}

/// Which operation to execute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperateQuery {
    /// A name of this one operation, of the caller's choice: asking again with the same id does not do it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The fingerprint of its preview. What destroys something needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The name of whoever does it, where no login says it. It is kept in the audit log, as not verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What to do.
    pub operation: Operation,
}

impl Query for OperateQuery {
    fn check(&self) -> Result<(), ApiError> {
        let is_plain = |id: &str| {
            (8..=MAX_OPERATION_ID_BYTES).contains(&id.len())
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if self.id.as_deref().is_some_and(|id| !is_plain(id)) {
            return Err(ApiError::bad_parameter(
                "id",
                format!("must be 8 to {MAX_OPERATION_ID_BYTES} letters, digits and `-`"),
            ));
        }
        if self.by.as_ref().is_some_and(|by| by.len() > MAX_BY_BYTES) {
            return Err(ApiError::bad_parameter(
                "by",
                format!("must be at most {MAX_BY_BYTES} bytes"),
            ));
        }
        Ok(())
    }
}

/// Which operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationQuery {
    /// Its id.
    #[serde(deserialize_with = "super::text")]
    pub id: String,
}

impl Query for OperationQuery {}

/// Which consumer groups to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupsQuery {
    /// Only those of this stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamKey>,
    /// Only those with this in their name or the key of their stream.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub search: String,
    /// How many to pass over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// How many to list.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<200, 1_000>,
}

impl Query for GroupsQuery {}

/// Which consumer group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupQuery {
    /// Its stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Its name.
    #[serde(deserialize_with = "super::group")]
    pub group: Name,
}

impl Query for GroupQuery {}

/// Which pending entries of a group to list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingQuery {
    /// The stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The group.
    #[serde(deserialize_with = "super::group")]
    pub group: Name,
    /// Those that this filter means.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub filter: String,
    /// Those behind this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EntryId>,
    /// How many to list.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<100, 500>,
}

impl Query for PendingQuery {}

/// Which dead letters of a group to list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadQuery {
    /// The stream in which they were.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// The group that gave up on them.
    #[serde(deserialize_with = "super::group")]
    pub group: Name,
    /// Those behind this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EntryId>,
    /// How many to list.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<100, 500>,
}

impl Query for DeadQuery {}

/// Of which event to tell what groups have done with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveriesQuery {
    /// Its stream.
    #[serde(deserialize_with = "super::stream")]
    pub stream: StreamKey,
    /// Its id.
    #[serde(deserialize_with = "super::id")]
    pub id: EntryId,
}

impl Query for DeliveriesQuery {}

/// Which operations of the audit log to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditQuery {
    /// Only those on this stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream: Option<StreamKey>,
    /// Only those on this group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<Name>,
    /// Only those on this projection.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub projection: String,
    /// Only those of this kind, such as `trim`.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Only those with this in the name of whoever did it.
    #[serde(default, deserialize_with = "defaulted", skip_serializing_if = "String::is_empty")]
    pub who: String,
    /// Those before this entry of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<EntryId>,
    /// How many to list.
    #[serde(default, skip_serializing_if = "Limit::is_default")]
    pub limit: Limit<100, 500>,
}

impl Query for AuditQuery {}
