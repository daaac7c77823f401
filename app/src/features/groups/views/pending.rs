//! What a group has pending, and what can be done with it.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation, PendingFilter};
use rewind_domain::{EntryId, StreamKey};

use crate::address::{EventsAddress, EventsOf, GroupAddress, OperatingAddress};
use crate::api::query::{Limit, PendingQuery};
use crate::api::{ApiError, GroupAnswer, PendingEvent, functions};
use crate::features::groups::selection::Selection;
use crate::features::operations::asking::Operating;
use crate::platform::location::{History, Location};
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::stillness::Stillness;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How often the first entries are asked for again, in milliseconds.
const EVERY_MS: u64 = 2_000;
/// How many characters of the data a row shows.
const PREVIEW_CHARS: usize = 200;

/// What is known of the list behind its first page.
#[derive(Clone, Debug, Default)]
struct More {
    entries: Vec<PendingEvent>,
    next_after: Option<EntryId>,
    is_loading: bool,
    error: Option<ApiError>,
}

/// Lists what a group has pending, by a filter, and acknowledges, claims or buries some or all of it.
#[component]
pub(crate) fn Pending(
    /// The stream.
    stream: StreamKey,
    /// The group.
    group: Name,
    /// Which entries, as the address says.
    filter: Memo<String>,
    /// What is known of the group.
    answer: Memo<Option<GroupAnswer>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let location = Location::expect();
    let (of_stream, of_group) = (stream.clone(), group.clone());
    let query = move |after: Option<EntryId>| PendingQuery {
        stream: of_stream.clone(),
        group: of_group.clone(),
        filter: filter.get(),
        after,
        limit: Limit::default(),
    };
    let first = query.clone();
    let remote = Remote::new(
        move || {
            operating.changes();
            Some(first(None))
        },
        functions::pending,
    );
    let selection = RwSignal::new(Selection::default());
    let more = RwSignal::new(More::default());
    let list = NodeRef::<html::Div>::new();
    let is_used = Stillness::of(list).is_used_or_focused();
    // While somebody chooses, or has read on, the list holds still.
    let is_held = move || {
        is_used.get_untracked()
            || selection.with_untracked(|selection| !selection.is_empty())
            || more.with_untracked(|more| !more.entries.is_empty())
    };
    keep_asking(remote, |_| EVERY_MS, is_held);
    // Another filter, and what was done, makes another list.
    Effect::new(move || {
        filter.track();
        operating.changes();
        selection.set(Selection::default());
        more.set(More::default());
    });
    let entries = Memo::new(move |_| {
        let mut entries =
            remote.loaded().map(|loaded| loaded.answer.entries.clone()).unwrap_or_default();
        more.with(|more| entries.extend(more.entries.iter().cloned()));
        entries
    });
    let next_after = Memo::new(move |_| {
        more.with(|more| match more.entries.is_empty() {
            true => remote.loaded().and_then(|loaded| loaded.answer.next_after),
            false => more.next_after,
        })
    });
    let load_more = Callback::new(move |()| {
        let query = untrack(|| query(next_after.get_untracked()));
        more.update(|more| (more.is_loading, more.error) = (true, None));
        spawn_local(async move {
            let answer = functions::pending(query).await;
            more.try_update(|more| {
                more.is_loading = false;
                match answer {
                    Ok(page) => {
                        more.entries.extend(page.entries);
                        more.next_after = page.next_after;
                    }
                    Err(error) => more.error = Some(error),
                }
            });
        });
    });
    let to_filter = {
        let (stream, group) = (stream.clone(), group.clone());
        move |text: String| {
            let address =
                GroupAddress { filter: text, ..GroupAddress::of(stream.clone(), group.clone()) };
            location.go(&OperatingAddress::Group(address).href(), History::Replace);
        }
    };
    let typed = RwSignal::new(filter.get_untracked());
    Effect::new(move || typed.set(filter.get()));
    let problem =
        Memo::new(move |_| PendingFilter::parse(&typed.get()).err().map(|error| error.message));
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if problem.get_untracked().is_none() {
            to_filter(typed.get_untracked());
        }
    };
    let row = {
        let stream = stream.clone();
        move |entry: PendingEvent| row(&stream, entry, entries, selection)
    };
    let is_empty = Memo::new(move |_| entries.with(Vec::is_empty));
    let is_here = Memo::new(move |_| remote.loaded().is_some());
    let final_error = Memo::new(move |_| remote.final_error());
    let content = move || match (final_error.get(), is_here.get(), is_empty.get()) {
        (Some(error), ..) => {
            view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any()
        }
        (None, false, _) => view! { <Skeleton rows=10 /> }.into_any(),
        (None, true, true) => {
            let (title, why) = match filter.with(|filter| filter.trim().is_empty()) {
                true => ("Nothing pending", "All that this group was given is acknowledged."),
                false => ("No matching entries", "Nothing that is pending matches this filter."),
            };
            view! { <EmptyState title>{why}</EmptyState> }.into_any()
        }
        (None, true, false) => {
            let row = row.clone();
            view! {
                <div class="table-scroll" tabindex="0" role="region" aria-label="Pending entries" node_ref=list>
                    <table class="rows-table" data-testid="pending">
                        <thead>
                            <tr>
                                <th scope="col" class="choose">
                                    <input
                                        type="checkbox"
                                        aria-label="All that match"
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
                                <th scope="col">"Consumer"</th>
                                <th scope="col" class="number" title="Since it was last delivered">"Idle"</th>
                                <th scope="col" class="number" title="How often it was delivered">"Deliveries"</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || entries.get() key=|entry| (entry.id, entry.idle_ms, entry.deliveries, entry.consumer.clone(), entry.event.is_some()) children=row />
                        </tbody>
                    </table>
                    <div class="list-foot">
                        <Show when=move || next_after.get().is_some()>
                            <button
                                type="button"
                                class="button"
                                data-testid="pending-more"
                                disabled=move || more.with(|more| more.is_loading)
                                on:click=move |_| load_more.run(())
                            >
                                "Load more"
                            </button>
                        </Show>
                        {move || more.with(|more| more.error.clone()).map(|error| view! { <span class="form-problem" role="alert">{text::sentence(&error.message)}</span> })}
                    </div>
                </div>
            }
            .into_any()
        }
    };
    view! {
        <form class="toolbar" on:submit=submit role="search">
            <label class="search wide">
                <Icon glyph=Glyph::Search />
                <input
                    type="search"
                    placeholder="idle>5m deliveries>3 consumer:billing-1 type:order.paid data.total>100"
                    aria-label="Which pending entries"
                    aria-invalid=move || problem.get().is_some().then_some("true")
                    spellcheck="false"
                    data-testid="pending-filter"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
            </label>
            {move || problem.get().map(|why| view! { <span class="form-problem" role="alert" data-testid="pending-problem">{text::sentence(&why)}</span> })}
            <button type="submit" class="button" data-testid="pending-apply">"Show"</button>
        </form>
        <Actions stream group filter selection answer />
        <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
        {content}
    }
}

