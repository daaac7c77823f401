//! The dead letters of a group, and what can be done with them.

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation};
use rewind_domain::{EntryId, StreamKey};

use crate::address::{
    EventRef, EventsAddress, EventsOf, OperatingAddress, PublishAddress, TravelAddress,
};
use crate::api::query::{DeadQuery, Limit};
use crate::api::{DeadPage, GroupAnswer, Letter, functions};
use crate::features::groups::selection::Selection;
use crate::features::operations::asking::Operating;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::moment::Ago;
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How many characters of the data a row shows.
const PREVIEW_CHARS: usize = 160;

/// Lists dead letters, and replays or deletes some or all of them.
#[component]
pub(crate) fn DeadLetters(
    /// The stream in which they were.
    stream: StreamKey,
    /// The group that gave up on them.
    group: Name,
    /// What is known of the group.
    answer: Memo<Option<GroupAnswer>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let (of_stream, of_group) = (stream.clone(), group.clone());
    let query = move |after: Option<EntryId>| DeadQuery {
        stream: of_stream.clone(),
        group: of_group.clone(),
        after,
        limit: Limit::default(),
    };
    // More of them by now make another list.
    let total =
        Memo::new(move |_| answer.with(|answer| answer.as_ref().map_or(0, |answer| answer.dead)));
    let selection = RwSignal::new(Selection::default());
    let later = RwSignal::new(Vec::<Letter>::new());
    let next_after = RwSignal::new(None::<EntryId>);
    let first = query.clone();
    let remote: Remote<DeadQuery, DeadPage> = Remote::new(
        move || {
            operating.changes();
            total.track();
            Some(first(None))
        },
        functions::dead,
    );
    Effect::new(move || {
        let Some(loaded) = remote.loaded() else { return };
        later.set(Vec::new());
        next_after.set(loaded.answer.next_after);
    });
    Effect::new(move || {
        operating.changes();
        selection.set(Selection::default());
    });
    let letters = Memo::new(move |_| {
        let mut letters =
            remote.loaded().map(|loaded| loaded.answer.letters.clone()).unwrap_or_default();
        later.with(|later| letters.extend(later.iter().cloned()));
        letters
    });
    let problem = RwSignal::new(None::<String>);
    let load_more = Callback::new(move |()| {
        let query = query(next_after.get_untracked());
        spawn_local(async move {
            match functions::dead(query).await {
                Ok(page) => {
                    later.try_update(|later| later.extend(page.letters));
                    next_after.try_set(page.next_after);
                    problem.try_set(None);
                }
                Err(error) => drop(problem.try_set(Some(error.message))),
            }
        });
    });
    let row = {
        let stream = stream.clone();
        let dead =
            move || answer.with_untracked(|answer| Some(answer.as_ref()?.dead_stream.clone()));
        move |letter: Letter| row(&stream, dead(), letter, letters, selection)
    };
    let is_empty = Memo::new(move |_| letters.with(Vec::is_empty));
    let is_here = Memo::new(move |_| remote.loaded().is_some());
    let final_error = Memo::new(move |_| remote.final_error());
    let content = move || {
        match (final_error.get(), is_here.get(), is_empty.get()) {
        (Some(error), ..) => view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any(),
        (None, false, _) => view! { <Skeleton rows=8 /> }.into_any(),
        (None, true, true) => view! {
            <EmptyState title="No dead letters">
                "Entries come here when a consumer gives up on them after too many deliveries, or when somebody moves them here."
            </EmptyState>
        }
        .into_any(),
        (None, true, false) => {
            let row = row.clone();
            view! {
                <div class="table-scroll" tabindex="0" role="region" aria-label="Dead letters">
                    <table class="rows-table" data-testid="dead">
                        <thead>
                            <tr>
                                <th scope="col" class="choose">
                                    <input
                                        type="checkbox"
                                        aria-label="All dead letters"
                                        data-testid="choose-all"
                                        prop:checked=move || selection.with(Selection::is_all)
                                        on:change=move |event| {
                                            let is_chosen = event_target_checked(&event);
                                            selection.update(|selection| selection.set_all(is_chosen));
                                        }
                                    />
                                </th>
                                <th scope="col">"Entry"</th>
                                <th scope="col">"Type"</th>
                                <th scope="col">"Data"</th>
                                <th scope="col">"Reason"</th>
                                <th scope="col">"Consumer"</th>
                                <th scope="col" class="number">"Deliveries"</th>
                                <th scope="col">"Given up"</th>
                                <th scope="col"><span class="sr-only">"Actions"</span></th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || letters.get() key=|letter| letter.id children=row />
                        </tbody>
                    </table>
                    <div class="list-foot">
                        <Show when=move || next_after.get().is_some()>
                            <button type="button" class="button" data-testid="dead-more" on:click=move |_| load_more.run(())>
                                "Load more"
                            </button>
                        </Show>
                        {move || problem.get().map(|why| view! { <span class="form-problem" role="alert">{text::sentence(&why)}</span> })}
                    </div>
                </div>
            }
            .into_any()
        }
    }
    };
    view! {
        <Actions stream group selection total />
        <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
        {content}
    }
}

