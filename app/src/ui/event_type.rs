//! The type of an event.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;

use crate::ui::foreign_text::foreign;
use crate::ui::text;

/// A type, in the colour that it has everywhere.
#[component]
pub(crate) fn EventType(
    /// Its name; `None` if the event names none.
    event_type: Option<String>,
) -> impl IntoView {
    match event_type {
        Some(name) => {
            let class = format!("event-type hue-{}", text::hue(&name));
            view! { <span class=class title=visible(&name).into_owned()>{foreign(&name)}</span> }
                .into_any()
        }
        None => {
            let (class, title) =
                ("event-type untyped".to_owned(), "This event names no type".to_owned());
            view! { <span class=class title=title>{"no type".to_owned()}</span> }.into_any()
        }
    }
}
