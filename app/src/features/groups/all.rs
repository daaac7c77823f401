//! All consumer groups, those that are furthest behind first.

use leptos::html;
use leptos::prelude::*;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation, Place};

use crate::address::{GroupAddress, GroupsAddress, OperatingAddress};
use crate::api::query::GroupsQuery;
use crate::api::{GroupLag, GroupsPage as Answer, functions};
use crate::features::groups::views::lag::LagFigure;
use crate::features::operations::asking::Operating;
use crate::platform::location::{History, Location};
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::stillness::{Stillness, held};
use crate::platform::title::title;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::menu::{Menu, MenuHandle};
use crate::ui::skeleton::Skeleton;
use crate::ui::stream_key::KeyText;
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// How often the list is asked for, in milliseconds: as often as the server looks.
const EVERY_MS: u64 = 1_000;
/// How high a row is, in pixels; the same as in the style sheet.
const ROW_HEIGHT: u32 = 32;

/// Lists the consumer groups of all streams, or of one.
#[component]
pub(crate) fn GroupsPage(
    /// Which of them.
    address: Memo<GroupsAddress>,
) -> impl IntoView {
    title(|| "Consumer groups · Rewind".to_owned());
    let location = Location::expect();
    let operating = Operating::expect();
    let remote = Remote::new(
        move || {
            operating.changes();
            Some(address.get())
        },
        |GroupsAddress { stream, search }: GroupsAddress| {
            functions::groups(GroupsQuery { stream, search, offset: None, limit: MOST })
        },
    );
    keep_asking(remote, |_| EVERY_MS, || false);
    let answer = Memo::new(move |_| remote.loaded().map(|loaded| loaded.answer.clone()));
    let list = NodeRef::<html::Nav>::new();
    let is_used = Stillness::of(list).is_used_or_focused();
    let order = Signal::derive(move || {
        let key = |group: &GroupLag| (group.stream.clone(), group.group.clone());
        answer
            .with(|answer| {
                answer.as_ref().map(|answer| answer.groups.iter().map(key).collect::<Vec<_>>())
            })
            .unwrap_or_default()
    });
    // Rows stay where they are while somebody is about to press one; their figures go on.
    let keys = held(is_used, order);
    let row = move |_, key: (rewind_domain::StreamKey, String)| {
        let of = key.clone();
        let group = Memo::new(move |before: Option<&Option<GroupLag>>| {
            let now = answer.with(|answer| {
                let groups = &answer.as_ref()?.groups;
                groups.iter().find(|group| group.stream == of.0 && group.group == of.1).cloned()
            });
            now.or_else(|| before.cloned().flatten())
        });
        view! { <Row key group /> }
    };
    let note =
        Memo::new(move |_| answer.with(|answer| answer.as_ref().map(note).unwrap_or_default()));
    let search = move |event| {
        let search = event_target_value(&event);
        let address = GroupsAddress { search, ..address.get_untracked() };
        location.go(&OperatingAddress::Groups(address).href(), History::Replace);
    };
    let is_empty =
        Memo::new(move |_| answer.with(|a| a.as_ref().is_some_and(|a| a.groups.is_empty())));
    let final_error = Memo::new(move |_| remote.final_error());
    let is_here = Memo::new(move |_| answer.with(Option::is_some));
    let content = move || {
        match (final_error.get(), is_here.get()) {
        (Some(error), _) => {
            view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any()
        }
        (None, false) => view! { <Skeleton rows=12 /> }.into_any(),
        (None, true) => view! {
            <Show
                when=move || !is_empty.get()
                fallback=|| {
                    view! {
                        <EmptyState title="No consumer groups">
                            "A consumer group keeps how far its consumers have read a stream, and what they have not acknowledged. Services make them with XGROUP CREATE; here \u{201c}New group\u{201d} does."
                        </EmptyState>
                    }
                }
            >
                <div class="groups-head group-row" aria-hidden="true">
                    <span>"Group"</span>
                    <span>"Stream"</span>
                    <span class="number">"Lag"</span>
                    <span class="number">"Pending"</span>
                    <span class="number">"Consumers"</span>
                    <span class="number">"Idle"</span>
                    <span>"Last delivered"</span>
                </div>
                <nav class="groups-list" aria-label="Consumer groups" node_ref=list data-testid="groups">
                    <VirtualList rows=keys row_height=ROW_HEIGHT render=row />
                </nav>
            </Show>
        }
        .into_any(),
    }
    };
    let of_stream = move || {
        address.get().stream.map(|stream| {
            let all = OperatingAddress::Groups(GroupsAddress::default()).href();
            view! {
                <span class="filter-chip">
                    <KeyText stream />
                    <a href=all aria-label="Groups of all streams" data-testid="groups-all"><Icon glyph=Glyph::Close /></a>
                </span>
            }
        })
    };
    view! {
        <div class="page groups-page">
            <div class="toolbar">
                <h1>"Consumer groups"</h1>
                {of_stream}
                <label class="search">
                    <Icon glyph=Glyph::Search />
                    <input
                        type="search"
                        placeholder="Part of a group or stream"
                        aria-label="Search groups"
                        data-testid="groups-search"
                        prop:value=move || address.get().search
                        on:input=search
                    />
                </label>
                <span class="toolbar-gap"></span>
                <span class="panel-note" role="status" data-testid="groups-note">{note}</span>
                <NewGroup address />
            </div>
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {content}
        </div>
    }
}

