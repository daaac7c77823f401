//! Boxes of text with several lines: edits that can be undone, and places in the text.

use std::ops::Range;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlDocument, HtmlTextAreaElement};

use crate::platform::typing::Edit;

/// What is selected, in UTF-16 units.
pub(crate) fn selection(area: &HtmlTextAreaElement) -> Range<usize> {
    // Text boxes always have a selection, which may be empty.
    let place = |place: Result<Option<u32>, _>| place.ok().flatten().unwrap_or(0) as usize;
    place(area.selection_start())..place(area.selection_end())
}

/// Selects something else.
pub(crate) fn select(area: &HtmlTextAreaElement, range: &Range<usize>) {
    let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
    // Fails for no box of text.
    let _ = area.set_selection_range(place(range.start), place(range.end));
}

/// Edits the text as if it was typed, so that it can be undone and the box says `input`.
pub(crate) fn edit(area: &HtmlTextAreaElement, edit: &Edit) {
    select(area, &edit.range);
    let is_done = match edit.text.as_str() {
        "" => run("delete", ""),
        // Browsers that know this insert lines at once, and otherwise one after the other, which takes long for many.
        text if text.trim_start().contains('\n') => {
            run("insertHTML", &escaped(text)) || run("insertText", text)
        }
        text => run("insertText", text),
    };
    if !is_done {
        leptos::logging::warn!("the browser did not take an edit");
    }
    select(area, &edit.selection);
}

/// Old, but nothing else leaves the history of the box as it is.
fn run(command: &str, value: &str) -> bool {
    let document: HtmlDocument = document().unchecked_into();
    document.exec_command_with_show_ui_and_value(command, false, value) == Ok(true)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
