//! The categories of the streams found.

use leptos::prelude::*;
use rewind_domain::StreamKey;

use crate::state::address::{CategoryChoice, StreamsAddress};
use crate::state::catalog::Totals;
use crate::state::text;

/// The categories, each a link to its streams.
#[component]
pub(crate) fn CategoryList(
    /// The categories with what they hold.
    #[prop(into)]
    categories: Signal<Vec<(Option<StreamKey>, Totals)>>,
    /// What there is in all.
    #[prop(into)]
    totals: Signal<Totals>,
    /// Where the links lead from.
    #[prop(into)]
    address: Signal<StreamsAddress>,
) -> impl IntoView {
    let by_name = Memo::new(move |_| {
        categories.get().into_iter().collect::<std::collections::HashMap<_, _>>()
    });
    let names =
        move || categories.get().into_iter().map(|(category, _)| category).collect::<Vec<_>>();
    let row = move |choice: CategoryChoice, label: String, totals: Signal<Totals>| {
        let (linked, chosen) = (choice.clone(), choice);
        let is_chosen = Memo::new(move |_| address.with(|address| address.category == chosen));
        let href = move || {
            let prefix = address.with(|address| address.prefix.clone());
            StreamsAddress { prefix, category: linked.clone() }.href()
        };
        view! {
            <li>
                <a
                    href=href
                    class="category"
                    data-testid="category"
                    data-category=label
                    aria-current=move || is_chosen.get().then_some("true")
                >
                    <span class="category-name" title=label.clone()>{label.clone()}</span>
                    <span class="category-count" title="Streams">
                        {move || text::grouped(totals.get().streams)}
                    </span>
                    <span class="category-events">
                        {move || text::counted(totals.get().events, "event", "events")}
                    </span>
                </a>
            </li>
        }
    };
    view! {
        <nav class="categories" aria-label="Categories">
            <ul>
                {row(CategoryChoice::All, "All streams".to_owned(), totals)}
                <For
                    each=names
                    key=Clone::clone
                    children=move |category| {
                        let label = match &category {
                            None => "(no category)".to_owned(),
                            Some(category) => category.to_string(),
                        };
                        let name = category.clone();
                        let totals = Signal::derive(move || {
                            by_name.with(|by_name| by_name.get(&name).copied()).unwrap_or_default()
                        });
                        row(CategoryChoice::One(category), label, totals)
                    }
                />
            </ul>
        </nav>
    }
}
