//! The choice of colours.

use leptos::prelude::*;

use crate::platform::theme::Theme;
use crate::ui::icon::{Glyph, Icon};

/// System, light or dark.
#[component]
pub(crate) fn ThemeSwitch() -> impl IntoView {
    let chosen = RwSignal::new(Theme::stored());
    let options = Theme::ALL.map(|theme| {
        let (glyph, label) = match theme {
            Theme::System => (Glyph::System, "Colours of the system"),
            Theme::Light => (Glyph::Sun, "Light"),
            Theme::Dark => (Glyph::Moon, "Dark"),
        };
        view! {
            <label title=label>
                <input
                    type="radio"
                    name="theme"
                    data-testid="theme-choice"
                    class="sr-only"
                    value=theme.name()
                    aria-label=label
                    prop:checked=move || chosen.get() == theme
                    on:change=move |_| {
                        theme.choose();
                        chosen.set(theme);
                    }
                />
                <Icon glyph />
            </label>
        }
    });
    view! {
        <div
            class="segmented"
            role="radiogroup"
            aria-label="Colours"
            data-testid="theme"
            data-theme-choice=move || chosen.get().name()
        >
            {options}
        </div>
    }
}
