//! The choice of a time zone.

use leptos::prelude::*;

use crate::browser::zone::{ChosenZone, Zone};

/// UTC or local time, everywhere.
#[component]
pub(crate) fn ZoneSwitch() -> impl IntoView {
    let owner = Owner::current();
    let toggle = move |_| {
        // An event handler has no owner of its own to find the choice by.
        if let Some(owner) = &owner {
            owner.with(ChosenZone::toggle);
        }
    };
    view! {
        <button
            type="button"
            class="button quiet zone-switch"
            data-testid="zone"
            aria-pressed=move || (ChosenZone::get() == Zone::Local).to_string()
            title="Show times in UTC or in the time zone of this computer"
            on:click=toggle
        >
            {move || ChosenZone::get().label()}
        </button>
    }
}
