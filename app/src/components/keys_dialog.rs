//! The keys, all of them, on demand.

use leptos::html;
use leptos::prelude::*;

use super::icon::{Glyph, Icon};
use crate::state::keys::KEYS;

/// Lists the keys while it is open. The browser keeps the focus inside and closes it on Escape.
#[component]
pub(crate) fn KeysDialog(
    /// Whether it is open.
    is_open: RwSignal<bool>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        match is_open.get() {
            // Fails only where it is open already.
            true if !dialog.open() => drop(dialog.show_modal()),
            false if dialog.open() => dialog.close(),
            _ => {}
        }
    });
    let groups = KEYS.map(|(title, keys)| {
        let keys = keys
            .iter()
            .map(|key| {
                view! {
                    <dt>
                        <kbd>{key.label}</kbd>
                    </dt>
                    <dd>{key.meaning}</dd>
                }
            })
            .collect_view();
        view! {
            <section>
                <h3>{title}</h3>
                <dl class="keys">{keys}</dl>
            </section>
        }
    });
    view! {
        <dialog
            class="dialog keys-dialog"
            node_ref=dialog
            aria-labelledby="keys-title"
            data-testid="keys-dialog"
            on:close=move |_| is_open.set(false)
            on:click:target=move |event| {
                // Outside of what it shows is the dialog's own backdrop.
                let at = event.target().get_bounding_client_rect();
                let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
                let is_inside = x >= at.left() && x <= at.right() && y >= at.top() && y <= at.bottom();
                if !is_inside {
                    is_open.set(false);
                }
            }
        >
            <header class="dialog-head">
                <h2 id="keys-title">"Keys"</h2>
                <button
                    type="button"
                    class="button quiet icon-only"
                    aria-label="Close"
                    title="Close (Esc)"
                    on:click=move |_| is_open.set(false)
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            <div class="keys-groups">{groups}</div>
            <p class="dialog-note">
                "In the state, the arrow keys walk the tree instead; all other keys work there too. Click a version to go to it, "
                "Shift-click to compare with it."
            </p>
        </dialog>
    }
}
