//! The choice of a file to export to.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::state::address::EventsAddress;

/// The forms that there are: their name in addresses, on the page, and what they are good for.
const FORMS: [(&str, &str, &str); 3] = [
    ("ndjson", "NDJSON", "loses nothing, for rewind import"),
    ("json", "JSON", "an array of events as they are decoded"),
    ("csv", "CSV", "a table with the columns shown here"),
];

/// A menu of links, each of which downloads all events that are meant. The browser shows the progress and can end it.
#[component]
pub(crate) fn ExportMenu(
    /// What is listed.
    #[prop(into)]
    address: Signal<EventsAddress>,
) -> impl IntoView {
    let links = FORMS.map(|(format, name, hint)| {
        view! {
            <a
                class="menu-option"
                href=move || address.with(|address| address.export_href(format))
                download=format!("events.{format}")
                rel="external"
                data-testid=format!("export-{format}")
            >
                <span>{name}</span>
                <span class="faint">{hint}</span>
            </a>
        }
    });
    view! {
        <details class="menu export-menu" data-testid="export">
            <summary class="button">
                <Icon glyph=Glyph::Download />
                "Export"
            </summary>
            <div class="menu-body" role="group" aria-label="Export">
                {links}
            </div>
        </details>
    }
}
