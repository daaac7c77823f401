//! The overview: what is going on now.
//!
//! The page asks once a second for what it does not know yet, which is a short `GET`: unlike a line that stays open it takes none
//! of the few connections that a browser has for a server, and holds still by itself while the tab is hidden.

pub(crate) mod views;

use std::sync::Arc;

use crate::platform::title::title;
use leptos::html;
use leptos::prelude::*;

use crate::api::query::OverviewQuery;
use crate::api::{ApiError, Coverage, Overview, functions};
use crate::features::overview::views::overview_lists::{
    BusiestStreams, ConsumerGroups, NewestEvents,
};
use crate::features::overview::views::rate_chart::RateChart;
use crate::features::overview::views::redis_strip::{Findings, RedisStrip};
use crate::platform::availability::{Availability, Away};
use crate::platform::clock::Now;
use crate::platform::places::KeptScroll;
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::zone::ChosenZone;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::state::rates::{by_category, by_type, merged};
use crate::ui::text;

/// How often it is asked, in milliseconds: as often as the server looks.
const EVERY_MS: u64 = 1_000;
/// Figures that are older are no longer those of now, in milliseconds: more than an answer takes, and than a tab that was hidden needs
/// to ask again.
const STALE_MS: i64 = 5_000;
/// How many of the last seconds are asked for again: what was read late still changes them.
const AGAIN_SECONDS: u64 = 10;

/// Shows what is going on.
#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    title(|| "Overview · Rewind".to_owned());
    let picture = RwSignal::new(None::<Arc<Overview>>);
    // When it was last said how things are, on the clock of the server.
    let answered_ms = RwSignal::new(None::<i64>);
    let remote = Remote::new(|| Some(()), move |()| ask(picture));
    Effect::new(move || {
        if let Some(loaded) = remote.loaded() {
            let before = picture.get_untracked();
            let merged = merged(before.as_deref(), loaded.answer.clone());
            picture.set(Some(Arc::new(merged)));
            answered_ms.set(Some(untrack(Now::get)));
        }
    });
    keep_asking(remote, |_| EVERY_MS, || false);
    let availability = Availability::find();
    let is_stale = Memo::new(move |_| {
        let is_away = availability.is_some_and(|state| state.away() != Away::Nothing);
        let is_old = || answered_ms.get().is_some_and(|at| Now::get() - at > STALE_MS);
        answered_ms.with(Option::is_some)
            && (is_away || remote.passing_error().is_some() || is_old())
    });
    let stale = move || {
        let at = answered_ms.get().filter(|_| is_stale.get())?;
        let note = move || {
            let ago = text::ago(Now::get(), at);
            format!("These figures are as of {}, {ago}.", ChosenZone::show(at).to_second())
        };
        Some(
            view! { <p class="banner warning" role="status" data-testid="stale"><Icon glyph=Glyph::Warning /><span>{note}</span></p> },
        )
    };
    let is_here = Memo::new(move |_| picture.with(Option::is_some));
    // Asked for each second; what is drawn stays as long as that comes to the same.
    let final_error = Memo::new(move |_| remote.final_error());
    let page = NodeRef::<html::Div>::new();
    let place = KeptScroll::new(page, "overview", is_here.into());
    let content = move || match (final_error.get(), is_here.get()) {
        (Some(error), _) => failure(error, remote).into_any(),
        (None, false) => view! { <Skeleton rows=10 /> }.into_any(),
        (None, true) => view! { <Panels picture /> }.into_any(),
    };
    view! {
        <div class="page overview-page" class:stale=is_stale node_ref=page on:scroll=move |_| place.keep()>
            <h1 class="sr-only">"Overview"</h1>
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {stale}
            {content}
        </div>
    }
}

async fn ask(picture: RwSignal<Option<Arc<Overview>>>) -> Result<Overview, ApiError> {
    let known = picture.get_untracked();
    let since = known.as_ref().map(|known| {
        let end = known.from_s + known.counts.len() as u64;
        end.saturating_sub(AGAIN_SECONDS)
    });
    let tag = known.as_ref().map(|known| known.tag.clone()).unwrap_or_default();
    functions::overview(OverviewQuery { since, tag }).await
}

fn failure(error: ApiError, remote: Remote<(), Overview>) -> impl IntoView {
    view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }
}

#[component]
fn Panels(picture: RwSignal<Option<Arc<Overview>>>) -> impl IntoView {
    // Each part is drawn again only where it is another one.
    fn part<T: Clone + Default + PartialEq + Send + Sync + 'static>(
        picture: RwSignal<Option<Arc<Overview>>>,
        read: fn(&Overview) -> T,
    ) -> Signal<T> {
        let read = move || picture.with(|p| p.as_deref().map(read).unwrap_or_default());
        Memo::new(move |_| read()).into()
    }
    let at = RwSignal::new(None);
    let coverage = part(picture, |overview| overview.coverage.clone());
    let from_s = part(picture, |overview| overview.from_s);
    let estimated = Signal::derive(move || {
        let is_estimated = coverage.with(|coverage| coverage.is_estimated);
        is_estimated.then(|| "estimated: more events than are read".to_owned())
    });
    let note = Signal::derive(move || {
        coverage.with(|coverage| coverage_note(coverage, from_s.get())).filter(|n| !n.is_empty())
    });
    view! {
        <RedisStrip health=part(picture, |overview| overview.redis.clone()) />
        <Findings findings=part(picture, |overview| overview.findings.clone()) />
        <p class="overview-note" role="status" data-testid="coverage">{note}</p>
        <div class="overview-charts">
            <RateChart
                title="Events by category"
                column="Category"
                chart=part(picture, by_category)
                at
                note=Signal::derive(|| None::<String>)
            />
            <RateChart title="Events by type" column="Type" chart=part(picture, by_type) at note=estimated />
        </div>
        <div class="overview-lists">
            <BusiestStreams streams=part(picture, |overview| overview.busiest.clone()) />
            <NewestEvents events=part(picture, |overview| overview.newest.clone()) />
            <ConsumerGroups
                groups=part(picture, |overview| overview.groups.clone())
                left_out=part(picture, |overview| overview.groups_left_out)
            />
        </div>
    }
}

/// In which way the rates are not the whole; `None` if they are.
fn coverage_note(coverage: &Coverage, from_s: u64) -> Option<String> {
    let mut notes = Vec::new();
    if let Some(problem) = &coverage.problem {
        notes.push(format!("Streams cannot be looked for: {}", problem.message));
    } else if coverage.looked_at < coverage.streams || !coverage.is_search_complete {
        let (looked_at, streams) =
            (text::grouped(coverage.looked_at), text::grouped(coverage.streams));
        notes.push(format!("Looked at {looked_at} of the {streams} streams found so far"));
    }
    if !coverage.is_told {
        let delay = text::brief_duration(coverage.delay_ms);
        notes.push(format!(
            "Redis does not tell what changes, so streams are looked at in turns: events may show up to {delay} late"
        ));
    }
    if coverage.whole_since_s > from_s {
        let seconds =
            (from_s + crate::api::OVERVIEW_SECONDS).saturating_sub(coverage.whole_since_s);
        let age = text::brief_duration(seconds.saturating_mul(1_000));
        notes.push(format!(
            "All events are counted since {age} ago; of earlier ones only the last of each stream"
        ));
    }
    (!notes.is_empty()).then(|| notes.join(" · "))
}
