//! What consumer groups have done with an event.

use leptos::prelude::*;
use rewind_domain::{EntryId, StreamKey};

use crate::address::{GroupAddress, OperatingAddress};
use crate::api::query::DeliveriesQuery;
use crate::api::{DeliveryState, EventDelivery, functions};
use crate::platform::remote::Remote;
use crate::ui::foreign_text::foreign;
use crate::ui::text;

/// Says of each group of the stream what it has done with the event. Nothing where there is none, or Redis does not tell.
#[component]
pub(crate) fn Deliveries(
    /// The stream.
    stream: StreamKey,
    /// The event.
    id: EntryId,
) -> impl IntoView {
    let query = DeliveriesQuery { stream: stream.stored_in(), id };
    let remote = Remote::new(move || Some(query.clone()), functions::deliveries);
    move || {
        let loaded = remote.loaded()?;
        let groups = loaded.answer.groups.clone();
        let stream = loaded.question.stream.clone();
        (!groups.is_empty()).then(|| {
            view! {
                <dt>"Groups"</dt>
                <dd class="deliveries" data-testid="deliveries">
                    {groups.into_iter().map(|delivery| line(stream.clone(), delivery)).collect_view()}
                </dd>
            }
        })
    }
}

fn line(stream: StreamKey, delivery: EventDelivery) -> impl IntoView {
    let EventDelivery { group, state, consumer, idle_ms, deliveries } = delivery;
    let name = group.to_string();
    let words = match state {
        DeliveryState::NotYet => "has not been given it yet".to_owned(),
        DeliveryState::Behind => "is behind it".to_owned(),
        DeliveryState::Pending => {
            let times = deliveries.map_or_else(String::new, |times| {
                format!(", delivered {}", text::counted(times, "time", "times"))
            });
            let since =
                idle_ms.map_or_else(String::new, |ms| format!(" for {}", text::brief_duration(ms)));
            match consumer.filter(|consumer| !consumer.is_empty()) {
                Some(consumer) => format!("has it pending at {consumer}{since}{times}"),
                None => format!("has it pending, given back{times}"),
            }
        }
    };
    let href = OperatingAddress::Group(GroupAddress::of(stream, group)).href();
    let shown = foreign(&name);
    view! {
        <span class="delivery" data-group=name>
            <a class="link" href=href data-testid="delivery-group">{shown}</a>
            " "
            {foreign(&words)}
        </span>
    }
}
