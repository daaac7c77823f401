//! The choice of a time zone.

use leptos::prelude::*;

use crate::platform::clock::Now;
use crate::platform::zone::{ChosenZone, Zone};

/// UTC or local time, everywhere.
#[component]
pub(crate) fn ZoneSwitch() -> impl IntoView {
    let chosen = ChosenZone::expect();
    let title = Memo::new(move |_| {
        let (zone, local) = (ChosenZone::get(), Zone::Local);
        let offset = local.show(Now::get()).zone();
        format!(
            "Times are shown and read in {}. Switch between UTC and the zone of this computer, {} (now {offset})",
            zone.full_name(),
            local.full_name()
        )
    });
    view! {
        <button
            type="button"
            class="button quiet zone-switch"
            data-testid="zone"
            aria-pressed=move || (ChosenZone::get() == Zone::Local).to_string()
            title=title
            on:click=move |_| chosen.toggle()
        >
            {move || ChosenZone::get().label()}
        </button>
    }
}
