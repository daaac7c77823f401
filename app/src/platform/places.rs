//! How far lists and pages were scrolled, for whoever comes back to them. Kept as long as the tab is open.

use std::collections::HashMap;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::{EntryId, StreamKey};

/// How many places are kept: more than anybody goes back. Then it begins from nothing.
const MAX_PLACES: usize = 500;

/// A place in a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// How far it was scrolled: pixels, or rows where the list counts in these.
    pub(crate) top: f64,
    /// The event at the upper edge, in lists to which others are added.
    pub(crate) event: Option<(StreamKey, EntryId)>,
}

/// All places, each by the name of its list.
#[derive(Clone, Copy)]
pub(crate) struct Places(StoredValue<HashMap<String, Place>>);

impl Places {
    /// Begins with none, for the current owner and all below.
    pub(crate) fn provide() {
        provide_context(Self(StoredValue::default()));
    }

    /// Those that were provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The place in a list, if anyone was there.
    pub(crate) fn of(self, list: &str) -> Option<Place> {
        self.0.try_with_value(|places| places.get(list).cloned()).flatten()
    }

    /// Keeps the place in a list.
    pub(crate) fn keep(self, list: &str, place: Place) {
        self.0.try_update_value(|places| {
            if places.len() >= MAX_PLACES {
                places.clear();
            }
            places.insert(list.to_owned(), place);
        });
    }
}

/// The place of a page that scrolls as a whole.
#[derive(Clone, Copy)]
pub(crate) struct KeptScroll {
    frame: NodeRef<html::Div>,
    name: &'static str,
    places: Places,
    /// Until then what the browser tells is not where someone scrolled to.
    is_restored: StoredValue<bool>,
}

impl KeptScroll {
    /// Goes back to where it was once the page has its content.
    pub(crate) fn new(
        frame: NodeRef<html::Div>,
        name: &'static str,
        has_content: Signal<bool>,
    ) -> Self {
        let kept =
            Self { frame, name, places: Places::expect(), is_restored: StoredValue::new(false) };
        Effect::new(move || {
            if !has_content.get() || frame.get().is_none() {
                return;
            }
            // The content is laid out by then.
            request_animation_frame(move || kept.restore());
        });
        kept
    }

    /// Keeps how far the page is scrolled now.
    pub(crate) fn keep(self) {
        let is_restored = self.is_restored.try_get_value().unwrap_or(false);
        if let Some(Some(frame)) = self.frame.try_get_untracked().filter(|_| is_restored) {
            let place = Place { top: f64::from(frame.scroll_top()), event: None };
            self.places.keep(self.name, place);
        }
    }

    fn restore(self) {
        if self.is_restored.try_get_value().unwrap_or(true) {
            return;
        }
        self.is_restored.set_value(true);
        if let (Some(place), Some(Some(frame))) =
            (self.places.of(self.name), self.frame.try_get_untracked())
        {
            #[expect(clippy::cast_possible_truncation, reason = "no browser scrolls further")]
            frame.set_scroll_top(place.top as i32);
        }
    }
}
