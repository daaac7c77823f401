//! How much room there is.

use leptos::prelude::*;

/// Below this there is room for one column only, as `style/lists.css` has it.
const NARROW: &str = "(max-width: 700px)";

/// Whether the window is narrow. Follows its size.
pub(crate) fn narrow() -> Signal<bool> {
    let is_narrow = || {
        let query = window().match_media(NARROW).ok().flatten();
        query.is_some_and(|query| query.matches())
    };
    let narrow = RwSignal::new(is_narrow());
    let listener = window_event_listener(leptos::ev::resize, move |_| {
        if narrow.get_untracked() != is_narrow() {
            narrow.set(is_narrow());
        }
    });
    on_cleanup(move || listener.remove());
    narrow.into()
}
