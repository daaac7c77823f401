//! The shape of what is on its way, as high as what will take its place.

use leptos::prelude::*;

/// Rows that are still to come.
#[component]
pub(crate) fn Skeleton(
    /// How many.
    rows: usize,
    /// The class of the rows that they stand for, which says how high they are.
    #[prop(optional)]
    class: &'static str,
) -> impl IntoView {
    let rows = (0..rows)
        .map(|_| view! { <div class=format!("skeleton-row {class}")><span></span><span></span><span></span></div> })
        .collect_view();
    view! {
        <div class="skeleton" role="status">
            <span class="sr-only">"Loading"</span>
            {rows}
        </div>
    }
}
