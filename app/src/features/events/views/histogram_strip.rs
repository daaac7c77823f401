//! How many events there were when, by type.

use std::sync::Arc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::api::IndexAnswer;
use crate::features::events::state::histogram::{Bar, bars, range_term};
use crate::platform::zone::ChosenZone;
use crate::ui::text;

/// Draws the histogram of a stream. Dragging over it gives a term for the times that were passed over.
#[component]
pub(crate) fn HistogramStrip(
    /// What is known of the stream.
    #[prop(into)]
    index: Signal<Option<Arc<IndexAnswer>>>,
    /// A range of times was chosen, as a term of a filter.
    #[prop(into)]
    on_range: Callback<String>,
) -> impl IntoView {
    let drawn = Memo::new(move |_| {
        index.get().map(|index| bars(&index, &ChosenZone::get())).unwrap_or_default()
    });
    // The bars between which the pointer was dragged.
    let brushed = RwSignal::new(None::<(usize, usize)>);
    let bar_at = move |event: &PointerEvent| {
        let track = event.current_target()?.dyn_into::<Element>().ok()?;
        let area = track.get_bounding_client_rect();
        let count = drawn.with_untracked(Vec::len);
        if area.width() <= 0.0 || count == 0 {
            return None;
        }
        let share = (f64::from(event.client_x()) - area.left()) / area.width();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "within 0 and the number of bars"
        )]
        let at = (share.clamp(0.0, 1.0) * count as f64) as usize;
        Some(at.min(count - 1))
    };
    let on_down = move |event: PointerEvent| {
        if event.button() != 0 {
            return;
        }
        if let Some(track) = event.current_target().and_then(|t| t.dyn_into::<Element>().ok()) {
            // Fails for a pointer that is gone already; then it is a click.
            let _ = track.set_pointer_capture(event.pointer_id());
        }
        brushed.set(bar_at(&event).map(|at| (at, at)));
    };
    let on_move = move |event: PointerEvent| {
        if let (Some((from, _)), Some(at)) = (brushed.get_untracked(), bar_at(&event)) {
            brushed.set(Some((from, at)));
        }
    };
    let on_up = move |_| {
        let Some((from, to)) = brushed.get_untracked() else { return };
        brushed.set(None);
        let term =
            index.with_untracked(|index| range_term(index.as_ref()?.histogram.as_ref()?, from, to));
        if let Some(term) = term {
            on_range.run(term);
        }
    };
    let summary = move || {
        index.get().map(|index| {
            let counted = text::grouped(index.indexed);
            match (index.is_complete, &index.problem) {
                (_, Some(problem)) => problem.clone(),
                (true, _) => format!("{counted} events over time; drag to choose a range"),
                (false, _) => {
                    format!("{counted} of {} events counted so far", text::grouped(index.length))
                }
            }
        })
    };
    let bars = move || {
        drawn
            .get()
            .into_iter()
            .enumerate()
            .map(|(at, bar)| bar_view(at, &bar, brushed))
            .collect_view()
    };
    view! {
        <figure
            class="histogram"
            data-testid="histogram"
            class:partial=move || index.with(|i| i.as_ref().is_some_and(|i| !i.is_complete))
        >
            <div
                class="histogram-bars"
                data-testid="histogram-bars"
                role="img"
                aria-label=summary
                on:pointerdown=on_down
                on:pointermove=on_move
                on:pointerup=on_up
                on:pointercancel=move |_| brushed.set(None)
            >
                {bars}
            </div>
            <figcaption class="histogram-note">{summary}</figcaption>
        </figure>
    }
}

fn bar_view(
    at: usize,
    bar: &Bar,
    brushed: RwSignal<Option<(usize, usize)>>,
) -> impl IntoView + use<> {
    let part = |(hue, share): &(Option<u32>, f64)| {
        let class = match hue {
            Some(hue) => format!("hue-{hue}"),
            None => "hue-none".to_owned(),
        };
        view! { <i class=class style:flex-grow=format!("{share:.4}")></i> }
    };
    let is_brushed =
        move || brushed.get().is_some_and(|(from, to)| (from.min(to)..=from.max(to)).contains(&at));
    view! {
        <span class="histogram-slot" class:brushed=is_brushed title=bar.title.clone()>
            <span class="histogram-bar" style:height=format!("{:.1}%", bar.height * 100.0)>
                {bar.parts.iter().map(part).collect_view()}
            </span>
        </span>
    }
}
