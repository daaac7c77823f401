//! The signals that end a run, and the one that says that a child process has ended.

use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};

/// Pending signals of one kind are one signal already, so a few places suffice.
const PENDING: usize = 16;

/// What happened outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Someone wants the run to end.
    Stop,
    /// A child process has ended.
    ChildEnded,
}

/// The signals from the moment that [`Signals::watch`] was called.
pub(crate) struct Signals {
    receiver: Receiver<Signal>,
}

impl Signals {
    /// From here on a signal no longer ends xtask by itself.
    pub(crate) fn watch() -> Result<Self> {
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP, SIGCHLD])
            .context("cannot watch for signals")?;
        let (sender, receiver) = mpsc::sync_channel(PENDING);
        thread::spawn(move || {
            for number in signals.forever() {
                let signal = if number == SIGCHLD { Signal::ChildEnded } else { Signal::Stop };
                if sender.send(signal).is_err() {
                    break;
                }
            }
        });
        Ok(Self { receiver })
    }

    /// Waits for the next signal.
    pub(crate) fn next(&self) -> Signal {
        // The thread that sends ends only with the process.
        self.receiver.recv().unwrap_or(Signal::Stop)
    }

    /// Waits for the next signal, but not past the deadline.
    pub(crate) fn next_before(&self, deadline: Instant) -> Option<Signal> {
        self.receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())).ok()
    }

    /// Whether someone has asked to stop. A Ctrl-C reaches a child process at the same time, whose
    /// end may be noticed first: hence a moment's grace.
    pub(crate) fn stop_requested(&self) -> bool {
        let deadline = Instant::now() + Duration::from_millis(50);
        while let Some(signal) = self.next_before(deadline) {
            if signal == Signal::Stop {
                return true;
            }
        }
        false
    }
}
