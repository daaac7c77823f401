//! What a search has looked at, in words.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::time::duration_text;
use rewind_domain::{EntryId, StreamKey};

use crate::address::EventsAddress;
use crate::api::live::WatchedBy;
use crate::features::events::finding::Finding;
use crate::features::events::state::findings::{MAX_FOUND, Stage};
use crate::features::live::messages::LineStatus;
use crate::platform::press::Press;
use crate::platform::zone::ChosenZone;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::state::unread;
use crate::ui::text;

/// How far a search is, and the buttons that hold it or let it go on.
#[component]
pub(super) fn Coverage(
    /// The search.
    finding: Finding,
) -> impl IntoView {
    let stage = Memo::new(move |_| finding.stage());
    let progress = Memo::new(move |_| finding.progress());
    let looked = move || {
        let progress = progress.get();
        let looked_at = progress.looked_at + progress.skipped;
        let of = match progress.total {
            Some(total) => format!(
                "Looked at {} of {}",
                text::grouped(looked_at.min(total)),
                text::counted(total, "event", "events")
            ),
            None => format!("Looking for streams: {} found", text::grouped(progress.streams)),
        };
        let between = finding.looked_between_ms().map(|(from, to)| match (day(from), day(to)) {
            (from, to) if from == to => format!(", all of {from}"),
            (from, to) => format!(", {from} to {to}"),
        });
        let skipped = (progress.skipped > 0)
            .then(|| format!(" ({} passed over by the index)", text::grouped(progress.skipped)));
        let many = (progress.streams > 1)
            .then(|| format!(" in {}", text::counted(progress.streams, "stream", "streams")));
        let since = finding.arrived();
        let since = (since > 0).then(|| format!(", {} more added since", text::grouped(since)));
        format!(
            "{of}{}{}{}; {} found{}",
            many.unwrap_or_default(),
            between.unwrap_or_default(),
            skipped.unwrap_or_default(),
            text::grouped(progress.found),
            since.unwrap_or_default()
        )
    };
    let state = move || match stage.get() {
        Stage::Running => "searching",
        Stage::Resting => "resting",
        Stage::Full => "full",
        Stage::Finished => "finished",
        Stage::Failed(_) => "failed",
    };
    // One button, so that the keyboard stays on it whatever the search does. It does what it said when it was pressed.
    let may_be_held = Memo::new(move |_| match stage.get() {
        Stage::Running => Some(true),
        Stage::Resting | Stage::Failed(_) => Some(false),
        Stage::Full | Stage::Finished => None,
    });
    let is_there = Memo::new(move |_| may_be_held.get().is_some());
    let press = Press::new();
    let button = move || {
        is_there.get().then(|| {
            let is_running = move || may_be_held.get() == Some(true);
            let meaning = move || may_be_held.get_untracked();
            view! {
                <button
                    type="button"
                    class="button"
                    class:primary=move || !is_running()
                    data-testid=move || if is_running() { "find-pause" } else { "find-continue" }
                    on:pointerdown=move |_| press.begin(meaning())
                    on:click=move |_| match press.end(meaning()) {
                        Some(Some(true)) => finding.rest(),
                        Some(Some(false)) => finding.run(),
                        _ => {}
                    }
                >
                    {move || {
                        let glyph = if is_running() { Glyph::Pause } else { Glyph::Play };
                        view! { <Icon glyph /> }
                    }}
                    {move || if is_running() { "Hold" } else { "Go on" }}
                </button>
            }
        })
    };
    let full = move || {
        (stage.get() == Stage::Full).then(|| {
            format!(
                " This page keeps {}; narrow the filter to see others.",
                text::counted(MAX_FOUND as u64, "event", "events")
            )
        })
    };
    view! {
        <div class="coverage" data-testid="coverage" data-state=state>
            <span role="status">{looked} {full}</span>
            {button}
        </div>
    }
}

