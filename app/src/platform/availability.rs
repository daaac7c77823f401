//! Whether Redis and the server are there: one state for the whole page, fed by all that it hears of them.

use leptos::prelude::*;

use crate::api::{ApiError, ErrorCode};
use crate::platform::clock;

/// While waiting to try again, how often it is looked whether all is well by now, in milliseconds.
const LOOK_MS: u32 = 250;

/// What is known to be away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Away {
    /// Nothing.
    #[default]
    Nothing,
    /// Redis does not answer the server.
    Redis,
    /// The server does not answer.
    Server,
}

/// The state, for the whole page.
#[derive(Clone, Copy)]
pub(crate) struct Availability {
    away: RwSignal<Away>,
    doubt: Trigger,
    /// How often something came back.
    returns: RwSignal<u64>,
}

impl Availability {
    /// Begins with nothing away, for the current owner and all below.
    pub(crate) fn provide() -> Self {
        let availability = Self {
            away: RwSignal::new(Away::Nothing),
            doubt: Trigger::new(),
            returns: RwSignal::new(0),
        };
        provide_context(availability);
        availability
    }

    /// The one that was provided, if there is one.
    pub(crate) fn find() -> Option<Self> {
        use_context()
    }

    /// What is away, followed.
    pub(crate) fn away(self) -> Away {
        self.away.get()
    }

    /// Takes note of how a question failed.
    pub(crate) fn failed(self, error: &ApiError) {
        match error.code {
            ErrorCode::RedisUnavailable => self.note(Away::Redis),
            ErrorCode::ServerUnreachable => self.note(Away::Server),
            _ => {}
        }
    }

    /// Takes note of what was said to be away. Only an answer to the question about it says that it is back, see
    /// [`answered`](Self::answered).
    pub(crate) fn note(self, away: Away) {
        if self.away.get_untracked() != away {
            self.away.set(away);
            self.doubt();
        }
    }

    /// Has it found out at once how things are.
    pub(crate) fn doubt(self) {
        self.doubt.notify();
    }

    /// Calls back whenever it has to be found out how things are.
    pub(crate) fn on_doubt(self, ask: impl Fn() + 'static) {
        Effect::new(move |before: Option<()>| {
            self.doubt.track();
            if before.is_some() {
                untrack(&ask);
            }
        });
    }

    /// Takes note of the answer to the question how things are.
    pub(crate) fn answered(self, away: Away) {
        let before = self.away.get_untracked();
        if before != away {
            self.away.set(away);
        }
        if before != Away::Nothing && away == Away::Nothing {
            self.returns.update(|returns| *returns += 1);
        }
    }

    /// Waits, but not after what was away came back.
    pub(crate) async fn wait(self, ms: u32) {
        let Some(before) = self.returns.try_get_untracked() else { return };
        let mut left = ms;
        while left > 0 && self.returns.try_get_untracked() == Some(before) {
            let step = left.min(LOOK_MS);
            clock::sleep(step).await;
            left -= step;
        }
    }
}
