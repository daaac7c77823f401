//! A history in time: how many events when, what state things were in, and where one stands.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::time::duration_text;
use rewind_domain::timeline::{Bucket, Stretch, Timeline};
use web_sys::{Element, PointerEvent};

use crate::features::travel::state::timeline::{
    LaneView, bar_height, lane_views, legend, percent, place, values_at,
};
use crate::platform::zone::{ChosenZone, Zone};
use crate::ui::foreign_text::foreign;
use crate::ui::state::shared::Same;
use crate::ui::text;

/// What the strip draws; it changes with the history, not with the cursor.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drawing {
    /// The layout.
    pub(crate) timeline: Same<Timeline>,
    /// The fields that take few values.
    pub(crate) lanes: Same<Vec<rewind_domain::lanes::Lane>>,
    /// The last version that the layout has.
    pub(crate) latest: u64,
    /// Where the fold failed, if it did.
    pub(crate) stopped: Option<u64>,
    /// How many events at the beginning are missing.
    pub(crate) missing: u64,
}

/// A place of the cursor on the strip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The version.
    pub(crate) version: u64,
    /// When the event happened that made it, where that is known.
    pub(crate) timestamp_ms: Option<i64>,
}

/// Draws a history to scale, idle times folded. Clicking or dragging goes to the event that is nearest.
#[component]
pub(crate) fn TimelineStrip(
    /// What to draw; `None` until it is known.
    #[prop(into)]
    drawing: Signal<Option<Drawing>>,
    /// Where one stands.
    #[prop(into)]
    cursor: Signal<Mark>,
    /// What is compared with, where that was chosen.
    #[prop(into)]
    base: Signal<Option<u64>>,
    /// Goes to a version.
    #[prop(into)]
    on_go: Callback<u64>,
) -> impl IntoView {
    let is_dragging = StoredValue::new(false);
    let go_to = move |event: &PointerEvent| {
        let Some(track) = event.current_target().and_then(as_element) else { return };
        let box_of = track.get_bounding_client_rect();
        if box_of.width() <= 0.0 {
            return;
        }
        let position = (f64::from(event.client_x()) - box_of.left()) / box_of.width();
        let version = drawing.with_untracked(|drawing| {
            drawing.as_ref()?.timeline.version_at(position.clamp(0.0, 1.0))
        });
        if let Some(version) = version
            && version != cursor.get_untracked().version
        {
            on_go.run(version);
        }
    };
    let pressed = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        is_dragging.set_value(true);
        if let Some(track) = event.current_target().and_then(as_element) {
            // Fails for a pointer that is gone already; then it is a click.
            let _ = track.set_pointer_capture(event.pointer_id());
        }
        go_to(&event);
    };
    let at = move |mark: Mark| {
        drawing.with(|drawing| {
            let drawing = drawing.as_ref()?;
            place(&drawing.timeline, mark.version, mark.timestamp_ms)
        })
    };
    let moved_to = |part: f64| format!("translateX({})", percent(part));
    let cursor_at = Memo::new(move |_| at(cursor.get()).map(moved_to));
    let base_at = Memo::new(move |_| {
        let mark = Mark { version: base.get()?, timestamp_ms: None };
        at(mark).map(moved_to)
    });
    let drawn = move || {
        let zone = ChosenZone::get();
        drawing.get().map(|drawing| {
            let Drawing { timeline, lanes, latest, stopped, missing } = drawing;
            let tallest = timeline.buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
            let bars =
                timeline.buckets.iter().map(|bucket| bar(bucket, tallest, zone)).collect_view();
            let folds = timeline
                .stretches
                .iter()
                .filter(|s| s.is_folded)
                .map(|stretch| fold(stretch, zone))
                .collect_view();
            let stop = stopped
                .and_then(|version| Some((version, place(&timeline, version, None)?)))
                .map(|(version, at)| {
                    let title = format!("The fold stopped at version {}", text::grouped(version));
                    view! {
                        <span
                            class="timeline-stop"
                            style:left=percent(at)
                            title=title
                            data-testid="timeline-stop"
                        ></span>
                    }
                });
            let gone = (missing > 0).then(|| {
                let title = format!("{} missing", text::counted(missing, "event is", "events are"));
                view! { <span class="timeline-gone" title=title data-testid="timeline-gap"></span> }
            });
            let lanes = lane_views(&timeline, &lanes, stopped.unwrap_or(latest), &zone);
            let lanes = lanes.into_iter().map(lane).collect_view();
            view! {
                <div class="timeline-bars">{bars} {folds} {gone} {stop}</div>
                {lanes}
            }
        })
    };
    let names = move || {
        drawing.get().map(|drawing| {
            let named = legend(&drawing.lanes).into_iter().map(|(path, values)| {
                let values = values
                    .into_iter()
                    .map(|(value, hue)| {
                        view! {
                            <span class=format!("legend-value hue-{hue}")>{foreign(&value)}</span>
                        }
                    })
                    .collect_view();
                view! {
                    <div class="legend-row">
                        <span class="legend-path" title=visible(&path).into_owned()>{foreign(&path)}</span>
                        <span class="legend-values">{values}</span>
                    </div>
                }
            });
            named.collect_view()
        })
    };
    let ends = move || {
        drawing.with(|drawing| {
            let stretches = &drawing.as_ref()?.timeline.stretches;
            Some((
                ChosenZone::show(stretches.first()?.from_ms),
                ChosenZone::show(stretches.last()?.to_ms),
            ))
        })
    };
    let value_text = move || {
        let mark = cursor.get();
        let mut said = vec![format!("version {}", mark.version)];
        said.extend(mark.timestamp_ms.map(|ms| ChosenZone::show(ms).to_string()));
        drawing.with(|drawing| {
            if let Some(drawing) = drawing {
                said.extend(values_at(&drawing.lanes, mark.version));
            }
        });
        visible(&said.join(", ")).into_owned()
    };
    let last = move || drawing.with(|drawing| drawing.as_ref().map_or(0, |drawing| drawing.latest));
    view! {
        <div class="timeline" data-testid="timeline">
            <div class="timeline-legend" aria-hidden="true">
                <div class="legend-row legend-title">
                    {move || ends().map(|(first, last)| match first.date() == last.date() {
                        true => view! { <span>{first.date()}</span> }.into_any(),
                        false => view! { <span>{first.date()}</span><span>{last.date()}</span> }.into_any(),
                    })}
                </div>
                {names}
            </div>
            <div
                class="timeline-track"
                data-testid="timeline-track"
                role="slider"
                tabindex="0"
                aria-label="Place in time"
                aria-orientation="horizontal"
                aria-valuemin="0"
                aria-valuemax=move || last().to_string()
                aria-valuenow=move || cursor.get().version.to_string()
                aria-valuetext=value_text
                on:pointerdown=pressed
                on:pointermove=move |event| {
                    if is_dragging.get_value() {
                        go_to(&event);
                    }
                }
                on:pointerup=move |_| is_dragging.set_value(false)
                on:pointercancel=move |_| is_dragging.set_value(false)
            >
                {drawn}
                <span
                    class="timeline-base"
                    class:hidden=move || base_at.with(Option::is_none)
                    style:transform=move || base_at.get()
                    title=move || base.get().map(|base| format!("Compared with version {base}"))
                ></span>
                <span
                    class="timeline-cursor"
                    data-testid="timeline-cursor"
                    class:hidden=move || cursor_at.with(Option::is_none)
                    style:transform=move || cursor_at.get()
                ></span>
            </div>
        </div>
    }
}

