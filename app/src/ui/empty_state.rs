//! Nothing to show, and why.

use leptos::prelude::*;

/// Says that there is nothing, and what that means.
#[component]
pub(crate) fn EmptyState(
    /// What is not there.
    #[prop(into)]
    title: String,
    /// Why, and what would help.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            <p>{children()}</p>
        </div>
    }
}
