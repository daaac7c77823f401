//! The colour theme: kept in this browser, applied to the document. The script in `index.html` applies it before the
//! first paint by the same rule.

use leptos::prelude::*;

const STORAGE_KEY: &str = "rewind.theme";

/// Which colours to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the switch.
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Its name in storage and in the document.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// What was chosen in this browser.
    pub(crate) fn stored() -> Self {
        let stored = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        let of_name = |name: String| Self::ALL.into_iter().find(|theme| theme.name() == name);
        stored.and_then(of_name).unwrap_or_default()
    }

    /// Uses it from now on.
    pub(crate) fn choose(self) {
        if let Some(storage) = storage() {
            // Where storing is refused the theme lasts as long as the page.
            let _ = storage.set_item(STORAGE_KEY, self.name());
        }
        if let Some(root) = document().document_element() {
            // Fails only for attribute names that are none.
            let _ = root.set_attribute("data-theme", self.name());
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
