//! A menu of what can be copied.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::platform::clipboard;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::menu::{Menu, MenuHandle};

/// How long it says what it copied.
const THANKS: Duration = Duration::from_millis(2_000);

/// One line of the menu.
#[derive(Clone, Copy)]
pub(crate) struct CopyItem {
    /// What is copied, as in "Copied …".
    pub(crate) name: &'static str,
    /// Tells it from the others in tests and styles.
    pub(crate) id: &'static str,
    /// Makes the text.
    pub(crate) text: Callback<(), String>,
    /// Why it cannot be copied.
    pub(crate) problem: Option<&'static str>,
}

/// A button that opens a menu, and says what was copied.
#[component]
pub(crate) fn CopyMenu(
    /// The lines.
    items: Vec<CopyItem>,
) -> impl IntoView {
    let menu = MenuHandle::new();
    let said = RwSignal::new(None::<String>);
    let copy = move |item: CopyItem| {
        let text = item.text.run(());
        menu.close();
        spawn_local(async move {
            let outcome = match clipboard::copy(&text).await {
                true => format!("Copied {}", item.name),
                false => "The browser refused to copy".to_owned(),
            };
            said.try_set(Some(outcome));
            set_timeout(
                move || {
                    said.try_set(None);
                },
                THANKS,
            );
        });
    };
    let lines = items
        .into_iter()
        .map(|item| {
            view! {
                <button
                    type="button"
                    class="menu-option"
                    data-testid=format!("copy-{}", item.id)
                    disabled=item.problem.is_some()
                    title=item.problem
                    on:click=move |_| copy(item)
                >
                    {capital(item.name)}
                </button>
            }
        })
        .collect_view();
    let button = move || {
        view! {
            {move || {
                let glyph = if said.with(Option::is_some) { Glyph::Check } else { Glyph::Copy };
                view! { <Icon glyph /> }
            }}
            <span role="status" data-testid="copied">
                {move || said.get().unwrap_or_else(|| "Copy".to_owned())}
            </span>
        }
    };
    view! {
        <Menu handle=menu test_id="copy-menu" label="Copy as" class="copy-menu" button>
            {lines}
        </Menu>
    }
}

fn capital(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
