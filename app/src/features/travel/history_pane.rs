//! Every value that a path ever had, and who set the one that it has.

use leptos::ev::Targeted;
use leptos::prelude::*;
use rewind_domain::{Pointer, StreamKey};
use web_sys::HtmlInputElement;

use super::Travel;
use crate::address::Point;
use crate::api::query::{HistoryQuery, Limit};
use crate::api::{ApiError, HistoryAnswer, HistoryEntry, functions};
use crate::features::travel::views::history_list::HistoryList;
use crate::platform::clock::Debounce;
use crate::platform::location::History;
use crate::platform::remote::Remote;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::event_type::EventType;
use crate::ui::menu::{Menu, MenuHandle};
use crate::ui::moment::Moment;
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How many events are asked for at a time.
const PAGE: u64 = 200;
/// How long a path has to be meant before its history is asked for: the keyboard passes many.
const WAIT_MS: u64 = 150;

/// Which part of which history: the events before a version, or the last ones.
type Question = (Pointer, u64, Option<u64>);

#[component]
pub(super) fn HistoryPane(travel: Travel) -> impl IntoView {
    let traveller = travel.traveller;
    let path = Memo::new(move |_| traveller.options.with(|options| options.path.clone()));
    let asked = RwSignal::new(None::<Question>);
    let entries = RwSignal::new(Vec::<HistoryEntry>::new());
    let key = traveller.stream();
    let answer =
        Remote::new(move || asked.get(), move |(path, _, before)| fetch(key.clone(), path, before));
    let latest = Memo::new(move |_| {
        traveller.facts.with(|facts| facts.as_ref().map_or(0, |facts| facts.latest))
    });
    let wait = Debounce::new(WAIT_MS);
    Effect::new(move || {
        let (path, latest) = (path.get(), latest.get());
        wait.call(move || drop(asked.try_set(path.map(|path| (path, latest, None)))));
    });
    Effect::new(move || {
        let Some(loaded) = answer.loaded() else { return };
        let (_, _, before) = loaded.question;
        let more = loaded.answer.entries.iter().cloned();
        match before {
            None => entries.set(more.collect()),
            Some(_) => entries.update(|entries| entries.extend(more)),
        }
    });
    let is_of_this = Memo::new(move |_| {
        let path = path.get();
        answer.loaded().is_some_and(|loaded| Some(&loaded.question.0) == path.as_ref())
    });
    let stopped = Memo::new(move |_| {
        answer
            .loaded()
            .and_then(|loaded| loaded.answer.stopped.as_ref().map(|stopped| stopped.version))
    });
    let more = move || {
        let rest = answer.loaded().is_some_and(|loaded| loaded.answer.has_more);
        let last = entries.with(|entries| entries.last().map(|entry| entry.version));
        rest.then_some(last).flatten().map(|last| {
            let ask = move |_| {
                asked.update(|asked| {
                    if let Some((_, _, before)) = asked {
                        *before = Some(last);
                    }
                });
            };
            view! {
                <button type="button" class="button quiet" data-testid="more-history" on:click=ask>
                    "Earlier events"
                </button>
            }
        })
    };
    let is_empty = Memo::new(move |_| entries.with(Vec::is_empty));
    let list = move || match answer.final_error() {
        Some(error) => view! { <ErrorPanel error retry=move |()| answer.ask_again() /> }.into_any(),
        None if !is_of_this.get() => view! { <Skeleton rows=4 /> }.into_any(),
        None if is_empty.get() => {
            view! { <p class="pane-note">"No event set this."</p> }.into_any()
        }
        None => view! {
            <HistoryList
                entries
                shown=traveller.version
                on_go=move |version| traveller.jump(Point::Version(version))
            />
            {more}
        }
        .into_any(),
    };
    let count = move || {
        let loaded = answer.loaded().filter(|_| is_of_this.get())?;
        let count = text::counted(entries.with(Vec::len) as u64, "event", "events");
        Some(if loaded.answer.has_more { format!("last {count}") } else { count })
    };
    let until = move || {
        stopped.get().map(|version| {
            view! {
                <p class="pane-note warning">
                    {format!("The fold stopped at version {}; nothing is known from there on.", text::grouped(version))}
                </p>
            }
        })
    };
    let content = move || match path.with(Option::is_some) {
        false => view! {
            <p class="pane-note" data-testid="choose-value">
                "Select a value in the state to see who set it, and every value that it ever had."
            </p>
        }
        .into_any(),
        true => view! {
            <Author travel />
            {until}
            {list}
        }
        .into_any(),
    };
    let named = move || {
        path.get().map(|path| match path.as_str() {
            "" => "(whole)".to_owned(),
            path => path.to_owned(),
        })
    };
    view! {
        <div class="pane-bar">
            <span class="pane-bar-facts">
                <code class="pane-path" title="JSON Pointer" data-testid="history-path">{named}</code>
                <span class="faint" role="status">{count}</span>
            </span>
            <IgnoredTypes travel />
        </div>
        <div class="pane-column">{content}</div>
    }
}

