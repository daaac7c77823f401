//! Choosing which streams are listed together.

use leptos::ev::{SubmitEvent, Targeted};
use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::foreign_text::visible;
use web_sys::HtmlInputElement;

use crate::address::{EventsAddress, EventsOf};
use crate::api::query::{CatalogQuery, Limit};
use crate::api::{ApiError, CatalogPage, functions};
use crate::platform::clock::Debounce;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::stream_key::KeyText;

/// How long typing has to rest before streams are suggested.
const TYPING_PAUSE_MS: u64 = 120;
/// How many are suggested.
const SUGGESTIONS: u64 = 12;

const SUGGESTIONS_ID: &str = "stream-suggestions";

/// The streams of a list of several, each of which can be left out.
#[component]
pub(super) fn ChosenStreams(of: EventsOf, address: Signal<EventsAddress>) -> impl IntoView {
    let EventsOf::Streams(streams) = of.clone() else { return ().into_any() };
    let chip = move |stream: StreamKey| {
        let rest = of.without(&stream);
        let href = move || address.get().listing(rest.clone()).href();
        let newest = EventsAddress::newest(stream.clone()).href();
        let label = format!("Leave out {}", visible(&stream.to_string()));
        view! {
            <li class="chip" data-testid="chosen-stream">
                <a class="chip-text" href=newest data-testid="chosen-alone"><KeyText stream /></a>
                <a class="chip-away" href=href data-testid="chosen-away" aria-label=label title="Leave it out"><Icon glyph=Glyph::Close /></a>
            </li>
        }
    };
    view! { <ul class="chosen-streams" aria-label="Streams listed together">{streams.into_iter().map(chip).collect_view()}</ul> }
        .into_any()
}

/// A box for the key of a stream whose events are to be listed too.
#[component]
pub(super) fn StreamChooser(of: EventsOf, address: Signal<EventsAddress>) -> impl IntoView {
    let location = Location::expect();
    let typed = RwSignal::new(String::new());
    let searched = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let typing = Debounce::new(TYPING_PAUSE_MS);
    let remote = Remote::new(move || Some(searched.get()).filter(|text| !text.is_empty()), suggest);
    let suggestions = move || {
        let found = remote.loaded().map(|loaded| loaded.answer.streams.clone());
        let option = |key: String| view! { <option value=key></option> };
        let keys = found.unwrap_or_default().into_iter().map(|stream| stream.key.to_string());
        keys.map(option).collect_view()
    };
    let on_input = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        let text = event.target().value();
        problem.set(None);
        typed.set(text.clone());
        typing.call(move || searched.set(text));
    };
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let text = typed.get_untracked();
        if text.is_empty() {
            return;
        }
        match text.parse::<StreamKey>() {
            Ok(stream) => {
                let address = address.get_untracked().listing(of.with(stream));
                location.go(&address.href(), History::Push);
            }
            Err(error) => problem.set(Some(error.to_string())),
        }
    };
    view! {
        <form class="stream-chooser" on:submit=on_submit>
            <label class="search" class:invalid=move || problem.with(Option::is_some)>
                <Icon glyph=Glyph::Events />
                <span class="sr-only">"Key of a stream whose events are to be listed too"</span>
                <input
                    type="text"
                    list=SUGGESTIONS_ID
                    data-testid="add-stream"
                    placeholder="Add a stream"
                    title="List the events of another stream together with these"
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    prop:value=typed
                    on:input:target=on_input
                />
                <span class="search-problem" role="alert">{problem}</span>
            </label>
            <datalist id=SUGGESTIONS_ID>{suggestions}</datalist>
        </form>
    }
}

async fn suggest(search: String) -> Result<CatalogPage, ApiError> {
    functions::catalog(CatalogQuery {
        search: CatalogQuery::read_search(&search)?,
        limit: Limit::new(SUGGESTIONS),
        ..CatalogQuery::default()
    })
    .await
}
