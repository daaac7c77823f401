//! What the groups of a stream have done with one of its events.

use rewind_app::api::query::DeliveriesQuery;
use rewind_app::api::{DeliveriesAnswer, DeliveryState, EventDelivery};
use rewind_domain::operations::Name;
use rewind_store::StoreError;

use super::Groups;

/// How many groups are told.
const MAX_GROUPS: usize = 100;

pub(super) async fn of(
    groups: &Groups,
    query: &DeliveriesQuery,
) -> Result<DeliveriesAnswer, StoreError> {
    let DeliveriesQuery { stream, id } = query;
    let found = groups.store.reads().groups(std::slice::from_ref(stream)).await?.pop();
    let (mut known, _) = found.unwrap_or(Err(StoreError::NotFound))?;
    known.sort_by(|a, b| a.name.cmp(&b.name));
    let mut told = Vec::new();
    for group in known.into_iter().take(MAX_GROUPS) {
        let name = Name::from_bytes(&group.name);
        let pending = match group.pending {
            0 => None,
            _ => groups.handle(stream, &name).pending_of(&[*id]).await?.pop().flatten(),
        };
        let state = match &pending {
            Some(_) => DeliveryState::Pending,
            None if *id > group.last_delivered_id => DeliveryState::NotYet,
            None => DeliveryState::Behind,
        };
        told.push(EventDelivery {
            group: name,
            state,
            consumer: pending.as_ref().map(|entry| Name::from_bytes(&entry.consumer)),
            idle_ms: pending.as_ref().and_then(|entry| entry.idle_ms),
            deliveries: pending.map(|entry| entry.deliveries),
        });
    }
    Ok(DeliveriesAnswer { groups: told })
}
