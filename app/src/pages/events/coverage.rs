//! What a search has looked at, in words.

use leptos::prelude::*;
use rewind_domain::time::UtcTime;

use super::finding::Finding;
use crate::components::icon::{Glyph, Icon};
use crate::state::address::EventsAddress;
use crate::state::findings::{MAX_FOUND, Stage};
use crate::state::text;

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
        let between =
            finding.looked_between_ms().map(|(from, to)| format!(", {} to {}", day(from), day(to)));
        let skipped = (progress.skipped > 0)
            .then(|| format!(" ({} passed over by the index)", text::grouped(progress.skipped)));
        let many = (progress.streams > 1)
            .then(|| format!(" in {}", text::counted(progress.streams, "stream", "streams")));
        format!(
            "{of}{}{}{}; {} found",
            many.unwrap_or_default(),
            between.unwrap_or_default(),
            skipped.unwrap_or_default(),
            text::grouped(progress.found)
        )
    };
    let state = move || match stage.get() {
        Stage::Running => "searching",
        Stage::Resting => "resting",
        Stage::Full => "full",
        Stage::Finished => "finished",
        Stage::Failed(_) => "failed",
    };
    let button = move || {
        match stage.get() {
        Stage::Running => Some(
            view! {
                <button type="button" class="button" data-testid="find-pause" on:click=move |_| finding.rest()>
                    <Icon glyph=Glyph::Pause />
                    "Hold"
                </button>
            }
            .into_any(),
        ),
        Stage::Resting | Stage::Failed(_) => Some(
            view! {
                <button type="button" class="button primary" data-testid="find-continue" on:click=move |_| finding.run()>
                    <Icon glyph=Glyph::Play />
                    "Go on"
                </button>
            }
            .into_any(),
        ),
        Stage::Full | Stage::Finished => None,
    }
    };
    let full = move || {
        (stage.get() == Stage::Full).then(|| {
            format!(
                " This page keeps {}; narrow the filter to see others.",
                text::counted(MAX_FOUND as u64, "event", "events")
            )
        })
    };
    let failures = move || {
        progress.get().failures.map(|failures| {
            let address =
                EventsAddress::newest(failures.first_stream).with_event(Some(failures.first_id));
            view! {
                <p class="banner warning" role="note" data-testid="find-failures">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        {format!(
                            "The filter failed on {}, which count as not meant. The first is ",
                            text::counted(failures.count, "event", "events"),
                        )}
                        <a href=address.href()>{failures.first_id.to_string()}</a>
                        ": "
                        {text::sentence(&failures.message)}
                    </span>
                </p>
            }
        })
    };
    let unread = move || {
        progress.get().unread.map(|unread| {
            view! {
                <p class="banner warning" role="note" data-testid="find-unread">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        {format!(
                            "{} could not be read. {}",
                            text::counted(unread.count, "stream", "streams"),
                            text::sentence(&unread.message),
                        )}
                    </span>
                </p>
            }
        })
    };
    view! {
        <div class="coverage" data-testid="coverage" data-state=state>
            <span role="status">{looked} {full}</span>
            {button}
        </div>
        {failures}
        {unread}
    }
}

fn day(ms: u64) -> String {
    UtcTime(i64::try_from(ms).unwrap_or(i64::MAX)).date()
}
