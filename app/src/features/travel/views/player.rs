//! The buttons that play a history.

use leptos::ev::Targeted;
use leptos::prelude::*;
use web_sys::HtmlSelectElement;

use crate::features::travel::state::speed::Speed;
use crate::ui::icon::{Glyph, Icon};

/// Plays and pauses, at a speed of one's choice.
#[component]
pub(crate) fn Player(
    /// Whether it plays.
    #[prop(into)]
    is_playing: Signal<bool>,
    /// How fast.
    speed: RwSignal<Speed>,
    /// Plays or pauses.
    #[prop(into)]
    on_toggle: Callback<()>,
) -> impl IntoView {
    let label = move || if is_playing.get() { "Pause (Space)" } else { "Play (Space)" };
    let chosen = move |event: Targeted<leptos::ev::Event, HtmlSelectElement>| {
        if let Some(chosen) = Speed::named(&event.target().value()) {
            speed.set(chosen);
        }
    };
    let options = Speed::ALL
        .map(|option| {
            let is_chosen = move || speed.get() == option;
            view! { <option value=option.name() selected=is_chosen>{option.label()}</option> }
        })
        .collect_view();
    view! {
        <div class="player" role="group" aria-label="Play">
            <button
                type="button"
                class="button icon-only"
                data-testid="play"
                aria-pressed=move || is_playing.get().to_string()
                aria-label=label
                title=label
                on:click=move |_| on_toggle.run(())
            >
                {move || {
                    let glyph = if is_playing.get() { Glyph::Pause } else { Glyph::Play };
                    view! { <Icon glyph /> }
                }}
            </button>
            <label class="select" title="Versions a second, or the events' own rhythm with long gaps cut short (< and >)">
                <span class="sr-only">"Speed"</span>
                <select data-testid="speed" on:change:target=chosen prop:value=move || speed.get().name()>
                    {options}
                </select>
            </label>
        </div>
    }
}
