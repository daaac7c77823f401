//! What stands around a list: how live it is, what it lacks, why it is empty.

use std::sync::Arc;

use leptos::prelude::*;

use crate::address::{EventsAddress, Point};
use crate::api::{ErrorCode, IndexAnswer};
use crate::features::events::browsing::Browsing;
use crate::features::events::coverage::{Coverage, FindNotices};
use crate::features::events::finding::Finding;
use crate::features::events::jump::JumpBox;
use crate::features::events::state::findings::Stage;
use crate::features::events::views::event_grid::focus_grid;
use crate::features::events::views::incomplete_banner::IncompleteBanner;
use crate::features::live::messages::Liveness;
use crate::features::live::views::live_status::{LivePause, LiveStatus};
use crate::features::live::views::remade_notice::RemadeNotice;
use crate::platform::keyboard::on_page_key;
use crate::platform::location::{History, Location};
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// All events of a stream.
#[component]
pub(super) fn BrowseList(
    browsing: Browsing,
    index: Signal<Option<Arc<IndexAnswer>>>,
    address: Signal<EventsAddress>,
    children: ChildrenFn,
) -> impl IntoView {
    let location = Location::expect();
    let summary = Memo::new(move |_| browsing.summary());
    let is_empty = Memo::new(move |_| browsing.listing().rows.get() == 0);
    let incomplete = Memo::new(move |_| summary.get().and_then(|summary| summary.incomplete));
    let jump = move |point: Point| {
        let address = EventsAddress { at: point, event: None, ..address.get_untracked() };
        location.go(&address.href(), History::Push);
    };
    let counting = move || {
        let trouble = browsing.passing_error().filter(|e| e.code == ErrorCode::NotIndexed)?;
        let counted = index.with(|index| {
            let index = index.as_ref()?;
            Some(format!(
                "{} of {} counted so far.",
                text::grouped(index.indexed),
                text::counted(index.length, "event", "events")
            ))
        });
        Some(view! {
            <p class="banner" role="status" data-testid="counting">
                <Icon glyph=Glyph::History />
                <span>
                    {text::sentence(&trouble.message)} " " {counted}
                    " What is on screen follows as soon as its place is known."
                </span>
            </p>
        })
    };
    let table = move || {
        if let Some(error) = browsing.failure() {
            return view! {
                <ErrorPanel error retry=move |()| browsing.ask_again()>
                    <a class="button" href="/streams" data-testid="all-streams">"All streams"</a>
                </ErrorPanel>
            }
            .into_any();
        }
        match (summary.with(Option::is_some), is_empty.get()) {
            (false, _) => view! { <Skeleton rows=12 class="event-row" /> }.into_any(),
            (true, true) => view! {
                <EmptyState title="No events here">
                    "The stream is empty. Events that are added appear here."
                </EmptyState>
            }
            .into_any(),
            (true, false) => children().into_any(),
        }
    };
    view! {
        <div class="list-bar">
            <JumpBox on_jump=jump />
            <span class="toolbar-gap"></span>
            <LiveControls
                newer=Signal::derive(move || browsing.newer_above())
                on_newest=move |()| browsing.to_newest()
                liveness=Signal::derive(move || browsing.liveness())
                paused=Memo::new(move |_| browsing.held_back())
                on_toggle=move |()| browsing.toggle_pause()
            />
        </div>
        <div
            class="loading-bar"
            class:on=move || browsing.is_loading() && browsing.passing_error().is_none()
            aria-hidden="true"
        ></div>
        <ErrorBanner error=Signal::derive(move || {
            browsing.passing_error().filter(|error| error.code != ErrorCode::NotIndexed)
        }) />
        <RemadeNotice streams=browsing.listing().remade />
        {counting}
        <IncompleteBanner incomplete />
        {table}
    }
}

