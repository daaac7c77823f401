//! Asking for an operation, from anywhere in a page.

use leptos::prelude::*;
use rewind_domain::operations::Operation;

/// The operation that a page is about to do.
#[derive(Clone, Copy)]
pub(crate) struct Operating {
    asked: RwSignal<Option<Operation>>,
    ended: RwSignal<u32>,
}

impl Operating {
    /// None, for the current owner and all below.
    pub(crate) fn provide() -> Self {
        let operating = Self { asked: RwSignal::new(None), ended: RwSignal::new(0) };
        provide_context(operating);
        operating
    }

    /// What was provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// Shows what an operation would do, and lets it be done.
    pub(crate) fn ask(self, operation: Operation) {
        self.asked.set(Some(operation));
    }

    /// The operation that was asked for.
    pub(crate) fn asked(self) -> Option<Operation> {
        self.asked.get()
    }

    /// There is none any more.
    pub(crate) fn close(self) {
        self.asked.set(None);
    }

    /// Notes that one has changed something.
    pub(crate) fn has_changed(self) {
        self.ended.update(|count| *count = count.wrapping_add(1));
    }

    /// How many have changed something: lists that depend on it are asked for again.
    pub(crate) fn changes(self) -> u32 {
        self.ended.get()
    }
}
