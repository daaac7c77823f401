//! What stands beside the state.

use leptos::prelude::*;

use super::Travel;
use super::bisect_pane::BisectPane;
use super::changes_pane::ChangesPane;
use super::diff_pane::DiffPane;
use super::history_pane::HistoryPane;
use crate::browser::location::History;
use crate::components::icon::{Glyph, Icon};
use crate::state::address::{Pane, TravelAddress};

/// The choice of a pane, and the pane.
#[component]
pub(super) fn Panes(travel: Travel) -> impl IntoView {
    let pane =
        Memo::new(move |_| travel.traveller.sight.with(|sight| sight.pane.unwrap_or_default()));
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
    let pane = Memo::new(move |_| traveller.sight.with(|sight| sight.pane.unwrap_or_default()));
    let tab = move |of: Pane| {
        let (glyph, key) = match of {
            Pane::Changes => (Glyph::Changes, "C"),
            Pane::Diff => (Glyph::Diff, "D"),
            Pane::History => (Glyph::History, "H"),
            Pane::Bisect => (Glyph::Bisect, "X"),
        };
        let href = move || {
            traveller.version.track();
            traveller.sight.track();
            let address = traveller.address();
            let mut sight = address.sight.clone();
            sight.pane = Some(of);
            TravelAddress { sight, ..address }.href()
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
                        traveller.look(History::Replace, |sight| sight.pane = Some(of));
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

/// What a narrow screen shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Sheet {
    Versions,
    #[default]
    State,
    Pane,
}

impl Sheet {
    /// What an address leads to.
    pub(super) const fn of(pane: Option<Pane>) -> Self {
        match pane {
            Some(_) => Self::Pane,
            None => Self::State,
        }
    }

    /// Its name in the style sheet.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Versions => "versions",
            Self::State => "state",
            Self::Pane => "pane",
        }
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
