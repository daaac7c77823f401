//! What stands beside the state.

use leptos::prelude::*;

use super::Travel;
use crate::address::{Pane, TravelAddress};
use crate::features::travel::bisect_pane::BisectPane;
use crate::features::travel::changes_pane::ChangesPane;
use crate::features::travel::diff_pane::DiffPane;
use crate::features::travel::history_pane::HistoryPane;
use crate::features::travel::sheet::Sheet;
use crate::platform::location::History;
use crate::ui::icon::{Glyph, Icon};

/// The choice of a pane, and the pane.
#[component]
pub(super) fn Panes(travel: Travel) -> impl IntoView {
    let pane = Memo::new(move |_| {
        travel.traveller.options.with(|options| options.pane.unwrap_or_default())
    });
    let content = move || match pane.get() {
        Pane::Changes => view! { <ChangesPane travel /> }.into_any(),
        Pane::Diff => view! { <DiffPane travel /> }.into_any(),
        Pane::History => view! { <HistoryPane travel /> }.into_any(),
        Pane::Bisect => view! { <BisectPane travel /> }.into_any(),
    };
    view! {
        <section class="pane" aria-label=move || label(pane.get()) data-testid="pane">
            {content}
        </section>
    }
}

/// Links to the panes. On narrow screens, which have room for one thing at a time, to the list and the state too.
#[component]
pub(super) fn PaneTabs(travel: Travel) -> impl IntoView {
    let Travel { traveller, sheet, .. } = travel;
    let pane =
        Memo::new(move |_| traveller.options.with(|options| options.pane.unwrap_or_default()));
    let tab = move |of: Pane| {
        let (glyph, key) = match of {
            Pane::Changes => (Glyph::Changes, "C"),
            Pane::Diff => (Glyph::Diff, "D"),
            Pane::History => (Glyph::History, "H"),
            Pane::Bisect => (Glyph::Bisect, "X"),
        };
        let href = move || {
            traveller.version.track();
            traveller.options.track();
            let address = traveller.address();
            let mut options = address.options.clone();
            options.pane = Some(of);
            TravelAddress { options, ..address }.href()
        };
        let is_chosen = move || pane.get() == of;
        view! {
            <a
                href=href
                aria-current=move || is_chosen().then_some("true")
                data-sheet-current=move || (is_chosen() && sheet.get() == Sheet::Pane).to_string()
                data-testid=format!("pane-{}", of.name())
                title=format!("{} ({key})", label(of))
                on:click=move |event| {
                    if !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key()) {
                        event.prevent_default();
                        sheet.set(Sheet::Pane);
                        traveller.look(History::Replace, |options| options.pane = Some(of));
                    }
                }
            >
                <Icon glyph />
                {label(of)}
            </a>
        }
    };
    let sheet_tab = move |of: Sheet, label: &'static str| {
        view! {
            <button
                type="button"
                class="sheet-tab"
                data-testid="sheet"
                aria-pressed=move || (sheet.get() == of).to_string()
                on:click=move |_| sheet.set(of)
            >
                {label}
            </button>
        }
    };
    view! {
        <nav class="pane-tabs" aria-label="What stands beside the state">
            {sheet_tab(Sheet::Versions, "Versions")}
            {sheet_tab(Sheet::State, "State")}
            {Pane::ALL.map(tab)}
        </nav>
    }
}

fn label(pane: Pane) -> &'static str {
    match pane {
        Pane::Changes => "Changes",
        Pane::Diff => "Diff",
        Pane::History => "History",
        Pane::Bisect => "Bisect",
    }
}
