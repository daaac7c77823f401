//! What a script may use.

use serde::{Deserialize, Serialize};

/// How long it may take to get ready for the first event, in milliseconds, where an event is not granted more than that: enough for a
/// script of thousands of handlers on a machine that has other things to do.
pub(crate) const PREPARING_MS: u64 = 2_000;

/// What a fold or an expression may use before it is stopped.
///
/// Time is what the processor works for the script. It is looked at about every ten thousand steps, so that a script is stopped a little
/// later than said; a single step that takes longer than that is for another process to end, see [`crate::Activity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How long one event may take, in milliseconds.
    pub event_ms: u64,
    /// How long all events of one folding may take together, in milliseconds. Waiting for events does not count.
    pub replay_ms: u64,
    /// How much memory the engine of one folding may take, in bytes, its own half megabyte included.
    pub memory_bytes: usize,
    /// How much stack it may take, in bytes. The thread needs that much and a good deal more: at most half of its stack.
    pub stack_bytes: usize,
    /// How large a state may be, in bytes of JSON text, about.
    pub state_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // A thousand times what an event takes; whoever waits does not notice it yet.
            event_ms: 100,
            // More than a million events of a slow fold, and as long as anyone waits for a page.
            replay_ms: 30_000,
            // Four times the largest state, as values of a script take about that much more than their text.
            memory_bytes: 128 * 1024 * 1024,
            // A quarter of the 2 MiB that blocking threads have.
            stack_bytes: 512 * 1024,
            // More than anybody looks at.
            state_bytes: 32 * 1024 * 1024,
        }
    }
}
