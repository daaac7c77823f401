//! The box in which a filter is written: its terms as chips, and what may come next.

use std::sync::Arc;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::filter::TermKind;
use rewind_domain::filter::completion::{Completion, Known, complete};
use rewind_domain::foreign_text::visible;
use rewind_domain::{Filter, FilterError};
use web_sys::KeyboardEvent;

use crate::platform::keyboard;
use crate::platform::zone::{ChosenZone, Zone};
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};

/// The id of the box, for whoever brings the keyboard to it.
pub(crate) const FILTER_ID: &str = "filter";

/// What is known of the events, to complete from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Suggestions {
    /// Their types.
    pub(crate) types: Vec<String>,
    /// Paths to their values.
    pub(crate) paths: Vec<String>,
}

/// Shows a filter and lets it be changed, a term at a time.
#[component]
pub(crate) fn FilterBox(
    /// The filter, as text.
    #[prop(into)]
    filter: Signal<String>,
    /// Another one was chosen.
    #[prop(into)]
    on_change: Callback<String>,
    /// What the server said is wrong with it.
    #[prop(into)]
    problem: Signal<Option<FilterError>>,
    /// What to complete from.
    #[prop(into)]
    suggestions: Signal<Arc<Suggestions>>,
) -> impl IntoView {
    let zone = ChosenZone::expect();
    let input = NodeRef::<html::Input>::new();
    let typed = RwSignal::new(String::new());
    let cursor = RwSignal::new(0_usize);
    let is_open = RwSignal::new(false);
    let chosen = RwSignal::new(None::<usize>);
    let typed_problem = Memo::new(move |_| {
        let typed = typed.get();
        // While it is being written, what is missing at its end is no mistake yet.
        Filter::parse_in(typed.trim(), &ChosenZone::get())
            .err()
            .filter(|error| error.length > 0 || !is_open.get())
    });
    let offers = Memo::new(move |_| {
        if !is_open.get() {
            return Vec::new();
        }
        let suggestions = suggestions.get();
        let known = Known { types: &suggestions.types, paths: &suggestions.paths };
        complete(&typed.get(), cursor.get(), &known)
    });

    let read_box = move || {
        if let Some(input) = input.get_untracked() {
            typed.set(input.value());
            let at = input.selection_start().ok().flatten().unwrap_or(0) as usize;
            // The browser counts in UTF-16, which differs only behind rare characters.
            cursor.set(at.min(input.value().chars().count()));
        }
    };
    let write_box = move |text: String| {
        cursor.set(text.chars().count());
        if let Some(input) = input.get_untracked() {
            input.set_value(&text);
        }
        typed.set(text);
        chosen.set(None);
    };
    let accept = move |offer: &Completion| {
        let text = typed.get_untracked();
        let chars: Vec<char> = text.chars().collect();
        let (from, to) = (offer.replaces.start as usize, offer.replaces.end as usize);
        let before: String = chars.iter().take(from).collect();
        let behind: String = chars.iter().skip(to).collect();
        write_box(format!("{before}{}{behind}", offer.text));
    };
    let commit = move || {
        let text = typed.get_untracked();
        let text = text.trim();
        if text.is_empty() {
            is_open.set(false);
            return;
        }
        // What is typed is on the clocks that are shown; what is kept and linked is in UTC.
        let Ok(added) = Filter::parse_in(text, &zone.get_untracked()) else {
            is_open.set(false);
            return;
        };
        let before = Filter::parse(&filter.get_untracked()).unwrap_or_default();
        on_change.run(before.with(&added.to_string()));
        write_box(String::new());
        is_open.set(false);
    };
    let take_last = move || {
        let text = filter.get_untracked();
        let Ok(before) = Filter::parse(&text) else {
            write_box(text);
            return on_change.run(String::new());
        };
        let Some(last) = before.terms().last() else { return };
        write_box(before.text_in(last, &zone.get_untracked()));
        on_change.run(before.without(before.terms().len() - 1));
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::typed(&event) else { return };
        let count = offers.with_untracked(Vec::len);
        let at = chosen.get_untracked();
        match key.as_str() {
            "ArrowDown" if count > 0 => chosen.set(Some(at.map_or(0, |at| (at + 1) % count))),
            "ArrowUp" if count > 0 => {
                chosen.set(Some(at.map_or(count - 1, |at| (at + count - 1) % count)));
            }
            "Tab" if at.is_some() => {
                if let Some(offer) = at.and_then(|at| offers.get_untracked().get(at).cloned()) {
                    accept(&offer);
                }
            }
            "Enter" => match at.and_then(|at| offers.get_untracked().get(at).cloned()) {
                Some(offer) => accept(&offer),
                None => commit(),
            },
            "Escape" if is_open.get_untracked() => is_open.set(false),
            "Backspace" if typed.get_untracked().is_empty() => take_last(),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };

    let chips = move || {
        let text = filter.get();
        match Filter::parse(&text) {
            Ok(parsed) => chip_views(&parsed, ChosenZone::get(), on_change).into_any(),
            // A link may have brought anything: it is shown as it is, to be mended.
            Err(_) => view! {
                <span class="chip wrong">
                    <span class="chip-text">{foreign(&text)}</span>
                    <button
                        type="button"
                        class="chip-away"
                        aria-label="Take the filter away"
                        data-testid="filter-away"
                        on:click=move |_| on_change.run(String::new())
                    >
                        <Icon glyph=Glyph::Close />
                    </button>
                </span>
            }
            .into_any(),
        }
    };
    let list = move || {
        let offers = offers.get();
        (!offers.is_empty()).then(|| {
            let lines = offers.into_iter().enumerate().map(|(at, offer)| {
                let text = offer.text.clone();
                let hint = offer.hint.clone();
                view! {
                    <li
                        role="option"
                        id=offer_id(at)
                        aria-selected=move || (chosen.get() == Some(at)).to_string()
                        // The box must not lose the keyboard.
                        on:mousedown=move |event| {
                            event.prevent_default();
                            accept(&offer);
                        }
                    >
                        <code>{foreign(&text)}</code>
                        <span class="faint">{hint}</span>
                    </li>
                }
            });
            view! {
                <ul class="completions" role="listbox" id="filter-completions" aria-label="Ways to go on">
                    {lines.collect_view()}
                </ul>
            }
        })
    };
    let message = move || {
        let error = typed_problem.get().filter(|_| !typed.with(String::is_empty));
        error.or_else(|| problem.get().filter(|_| typed.with(String::is_empty))).map(|error| {
            view! {
                <p class="filter-problem" role="alert" data-testid="filter-problem">
                    {foreign(&format!("At character {}: {}", error.column, error.message))}
                </p>
            }
        })
    };
    view! {
        <div class="filter-box" class:invalid=move || problem.get().is_some()>
            <div class="filter-line">
                <Icon glyph=Glyph::Search />
                {chips}
                <input
                    node_ref=input
                    id=FILTER_ID
                    type="text"
                    data-testid="filter"
                    role="combobox"
                    aria-label="Filter events"
                    aria-expanded=move || (!offers.with(Vec::is_empty)).to_string()
                    aria-controls="filter-completions"
                    aria-activedescendant=move || chosen.get().map(offer_id)
                    aria-invalid=move || typed_problem.get().is_some().to_string()
                    placeholder=move || if filter.with(String::is_empty) { "Filter: type:OrderPaid data.total>100 or any text ( / )" } else { "" }
                    autocomplete="off"
                    autocapitalize="off"
                    spellcheck="false"
                    on:input=move |_| {
                        is_open.set(true);
                        chosen.set(None);
                        read_box();
                    }
                    on:keyup=move |_| read_box()
                    on:focus=move |_| is_open.set(true)
                    on:blur=move |_| is_open.set(false)
                    on:keydown=on_key
                />
            </div>
            {list}
            {message}
        </div>
    }
}

fn chip_views(filter: &Filter, zone: Zone, on_change: Callback<String>) -> impl IntoView + use<> {
    let terms = filter.terms().iter().enumerate();
    let chips = terms.map(|(at, term)| {
        let text = filter.text_in(term, &zone);
        let without = filter.without(at);
        let label = format!("Take away {}", visible(&text));
        view! {
            <span
                class="chip"
                class:negated=term.is_negated()
                class:script=term.kind() == TermKind::Script
                data-testid="filter-chip"
            >
                <span class="chip-text">{foreign(&text)}</span>
                <button
                    type="button"
                    class="chip-away"
                    data-testid="chip-away"
                    aria-label=label
                    on:click=move |_| {
                        on_change.run(without.clone());
                        // The chip goes, and would take the keyboard along.
                        keyboard::focus(FILTER_ID);
                    }
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </span>
        }
    });
    chips.collect_view()
}

fn offer_id(at: usize) -> String {
    format!("filter-completion-{at}")
}
