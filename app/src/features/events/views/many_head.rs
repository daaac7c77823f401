//! The head of a page about many streams.

use leptos::prelude::*;
use rewind_domain::catalog::Category;
use rewind_domain::foreign_text::visible;

use crate::address::EventsOf;
use crate::ui::category_crumbs::CategoryCrumbs;
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// Which streams are listed together, and the way back.
#[component]
pub(crate) fn ManyHead(
    /// Whose events are listed.
    of: EventsOf,
) -> impl IntoView {
    let (category, title) = match of {
        EventsOf::Category(category) => {
            let title = view! { <KeyText stream=category.clone() /> }.into_any();
            (Category::Within(category), title)
        }
        EventsOf::All => (Category::All, view! { "All streams" }.into_any()),
        EventsOf::Streams(streams) => {
            let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
            let counted = text::counted(streams.len() as u64, "stream", "streams");
            (
                Category::All,
                view! { <span title=visible(&names.join(", ")).into_owned()>{counted}</span> }
                    .into_any(),
            )
        }
        EventsOf::Stream(stream) => {
            let category = Category::of(&stream);
            (category, view! { <KeyText stream /> }.into_any())
        }
    };
    view! {
        <header class="stream-head-bar">
            <div class="stream-title">
                <CategoryCrumbs category />
                <div class="stream-name">
                    <h1 data-testid="stream-key">{title}</h1>
                    <span class="badge">"all events"</span>
                </div>
            </div>
        </header>
    }
}
