//! The time zone in which times are shown and read: kept in this browser.

use js_sys::{Array, Intl, Object, Reflect};
use leptos::prelude::*;
use rewind_domain::time::UtcTime;
use rewind_domain::time::zone::{self, ZonedTime};

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

    /// What it is called in a sentence: `UTC`, or the name of the local zone such as `Europe/Berlin`.
    pub(crate) fn full_name(self) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local => local_name().unwrap_or_else(|| "local time".to_owned()),
        }
    }

    /// A moment on its clocks.
    pub(crate) fn show(self, ms: i64) -> ZonedTime {
        ZonedTime::new(UtcTime(ms), &self)
    }
}

impl zone::Zone for Zone {
    fn offset_minutes(&self, UtcTime(ms): UtcTime) -> Option<i32> {
        match self {
            Self::Utc => None,
            Self::Local => {
                #[expect(clippy::cast_precision_loss, reason = "dates are no larger")]
                let date = js_sys::Date::new(&(ms as f64).into());
                let behind = date.get_timezone_offset();
                #[expect(clippy::cast_possible_truncation, reason = "a day has few minutes")]
                let minutes = -behind as i32;
                // A browser has no offset for what is further away than it has dates.
                Some(minutes)
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

    /// The one that was provided, for handlers that run where no context is.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The zone, followed.
    pub(crate) fn get() -> Zone {
        use_context::<Self>().map_or(Zone::Utc, |zone| zone.0.get())
    }

    /// The zone, without following what becomes of it.
    pub(crate) fn get_untracked(self) -> Zone {
        self.0.get_untracked()
    }

    /// A moment on the clocks of the chosen zone, followed.
    pub(crate) fn show(ms: i64) -> ZonedTime {
        Self::get().show(ms)
    }

    /// Shows all times in the other one from now on.
    pub(crate) fn toggle(self) {
        let Self(zone) = self;
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

fn local_name() -> Option<String> {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    Reflect::get(&options, &"timeZone".into()).ok()?.as_string()
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}
