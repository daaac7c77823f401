//! Moving through versions: a slider, buttons, and a box for a version, an entry or a time.

use leptos::ev::Targeted;
use leptos::prelude::*;
use web_sys::{HtmlInputElement, KeyboardEvent};

use crate::address::Point;
use crate::address::place;
use crate::platform::keyboard;
use crate::platform::zone::ChosenZone;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// The box, for the key that leads to it.
pub(crate) const PLACE_ID: &str = "place";

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
    /// Goes to a version on the way.
    #[prop(into)]
    on_go: Callback<u64>,
    /// Goes to a place that was typed.
    #[prop(into)]
    on_jump: Callback<Point>,
    /// What stands between the buttons and the slider.
    children: Children,
) -> impl IntoView {
    let zone = ChosenZone::expect();
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
    let problem = RwSignal::new(None::<String>);
    let typed = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        let Versions { first, last, .. } = versions.get_untracked();
        let text = event.target().value();
        // Emptied to be written again; until then the placeholder says where one is.
        if text.trim().is_empty() {
            problem.set(None);
            return;
        }
        match place::parse(&text, &zone.get_untracked()) {
            Ok(point) => {
                problem.set(None);
                let point = match point {
                    Point::Version(version) => {
                        let version = version.clamp(first, last.max(first));
                        event.target().set_value(&version.to_string());
                        Point::Version(version)
                    }
                    other => other,
                };
                on_jump.run(point);
                // The keys move the cursor again.
                leave(&event.target());
            }
            Err(reason) => problem.set(Some(reason)),
        }
    };
    let slid = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        if let Ok(version) = event.target().value().parse() {
            on_go.run(version);
        }
    };
    let show_version = move |input: &HtmlInputElement| {
        problem.set(None);
        input.set_value(&versions.get_untracked().shown.to_string());
    };
    let left = move |event: Targeted<leptos::ev::FocusEvent, HtmlInputElement>| {
        let input = event.target();
        if problem.with_untracked(Option::is_some) || input.value().is_empty() {
            show_version(&input);
        }
    };
    let on_key = move |event: Targeted<KeyboardEvent, HtmlInputElement>| {
        if keyboard::typed(&event).as_deref() == Some("Escape") {
            show_version(&event.target());
            leave(&event.target());
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
                <label class="version-number" class:invalid=move || problem.with(Option::is_some)>
                    <span class="sr-only">"Version, entry id or time"</span>
                    <input
                        type="text"
                        id=PLACE_ID
                        autocomplete="off"
                        spellcheck="false"
                        size="7"
                        title=move || format!(
                            "A version, an entry id or a time in {} (G)",
                            ChosenZone::get().full_name()
                        )
                        data-testid="version-input"
                        placeholder=move || versions.get().shown.to_string()
                        prop:value=move || versions.get().shown.to_string()
                        aria-invalid=move || problem.with(Option::is_some).then_some("true")
                        aria-describedby="place-problem"
                        on:focus:target=|event| event.target().select()
                        on:change:target=typed
                        on:keydown:target=on_key
                        on:blur:target=left
                    />
                    <span class="version-of">
                        "of "
                        {move || text::grouped(versions.get().last)}
                    </span>
                    <span class="place-problem" id="place-problem" role="alert" data-testid="place-problem">
                        {problem}
                    </span>
                </label>
                {step(Glyph::Next, "Next version (→)", "step-next", is_last, |v| {
                    v.shown.saturating_add(1).min(v.last)
                })}
                {step(Glyph::Last, "Last version (End)", "step-last", is_last, |v| v.last)}
            </div>
            {children()}
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

fn leave(input: &HtmlInputElement) {
    // Fails for no element that exists.
    let _ = input.blur();
}
