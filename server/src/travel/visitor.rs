//! Visitors: what looks at a history while a walk goes through it.

use rewind_domain::RawEvent;
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::versions::StreamExtent;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Reach;
use rewind_store::HistoryEnd;

/// From where to where a walk goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The last place from which it may begin; at the beginning of the history where there is none.
    pub from: Option<Reach>,
    /// Where it ends at the latest.
    pub to: HistoryEnd,
}

/// Which visitor it is. A script is folded in another process, and the visitor with it, which goes there and comes back as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VisitorKind {
    /// Records the versions around one.
    Window,
    /// Goes to a point.
    Point,
    /// Searches for what changed a value.
    History,
    /// Evaluates an expression at every version.
    Bisect,
    /// Finds out who last set each leaf.
    Blame,
    /// Notes what changed when.
    Timeline,
    /// Compares two folds.
    Trial,
}

/// What looks at a history while walking through it.
pub trait Visitor: Serialize + DeserializeOwned + Send + 'static {
    /// Why it does not want to go.
    type Error: Send;

    /// Which one it is.
    const KIND: VisitorKind;

    /// From where to where it wants to go; through the whole history where it does not say.
    fn span(&self) -> Span {
        Span { from: None, to: HistoryEnd::Now }
    }

    /// Whether keyframes are laid on the way, which others can go on from.
    fn lays_keyframes(&self) -> bool {
        true
    }

    /// Learns how far the stream reaches at the moment, and says which version the walk must begin at or before, 0 for the
    /// beginning. Is asked again should the walk have to begin elsewhere.
    ///
    /// # Errors
    /// If there is nothing to walk to.
    fn begin(&mut self, _extent: &StreamExtent) -> Result<u64, Self::Error> {
        Ok(0)
    }

    /// Takes the next event into the replay, or decides to stop before it. `is_last` where none comes behind it.
    ///
    /// # Errors
    /// If the fold fails.
    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        is_last: bool,
    ) -> Result<Flow, ReplayError>;

    /// Sees where the walk came to, unless the fold failed on the way.
    ///
    /// # Errors
    /// If the state there cannot be read.
    fn finish(&mut self, _replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        Ok(())
    }

    /// Is shown an event behind the one that the fold failed on.
    fn unfolded(&mut self, _event: &RawEvent<'_>) -> Flow {
        Flow::Stop
    }

    /// Makes of what it noted what it is asked for, once the walk is over.
    fn close(&mut self) {}
}

/// Whether a walk goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// With the next event.
    Continue,
    /// No further.
    Stop,
}
