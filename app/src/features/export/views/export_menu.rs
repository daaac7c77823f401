//! The choice of a file to export to.

use leptos::prelude::*;

use crate::address::EventsAddress;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::menu::{Menu, MenuHandle};

/// The forms that there are: their name in addresses, on the page, and what they are good for.
const FORMS: [(&str, &str, &str); 3] = [
    ("ndjson", "NDJSON", "loses nothing, for rewind import"),
    ("json", "JSON", "an array of events as they are decoded"),
    ("csv", "CSV", "a table with the columns shown here"),
];

/// A file to be saved.
pub(crate) struct FileToSave {
    /// Where the server answers with it.
    pub(crate) href: String,
    /// What it is called.
    pub(crate) name: String,
}

/// A menu of links, each of which is a file with all events that are meant.
#[component]
pub(crate) fn ExportMenu(
    /// What is listed.
    #[prop(into)]
    address: Signal<EventsAddress>,
    /// Saves one of them.
    #[prop(into)]
    on_save: Callback<FileToSave>,
) -> impl IntoView {
    let menu = MenuHandle::new();
    let links = FORMS.map(|(format, name, hint)| {
        let href = move || address.with(|address| address.export_href(format));
        let file = format!("events.{format}");
        let download = file.clone();
        let on_click = move |click: web_sys::MouseEvent| {
            // Other clicks are the browser's own, and mean something else.
            if click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key() {
                return;
            }
            click.prevent_default();
            menu.close();
            on_save.run(FileToSave { href: href(), name: file.clone() });
        };
        view! {
            <a
                class="menu-option"
                href=href
                download=download
                rel="external"
                data-testid=format!("export-{format}")
                on:click=on_click
            >
                <span>{name}</span>
                <span class="faint">{hint}</span>
            </a>
        }
    });
    view! {
        <Menu
            handle=menu
            test_id="export"
            label="Export"
            class="export-menu"
            button=|| view! { <Icon glyph=Glyph::Download /> "Export" }
        >
            {links}
        </Menu>
    }
}
