//! The box that a part of a key is typed into.

use leptos::ev::Targeted;
use leptos::prelude::*;
use rewind_domain::StreamKey;
use web_sys::{HtmlInputElement, KeyboardEvent};

use crate::platform::clock::Debounce;
use crate::platform::keyboard;
use crate::ui::icon::{Glyph, Icon};

/// The id of the box, for whoever brings the keyboard to it.
pub(super) const SEARCH_ID: &str = "stream-search";

/// How long typing has to rest before what was typed is searched for.
const TYPING_PAUSE_MS: u64 = 120;

/// A box for a part of a key. Tells what cannot be one.
#[component]
pub(super) fn SearchBox(
    /// What is searched for.
    #[prop(into)]
    search: Signal<String>,
    /// Searches for something else.
    on_change: impl Fn(String) + Clone + 'static,
    /// Goes on to what was found, by Enter or the arrow down.
    #[prop(into)]
    on_leave: Callback<bool>,
) -> impl IntoView {
    let typing = Debounce::new(TYPING_PAUSE_MS);
    let problem = RwSignal::new(None::<String>);
    let on_input = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        let text = event.target().value();
        let read = text.parse::<StreamKey>();
        problem.set(read.err().map(|error| error.to_string()));
        if problem.read_untracked().is_none() {
            let on_change = on_change.clone();
            typing.call(move || on_change(text));
        }
    };
    let on_key = move |event: KeyboardEvent| {
        match keyboard::plain(&event).as_deref() {
            Some("Enter") => on_leave.run(true),
            Some("ArrowDown") => on_leave.run(false),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <label class="search" class:invalid=move || problem.get().is_some()>
            <Icon glyph=Glyph::Search />
            <span class="sr-only">"Streams with this in their key"</span>
            <input
                type="search"
                id=SEARCH_ID
                data-testid="search"
                placeholder="Part of a key… ( / )"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=move || problem.get().is_some().to_string()
                prop:value=search
                on:input:target=on_input
                on:keydown=on_key
            />
            <span class="search-problem" role="status">
                {problem}
            </span>
        </label>
    }
}
