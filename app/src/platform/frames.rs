//! Doing things once a frame, however often they are asked for.

use std::cell::Cell;
use std::rc::Rc;

use leptos::prelude::*;

/// An action that runs at most once a frame.
#[derive(Clone)]
pub(crate) struct OncePerFrame {
    is_due: Rc<Cell<bool>>,
    action: Rc<dyn Fn()>,
}

impl OncePerFrame {
    /// The action.
    pub(crate) fn new(action: impl Fn() + 'static) -> Self {
        Self { is_due: Rc::new(Cell::new(false)), action: Rc::new(action) }
    }

    /// Runs it at once, whether or not it was asked for.
    pub(crate) fn run(&self) {
        (self.action)();
    }

    /// Runs it before the next frame is drawn.
    pub(crate) fn request(&self) {
        if self.is_due.replace(true) {
            return;
        }
        let Self { is_due, action } = self.clone();
        request_animation_frame(move || {
            is_due.set(false);
            action();
        });
    }
}
