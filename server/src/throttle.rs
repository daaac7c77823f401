//! What happens many times a second is logged now and then.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The least time between two messages about the same thing.
const INTERVAL: Duration = Duration::from_secs(10);

/// Lets one message through every ten seconds, and counts the others.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    unsaid: u64,
}

impl Throttle {
    /// One that has let nothing through yet.
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(State { last: None, unsaid: 0 }))
    }

    /// Has `say` log the message where it is time for one. It learns how many were left out since the last one.
    pub(crate) fn tell(&self, say: impl FnOnce(u64)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.last.is_some_and(|last| last.elapsed() < INTERVAL) {
            state.unsaid += 1;
            return;
        }
        state.last = Some(Instant::now());
        let unsaid = std::mem::take(&mut state.unsaid);
        drop(state);
        say(unsaid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_messages_the_first_is_said() {
        let throttle = Throttle::default();
        let mut said = Vec::new();
        for _ in 0..1_000 {
            throttle.tell(|unsaid| said.push(unsaid));
        }
        assert_eq!(said, [0]);
    }
}
