//! The state where someone stands, searched, and told who set what.

use leptos::ev::Targeted;
use leptos::prelude::*;
use rewind_domain::{Json, Pointer};
use web_sys::{HtmlInputElement, KeyboardEvent};

use super::Travel;
use crate::address::{Pane, Point};
use crate::platform::keyboard::{self, focus};
use crate::platform::location::History;
use crate::platform::zone::ChosenZone;
use crate::ui::copy_button::CopyButton;
use crate::ui::event_type::EventType;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::json_tree::JsonTree;
use crate::ui::moment::Moment;
use crate::ui::text;

/// The box that is searched with.
pub(super) const SEARCH_ID: &str = "search-state";
const TREE_ID: &str = "state";

/// The state, as a tree.
#[component]
pub(super) fn StateView(travel: Travel) -> impl IntoView {
    let Travel { traveller, comparison, authors, search, reveal, active, .. } = travel;
    let document = Signal::derive(move || {
        traveller.document.with(|document| document.as_ref().map_or(Json::Null, |d| d.0.clone()))
    });
    let author =
        move |path: Pointer| {
            let author = authors.author(&path)?;
            let version = author.version;
            let event_type = author.event_type.clone().unwrap_or_else(|| "no type".to_owned());
            let time = ChosenZone::show(author.timestamp_ms);
            let note = format!(
                "v{} · {event_type} · {} {}",
                text::grouped(version),
                time.date(),
                time.clock_to_second()
            );
            Some(view! {
            <button
                type="button"
                class="author"
                tabindex="-1"
                data-testid="author"
                title=format!("Last set at version {version} by {event_type}, {time}: go there")
                on:click=move |event| {
                    event.stop_propagation();
                    traveller.jump(Point::Version(version));
                }
            >
                {note}
            </button>
        }
        .into_any())
        };
    let more = move |path: Pointer| view! { <AuthorLine travel path /> }.into_any();
    let show_history = move |_: Pointer| {
        traveller.look(History::Replace, |options| options.pane = Some(Pane::History));
    };
    view! {
        <div class="state-bar">
            <SearchBox travel />
            <span class="toolbar-gap"></span>
            <button
                type="button"
                class="button quiet icon-only"
                aria-label="Open all"
                title="Open all (E)"
                data-testid="open-all"
                on:click=move |_| search.open_all()
            >
                <Icon glyph=Glyph::OpenAll />
            </button>
            <button
                type="button"
                class="button quiet icon-only"
                aria-label="Close all"
                title="Close all (Shift E)"
                data-testid="close-all"
                on:click=move |_| search.close_all()
            >
                <Icon glyph=Glyph::CloseAll />
            </button>
            <CopyButton
                label="Copy state"
                text=move || document.with_untracked(|document| format!("{document:#}"))
            />
        </div>
        <JsonTree
            id=TREE_ID
            label="State at this version"
            document
            changes=comparison.changes
            state=search.tree
            reveal
            active
            found=search.found
            author=Callback::new(author)
            more=Callback::new(more)
            on_open=Callback::new(show_history)
        />
    }
}

/// Looks for a text in the state.
#[component]
fn SearchBox(travel: Travel) -> impl IntoView {
    let search = travel.search;
    let keys = move |event: KeyboardEvent| {
        let Some(key) = keyboard::typed(&event) else { return };
        match key.as_str() {
            "Enter" if event.shift_key() => search.step(false),
            "Enter" => search.step(true),
            "Escape" => {
                search.clear();
                focus(TREE_ID);
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let typed = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        search.look_for(event.target().value());
    };
    let is_searching = move || search.query.with(|query| !query.is_empty());
    let step = move |glyph: Glyph, label: &'static str, is_next: bool| {
        let test_id = if is_next { "next-match" } else { "previous-match" };
        view! {
            <button
                type="button"
                class="button quiet icon-only"
                aria-label=label
                title=label
                data-testid=test_id
                disabled=move || search.count() == 0
                on:click=move |_| search.step(is_next)
            >
                <Icon glyph />
            </button>
        }
    };
    view! {
        <div class="search state-search" role="search">
            <Icon glyph=Glyph::Search />
            <input
                type="text"
                id=SEARCH_ID
                placeholder="Search keys and values (/)"
                aria-label="Search keys and values of the state"
                autocomplete="off"
                spellcheck="false"
                data-testid="state-search"
                prop:value=search.query
                on:input:target=typed
                on:keydown=keys
            />
        </div>
        <span class="search-steps" class:hidden=move || !is_searching()>
            <span class="search-count" role="status" data-testid="search-count">
                {move || search.summary()}
            </span>
            {step(Glyph::Previous, "Previous match (Shift Enter)", false)}
            {step(Glyph::Next, "Next match (Enter)", true)}
        </span>
    }
}

/// Who set a value, and the way to its history.
#[component]
fn AuthorLine(travel: Travel, path: Pointer) -> impl IntoView {
    let Travel { traveller, authors, .. } = travel;
    let line = move || match authors.author(&path) {
        Some(author) => {
            let version = author.version;
            view! {
                <span class="faint">"Last set at"</span>
                <button
                    type="button"
                    class="link"
                    data-testid="author-jump"
                    on:click=move |_| traveller.jump(Point::Version(version))
                >
                    {format!("version {}", text::grouped(version))}
                </button>
                <EventType event_type=author.event_type.clone() />
                <span class="faint">
                    <Moment ms=author.timestamp_ms />
                </span>
            }
            .into_any()
        }
        None if authors.is_waiting() => view! { <span class="faint">"…"</span> }.into_any(),
        None => {
            let said = match authors.error() {
                Some(error) => error.message,
                None => "No event that is known set this".to_owned(),
            };
            view! { <span class="faint">{said}</span> }.into_any()
        }
    };
    view! {
        <div class="author-line" data-testid="author-line">
            {line}
            <button
                type="button"
                class="button quiet"
                data-testid="show-history"
                title="Every value that it ever had (H)"
                on:click=move |_| traveller.look(History::Replace, |options| options.pane = Some(Pane::History))
            >
                <Icon glyph=Glyph::History />
                "History"
            </button>
        </div>
    }
}