/// As many as one answer can have.
const MOST: crate::api::query::Limit<200, 1_000> = crate::api::query::Limit::most();

fn note(answer: &Answer) -> String {
    let mut parts = vec![text::counted(answer.total, "group", "groups")];
    let shown = answer.groups.len() as u64;
    if shown < answer.total {
        parts.push(format!("showing the {} furthest behind", text::grouped(shown)));
    }
    if !answer.is_complete {
        let (looked_at, streams) = (text::grouped(answer.looked_at), text::grouped(answer.streams));
        parts.push(format!("looked at {looked_at} of {streams} streams so far"));
    }
    parts.join(" · ")
}

#[component]
fn Row(key: (rewind_domain::StreamKey, String), group: Memo<Option<GroupLag>>) -> impl IntoView {
    let (stream, name) = key;
    // It was written by the same rule.
    let parsed = name.parse::<Name>().unwrap_or_else(|_| Name::from(name.as_str()));
    let href = OperatingAddress::Group(GroupAddress::of(stream.clone(), parsed)).href();
    let figure = move |read: fn(&GroupLag) -> String| {
        move || group.with(|group| group.as_ref().map(read).unwrap_or_default())
    };
    let shown = foreign(&name);
    view! {
        <a class="group-row" href=href data-testid="group-row" data-group=name>
            <span class="group-name">{shown}</span>
            <KeyText stream />
            <span class="number"><LagFigure group /></span>
            <span class="number" class:behind=move || group.with(|g| g.as_ref().is_some_and(|g| g.pending > 0))>
                {figure(|group| text::grouped(group.pending))}
            </span>
            <span class="number">{figure(|group| text::grouped(group.consumers))}</span>
            <span class="number">{figure(|group| group.idle_ms.map_or("–".to_owned(), text::brief_duration))}</span>
            <span class="id">{figure(|group| group.last_delivered_id.to_string())}</span>
        </a>
    }
}

/// Makes a group.
#[component]
fn NewGroup(address: Memo<GroupsAddress>) -> impl IntoView {
    let operating = Operating::expect();
    let handle = MenuHandle::new();
    let stream = RwSignal::new(String::new());
    let name = RwSignal::new(String::new());
    let from_end = RwSignal::new(false);
    Effect::new(move || {
        if let Some(of) = address.get().stream {
            stream.set(of.to_string());
        }
    });
    let problem = RwSignal::new(None::<String>);
    let make = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (key, group) = (stream.get_untracked(), name.get_untracked());
        match (key.trim().parse(), group.trim().parse::<Name>()) {
            (Ok(stream), Ok(group)) if !key.trim().is_empty() && !group.is_empty() => {
                problem.set(None);
                handle.close();
                let from = if from_end.get_untracked() { Place::End } else { Place::Start };
                operating.ask(Operation::CreateGroup { stream, group, from });
            }
            (Err(error), _) | (_, Err(error)) => problem.set(Some(error.to_string())),
            _ => problem.set(Some("name a stream and a group".to_owned())),
        }
    };
    let obstacle = move || {
        let key = stream.get().trim().parse().ok()?;
        Rights::obstacle_on(Permission::Groups, &key)
    };
    view! {
        <Menu
            handle
            test_id="new-group"
            label="A new consumer group"
            sheet_class="menu-body form-sheet"
            button=|| view! { "New group" }
        >
            <form class="form" on:submit=make>
                <label>
                    "Stream"
                    <input type="text" data-testid="new-group-stream" prop:value=move || stream.get() on:input=move |event| stream.set(event_target_value(&event)) />
                </label>
                <label>
                    "Group"
                    <input type="text" data-testid="new-group-name" prop:value=move || name.get() on:input=move |event| name.set(event_target_value(&event)) />
                </label>
                <label class="check">
                    <input type="checkbox" data-testid="new-group-end" prop:checked=move || from_end.get() on:change=move |event| from_end.set(event_target_checked(&event)) />
                    "Only what comes from now on"
                </label>
                {move || problem.get().or_else(obstacle).map(|why| view! { <p class="form-problem" role="alert">{text::sentence(&why)}</p> })}
                <button type="submit" class="button primary" data-testid="new-group-make">"Look at it"</button>
            </form>
        </Menu>
    }
}
