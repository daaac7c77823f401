//! A line small enough to stand in a row.

use leptos::prelude::*;

use crate::ui::state::rates::spark_path;

/// In pixels.
const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 18.0;

/// Draws counts over time, the newest at the right.
#[component]
pub(crate) fn Sparkline(
    /// The counts.
    #[prop(into)]
    counts: Signal<Vec<u64>>,
    /// What they say, for those who do not see it.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let path = move || counts.with(|counts| spark_path(counts, WIDTH, HEIGHT));
    view! {
        <svg
            class="sparkline"
            role="img"
            aria-label=label
            width=WIDTH
            height=HEIGHT
            viewBox=format!("0 0 {WIDTH} {HEIGHT}")
        >
            <title>{label}</title>
            <path d=path />
        </svg>
    }
}
