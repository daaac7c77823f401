//! The pages. Each owns its requests and what of its state stands in the address bar.

#![allow(
    unreachable_pub,
    reason = "the component macro makes `pub` items, however visible the component is"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

mod event_panel;
pub(crate) mod events;
pub(crate) mod not_found;
pub(crate) mod overview;
mod part;
pub(crate) mod parts;
pub(crate) mod streams;
pub(crate) mod travel;
pub(crate) mod workbench;

use leptos::prelude::*;
use rewind_domain::foreign_text::visible;

/// Names the browser's tab.
fn title(of: impl Fn() -> String + 'static) {
    Effect::new(move || document().set_title(&visible(&of())));
}
