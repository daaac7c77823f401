//! That there is nothing to list, and why.

use leptos::prelude::*;
use rewind_domain::catalog::Category;

use crate::address::StreamsAddress;
use crate::api::{DiscoveryPhase, DiscoveryStatus};
use crate::ui::empty_state::EmptyState;

/// Says why no streams are listed, and what would help.
#[component]
pub(super) fn NoStreams(
    /// What should be listed.
    address: StreamsAddress,
    /// How the search stands.
    status: Signal<Option<DiscoveryStatus>>,
    /// Whether what was searched for is still looked for.
    #[prop(into)]
    is_searching: Signal<bool>,
) -> impl IntoView {
    let is_refused = Memo::new(move |_| {
        status.with(|status| {
            status.as_ref().is_some_and(|status| status.phase == DiscoveryPhase::Refused)
        })
    });
    let is_complete = Memo::new(move |_| {
        status.with(|status| status.as_ref().is_some_and(|status| status.is_complete))
    });
    let StreamsAddress { category, search, .. } = address;
    move || {
        let search = search.clone();
        let elsewhere = (category != Category::All).then(|| {
            let everywhere = StreamsAddress { search: search.clone(), ..StreamsAddress::default() };
            view! { " " <a href=everywhere.href() data-testid="everywhere">"Look in all categories"</a> }
        });
        if !search.is_empty() {
            let found_so_far = match (is_refused.get(), is_complete.get()) {
                (true, _) => " Only whole keys can be asked for.",
                (false, false) => " Not all keys were looked at yet.",
                (false, true) => "",
            };
            return match is_searching.get() {
                true => view! {
                    <EmptyState title="Looking for it…">
                        "No stream that was found so far has " <code>{search}</code> " in its key."
                    </EmptyState>
                }
                .into_any(),
                false => view! {
                    <EmptyState title="No stream has this in its key">
                        <code>{search}</code> " is in the key of none." {found_so_far} {elsewhere}
                    </EmptyState>
                }
                .into_any(),
            };
        }
        match category {
            _ if is_refused.get() => view! {
                <EmptyState title="Streams cannot be looked for">
                    "Redis does not let this user walk its keys. A stream can still be opened: type its whole key into the box \
                     above."
                </EmptyState>
            }
            .into_any(),
            Category::All if is_complete.get() => view! {
                <EmptyState title="No streams yet">
                    "This Redis database has no key of type stream. Add an event with "
                    <code>"XADD events:orders * type OrderCreated data '{}'"</code>
                    ", or load a file with "
                    <code>"rewind import"</code> "."
                </EmptyState>
            }
            .into_any(),
            Category::All => view! {
                <EmptyState title="No streams found so far">
                    "Not all keys were looked at yet."
                </EmptyState>
            }
            .into_any(),
            _ => view! {
                <EmptyState title="No streams in this category">
                    "They may have been deleted." {elsewhere}
                </EmptyState>
            }
            .into_any(),
        }
    }
}