fn row(
    stream: &StreamKey,
    dead: Option<StreamKey>,
    letter: Letter,
    letters: Memo<Vec<Letter>>,
    selection: RwSignal<Selection>,
) -> impl IntoView + use<> {
    let Letter { id, event, origin, reason, deliveries, consumer, at_ms } = letter;
    let entry = match origin {
        Some(origin) => {
            let list = EventsAddress::of(EventsOf::Stream(stream.clone()));
            let href = list.with_event(Some(origin)).href();
            view! { <a href=href data-testid="letter-event">{origin.to_string()}</a> }.into_any()
        }
        None => id.to_string().into_any(),
    };
    let data = event.has_data().then(|| event.data.preview(PREVIEW_CHARS));
    let reason_text = reason.clone().unwrap_or_default();
    let edited = dead.map(|dead| {
        let from = Some(EventRef { stream: Some(dead), id });
        OperatingAddress::Publish(PublishAddress { stream: stream.clone(), from }).href()
    });
    let travel = origin
        .map(|origin| TravelAddress::at(stream.clone(), crate::address::Point::Id(origin)).href());
    view! {
        <tr data-testid="letter" data-id=id.to_string() class:chosen=move || selection.with(|selection| selection.has(id))>
            <td class="choose">
                <input
                    type="checkbox"
                    aria-label=format!("Choose {id}")
                    data-testid="choose-letter"
                    prop:checked=move || selection.with(|selection| selection.has(id))
                    on:change=move |event| {
                        let is_chosen = event_target_checked(&event);
                        let on_page: Vec<EntryId> = letters.with_untracked(|all| all.iter().map(|letter| letter.id).collect());
                        selection.update(|selection| selection.set(id, is_chosen, &on_page));
                    }
                />
            </td>
            <td class="id">{entry}</td>
            <td><EventType event_type=event.event_type /></td>
            <td class="data"><code>{data.as_deref().map(foreign)}</code></td>
            <td class="data" title=reason_text>{reason.as_deref().map(foreign)}</td>
            <td>{consumer.map(|consumer| foreign(&consumer.to_string()))}</td>
            <td class="number">{deliveries.map(text::grouped)}</td>
            <td>{at_ms.and_then(|ms| i64::try_from(ms).ok()).map(|ms| view! { <Ago ms /> })}</td>
            <td class="row-actions">
                {travel.map(|href| view! { <a class="link" href=href data-testid="letter-state">"State then"</a> })}
                {edited.map(|href| view! { <a class="link" href=href data-testid="letter-edit">"Edited copy"</a> })}
            </td>
        </tr>
    }
}

/// What can be done with those that are chosen.
#[component]
fn Actions(
    stream: StreamKey,
    group: Name,
    selection: RwSignal<Selection>,
    total: Memo<u64>,
) -> impl IntoView {
    let operating = Operating::expect();
    let to_group = RwSignal::new(true);
    let pace = RwSignal::new(String::new());
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Groups, &key));
    let replay = {
        let (stream, group) = (stream.clone(), group.clone());
        move |_| {
            operating.ask(Operation::Replay {
                stream: stream.clone(),
                group: group.clone(),
                letters: selection.get_untracked().of_letters(),
                to_group: to_group.get_untracked(),
                per_second: pace.get_untracked().trim().parse().ok(),
            });
        }
    };
    let drop_letters = move |_| {
        operating.ask(Operation::Drop {
            stream: stream.clone(),
            group: group.clone(),
            letters: selection.get_untracked().of_letters(),
        });
    };
    let is_off =
        Memo::new(move |_| selection.with(Selection::is_empty) || obstacle.get().is_some());
    view! {
        <div class="toolbar actions" data-testid="dead-actions">
            <span class="chosen-count" role="status">
                {move || format!("{} chosen", text::grouped(selection.with(|selection| selection.count(total.get()))))}
            </span>
            <label class="select inline-field">
                "Replay to"
                <select
                    data-testid="replay-to"
                    on:change=move |event| to_group.set(event_target_value(&event) == "group")
                >
                    <option value="group">"this group alone"</option>
                    <option value="stream">"the stream, for everybody"</option>
                </select>
            </label>
            <label class="inline-field">
                "At most"
                <input
                    type="number"
                    min="1"
                    class="short"
                    placeholder="all"
                    data-testid="replay-pace"
                    prop:value=move || pace.get()
                    on:input=move |event| pace.set(event_target_value(&event))
                />
                "a second"
            </label>
            <button type="button" class="button" data-testid="replay" disabled=move || is_off.get() title=move || obstacle.get() on:click=replay>
                "Replay"
            </button>
            <button type="button" class="button" data-testid="drop" disabled=move || is_off.get() title=move || obstacle.get() on:click=drop_letters>
                "Delete"
            </button>
            {move || obstacle.get().map(|why| view! { <span class="form-problem">{text::sentence(&why)}</span> })}
        </div>
    }
}
