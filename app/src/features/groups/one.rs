//! One consumer group.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::Permission;
use rewind_domain::operations::{Name, Operation};

use crate::address::{EventsAddress, GroupAddress, GroupPane, GroupsAddress, OperatingAddress};
use crate::api::query::GroupQuery;
use crate::api::{GroupAnswer, functions};
use crate::features::groups::views::consumers::Consumers;
use crate::features::groups::views::dead::DeadLetters;
use crate::features::groups::views::figures::Figures;
use crate::features::groups::views::history::GroupHistory;
use crate::features::groups::views::pending::Pending;
use crate::features::groups::views::reset_menu::ResetMenu;
use crate::features::operations::asking::Operating;
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::title::title;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::skeleton::Skeleton;
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// How often the figures are asked for, in milliseconds.
const EVERY_MS: u64 = 1_000;

/// Shows a consumer group: how far it is, and its lists.
#[component]
pub(crate) fn GroupPage(
    /// Its stream.
    stream: StreamKey,
    /// Its name.
    group: Name,
    /// What of it is looked at.
    address: Memo<GroupAddress>,
) -> impl IntoView {
    let named = format!("{group} of {stream} · Rewind");
    title(move || named.clone());
    let operating = Operating::expect();
    let asked = GroupQuery { stream: stream.clone(), group: group.clone() };
    let remote = Remote::new(
        move || {
            operating.changes();
            Some(asked.clone())
        },
        functions::group,
    );
    keep_asking(remote, |_| EVERY_MS, || false);
    let answer = Memo::new(move |_| remote.loaded().map(|loaded| loaded.answer.clone()));
    let is_here = Memo::new(move |_| answer.with(Option::is_some));
    let final_error = Memo::new(move |_| remote.final_error());
    let pane = Memo::new(move |_| address.with(|address| address.pane));
    let filter = Memo::new(move |_| address.with(|address| address.filter.clone()));
    let (of_stream, of_group) = (stream.clone(), group.clone());
    let content = move || {
        if let Some(error) = final_error.get() {
            let all = OperatingAddress::Groups(GroupsAddress {
                stream: Some(of_stream.clone()),
                ..GroupsAddress::default()
            });
            return view! {
                <ErrorPanel error retry=move |()| remote.ask_again()>
                    <a class="button" href=all.href() data-testid="group-missing-others">"Groups of this stream"</a>
                </ErrorPanel>
            }
            .into_any();
        }
        if !is_here.get() {
            return view! { <Skeleton rows=10 /> }.into_any();
        }
        let (stream, group) = (of_stream.clone(), of_group.clone());
        let lists = move || {
            let (stream, group) = (stream.clone(), group.clone());
            match pane.get() {
                GroupPane::Pending => view! { <Pending stream group filter answer /> }.into_any(),
                GroupPane::Consumers => view! { <Consumers stream group answer /> }.into_any(),
                GroupPane::Dead => view! { <DeadLetters stream group answer /> }.into_any(),
                GroupPane::History => view! { <GroupHistory stream group /> }.into_any(),
            }
        };
        view! {
            <Figures answer />
            <Panes address answer />
            {lists}
        }
        .into_any()
    };
    let events = EventsAddress::newest(stream.clone()).href();
    let groups = OperatingAddress::Groups(GroupsAddress {
        stream: Some(stream.clone()),
        ..GroupsAddress::default()
    });
    view! {
        <div class="page group-page">
            <header class="stream-head-bar">
                <div class="stream-title">
                    <nav class="crumbs" aria-label="Where this group is">
                        <a href="/groups" data-testid="crumb-groups">"Groups"</a>
                        <a href=groups.href() data-testid="crumb-group-stream"><KeyText stream=stream.clone() /></a>
                    </nav>
                    <div class="stream-name">
                        <h1 data-testid="group-title">{foreign(&group.to_string())}</h1>
                        <a class="link" href=events data-testid="group-events">"Events of the stream"</a>
                    </div>
                </div>
                <div class="head-actions">
                    <ResetMenu stream=stream.clone() group=group.clone() />
                    <DeleteButton stream group />
                </div>
            </header>
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {content}
        </div>
    }
}

/// The way from one list of the group to another.
#[component]
fn Panes(address: Memo<GroupAddress>, answer: Memo<Option<GroupAnswer>>) -> impl IntoView {
    let counted = move |read: fn(&GroupAnswer) -> u64| {
        Memo::new(move |_| answer.with(|answer| answer.as_ref().map(read).map(text::grouped)))
    };
    let tab = move |pane: GroupPane, label: &'static str, count: Option<Memo<Option<String>>>| {
        let href = move || OperatingAddress::Group(GroupAddress { pane, ..address.get() }).href();
        let count = move || {
            count
                .and_then(|count| count.get())
                .map(|count| view! { " " <span class="count">{count}</span> })
        };
        view! {
            <a
                href=href
                aria-current=move || (address.get().pane == pane).then_some("page")
                data-testid=format!("pane-{}", pane.name())
            >
                {label}
                {count}
            </a>
        }
    };
    view! {
        <nav class="tabs group-panes" aria-label="Lists of this group">
            {tab(GroupPane::Pending, "Pending", Some(counted(|answer| answer.group.pending)))}
            {tab(GroupPane::Consumers, "Consumers", Some(counted(|answer| answer.group.consumers)))}
            {tab(GroupPane::Dead, "Dead letters", Some(counted(|answer| answer.dead)))}
            {tab(GroupPane::History, "What was done", None)}
        </nav>
    }
}

#[component]
fn DeleteButton(stream: StreamKey, group: Name) -> impl IntoView {
    let operating = Operating::expect();
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Groups, &key));
    view! {
        <button
            type="button"
            class="button"
            data-testid="delete-group"
            title=move || obstacle.get()
            aria-disabled=move || obstacle.get().is_some().then_some("true")
            on:click=move |_| {
                operating.ask(Operation::DeleteGroup { stream: stream.clone(), group: group.clone() });
            }
        >
            "Delete group"
        </button>
    }
}
