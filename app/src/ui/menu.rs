//! A button that opens a sheet: the one way in which menus of the pages open and close.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{EventTarget, HtmlDetailsElement, HtmlElement, KeyboardEvent, Node};

use crate::platform::keyboard;

/// What the arrow keys move through.
const OPTIONS: &str = "a[href], button:not(:disabled), input:not(:disabled)";
/// Browsers keep only one of those open that share a name.
const ONE_OF: &str = "menu";

/// A menu, for what is in it to close it.
#[derive(Clone, Copy)]
pub(crate) struct MenuHandle {
    menu: NodeRef<html::Details>,
    is_open: RwSignal<bool>,
}

impl MenuHandle {
    /// A closed menu.
    pub(crate) fn new() -> Self {
        Self { menu: NodeRef::new(), is_open: RwSignal::new(false) }
    }

    /// Whether it is open.
    pub(crate) fn is_open(self) -> Signal<bool> {
        self.is_open.into()
    }

    /// Closes it, and gives the keyboard back to its button.
    pub(crate) fn close(self) {
        if let Some(menu) = self.menu.get_untracked() {
            menu.set_open(false);
            focus_button(&menu);
        }
    }
}

/// A menu. It closes on Escape, on a click or the keyboard elsewhere, and when another one opens. In it the arrow keys move.
#[component]
pub(crate) fn Menu(
    /// Its handle.
    handle: MenuHandle,
    /// Its name in the document.
    test_id: &'static str,
    /// What its sheet holds.
    label: &'static str,
    /// The class of the menu.
    #[prop(optional)]
    class: &'static str,
    /// The class of its sheet.
    #[prop(default = "menu-body")]
    sheet_class: &'static str,
    /// The class of its button.
    #[prop(default = "button")]
    button_class: &'static str,
    /// What its button explains of itself.
    #[prop(optional)]
    title: Option<&'static str>,
    /// What stands on its button.
    #[prop(into)]
    button: ViewFn,
    /// What its sheet shows.
    children: Children,
) -> impl IntoView {
    let MenuHandle { menu, is_open } = handle;
    let close_unless_within = move |target: Option<EventTarget>| {
        let Some(menu) = menu.try_get_untracked().flatten().filter(|menu| menu.open()) else {
            return;
        };
        let node = target.and_then(|target| target.dyn_into::<Node>().ok());
        if node.is_some_and(|node| !menu.contains(Some(&node))) {
            menu.set_open(false);
        }
    };
    let pressed = window_event_listener(leptos::ev::pointerdown, move |event| {
        close_unless_within(event.target());
    });
    let focused = window_event_listener(leptos::ev::focusin, move |event| {
        close_unless_within(event.target());
    });
    on_cleanup(move || {
        pressed.remove();
        focused.remove();
    });
    let on_key = move |event: KeyboardEvent| {
        let (Some(menu), Some(key)) = (menu.get_untracked(), keyboard::plain(&event)) else {
            return;
        };
        match key.as_str() {
            "Escape" if menu.open() => handle.close(),
            "ArrowDown" | "ArrowUp" | "Home" | "End" => {
                menu.set_open(true);
                move_focus(&menu, &key);
            }
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let on_toggle = move |_| {
        let Some(menu) = menu.get_untracked() else { return };
        is_open.set(menu.open());
        // Not all browsers give the keyboard to what is clicked, and Escape is heard where the keyboard is.
        if menu.open() && !menu.contains(document().active_element().as_deref()) {
            focus_button(&menu);
        }
    };
    view! {
        <details
            class=format!("menu {class}")
            name=ONE_OF
            node_ref=menu
            data-testid=test_id
            on:keydown=on_key
            on:toggle=on_toggle
        >
            <summary class=button_class title=title data-testid=format!("{test_id}-button")>{button.run()}</summary>
            <div class=sheet_class role="group" aria-label=label>{children()}</div>
        </details>
    }
}

fn focus_button(menu: &HtmlDetailsElement) {
    if let Ok(Some(button)) = menu.query_selector("summary") {
        focus(button.into());
    }
}

fn move_focus(menu: &HtmlDetailsElement, key: &str) {
    let Ok(Some(sheet)) = menu.query_selector("[role=group]") else { return };
    let Ok(options) = sheet.query_selector_all(OPTIONS) else { return };
    let Some(last) = options.length().checked_sub(1) else { return };
    let focused = document().active_element().map(JsValue::from);
    let at = (0..=last).find(|at| options.get(*at).map(JsValue::from) == focused);
    let target = match (key, at) {
        ("ArrowDown", Some(at)) => at.saturating_add(1).min(last),
        ("ArrowUp", Some(at)) => at.saturating_sub(1),
        ("ArrowDown" | "Home", _) => 0,
        _ => last,
    };
    if let Some(option) = options.get(target) {
        focus(option.into());
    }
}

fn focus(element: JsValue) {
    if let Ok(element) = element.dyn_into::<HtmlElement>() {
        // Fails for no element that exists.
        let _ = element.focus();
    }
}