fn row(
    stream: &StreamKey,
    entry: PendingEvent,
    entries: Memo<Vec<PendingEvent>>,
    selection: RwSignal<Selection>,
) -> impl IntoView + use<> {
    let PendingEvent { id, consumer, idle_ms, deliveries, event } = entry;
    let list = EventsAddress::of(EventsOf::Stream(stream.clone()));
    let href = list.with_event(Some(id)).href();
    let (event_type, data) = match event {
        Some(event) => {
            let data = event.has_data().then(|| event.data.preview(PREVIEW_CHARS));
            let event_type = view! { <EventType event_type=event.event_type /> }.into_any();
            (event_type, view! { <code>{data.as_deref().map(foreign)}</code> }.into_any())
        }
        None => {
            let gone =
                view! { <span class="faint" data-testid="gone">"No longer in the stream"</span> };
            (().into_any(), gone.into_any())
        }
    };
    let consumer = match consumer.is_empty() {
        true => view! { <span class="faint">"given back"</span> }.into_any(),
        false => foreign(&consumer.to_string()),
    };
    view! {
        <tr data-testid="pending-row" data-id=id.to_string() class:chosen=move || selection.with(|selection| selection.has(id))>
            <td class="choose">
                <input
                    type="checkbox"
                    aria-label=format!("Choose {id}")
                    data-testid="choose-pending"
                    prop:checked=move || selection.with(|selection| selection.has(id))
                    on:change=move |event| {
                        let is_chosen = event_target_checked(&event);
                        let on_page: Vec<EntryId> = entries.with_untracked(|all| all.iter().map(|entry| entry.id).collect());
                        selection.update(|selection| selection.set(id, is_chosen, &on_page));
                    }
                />
            </td>
            <td class="id"><a href=href data-testid="pending-event">{id.to_string()}</a></td>
            <td>{event_type}</td>
            <td class="data">{data}</td>
            <td>{consumer}</td>
            <td class="number">{idle_ms.map_or_else(|| "–".to_owned(), text::brief_duration)}</td>
            <td class="number">{text::grouped(deliveries)}</td>
        </tr>
    }
}

