//! The history in time, above everything else.

use leptos::prelude::*;

use super::Travel;
use crate::api::query::{Limit, TimelineQuery};
use crate::api::{ApiError, TimelineAnswer, functions};
use crate::features::travel::views::timeline_strip::{Drawing, Mark, TimelineStrip};
use crate::platform::remote::Remote;
use crate::ui::state::shared::Same;
use rewind_domain::StreamKey;

/// How many versions may come before the strip is drawn again: a part of its width that nobody would see.
const RENEWED_AFTER: u64 = 100;

#[component]
pub(super) fn TimeStrip(travel: Travel) -> impl IntoView {
    let Travel { traveller, comparison, .. } = travel;
    let key = traveller.stream();
    // The strip is asked for when the page is there, and again once it lacks a part that can be seen.
    let until = Memo::new(move |asked: Option<&Option<u64>>| {
        let latest = traveller.facts.with(|facts| facts.as_ref().map(|facts| facts.latest))?;
        let asked = asked.copied().flatten();
        match asked {
            Some(asked) if latest < asked + RENEWED_AFTER.min(asked / 20 + 1) => Some(asked),
            _ => Some(latest),
        }
    });
    let answer = Remote::new(move || until.get(), move |_| fetch(key.clone()));
    let drawing = Memo::new(move |_| {
        let loaded = answer.loaded()?;
        let TimelineAnswer { timeline, lanes, latest_version, stopped, incomplete, .. } =
            &loaded.answer;
        if timeline.buckets.is_empty() {
            return None;
        }
        let missing = incomplete.as_ref().and_then(|shortfall| shortfall.missing.as_ref());
        Some(Drawing {
            timeline: Same::new(timeline.clone()),
            lanes: Same::new(lanes.clone()),
            latest: *latest_version,
            stopped: stopped.as_ref().map(|stopped| stopped.version),
            missing: missing.map_or(0, |missing| {
                (missing.missing_to + 1).saturating_sub(missing.missing_from.max(1))
            }),
        })
    });
    let cursor = Memo::new(move |_| Mark {
        version: traveller.version.get(),
        timestamp_ms: traveller.step.with(|step| step.as_ref().map(|step| step.timestamp_ms)),
    });
    view! { <TimelineStrip drawing cursor base=comparison.base on_go=move |version| travel.go(version) /> }
}

async fn fetch(stream: StreamKey) -> Result<TimelineAnswer, ApiError> {
    functions::timeline(TimelineQuery { stream, buckets: Limit::default() }).await
}
