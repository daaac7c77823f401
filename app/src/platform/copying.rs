//! Copying what is selected: hidden characters are shown by marks, and copied as what they are; keys without line breaks.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{ClipboardEvent, DocumentFragment, Element, Node};

/// The marks, which say which character they stand for.
const MARKS: &str = ".hidden-char[data-code]";

/// Listens for as long as the page is there.
pub(crate) fn keep_hidden_characters() {
    let listener = window_event_listener_untyped("copy", move |event| {
        let Some(event) = event.dyn_ref::<ClipboardEvent>() else { return };
        let Some((text, data)) = selected_text().zip(event.clipboard_data()) else { return };
        if data.set_data("text/plain", &text).is_ok() {
            event.prevent_default();
        }
    });
    on_cleanup(move || listener.remove());
}

/// The text that is selected, where the browser would copy something else.
fn selected_text() -> Option<String> {
    let selection = window().get_selection().ok()??;
    let range = selection.get_range_at(0).ok()?;
    let around = range.common_ancestor_container().ok()?;
    let fragment = range.clone_contents().ok()?;
    if let Some(mark) = element_of(&around)?.closest(MARKS).ok()? {
        return real(&mark);
    }
    // A key is in two parts, between which the browser would put a line break.
    if element_of(&around)?.closest(".foreign, .key").ok()?.is_some() {
        return Some(text_of(&fragment));
    }
    let marks = fragment.query_selector_all(MARKS).ok()?;
    if marks.length() == 0 {
        return None;
    }
    // As the browser would copy it, with its line breaks between blocks; then mark by mark.
    let laid_out = String::from(selection.to_string());
    let (mut copied, mut rest) = (String::with_capacity(laid_out.len()), laid_out.as_str());
    for at in 0..marks.length() {
        let mark: Element = marks.get(at)?.dyn_into().ok()?;
        let symbol = mark.text_content().unwrap_or_default();
        let Some((before, behind)) = rest.split_once(symbol.as_str()) else { continue };
        copied.push_str(before);
        copied.push_str(&real(&mark)?);
        rest = behind;
    }
    copied.push_str(rest);
    Some(copied)
}

fn element_of(node: &Node) -> Option<Element> {
    match node.dyn_ref::<Element>() {
        Some(element) => Some(element.clone()),
        None => node.parent_element(),
    }
}

/// The text of a part of the page, with marks as what they stand for.
fn text_of(fragment: &DocumentFragment) -> String {
    fn write(node: &Node, text: &mut String) {
        let mark = node.dyn_ref::<Element>().filter(|element| element.has_attribute("data-code"));
        if let Some(char) = mark.and_then(real) {
            return text.push_str(&char);
        }
        if node.node_type() == Node::TEXT_NODE {
            text.push_str(&node.node_value().unwrap_or_default());
        }
        let mut child = node.first_child();
        while let Some(node) = child {
            write(&node, text);
            child = node.next_sibling();
        }
    }
    let mut text = String::new();
    write(fragment, &mut text);
    text
}

/// The character that a mark stands for.
fn real(mark: &Element) -> Option<String> {
    let code = mark.get_attribute("data-code")?.parse().ok()?;
    char::from_u32(code).map(String::from)
}
