//! Buttons whose meaning changes by itself: what was pressed is what is done.

use leptos::prelude::*;

/// What a button meant when the pointer went down on it.
pub(crate) struct Press<T: 'static>(StoredValue<Option<T>>);

impl<T> Clone for Press<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Press<T> {}

impl<T: PartialEq + Send + Sync + 'static> Press<T> {
    /// Nothing is pressed.
    pub(crate) fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// The pointer went down on it.
    pub(crate) fn begin(self, meaning: T) {
        self.0.set_value(Some(meaning));
    }

    /// It was clicked, perhaps by the keyboard. `None` where it has come to mean something else since it was pressed.
    pub(crate) fn end(self, meaning: T) -> Option<T> {
        match self.0.try_update_value(Option::take).flatten() {
            Some(pressed) if pressed != meaning => None,
            _ => Some(meaning),
        }
    }
}