/// Who set the value that is shown.
#[component]
fn Author(travel: Travel) -> impl IntoView {
    let Travel { traveller, authors, .. } = travel;
    move || {
        let path = traveller.options.with(|options| options.path.clone())?;
        let author = authors.author(&path)?;
        Some(view! {
            <p class="history-author">
                <span class="faint">"Last set at version "</span>
                {text::grouped(author.version)}
                <EventType event_type=author.event_type.clone() />
                <span class="faint">
                    <Moment ms=author.timestamp_ms />
                </span>
            </p>
        })
    }
}

/// The types of events that are no authors.
#[component]
fn IgnoredTypes(travel: Travel) -> impl IntoView {
    let traveller = travel.traveller;
    let ignored =
        Memo::new(move |_| traveller.options.with(|options| options.ignored_types.clone()));
    // A type stays on offer once it was seen, and those of the address are.
    let types = Memo::new(move |seen: Option<&Vec<String>>| {
        let mut types = seen.cloned().unwrap_or_default();
        let steps = traveller.steps_tracked();
        let at_hand = steps.iter().filter_map(|step| step.event_type.clone());
        for name in at_hand.chain(ignored.get()) {
            // The address and the server separate types by commas.
            if !name.contains(',')
                && let Err(at) = types.binary_search(&name)
            {
                types.insert(at, name);
            }
        }
        types
    });
    let option = move |name: String| {
        let (of, toggled) = (name.clone(), name.clone());
        let is_ignored = move || ignored.with(|ignored| ignored.contains(&of));
        let toggle = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
            let is_ignored = event.target().checked();
            let name = toggled.clone();
            traveller.look(History::Replace, |options| {
                options.ignored_types.retain(|other| *other != name);
                if is_ignored {
                    options.ignored_types.push(name);
                }
            });
        };
        view! {
            <label class="menu-option">
                <input type="checkbox" data-testid="ignored-type" prop:checked=is_ignored on:change:target=toggle />
                <EventType event_type=Some(name) />
            </label>
        }
    };
    let menu = MenuHandle::new();
    let label = move || match ignored.with(Vec::len) {
        0 => "Ignore types".to_owned(),
        count => format!("{count} ignored"),
    };
    view! {
        <Menu
            handle=menu
            test_id="ignore-types"
            label="Types that are no authors"
            button_class="button quiet"
            title="Leave out types of events when asking who set what"
            button=move || view! { {label} }
        >
            <p class="faint">"These set nothing, wherever another event did:"</p>
                <For each=move || types.get() key=String::clone children=option />
        </Menu>
    }
}

async fn fetch(
    stream: StreamKey,
    path: Pointer,
    before: Option<u64>,
) -> Result<HistoryAnswer, ApiError> {
    functions::history(HistoryQuery {
        path: Some(path),
        before,
        limit: Limit::new(PAGE),
        ..HistoryQuery::new(stream)
    })
    .await
}
