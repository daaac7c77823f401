//! What changed since the version that is compared with.

use leptos::prelude::*;
use rewind_domain::Pointer;
use rewind_domain::patch::Patch;

use super::Travel;
use crate::features::travel::base_bar::BaseBar;
use crate::features::travel::sheet::Sheet;
use crate::ui::change_list::ChangeList;
use crate::ui::copy_button::CopyButton;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::skeleton::Skeleton;

#[component]
pub(super) fn ChangesPane(travel: Travel) -> impl IntoView {
    let Travel { traveller, comparison, reveal, active, sheet, .. } = travel;
    let patch = move || {
        comparison.changes.with_untracked(|changes| {
            let patch = Patch::of(changes.as_slice());
            serde_json::to_string_pretty(&patch).unwrap_or_default()
        })
    };
    let go_to = move |path: Pointer| {
        active.set(Some(path.clone()));
        reveal.set(Some(path));
        sheet.set(Sheet::State);
    };
    // Drawn again only where it is another thing, not with every change.
    let has_state = Memo::new(move |_| traveller.document.with(Option::is_some));
    let error = Memo::new(move |_| comparison.error());
    let is_waiting = Memo::new(move |_| comparison.is_waiting());
    let content = move || match error.get() {
        Some(error) => view! { <ErrorPanel error /> }.into_any(),
        None if !has_state.get() => {
            view! { <p class="pane-note">"There is no state at this version."</p> }.into_any()
        }
        None if is_waiting.get() => view! { <Skeleton rows=5 /> }.into_any(),
        None => view! { <ChangeList changes=comparison.changes chosen=active on_reveal=go_to /> }
            .into_any(),
    };
    view! {
        <BaseBar travel>
            <CopyButton label="Copy patch" is_labelled=true text=patch />
        </BaseBar>
        {content}
    }
}