/// What can be done with those that are chosen.
#[component]
fn Actions(
    stream: StreamKey,
    group: Name,
    filter: Memo<String>,
    selection: RwSignal<Selection>,
    answer: Memo<Option<GroupAnswer>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let to = RwSignal::new(String::new());
    let reason = RwSignal::new(String::new());
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Groups, &key));
    let chosen = move || selection.get().of_pending(&filter.get_untracked());
    let ack = {
        let (stream, group) = (stream.clone(), group.clone());
        move |_| {
            let (stream, group) = (stream.clone(), group.clone());
            operating.ask(Operation::Ack { stream, group, entries: chosen() });
        }
    };
    let claim = {
        let (stream, group) = (stream.clone(), group.clone());
        move |_| {
            let (stream, group) = (stream.clone(), group.clone());
            if let Ok(to) = to.get_untracked().trim().parse::<Name>() {
                operating.ask(Operation::Claim { stream, group, entries: chosen(), to });
            }
        }
    };
    let bury = move |_| {
        let (stream, group) = (stream.clone(), group.clone());
        let reason = reason.get_untracked();
        operating.ask(Operation::Bury { stream, group, entries: chosen(), reason });
    };
    let count = move || {
        let total = answer.with(|answer| answer.as_ref().map_or(0, |answer| answer.group.pending));
        selection.with(|selection| {
            match (selection.is_all(), filter.with(|filter| filter.trim().is_empty())) {
                (true, true) => format!("All {} chosen", text::grouped(total)),
                (true, false) => "All that match chosen".to_owned(),
                (false, _) => format!("{} chosen", text::grouped(selection.count(total))),
            }
        })
    };
    let is_off =
        Memo::new(move |_| selection.with(Selection::is_empty) || obstacle.get().is_some());
    view! {
        <div class="toolbar actions" data-testid="pending-actions">
            <span class="chosen-count" role="status">{count}</span>
            <button type="button" class="button" data-testid="ack" disabled=move || is_off.get() title=move || obstacle.get() on:click=ack>
                "Acknowledge"
            </button>
            <span class="action-with">
                <input
                    type="text"
                    aria-label="Consumer that gets them"
                    placeholder="consumer"
                    data-testid="claim-to"
                    prop:value=move || to.get()
                    on:input=move |event| to.set(event_target_value(&event))
                />
                <button
                    type="button"
                    class="button"
                    data-testid="claim"
                    disabled=move || is_off.get() || to.with(|to| to.trim().is_empty())
                    title=move || obstacle.get()
                    on:click=claim
                >
                    "Claim to"
                </button>
            </span>
            <span class="action-with">
                <input
                    type="text"
                    aria-label="Why the group gives up on them"
                    placeholder="reason"
                    data-testid="bury-reason"
                    prop:value=move || reason.get()
                    on:input=move |event| reason.set(event_target_value(&event))
                />
                <button type="button" class="button" data-testid="bury" disabled=move || is_off.get() title=move || obstacle.get() on:click=bury>
                    "To the dead letters"
                </button>
            </span>
            {move || obstacle.get().map(|why| view! { <span class="form-problem">{text::sentence(&why)}</span> })}
        </div>
    }
}
