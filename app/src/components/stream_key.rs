//! The key of a stream.

use leptos::prelude::*;
use rewind_domain::StreamKey;

/// A key, its last segment stressed: the rest is the same for many.
#[component]
pub(crate) fn KeyText(
    /// The key.
    stream: StreamKey,
) -> impl IntoView {
    let category = stream.category().map(|category| format!("{category}:"));
    view! {
        <span class="key" title=stream.to_string()>
            <span class="key-category">{category}</span>
            <span class="key-name">{stream.name().to_string()}</span>
        </span>
    }
}
