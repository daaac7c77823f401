//! Whether a page is live, and the button that holds it still.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible_message;

use crate::features::live::messages::Liveness;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Tells how live the page is.
#[component]
pub(crate) fn LiveStatus(
    /// How live.
    #[prop(into)]
    liveness: Signal<Liveness>,
) -> impl IntoView {
    view! {
        <span
            class="live-status"
            role="status"
            data-testid="live-status"
            data-state=move || liveness.with(Liveness::name)
            title=move || visible_message(&liveness.with(Liveness::explanation))
        >
            <span class="live-dot" aria-hidden="true"></span>
            {move || liveness.with(Liveness::label)}
        </span>
    }
}

/// Holds the page still, or lets it go on.
#[component]
pub(crate) fn LivePause(
    /// How many events are held back, while it is held still.
    #[prop(into)]
    paused: Signal<Option<u64>>,
    /// Switches between the two.
    #[prop(into)]
    on_toggle: Callback<()>,
) -> impl IntoView {
    let is_paused = Memo::new(move |_| paused.get().is_some());
    view! {
        <button
            type="button"
            class="button"
            class:primary=move || paused.get().is_some_and(|count| count > 0)
            data-testid="live-pause"
            aria-pressed=move || is_paused.get().to_string()
            title="Hold new events back (P)"
            on:click=move |_| on_toggle.run(())
        >
            {move || {
                let (glyph, label) = if is_paused.get() {
                    (Glyph::Play, "Resume")
                } else {
                    (Glyph::Pause, "Pause")
                };
                view! {
                    <Icon glyph />
                    {label}
                }
            }}
            <span data-testid="live-count" class="count" class:hidden=move || paused.get().is_none() aria-live="polite">
                {move || paused.get().map(|count| format!("{} new", text::grouped(count)))}
            </span>
        </button>
    }
}
