//! Both states, side by side.

use leptos::prelude::*;
use rewind_domain::patch::Patch;

use super::Travel;
use crate::features::travel::base_bar::BaseBar;
use crate::features::travel::views::side_by_side::SideBySide;
use crate::ui::copy_button::CopyButton;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

#[component]
pub(super) fn DiffPane(travel: Travel) -> impl IntoView {
    let Travel { traveller, comparison, .. } = travel;
    let old = Memo::new(move |_| comparison.before());
    let old_title = move || format!("Version {}", text::grouped(comparison.from()));
    let new_title = move || format!("Version {}", text::grouped(traveller.version.get()));
    let patch = move || {
        comparison.changes.with_untracked(|changes| {
            let patch = Patch::of(changes.as_slice());
            serde_json::to_string_pretty(&patch).unwrap_or_default()
        })
    };
    // Drawn again only where it is another thing, not with every state.
    let error = Memo::new(move |_| comparison.error());
    let is_waiting = Memo::new(move |_| comparison.is_waiting());
    let has_state = Memo::new(move |_| traveller.document.with(Option::is_some));
    let has_before = Memo::new(move |_| old.with(Option::is_some));
    let content = move || match error.get() {
        Some(error) => view! { <ErrorPanel error /> }.into_any(),
        None if is_waiting.get() => view! { <Skeleton rows=5 /> }.into_any(),
        None if !has_state.get() => {
            view! { <p class="pane-note">"There is no state at this version."</p> }.into_any()
        }
        None if !has_before.get() => {
            view! { <p class="pane-note">"Nothing comes before this version."</p> }.into_any()
        }
        None => view! {
            <SideBySide
                old
                new=traveller.document
                old_title=Signal::derive(old_title)
                new_title=Signal::derive(new_title)
            />
        }
        .into_any(),
    };
    view! {
        <BaseBar travel>
            <CopyButton label="Copy patch" is_labelled=true text=patch />
        </BaseBar>
        {content}
    }
}
