//! Paging through a list by id.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::api::Order;

/// Where the pages around this one are; nothing where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pages {
    /// The first, unless this is it.
    pub(crate) first: Option<String>,
    /// The one before.
    pub(crate) previous: Option<String>,
    /// The one after.
    pub(crate) next: Option<String>,
    /// The last, unless this is it.
    pub(crate) last: Option<String>,
}

/// Links to the pages around this one.
#[component]
pub(crate) fn Pager(
    /// Where they are.
    #[prop(into)]
    pages: Signal<Pages>,
    /// The order of the list, for the names of the links.
    #[prop(into)]
    order: Signal<Order>,
) -> impl IntoView {
    let link = |glyph: Glyph,
                is_after: bool,
                label: &'static str,
                test_id: &'static str,
                href: Option<String>| {
        let is_absent = href.is_none();
        view! {
            <a
                class="button"
                href=href
                aria-disabled=is_absent.then_some("true")
                role=is_absent.then_some("link")
                data-testid=test_id
            >
                {(!is_after).then(|| view! { <Icon glyph /> })}
                <span>{label}</span>
                {is_after.then(|| view! { <Icon glyph /> })}
            </a>
        }
    };
    view! {
        <nav class="pager" aria-label="Pages">
            {move || {
                let Pages { first, previous, next, last } = pages.get();
                let [a, b, c, d] = match order.get() {
                    Order::Desc => [
                        ("Newest", "page-newest"),
                        ("Newer", "page-newer"),
                        ("Older", "page-older"),
                        ("Oldest", "page-oldest"),
                    ],
                    Order::Asc => [
                        ("Oldest", "page-oldest"),
                        ("Older", "page-older"),
                        ("Newer", "page-newer"),
                        ("Newest", "page-newest"),
                    ],
                };
                view! {
                    {link(Glyph::First, false, a.0, a.1, first)}
                    {link(Glyph::Previous, false, b.0, b.1, previous)}
                    {link(Glyph::Next, true, c.0, c.1, next)}
                    {link(Glyph::Last, true, d.0, d.1, last)}
                }
            }}
        </nav>
    }
}
