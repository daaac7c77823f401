//! What there is to say about the file that a fold is saved in.

use leptos::prelude::*;

use crate::features::folds::desk::{Desk, Saving};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text::sentence;

/// Says what became of what was written, and what can be done about it.
#[component]
pub(super) fn Notices(
    /// What is on the desk.
    desk: Desk,
) -> impl IntoView {
    let failed = move || {
        let error = desk.saving.with(|saving| match saving {
            Saving::Failed(error) => Some(error.clone()),
            _ => None,
        })?;
        Some(view! {
            <div class="banner warning" role="alert" data-testid="fold-save-error">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>"Not saved. "</strong>
                    {sentence(&error.message)}
                </span>
            </div>
        })
    };
    let moved = move || {
        desk.has_moved.get().then(|| {
            view! {
                <div class="banner warning" role="alert" data-testid="fold-moved">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>"The file has changed "</strong>
                        "since these edits were begun. "
                        <button type="button" class="link" data-testid="fold-keep-writing" on:click=move |_| desk.keep_writing()>
                            "Go on with the edits"
                        </button>
                        ", which then replace it, or "
                        <button type="button" class="link" data-testid="fold-take-saved" on:click=move |_| desk.revert()>
                            "take the file"
                        </button>
                        "."
                    </span>
                </div>
            }
        })
    };
    let discarded = move || {
        desk.has_discarded.get().then(|| {
            view! {
                <div class="banner" role="status" data-testid="fold-discarded">
                    <span>
                        "The edits were taken back. "
                        <button type="button" class="link" data-testid="fold-restore" on:click=move |_| desk.restore()>
                            "Bring them back"
                        </button>
                    </span>
                </div>
            }
        })
    };
    let not_saved_here = move || {
        let is_known = desk.is_ready.get();
        (is_known && !desk.is_editable.get()).then(|| {
            let why = match desk.has_type() {
                true => view! {
                    "Folds are not saved from here: that takes a server started with "
                    <code>"--allow-fold-edits"</code>
                    ". Download this one as a file into its folder of folds."
                }
                .into_any(),
                false => view! {
                    "Folds are saved for types of aggregates, with keys such as "
                    <code>"aggregate:Order:1042"</code>
                    ". On this stream one can be tried."
                }
                .into_any(),
            };
            view! { <p class="bench-note" data-testid="fold-not-editable">{why}</p> }
        })
    };
    view! {
        {failed}
        {moved}
        {discarded}
        {not_saved_here}
    }
}
