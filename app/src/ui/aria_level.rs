//! How deep a row of a tree stands, for those who do not see it.

use leptos::attr::Attribute;
use leptos::attr::custom::custom_attribute;

/// The attribute `aria-level` of a row at this depth, counted from 0. The view macro knows no attribute of this name.
pub(crate) fn aria_level(depth: impl TryInto<u64>) -> impl Attribute {
    let depth = depth.try_into().unwrap_or(u64::MAX);
    custom_attribute("aria-level", depth.saturating_add(1).to_string())
}