/// What a search and its live line could not tell, or only later.
#[component]
pub(super) fn FindNotices(
    /// The search.
    finding: Finding,
) -> impl IntoView {
    let progress = Memo::new(move |_| finding.progress());
    let line = finding.line();
    let failures = move || {
        progress.get().failures.map(|failures| {
            let events = text::counted(failures.count, "event", "events");
            let first = (failures.first_stream, failures.first_id);
            failed_filter("find-failures", &events, first, &failures.message)
        })
    };
    let live_failures = move || {
        line.with(|line| line.filter_errors().cloned()).map(|errors| {
            let events = text::counted(errors.events, "event", "events");
            let first = (errors.stream, errors.id);
            failed_filter("live-failures", &format!("{events} added since"), first, &errors.message)
        })
    };
    let unread = move || {
        progress.get().unread.map(|unread| {
            let said = unread::sentence(&unread, "could not be read");
            view! { <Notice name="find-unread">{said}</Notice> }
        })
    };
    let lost_stream = move || {
        line.with(|line| line.lost_stream().cloned()).map(|lost| {
            let stream = visible(&lost.stream.to_string()).into_owned();
            let why = text::sentence(&lost.message);
            view! {
                <Notice name="live-lost">
                    {format!("`{stream}` is not followed any more; the other streams are. {why}")}
                </Notice>
            }
        })
    };
    view! {
        {failures}
        {unread}
        {live_failures}
        {lost_stream}
        <WatchedHow line />
    }
}

/// Something that a list lacks.
#[component]
fn Notice(
    /// Its name in the document.
    name: &'static str,
    /// What it says.
    children: Children,
) -> impl IntoView {
    view! {
        <p class="banner warning" role="note" data-testid=name>
            <Icon glyph=Glyph::Warning />
            <span>{children()}</span>
        </p>
    }
}

/// On which events a filter failed, and why it did on the first.
fn failed_filter(
    name: &'static str,
    events: &str,
    (stream, id): (StreamKey, EntryId),
    message: &str,
) -> impl IntoView + use<> {
    let href = EventsAddress::newest(stream).with_event(Some(id)).href();
    let failed = format!("The filter failed on {events}, which count as not meant. The first is ");
    let why = text::sentence(message);
    view! {
        <Notice name>
            {failed}
            <a href=href data-testid="failed-event">{id.to_string()}</a>
            ": "
            {why}
        </Notice>
    }
}

/// How a category is watched, where that is not at once, not for certain, or not all of it.
#[component]
fn WatchedHow(line: RwSignal<LineStatus>) -> impl IntoView {
    let watching = Memo::new(move |_| line.with(|line| line.watching().cloned()));
    move || {
        let watching = watching.get()?;
        let late = (watching.by == WatchedBy::Polling).then(|| {
            format!(
                "Redis does not tell which streams change, so all {} are looked at again and again: what is added appears up to {} \
                 later. With `K` and `t` in its `notify-keyspace-events` it would appear at once. ",
                text::counted(watching.streams, "stream", "streams"),
                duration_text(watching.delay_ms)
            )
        });
        let unsure = watching.is_unsure.then_some(
            "Some of these streams number their entries themselves; what was added to them while this page was not connected may be \
             missing until the list is searched again. ",
        );
        let how = (late.is_some() || unsure.is_some()).then(|| {
            view! {
                <p class="banner" role="note" data-testid="watched-how">
                    <Icon glyph=Glyph::History />
                    <span>{late} {unsure}</span>
                </p>
            }
        });
        let unwatched = watching.unread.map(|unread| {
            let said =
                unread::sentence(&unread, "may not be read, so that nothing new appears of them");
            view! {
                <p class="banner" role="note" data-testid="live-unread">
                    <Icon glyph=Glyph::History />
                    <span>{said}</span>
                </p>
            }
        });
        Some(view! { {how} {unwatched} })
    }
}

fn day(ms: u64) -> String {
    ChosenZone::show(i64::try_from(ms).unwrap_or(i64::MAX)).date()
}
