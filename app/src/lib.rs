//! Pages, components and server functions.

pub mod api;

use leptos::prelude::*;

/// The whole user interface.
#[component]
pub fn App() -> impl IntoView {
    view! { <main>"Rewind"</main> }
}
