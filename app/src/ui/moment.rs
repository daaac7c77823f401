//! Moments in time.

use leptos::prelude::*;
use rewind_domain::time::UtcTime;

use crate::platform::clock::Now;
use crate::platform::zone::ChosenZone;
use crate::ui::text;

/// A moment by its date and time, in the zone that was chosen. The zone stands beside it where that is asked for, and where the
/// clocks show the same time twice.
#[component]
pub(crate) fn Moment(
    /// In Unix milliseconds.
    ms: i64,
    /// Whether the zone stands beside it in any case.
    #[prop(optional)]
    has_zone: bool,
) -> impl IntoView {
    let utc = UtcTime(ms);
    let shown = Memo::new(move |_| ChosenZone::show(ms));
    let title = Memo::new(move |_| {
        let shown = shown.get();
        let ago = text::ago(Now::get(), ms);
        match shown.zone().as_str() {
            "UTC" => format!("{shown} · {ago}"),
            _ => format!("{shown} · {utc} · {ago}"),
        }
    });
    // Lists leave out the date of what happened today.
    let is_today = Memo::new(move |_| shown.get().date() == ChosenZone::show(Now::get()).date());
    let zone = move || {
        let shown = shown.get();
        (has_zone || shown.is_repeated()).then(|| {
            view! {
                " "
                <span class="zone">{shown.zone()}</span>
            }
        })
    };
    view! {
        <time datetime=utc.to_string() title=title class:today=is_today>
            <span class="date">{move || shown.get().date()}</span>
            " "
            <span class="clock">{move || shown.get().clock()}</span>
            {zone}
        </time>
    }
}

/// A moment by how long ago it was.
#[component]
pub(crate) fn Ago(
    /// In Unix milliseconds.
    ms: i64,
) -> impl IntoView {
    let ago = Memo::new(move |_| text::ago(Now::get(), ms));
    view! {
        <time datetime=UtcTime(ms).to_string() title=move || ChosenZone::show(ms).to_string()>
            {ago}
        </time>
    }
}
