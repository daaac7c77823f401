//! A menu of what can be copied.

use std::time::Duration;

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use web_sys::{HtmlElement, KeyboardEvent};

use super::icon::{Glyph, Icon};
use crate::browser::clipboard;

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

/// A button that opens a menu. In it the arrow keys move, Escape closes, and what was copied is said.
#[component]
pub(crate) fn CopyMenu(
    /// The lines.
    items: Vec<CopyItem>,
) -> impl IntoView {
    let menu = NodeRef::<html::Details>::new();
    let said = RwSignal::new(None::<String>);
    let close = move || {
        if let Some(menu) = menu.get_untracked() {
            menu.set_open(false);
            if let Ok(Some(summary)) = menu.query_selector("summary") {
                focus(summary);
            }
        }
    };
    let copy = move |item: CopyItem| {
        let text = item.text.run(());
        close();
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
    let on_key = move |event: KeyboardEvent| {
        let Some(menu) = menu.get_untracked() else { return };
        let step = match event.key().as_str() {
            "Escape" if menu.open() => {
                event.prevent_default();
                return close();
            }
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        menu.set_open(true);
        move_focus(&menu, step);
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
    view! {
        <details
            class="menu copy-menu"
            node_ref=menu
            data-testid="copy-menu"
            on:keydown=on_key
            on:focusout=move |event| {
                // Who moves on leaves it closed behind.
                let to = event.related_target().and_then(|to| wasm_bindgen::JsCast::dyn_into::<web_sys::Node>(to).ok());
                if let (Some(menu), Some(to)) = (menu.get_untracked(), to) && !menu.contains(Some(&to)) {
                    menu.set_open(false);
                }
            }
        >
            <summary class="button">
                {move || {
                    let glyph = if said.with(Option::is_some) { Glyph::Check } else { Glyph::Copy };
                    view! { <Icon glyph /> }
                }}
                <span role="status" data-testid="copied">{move || said.get().unwrap_or_else(|| "Copy".to_owned())}</span>
            </summary>
            <div class="menu-body" role="group" aria-label="Copy as">{lines}</div>
        </details>
    }
}

fn capital(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

fn move_focus(menu: &web_sys::HtmlDetailsElement, step: i32) {
    let Ok(options) = menu.query_selector_all(".menu-option:not(:disabled)") else { return };
    let focused = document().active_element().map(wasm_bindgen::JsValue::from);
    let count = i32::try_from(options.length()).unwrap_or(i32::MAX);
    let option = |at: i32| u32::try_from(at).ok().and_then(|at| options.get(at));
    let at = (0..count).find(|at| option(*at).map(wasm_bindgen::JsValue::from) == focused);
    let target = match at {
        Some(at) => (at + step).clamp(0, count - 1),
        None if step > 0 => 0,
        None => count - 1,
    };
    if let Some(element) = option(target) {
        focus(element);
    }
}

fn focus(element: impl wasm_bindgen::JsCast) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        // Fails for no element that exists.
        let _ = element.focus();
    }
}
