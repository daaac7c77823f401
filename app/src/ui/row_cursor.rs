//! The row of a list where the keyboard is. The list has the focus as a whole and names the row: rows come and go as a list is scrolled.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::platform::keyboard;
use crate::ui::state::row_keys;

/// Which row is meant, by what tells it from the others, wherever it stands while others come and go.
pub(crate) struct RowCursor<K: 'static> {
    id: &'static str,
    meant: RwSignal<Option<K>>,
    /// The index of that row.
    pub(crate) at: Memo<Option<usize>>,
}

impl<K> Clone for RowCursor<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for RowCursor<K> {}

impl<K: Clone + PartialEq + Send + Sync + 'static> RowCursor<K> {
    /// No row yet, of a list with this id.
    pub(crate) fn new<T>(
        id: &'static str,
        rows: impl Into<Signal<Vec<T>>>,
        key_of: fn(&T) -> K,
    ) -> Self
    where
        T: Send + Sync + 'static,
    {
        let rows: Signal<Vec<T>> = rows.into();
        let meant = RwSignal::new(None::<K>);
        let at = Memo::new(move |_| {
            let meant = meant.get()?;
            rows.with(|rows| rows.iter().position(|row| key_of(row) == meant))
        });
        Self { id, meant, at }
    }

    /// Means a row.
    pub(crate) fn mean(self, key: K) {
        self.meant.set(Some(key));
    }

    /// Whether this row is meant.
    pub(crate) fn is_at(self, index: usize) -> Memo<bool> {
        Memo::new(move |_| self.at.get() == Some(index))
    }

    /// The id of the row of this index.
    pub(crate) fn row_id(self, index: usize) -> String {
        format!("{}-{index}", self.id)
    }

    /// The id of the row that is meant.
    pub(crate) fn active_id(self) -> Option<String> {
        self.at.get().map(|index| self.row_id(index))
    }

    /// Takes the keys that move among these rows; Enter and Space press the row that is meant. From nowhere they begin at `start`.
    pub(crate) fn on_key<T>(
        self,
        event: &KeyboardEvent,
        rows: &[T],
        key_of: fn(&T) -> K,
        start: Option<usize>,
        press: impl FnOnce(&T),
    ) {
        let Some(key) = keyboard::plain(event) else { return };
        let at = self.at.get_untracked();
        match key.as_str() {
            "Enter" | " " => match at.and_then(|at| rows.get(at)) {
                Some(row) => press(row),
                None => return,
            },
            key => {
                let from = at.or(start).map(|at| at as u64);
                let Some(target) = row_keys::target(key, from, rows.len() as u64) else { return };
                let row = usize::try_from(target).ok().and_then(|target| rows.get(target));
                row.into_iter().for_each(|row| self.mean(key_of(row)));
            }
        }
        event.prevent_default();
        event.stop_propagation();
    }
}
