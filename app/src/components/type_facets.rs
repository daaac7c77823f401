//! The types of events that a stream has, with how many there are of each.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::Filter;

use crate::api::{IndexAnswer, TypeCount};
use crate::state::text;

/// How many types are shown before the others are folded away.
const SHOWN: usize = 8;

/// The types as buttons: one chosen is a term of the filter; chosen with Shift, it is left out.
#[component]
pub(crate) fn TypeFacets(
    /// What is known of the stream.
    #[prop(into)]
    index: Signal<Option<Arc<IndexAnswer>>>,
    /// The filter.
    #[prop(into)]
    filter: Signal<String>,
    /// Another one was chosen.
    #[prop(into)]
    on_change: Callback<String>,
) -> impl IntoView {
    let is_all = RwSignal::new(false);
    let types = Memo::new(move |_| {
        let index = index.get();
        index.map(|index| index.types.clone()).unwrap_or_default()
    });
    let button = move |count: &TypeCount| {
        let Some(name) = count.r#type.clone() else {
            let label = if count.is_rest { "other types" } else { "no type" };
            return view! {
                <span class="facet">{label} " " <span class="facet-count">{text::grouped(count.count)}</span></span>
            }
            .into_any();
        };
        let term = text::type_term(&name);
        let is_chosen = {
            let term = term.clone();
            Memo::new(move |_| has(&filter.get(), &term))
        };
        let class = format!("facet hue-{}", text::hue(&name));
        view! {
            <button
                type="button"
                class=class
                aria-pressed=move || is_chosen.get().to_string()
                title="Show only these; with Shift all but these"
                data-testid="facet"
                on:click=move |event| {
                    let term = if event.shift_key() { format!("-{term}") } else { term.clone() };
                    on_change.run(toggled(&filter.get_untracked(), &term));
                }
            >
                {name}
                " "
                <span class="facet-count">{text::grouped(count.count)}</span>
            </button>
        }
        .into_any()
    };
    let shown = move || {
        let types = types.get();
        let count = if is_all.get() { types.len() } else { SHOWN.min(types.len()) };
        let more = types.len() - count;
        let more = (more > 0).then(|| {
            view! {
                <button type="button" class="link" on:click=move |_| is_all.set(true)>
                    {text::counted(more as u64, "more type", "more types")}
                </button>
            }
        });
        view! { {types[..count].iter().map(button).collect_view()} {more} }
    };
    view! {
        <div class="facets" role="group" aria-label="Types of events" data-testid="facets">
            {shown}
        </div>
    }
}

fn place_of(filter: &Filter, term: &str) -> Option<usize> {
    filter.terms().iter().position(|known| filter.text_of(known) == term)
}

fn has(filter: &str, term: &str) -> bool {
    Filter::parse(filter).is_ok_and(|filter| place_of(&filter, term).is_some())
}

fn toggled(filter: &str, term: &str) -> String {
    let filter = Filter::parse(filter).unwrap_or_default();
    match place_of(&filter, term) {
        Some(at) => filter.without(at),
        None => filter.with(term),
    }
}
