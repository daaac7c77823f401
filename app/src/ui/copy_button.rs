//! A button that copies.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::platform::clipboard;
use crate::ui::icon::{Glyph, Icon};

/// How long it says that it worked.
const THANKS: Duration = Duration::from_millis(1_500);

/// Copies a text, and says so.
#[component]
pub(crate) fn CopyButton(
    /// What it does: "Copy link".
    #[prop(into)]
    label: String,
    /// Whether the label stands beside the icon.
    #[prop(optional)]
    is_labelled: bool,
    /// Makes the text.
    text: impl Fn() -> String + 'static,
) -> impl IntoView {
    let outcome = RwSignal::new(None::<bool>);
    let copy = move |_| {
        let text = text();
        spawn_local(async move {
            let is_copied = clipboard::copy(&text).await;
            outcome.try_set(Some(is_copied));
            set_timeout(
                move || {
                    outcome.try_set(None);
                },
                THANKS,
            );
        });
    };
    let said = move || match outcome.get() {
        None => "",
        Some(true) => "Copied",
        Some(false) => "The browser refused to copy",
    };
    let shown_label = label.clone();
    let text_beside = move || match outcome.get() {
        None => shown_label.clone(),
        Some(_) => said().to_owned(),
    };
    view! {
        <button
            type="button"
            data-testid="copy"
            class="button quiet"
            class:icon-only=!is_labelled
            title=label.clone()
            aria-label=label
            on:click=copy
        >
            {move || {
                let glyph = if outcome.get() == Some(true) { Glyph::Check } else { Glyph::Copy };
                view! { <Icon glyph /> }
            }}
            {is_labelled.then(|| view! { <span>{text_beside}</span> })}
            <span class="sr-only" role="status">
                {said}
            </span>
        </button>
    }
}