fn as_element(target: web_sys::EventTarget) -> Option<Element> {
    use wasm_bindgen::JsCast;
    target.dyn_into().ok()
}

fn bar(bucket: &Bucket, tallest: u64, zone: Zone) -> impl IntoView + use<> {
    let versions = match bucket.first_version == bucket.last_version {
        true => format!("version {}", text::grouped(bucket.first_version)),
        false => format!(
            "versions {}–{}",
            text::grouped(bucket.first_version),
            text::grouped(bucket.last_version)
        ),
    };
    let failed = match bucket.failures {
        0 => String::new(),
        failures => format!(", {} failed", text::grouped(failures)),
    };
    let title = format!(
        "{}, {versions}{failed}, {}",
        text::counted(bucket.count, "event", "events"),
        zone.show(bucket.from_ms)
    );
    view! {
        <span
            class="timeline-bar"
            class:failed={bucket.failures > 0}
            style:left=percent(bucket.start)
            style:width=percent(bucket.end - bucket.start)
            style:height=percent(bar_height(bucket.count, tallest))
            title=title
        ></span>
    }
}

fn fold(stretch: &Stretch, zone: Zone) -> impl IntoView + use<> {
    let length = u64::try_from(stretch.to_ms.saturating_sub(stretch.from_ms)).unwrap_or(0);
    let (brief, length) = (text::brief_duration(length), duration_text(length));
    let title = format!(
        "Nothing happened for {length}, from {} to {}",
        zone.show(stretch.from_ms),
        zone.show(stretch.to_ms)
    );
    view! {
        <span
            class="timeline-fold"
            style:left=percent(stretch.start)
            style:width=percent(stretch.end - stretch.start)
            title=title
            data-testid="timeline-fold"
        >
            <span>{brief}</span>
        </span>
    }
}

fn lane(lane: LaneView) -> impl IntoView {
    let runs = lane
        .runs
        .into_iter()
        .map(|run| {
            view! {
                <span
                    class=format!("lane-run hue-{}", run.hue)
                    style:left=percent(run.start)
                    style:width=percent(run.end - run.start)
                    title=visible(&run.title).into_owned()
                >
                    {foreign(&run.value)}
                </span>
            }
        })
        .collect_view();
    view! { <div class="timeline-lane" data-testid="timeline-lane" data-path=lane.path>{runs}</div> }
}
