//! The name of the browser's tab.

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;

/// Names the browser's tab.
pub(crate) fn title(of: impl Fn() -> String + 'static) {
    Effect::new(move || document().set_title(&visible(&of())));
}
