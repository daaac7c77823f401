//! The key of a stream.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::foreign_text::visible;

use crate::ui::foreign_text::foreign;

/// A key, its last segment stressed: the rest is the same for many.
#[component]
pub(crate) fn KeyText(
    /// The key.
    stream: StreamKey,
) -> impl IntoView {
    let category = stream.category().map(|category| format!("{category}:"));
    view! {
        <span class="key" dir="ltr" title=visible(&stream.to_string()).into_owned()>
            <span class="key-category">{category.map(|category| foreign(&category))}</span>
            <span class="key-name">{foreign(&stream.name().to_string())}</span>
        </span>
    }
}
