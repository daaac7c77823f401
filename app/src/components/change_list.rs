//! What changed, in one line, wherever in a large state it is.

use leptos::prelude::*;
use rewind_domain::{Change, ChangeKind, Pointer};

use crate::state::text;

/// How many changes the line names; who wants them all has the tree.
const MAX_NAMED: usize = 40;

/// The paths that changed, each a button that leads there.
#[component]
pub(crate) fn ChangeList(
    /// What changed.
    #[prop(into)]
    changes: Signal<Vec<Change>>,
    /// Leads to a path.
    #[prop(into)]
    on_reveal: Callback<Pointer>,
) -> impl IntoView {
    let chip = move |change: Change| {
        let (name, glyph, word) = match change.op {
            ChangeKind::Add => ("added", "+", "added"),
            ChangeKind::Replace => ("changed", "~", "changed"),
            ChangeKind::Remove => ("removed", "−", "removed"),
        };
        let shown = match change.path.as_str() {
            "" => "(whole)".to_owned(),
            path => path.to_owned(),
        };
        view! {
            <button
                type="button"
                class=format!("change-chip {name}")
                title=format!("{shown} {word}")
                on:click=move |_| on_reveal.run(change.path.clone())
            >
                <span class="change-glyph" aria-hidden="true">{glyph}</span>
                <span class="sr-only">{word}" "</span>
                {shown.clone()}
            </button>
        }
    };
    let rest = move || {
        let rest = changes.with(Vec::len).saturating_sub(MAX_NAMED);
        let rest = match changes.with(Vec::is_empty) {
            true => Some("No change to the state".to_owned()),
            false => (rest > 0).then(|| format!("and {} more", text::grouped(rest as u64))),
        };
        rest.map(|rest| view! { <span class="faint">{rest}</span> })
    };
    view! {
        <div class="change-list" role="group" aria-label="What changed">
            {move || changes.with(|changes| changes.iter().take(MAX_NAMED).cloned().map(chip).collect_view())}
            {rest}
        </div>
    }
}
