//! The time zone in which times are shown: kept in this browser.

use leptos::prelude::*;

const STORAGE_KEY: &str = "rewind.zone";

/// Which zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The same for everybody.
    #[default]
    Utc,
    /// That of this computer.
    Local,
}

/// The zone that was chosen.
#[derive(Clone, Copy)]
pub(crate) struct ChosenZone(RwSignal<Zone>);

impl Zone {
    /// Its name in storage.
    const fn name(self) -> &'static str {
        match self {
            Self::Utc => "utc",
            Self::Local => "local",
        }
    }

    /// Its name on the page.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Local => "Local",
        }
    }

    /// A moment as a clock in this zone has it: what must be added to UTC, in milliseconds, is that of the moment itself.
    pub(crate) fn shifted_ms(self, ms: i64) -> i64 {
        match self {
            Self::Utc => ms,
            Self::Local => {
                #[expect(clippy::cast_precision_loss, reason = "dates are no larger")]
                let date = js_sys::Date::new(&(ms as f64).into());
                #[expect(clippy::cast_possible_truncation, reason = "a day has few minutes")]
                let minutes = date.get_timezone_offset() as i64;
                ms.saturating_sub(minutes * 60_000)
            }
        }
    }
}

impl ChosenZone {
    /// Reads what was chosen, for the current owner and all below.
    pub(crate) fn provide() {
        let stored = storage().and_then(|storage| storage.get_item(STORAGE_KEY).ok().flatten());
        let zone = match stored.as_deref() {
            Some("local") => Zone::Local,
            _ => Zone::Utc,
        };
        provide_context(Self(RwSignal::new(zone)));
    }

    /// The one that was provided.
    pub(crate) fn get() -> Zone {
        use_context::<Self>().map_or(Zone::Utc, |zone| zone.0.get())
    }

    /// Shows all times in the other one from now on.
    pub(crate) fn toggle() {
        let Some(Self(zone)) = use_context::<Self>() else { return };
        zone.update(|zone| {
            *zone = match zone {
                Zone::Utc => Zone::Local,
                Zone::Local => Zone::Utc,
            };
        });
        if let Some(storage) = storage() {
            // Where storing is refused the choice lasts as long as the page.
            let _ = storage.set_item(STORAGE_KEY, zone.get_untracked().name());
        }
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