/// What a search finds.
#[component]
pub(super) fn FindList(finding: Finding, has_streams: bool, children: ChildrenFn) -> impl IntoView {
    let stage = Memo::new(move |_| finding.stage());
    let is_empty = Memo::new(move |_| finding.listing().rows.get() == 0);
    let order = has_streams.then(|| {
        view! {
            <p class="order-note">
                "One list of many streams, in the order of entry ids: by the times at which Redis took the events."
            </p>
        }
    });
    let table = move || {
        match (stage.get(), is_empty.get()) {
        (_, false) => children().into_any(),
        (Stage::Running, true) => view! { <Skeleton rows=12 class="event-row" /> }.into_any(),
        (Stage::Failed(error), true) if error.parameter.as_deref() == Some("filter") => {
            view! { <NoFilter /> }.into_any()
        }
        (Stage::Failed(error), true) => {
            view! { <ErrorPanel error retry=move |()| finding.run() /> }.into_any()
        }
        (Stage::Resting | Stage::Full, true) => {
            view! {
                <EmptyState title="Nothing found yet">"The search is held; it can go on."</EmptyState>
            }
            .into_any()
        }
        (Stage::Finished, true) if !finding.has_filter() => view! {
            <EmptyState title="No events here">
                "None of these streams has an event. Those that are added appear here."
            </EmptyState>
        }
        .into_any(),
        (Stage::Finished, true) => view! {
            <EmptyState title="No event is meant by this filter">
                "Everything was looked at. Values compare exactly, capitals included; free text does not care about them. What is added appears here."
            </EmptyState>
        }
        .into_any(),
    }
    };
    let failure = move || match stage.get() {
        Stage::Failed(error) if !is_empty.get() => Some(view! {
            <div class="banner warning" role="alert" data-testid="error">
                <Icon glyph=Glyph::Warning />
                <span>
                    {text::sentence(&error.message)}
                    " What was found until then is below."
                    {error.code.is_passing().then_some(" Trying again by itself.")}
                </span>
            </div>
        }),
        _ => None,
    };
    view! {
        <div class="list-bar">
            <Coverage finding />
            <span class="toolbar-gap"></span>
            <LiveControls
                newer=Signal::derive(move || finding.newer_above())
                on_newest=move |()| finding.to_newest()
                liveness=Signal::derive(move || finding.liveness())
                paused=Memo::new(move |_| finding.held_back())
                on_toggle=move |()| finding.toggle_pause()
            />
        </div>
        <RemadeNotice streams=finding.listing().remade />
        <FindNotices finding />
        {failure}
        {order}
        {table}
    }
}

/// How live a list is, and what can be done about it; `P` holds it as well.
#[component]
fn LiveControls(
    /// How many new events are out of sight.
    newer: Signal<u64>,
    /// Leads back to them.
    #[prop(into)]
    on_newest: Callback<()>,
    liveness: Signal<Liveness>,
    /// How many events are held back, while any would be.
    paused: Memo<Option<u64>>,
    #[prop(into)] on_toggle: Callback<()>,
) -> impl IntoView {
    on_page_key(move |key| match key {
        "p" => {
            on_toggle.run(());
            true
        }
        _ => false,
    });
    let lead_back = move || {
        let count = newer.get();
        (count > 0).then(|| {
            view! {
                <button
                    type="button"
                    class="button primary newer"
                    data-testid="newer"
                    on:click=move |_| {
                        on_newest.run(());
                        // The button goes, and would take the keyboard along.
                        focus_grid();
                    }
                >
                    {text::counted(count, "new event", "new events")}
                </button>
            }
        })
    };
    view! {
        {lead_back}
        <LiveStatus liveness />
        <LivePause paused on_toggle />
    }
}

/// In place of what a filter would mean that cannot be read.
#[component]
pub(super) fn NoFilter() -> impl IntoView {
    view! {
        <EmptyState title="This filter cannot be read">
            "What is wrong with it stands under the box above. Nothing was searched."
        </EmptyState>
    }
}
