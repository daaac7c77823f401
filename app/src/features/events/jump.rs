//! Going to a version, an entry or a time.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use crate::address::Point;
use crate::address::place;
use crate::platform::zone::ChosenZone;
use crate::ui::icon::{Glyph, Icon};

/// A box for where to go.
#[component]
pub(super) fn JumpBox(
    /// Goes there.
    #[prop(into)]
    on_jump: Callback<Point>,
) -> impl IntoView {
    let zone = ChosenZone::expect();
    let written = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match place::parse(&written.get_untracked(), &zone.get_untracked()) {
            Ok(point) => {
                written.set(String::new());
                on_jump.run(point);
            }
            Err(error) => problem.set(Some(error)),
        }
    };
    view! {
        <form class="jump" on:submit=submit>
            <label class="search" class:invalid=move || problem.with(Option::is_some)>
                <Icon glyph=Glyph::Travel />
                <span class="sr-only">"Go to a version, an entry id or a time"</span>
                <input
                    type="text"
                    data-testid="jump"
                    placeholder="Go to version, id or time"
                    title=move || format!(
                        "A version, an entry id, or a time in {}; with Z or +01:00 in another zone",
                        ChosenZone::get().full_name()
                    )
                    autocomplete="off"
                    spellcheck="false"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    prop:value=written
                    on:input=move |event| {
                        written.set(event_target_value(&event));
                        problem.set(None);
                    }
                />
                <span class="search-problem" role="alert">{problem}</span>
            </label>
        </form>
    }
}
