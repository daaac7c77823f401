//! Moving through versions: a slider, buttons and a number.

use leptos::ev::Targeted;
use leptos::prelude::*;
use web_sys::HtmlInputElement;

use super::icon::{Glyph, Icon};
use crate::state::text;

/// Which versions there are, and which is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Versions {
    /// The first.
    pub(crate) first: u64,
    /// The one that is shown.
    pub(crate) shown: u64,
    /// The last.
    pub(crate) last: u64,
}

/// Goes to any version.
#[component]
pub(crate) fn VersionSlider(
    /// Where it can go, and where it is.
    #[prop(into)]
    versions: Signal<Versions>,
    /// Goes to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let is_first = Memo::new(move |_| versions.with(|v| v.shown <= v.first));
    let is_last = Memo::new(move |_| versions.with(|v| v.shown >= v.last));
    let step = move |glyph: Glyph,
                     label: &'static str,
                     test_id: &'static str,
                     is_off: Memo<bool>,
                     to: fn(Versions) -> u64| {
        view! {
            <button
                type="button"
                class="button icon-only"
                aria-label=label
                title=label
                data-testid=test_id
                disabled=is_off
                on:click=move |_| on_go.run(to(versions.get_untracked()))
            >
                <Icon glyph />
            </button>
        }
    };
    let typed = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        let Versions { first, shown, last } = versions.get_untracked();
        let input = event.target();
        match input.value().trim().replace(',', "").parse::<u64>() {
            Ok(version) => on_go.run(version.clamp(first, last)),
            // Emptied to be written anew; until then the placeholder says where one is.
            Err(_) if input.value().is_empty() => {}
            Err(_) => input.set_value(&shown.to_string()),
        }
    };
    let slid = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Ok(version) = event.target().value().parse() {
            on_go.run(version);
        }
    };
    let value_text = move || {
        let Versions { shown, last, .. } = versions.get();
        format!("version {shown} of {last}")
    };
    view! {
        <div class="version-bar" role="group" aria-label="Version">
            <div class="version-steps">
                {step(Glyph::First, "First version (Home)", "step-first", is_first, |v| v.first)}
                {step(Glyph::Previous, "Previous version (←)", "step-prev", is_first, |v| {
                    v.shown.saturating_sub(1).max(v.first)
                })}
                <label class="version-number">
                    <span class="sr-only">"Version"</span>
                    <input
                        type="text"
                        inputmode="numeric"
                        autocomplete="off"
                        size="7"
                        data-testid="version-input"
                        placeholder=move || versions.get().shown.to_string()
                        prop:value=move || versions.get().shown.to_string()
                        on:focus:target=|event| event.target().select()
                        on:change:target=typed
                    />
                    <span class="version-of">
                        "of "
                        {move || text::grouped(versions.get().last)}
                    </span>
                </label>
                {step(Glyph::Next, "Next version (→)", "step-next", is_last, |v| {
                    v.shown.saturating_add(1).min(v.last)
                })}
                {step(Glyph::Last, "Last version (End)", "step-last", is_last, |v| v.last)}
            </div>
            <input
                type="range"
                class="slider"
                aria-label="Version"
                aria-valuetext=value_text
                data-testid="version-slider"
                step="1"
                min=move || versions.get().first.to_string()
                max=move || versions.get().last.to_string()
                prop:value=move || {
                    let Versions { shown, .. } = versions.get();
                    shown.to_string()
                }
                on:input:target=slid
            />
        </div>
    }
}
