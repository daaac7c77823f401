//! What was done to a group.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::operations::Name;

use crate::address::AuditAddress;
use crate::features::audit::AuditList;

/// The operations on a group that the audit log has.
#[component]
pub(crate) fn GroupHistory(
    /// The stream.
    stream: StreamKey,
    /// The group.
    group: Name,
) -> impl IntoView {
    let address =
        AuditAddress { stream: Some(stream), group: Some(group), ..AuditAddress::default() };
    view! { <AuditList address=Memo::new(move |_| address.clone()) /> }
}
