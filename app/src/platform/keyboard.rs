//! Keys: which were pressed, those that work on a whole page, and where the keyboard is.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, FocusEvent, FocusOptions, HtmlElement, HtmlInputElement, KeyboardEvent};

use crate::platform::stroke::Stroke;

/// What browsers give as the code of a key that an input method takes. Some say nothing else of it.
const COMPOSING_CODE: u32 = 229;

/// A list that has the keyboard as a whole, and names the row that is meant.
const LIST: &str = ":is([role=tree], [role=grid], [role=listbox])[tabindex='0']";

/// The key that was pressed, for a box in which text is typed; `None` while text is composed.
pub(crate) fn typed(event: &KeyboardEvent) -> Option<String> {
    stroke(event).typed()
}

/// The key that was pressed, where no modifier but Shift is held and no text is composed.
pub(crate) fn plain(event: &KeyboardEvent) -> Option<String> {
    stroke(event).plain()
}

/// The same, by its place where the keyboard has other letters than ours.
pub(crate) fn shortcut(event: &KeyboardEvent) -> Option<String> {
    stroke(event).shortcut()
}

/// Whether Ctrl or Cmd is held with this letter.
pub(crate) fn is_command(event: &KeyboardEvent, letter: &str) -> bool {
    (event.ctrl_key() || event.meta_key())
        && !event.alt_key()
        && stroke(event).letter().is_some_and(|key| key.eq_ignore_ascii_case(letter))
}

#[expect(clippy::disallowed_methods, reason = "this is what all others are to use")]
fn stroke(event: &KeyboardEvent) -> Stroke {
    Stroke {
        key: event.key(),
        code: event.code(),
        is_shifted: event.shift_key(),
        has_modifier: event.ctrl_key()
            || event.alt_key()
            || event.meta_key()
            || event.get_modifier_state("AltGraph"),
        is_composing: event.is_composing() || event.key_code() == COMPOSING_CODE,
    }
}

/// Calls back for each key that is not meant for something else: not typed into a box, not moving in a
/// tree or table, not a shortcut of the browser. The handler says whether the key was one of its own.
pub(crate) fn on_page_key(handler: impl Fn(&str) -> bool + 'static) {
    let listener = window_event_listener(ev::keydown, move |event| {
        let Some(key) = shortcut(&event) else { return };
        let is_taken = event.default_prevented() || is_for_its_target(&event, &key);
        if !is_taken && handler(&key) {
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
        focus_element(&element);
    }
}

/// Whether the keyboard is at this element.
pub(crate) fn is_focused(id: &str) -> bool {
    document().active_element().is_some_and(|element| element.id() == id)
}

/// Gives the keyboard to the list that a row is of, whatever in the row was pressed: rows come and go as a list is scrolled, and what
/// goes would take the keyboard along.
pub(crate) fn keep_focus(event: &FocusEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let list = target.and_then(|target| target.closest(LIST).ok().flatten());
    if let Some(list) = list.and_then(|list| list.dyn_into::<HtmlElement>().ok()) {
        focus_element(&list);
    }
}

fn focus_element(element: &HtmlElement) {
    let options = FocusOptions::new();
    options.set_prevent_scroll(true);
    // Fails for no element that exists.
    let _ = element.focus_with_options(&options);
}

fn is_for_its_target(event: &KeyboardEvent, key: &str) -> bool {
    let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else {
        return false;
    };
    let is_within = |selector: &str| target.closest(selector).is_ok_and(|found| found.is_some());
    match target.dyn_ref::<HtmlInputElement>() {
        // A slider's own keys step by other amounts than the page's.
        Some(input) => input.type_() != "range",
        None if is_within("textarea, select, [contenteditable], dialog") => true,
        // These press what has the focus.
        None if matches!(key, " " | "Enter") => is_within(
            "button, a[href], summary, [role=tree], [role=grid], [role=listbox], [role=table]",
        ),
        // Lists take those that they have a use for; pages may use the others.
        None if matches!(key, "ArrowUp" | "ArrowDown") && is_within("[role=listbox]") => true,
        None => is_for_rows(key) && is_within("[role=tree], [role=grid]"),
    }
}

/// Whether a key moves within rows.
fn is_for_rows(key: &str) -> bool {
    key.starts_with("Arrow") || matches!(key, "Home" | "End" | "PageUp" | "PageDown")
}
