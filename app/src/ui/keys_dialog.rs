//! The keys, all of them, on demand.

use leptos::html;
use leptos::prelude::*;
use web_sys::EventTarget;

use crate::platform::keyboard::on_page_key;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::state::key_help::{KeyGroup, KeysOf, groups};

/// Whether the help on keys is open.
#[derive(Clone, Copy)]
pub(crate) struct KeyHelp(RwSignal<bool>);

impl KeyHelp {
    /// Closed, for the current owner and all below.
    pub(crate) fn provide() -> Self {
        let help = Self(RwSignal::new(false));
        provide_context(help);
        help
    }

    /// The one that was provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Opens it.
    pub(crate) fn open(self) {
        self.0.set(true);
    }
}

/// Lists the keys while it is open, which `?` does on every page. The browser keeps the focus inside and closes it on Escape.
#[component]
pub(crate) fn KeysDialog(
    /// Whether it is open.
    help: KeyHelp,
    /// Of which page.
    #[prop(into)]
    of: Signal<KeysOf>,
) -> impl IntoView {
    let KeyHelp(is_open) = help;
    on_page_key(move |key| {
        if key == "?" {
            help.open();
        }
        key == "?"
    });
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
    let group = |KeyGroup { title, lines }: KeyGroup| {
        let line = |(label, meaning)| {
            view! {
                <dt>
                    <kbd>{label}</kbd>
                </dt>
                <dd>{meaning}</dd>
            }
        };
        view! {
            <section>
                <h3>{title}</h3>
                <dl class="keys">{lines.into_iter().map(line).collect_view()}</dl>
            </section>
        }
    };
    let all = move || groups(of.get()).into_iter().map(group).collect_view();
    let note = move || {
        (of.get() == KeysOf::Travel).then(|| {
            view! {
                <p class="dialog-note">
                    "In the state, the arrow keys walk the tree instead; all other keys work there too. Click a version to go to it, "
                    "Shift-click to compare with it."
                </p>
            }
        })
    };
    view! {
        <dialog
            class="dialog keys-dialog"
            node_ref=dialog
            aria-labelledby="keys-title"
            data-testid="keys-dialog"
            on:close=move |_| is_open.set(false)
            on:click=move |event| {
                let Some(dialog) = dialog.get_untracked() else { return };
                // Its backdrop is the dialog itself too, outside of what it shows.
                let is_itself = event.target().is_some_and(|target| target == *AsRef::<EventTarget>::as_ref(&dialog));
                let at = dialog.get_bounding_client_rect();
                let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
                let is_inside = x >= at.left() && x <= at.right() && y >= at.top() && y <= at.bottom();
                if is_itself && !is_inside {
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
                    data-testid="keys-close"
                    on:click=move |_| is_open.set(false)
                >
                    <Icon glyph=Glyph::Close />
                </button>
            </header>
            <div class="keys-groups">{all}</div>
            {note}
        </dialog>
    }
}
