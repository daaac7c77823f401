//! Decisions: the events of an aggregate are folded to its state, a command is decided on it, and what follows is appended if nothing
//! came in between; else it is decided again.

use rewind_domain::EntryId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{
    Aggregate, AggregateStore, AppendError, Expected, MAX_PAGE_EVENTS, Position, ReadError,
};
use crate::{EncodeError, NewEvent, TypedError, typed};

/// How often it is decided about one command unless something else is said. Each time, somebody else appended.
pub(super) const DEFAULT_ATTEMPTS: usize = 20;

/// The rules of an aggregate: pure functions, which [`given`](super::given) tests without any store.
pub trait Decider {
    /// What is asked for.
    type Command;
    /// What happened: an enum with `#[serde(tag = "type", content = "data")]`.
    type Event: Serialize + DeserializeOwned;
    /// What follows from all that happened.
    type State;
    /// Why a command is refused.
    type Error;

    /// The state before the first event.
    fn initial(&self) -> Self::State;

    /// The state after an event.
    fn evolve(&self, state: Self::State, event: &Self::Event) -> Self::State;

    /// What happens because of a command: no events where nothing does.
    ///
    /// # Errors
    /// If the command is refused in this state.
    fn decide(
        &self,
        state: &Self::State,
        command: &Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Error>;
}

/// What was decided, and is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<S> {
    /// The state after it.
    pub state: S,
    /// The version after it.
    pub version: u64,
    /// The ids of the events that were appended; none where nothing happened.
    pub ids: Vec<EntryId>,
}

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError<E> {
    /// The rules refuse the command.
    #[error("{0}")]
    Refused(E),
    /// Others appended each time that it was decided.
    #[error("others appended each of the {attempts} times that this was decided; try again")]
    Contended {
        /// How often that was.
        attempts: usize,
    },
    /// A stored event is none of the rules' own.
    #[error(transparent)]
    Event(#[from] TypedError),
    /// An event cannot be written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The events cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The events cannot be appended, or perhaps were.
    #[error(transparent)]
    Append(AppendError),
}

impl AggregateStore {
    /// Decides a command about an aggregate and appends what follows. Where others append meanwhile it reads on, and decides again.
    ///
    /// # Errors
    /// [`DecideError::Refused`] if the rules refuse it, [`DecideError::Contended`] if others appended each time, and whatever keeps events from
    /// being read or appended.
    pub async fn decide<D: Decider>(
        &self,
        aggregate: &Aggregate,
        decider: &D,
        command: &D::Command,
    ) -> Result<Decided<D::State>, DecideError<D::Error>> {
        let mut at = At { state: decider.initial(), version: 0, position: None };
        for _ in 0..self.attempts {
            at = self.read_on(aggregate, decider, at).await?;
            let events = decider.decide(&at.state, command).map_err(DecideError::Refused)?;
            if events.is_empty() {
                return Ok(Decided { state: at.state, version: at.version, ids: Vec::new() });
            }
            let new = events.iter().map(NewEvent::typed).collect::<Result<Vec<_>, _>>()?;
            match self.append(aggregate, &new, Expected::Version(at.version)).await {
                Ok(appended) => {
                    let version = at.version + appended.ids.len() as u64;
                    let state =
                        events.iter().fold(at.state, |state, event| decider.evolve(state, event));
                    return Ok(Decided { state, version, ids: appended.ids });
                }
                Err(AppendError::Conflict(_)) => {}
                Err(error) => return Err(DecideError::Append(error)),
            }
        }
        Err(DecideError::Contended { attempts: self.attempts })
    }

    /// Folds what comes behind a place.
    async fn read_on<D: Decider>(
        &self,
        aggregate: &Aggregate,
        decider: &D,
        mut at: At<D::State>,
    ) -> Result<At<D::State>, DecideError<D::Error>> {
        loop {
            let page = match at.position {
                Some(position) => self.events_behind(aggregate, position, MAX_PAGE_EVENTS).await?,
                None => self.events_after(aggregate, at.version, MAX_PAGE_EVENTS).await?,
            };
            for event in &page.events {
                at.state = decider.evolve(at.state, &typed(event)?);
            }
            if let Some(position) = page.position() {
                at.position = Some(position);
                at.version = position.version;
            }
            if page.is_last {
                return Ok(at);
            }
        }
    }
}

/// How far an aggregate was folded.
struct At<S> {
    state: S,
    version: u64,
    position: Option<Position>,
}
