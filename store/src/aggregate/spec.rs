//! Tests of rules, without a store: given what happened, when something is asked for, then this happens.

use std::fmt::Debug;

use super::Decider;

/// What happened before.
///
/// ```
/// use rewind_store::aggregate::{Decider, given};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, PartialEq, Serialize, Deserialize)]
/// #[serde(tag = "type", content = "data")]
/// enum Event { Opened, Closed }
/// enum Command { Close }
/// struct Door;
///
/// impl Decider for Door {
///     type Command = Command;
///     type Event = Event;
///     type State = bool;
///     type Error = &'static str;
///     fn initial(&self) -> bool { false }
///     fn evolve(&self, _: bool, event: &Event) -> bool { *event == Event::Opened }
///     fn decide(&self, is_open: &bool, Command::Close: &Command) -> Result<Vec<Event>, &'static str> {
///         if *is_open { Ok(vec![Event::Closed]) } else { Err("it is closed") }
///     }
/// }
///
/// given(&Door, [Event::Opened]).when(&Command::Close).then([Event::Closed]).then_state(&false);
/// given(&Door, []).when(&Command::Close).then_refused("it is closed");
/// ```
#[must_use = "nothing is tested until `when` and `then` are called"]
pub struct Given<'d, D: Decider> {
    decider: &'d D,
    state: D::State,
}

/// What was decided.
#[must_use = "nothing is tested until `then` is called"]
pub struct When<'d, D: Decider> {
    decider: &'d D,
    state: D::State,
    decided: Result<Vec<D::Event>, D::Error>,
}

/// The rules, after these events.
pub fn given<D: Decider>(decider: &D, events: impl IntoIterator<Item = D::Event>) -> Given<'_, D> {
    let fold = |state, event: D::Event| decider.evolve(state, &event);
    let state = events.into_iter().fold(decider.initial(), fold);
    Given { decider, state }
}

impl<'d, D: Decider> Given<'d, D> {
    /// Decides this command.
    pub fn when(self, command: &D::Command) -> When<'d, D> {
        let decided = self.decider.decide(&self.state, command);
        When { decider: self.decider, state: self.state, decided }
    }
}

impl<D: Decider> When<'_, D>
where
    D::Event: Debug + PartialEq,
    D::Error: Debug + PartialEq,
{
    /// Exactly these events follow.
    ///
    /// # Panics
    /// If others do, or the command is refused.
    #[track_caller]
    pub fn then(self, expected: impl IntoIterator<Item = D::Event>) -> Self {
        assert_eq!(self.decided, Ok(expected.into_iter().collect()), "what was decided");
        self
    }

    /// The command is refused with this error.
    ///
    /// # Panics
    /// If it is not.
    #[track_caller]
    pub fn then_refused(self, expected: D::Error) {
        assert_eq!(self.decided, Err(expected), "what was decided");
    }

    /// This is the state after it.
    ///
    /// # Panics
    /// If it is another one.
    #[track_caller]
    pub fn then_state(self, expected: &D::State)
    where
        D::State: Debug + PartialEq,
    {
        let events = self.decided.unwrap_or_default();
        let fold = |state, event: &D::Event| self.decider.evolve(state, event);
        assert_eq!(&events.iter().fold(self.state, fold), expected, "the state after it");
    }
}
