//! Moments in time.

use leptos::prelude::*;
use rewind_domain::time::UtcTime;

use crate::browser::clock::Now;
use crate::browser::zone::ChosenZone;
use crate::state::text;

/// A moment by its date and time, in the zone that was chosen.
#[component]
pub(crate) fn Moment(
    /// In Unix milliseconds.
    ms: i64,
) -> impl IntoView {
    let time = UtcTime(ms);
    let shown = Memo::new(move |_| UtcTime(ChosenZone::get().shifted_ms(ms)));
    let title = move || format!("{} UTC · {}", time, text::ago(Now::get(), ms));
    view! {
        <time datetime=time.to_string() title=title>
            <span class="date">{move || shown.get().date()}</span>
            " "
            <span class="clock">{move || shown.get().clock()}</span>
        </time>
    }
}

/// A moment by how long ago it was.
#[component]
pub(crate) fn Ago(
    /// In Unix milliseconds.
    ms: i64,
) -> impl IntoView {
    let time = UtcTime(ms).to_string();
    view! {
        <time datetime=time.clone() title=format!("{time} (UTC)")>
            {move || text::ago(Now::get(), ms)}
        </time>
    }
}
