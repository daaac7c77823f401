//! The types of events that a stream has, with how many there are of each.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::Filter;

use crate::api::{IndexAnswer, TypeCount};
use crate::platform::stillness::Stillness;
use crate::ui::foreign_text::foreign;
use crate::ui::state::steady::in_order;
use crate::ui::text;

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
    let frame = NodeRef::<html::Div>::new();
    let is_used = Stillness::of(frame).is_used_or_focused();
    let counts = Memo::new(move |_| {
        let index = index.get();
        index.map(|index| index.types.clone()).unwrap_or_default()
    });
    // Their counts go on while someone is about to press one; their places do not.
    let types = Memo::new(move |before: Option<&Vec<TypeCount>>| match before {
        Some(before) if is_used.get() && !before.is_empty() => {
            counts.with(|counts| in_order(before, counts, key_of))
        }
        _ => counts.get(),
    });
    let shown = move || {
        let count = if is_all.get() { usize::MAX } else { SHOWN };
        types.with(|types| types.iter().take(count).map(key_of).collect::<Vec<_>>())
    };
    let more = Memo::new(
        move |_| {
            if is_all.get() { 0 } else { types.with(Vec::len).saturating_sub(SHOWN) }
        },
    );
    let facet = move |key: FacetKey| {
        let of = key.clone();
        let count = Memo::new(move |_| {
            types.with(|types| {
                types.iter().find(|count| key_of(count) == of).map_or(0, |count| count.count)
            })
        });
        let number = move || text::grouped(count.get());
        let (Some(name), _) = key.clone() else {
            let label = if key.1 { "other types" } else { "no type" };
            return view! {
                <span class="facet">{label} " " <span class="facet-count">{number}</span></span>
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
                {foreign(&name)}
                " "
                <span class="facet-count">{number}</span>
            </button>
        }
        .into_any()
    };
    view! {
        <div
            class="facets"
            role="group"
            aria-label="Types of events"
            data-testid="facets"
            node_ref=frame
        >
            <For each=shown key=FacetKey::clone children=facet />
            <Show when=move || more.get() != 0>
                <button type="button" class="link" data-testid="more-facets" on:click=move |_| is_all.set(true)>
                    {move || text::counted(more.get() as u64, "more type", "more types")}
                </button>
            </Show>
        </div>
    }
}

/// What tells a facet from the others: its type, or whether it is the rest of them.
type FacetKey = (Option<String>, bool);

fn key_of(count: &TypeCount) -> FacetKey {
    (count.r#type.clone(), count.is_rest)
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
