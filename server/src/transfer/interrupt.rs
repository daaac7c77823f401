//! Ctrl-C, or another request to end: asked once, what was begun is finished; asked again, it is left.

use std::future::pending;
use std::pin::Pin;

/// Counts how often the user pressed Ctrl-C, or something else asked the process to end.
pub(super) struct Interrupt {
    pressed: u32,
    /// Kept from one wait to the next, since a key press in between would be lost otherwise.
    next: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Interrupt {
    pub(super) fn new() -> Self {
        Self { pressed: 0, next: Box::pin(pressed_once()) }
    }

    /// Waits until Ctrl-C was pressed `times` times in all.
    pub(super) async fn pressed(&mut self, times: u32) {
        while self.pressed < times {
            self.next.as_mut().await;
            self.next = Box::pin(pressed_once());
            self.pressed += 1;
        }
    }
}

async fn pressed_once() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                () = control_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    control_c().await;
}

async fn control_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler of ours the system's own one ends the program.
        pending::<()>().await;
    }
}
