//! Which two versions are compared.

use leptos::prelude::*;

use super::Travel;
use crate::address::Point;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Says what is compared with what, and lets that be changed.
#[component]
pub(super) fn BaseBar(travel: Travel, children: Children) -> impl IntoView {
    let Travel { traveller, comparison, .. } = travel;
    let from = move || {
        let from = comparison.from();
        view! {
            <button
                type="button"
                class="link"
                data-testid="base-version"
                title="Go there"
                on:click=move |_| traveller.jump(Point::Version(from))
            >
                {text::grouped(from)}
            </button>
        }
    };
    let count = move || {
        let count = comparison.changes.with(|changes| changes.as_slice().len());
        text::counted(count as u64, "change", "changes")
    };
    let is_chosen = Memo::new(move |_| comparison.base.get().is_some());
    let choose = move || match is_chosen.get() {
        true => view! {
            <button
                type="button"
                class="button quiet"
                data-testid="clear-base"
                title="Compare with the version before again (Esc)"
                on:click=move |_| travel.compare_with(None)
            >
                <Icon glyph=Glyph::Close />
                "Base"
            </button>
        }
        .into_any(),
        false => view! {
            <button
                type="button"
                class="button quiet"
                data-testid="set-base"
                title="Compare with this version from now on (B); or Shift-click a version"
                on:click=move |_| travel.compare_with(Some(traveller.version.get_untracked()))
            >
                <Icon glyph=Glyph::Base />
                "Set base"
            </button>
        }
        .into_any(),
    };
    view! {
        <div class="pane-bar" class:chosen=is_chosen>
            <span class="pane-bar-facts">
                <span class="compared">
                    {from}
                    <span aria-hidden="true">"→"</span>
                    <span class="sr-only">"to"</span>
                    <span>{move || text::grouped(traveller.version.get())}</span>
                </span>
                <span class="faint">{count}</span>
            </span>
            {choose}
            {children()}
        </div>
    }
}
