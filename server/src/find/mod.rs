//! Finding: the events that a filter means, in one stream or in many, as they are found.
//!
//! A search reads on the runtime ([`source`]) and asks the filter on a thread of its own ([`search`]), page after page. It says all
//! the time what it has looked at, and ends as soon as nobody listens.

mod position;
mod progress;
mod seam;
mod search;
mod source;
mod versions;

use crate::event_reader::EventReader;
use futures::Stream;
use rewind_app::api::find::{FindBegun, FindDone, FindProgress, FoundEvent};
use rewind_app::api::{ApiError, Order};
use rewind_domain::StreamKey;
use rewind_domain::merge::IdSpan;
use tokio::sync::mpsc;

pub use position::Position;

use crate::discovery::Discovery;
use crate::engines::EventFilter;
use crate::index::Indexes;
use rewind_store::Store;

/// How many frames wait for a slow reader before the search waits for it as well.
const FRAMES_AHEAD: usize = 256;

/// What to look for, and where.
#[derive(Clone)]
pub struct FindQuery {
    /// Where.
    pub place: Place,
    /// Which events.
    pub filter: EventFilter,
    /// Only entries whose ids are within this.
    pub span: IdSpan,
    /// In which order.
    pub order: Order,
    /// Behind which event an earlier search ended.
    pub position: Option<Position>,
    /// Whether large events are wanted whole; else they are cut as in lists.
    pub is_whole: bool,
    /// How many events to find at most; all where there is none.
    pub limit: Option<u64>,
}

/// In which streams to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In these.
    Streams(Vec<StreamKey>),
    /// In all whose keys begin like this.
    Prefix(StreamKey),
}

/// What a search tells.
#[derive(Clone, Debug, PartialEq)]
pub enum FindFrame {
    /// It knows where it looks.
    Begun(FindBegun),
    /// It found an event; the search can go on from here.
    Found(FoundEvent, Position),
    /// How far it is.
    Progress(FindProgress, Option<Position>),
    /// It is over; where it found as many as were asked for, it can go on from here.
    Done(FindDone, Option<Position>),
    /// It cannot go on.
    Failed(ApiError),
}

/// Begins a search in streams that `discovery` finds and that `event_reader` reads. It ends when what it tells is no longer listened to.
pub fn find(
    store: Store,
    indexes: Indexes,
    discovery: Discovery,
    event_reader: EventReader,
    query: FindQuery,
) -> impl Stream<Item = FindFrame> + Send + 'static {
    let (frames, receiver) = mpsc::channel(FRAMES_AHEAD);
    tokio::spawn(async move {
        if let Err(error) =
            search::run(&store, &indexes, &discovery, event_reader, query, &frames).await
        {
            // Whoever no longer listens wants to know nothing more.
            let _ = frames.send(FindFrame::Failed(error)).await;
        }
    });
    futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (frame, receiver))
    })
}
