//! Keys that work on a whole page.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement, KeyboardEvent};

/// Calls back for each key that is not meant for something else: not typed into a box, not moving in a
/// tree or table, not a shortcut of the browser. The handler says whether the key was one of its own.
pub(crate) fn on_page_key(handler: impl Fn(&KeyboardEvent) -> bool + 'static) {
    let listener = window_event_listener(ev::keydown, move |event| {
        let is_taken = event.default_prevented()
            || event.ctrl_key()
            || event.alt_key()
            || event.meta_key()
            || is_for_its_target(&event);
        if !is_taken && handler(&event) {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// Moves the keyboard to a box, with what stands in it ready to be replaced.
pub(crate) fn focus_box(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(input) = element.and_then(|element| element.dyn_into::<HtmlInputElement>().ok()) {
        // Fails for no element that exists.
        let _ = input.focus();
        input.select();
    }
}

/// Moves the keyboard to an element, without scrolling to it.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        // Fails for no element that exists.
        let _ = element.focus_with_options(&options);
    }
}

fn is_for_its_target(event: &KeyboardEvent) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return false;
    };
    let is_within = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    let key = event.key();
    match target.dyn_ref::<HtmlInputElement>() {
        // A slider's own keys step by other amounts than the page's.
        Some(input) => input.type_() != "range",
        None if is_within("textarea, select, [contenteditable], dialog") => true,
        // These press what has the focus.
        None if matches!(key.as_str(), " " | "Enter") => {
            is_within("button, a[href], summary, [role=tree], [role=grid]")
        }
        None => is_for_rows(&key) && is_within("[role=tree], [role=grid]"),
    }
}

/// Whether a key moves within rows.
fn is_for_rows(key: &str) -> bool {
    key.starts_with("Arrow") || matches!(key, "Home" | "End" | "PageUp" | "PageDown")
}
