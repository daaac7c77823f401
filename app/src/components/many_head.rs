//! The head of a page about many streams.

use leptos::prelude::*;

use super::stream_key::KeyText;
use crate::state::address::{CategoryChoice, EventsOf, StreamsAddress};
use crate::state::text;

/// Which streams are listed together, and the way back.
#[component]
pub(crate) fn ManyHead(
    /// Whose events are listed.
    of: EventsOf,
) -> impl IntoView {
    let (crumb, title) = match of {
        EventsOf::Category(category) => {
            let address = StreamsAddress {
                prefix: String::new(),
                category: CategoryChoice::One(Some(category.clone())),
            };
            let name = category.to_string();
            let crumb = view! { <a href=address.href()>{name}</a> }.into_any();
            (crumb, view! { <KeyText stream=category /> }.into_any())
        }
        EventsOf::Streams(streams) => {
            let names: Vec<String> = streams.iter().map(ToString::to_string).collect();
            let crumb = view! { <span>"Several"</span> }.into_any();
            let counted = text::counted(streams.len() as u64, "stream", "streams");
            (crumb, view! { <span title=names.join(", ")>{counted}</span> }.into_any())
        }
        EventsOf::Stream(stream) => {
            let crumb = view! { <span>{stream.to_string()}</span> }.into_any();
            (crumb, view! { <KeyText stream /> }.into_any())
        }
    };
    view! {
        <header class="stream-head-bar">
            <div class="stream-title">
                <nav class="crumbs" aria-label="Breadcrumb">
                    <a href="/">"Streams"</a>
                    <span aria-hidden="true">"›"</span>
                    {crumb}
                </nav>
                <div class="stream-name">
                    <h1 data-testid="stream-key">{title}</h1>
                    <span class="badge">"all events"</span>
                </div>
            </div>
        </header>
    }
}
