//! What carries the frames of a line: the connection that all tabs share, or one of its own.

use std::rc::Rc;

use super::shared::{self, SharedLine};
use crate::api::ApiError;
use crate::browser::frame_stream::FrameStream;
use crate::state::query::Query;
use crate::state::sse::Frame;

/// What is heard on a connection.
pub(super) enum Heard {
    /// Frames came.
    Frames(Vec<Frame>),
    /// It is no more; with what the server said to that, if anything.
    Lost(Option<ApiError>),
}

/// Gets what is heard.
pub(super) type Listener = Rc<dyn Fn(Heard)>;

/// A connection. Dropping it ends it, and what it still has to say is not heard.
pub(super) enum Connection {
    /// This tab's part of the line of all tabs.
    Shared { _line: SharedLine },
    /// One of its own.
    Own { _frames: FrameStream },
}

impl Connection {
    /// Asks for a watch, given by its parameters.
    pub(super) fn open(watch: &Query, listener: &Listener) -> Option<Self> {
        if let Some(line) = shared::open(watch, listener) {
            return Some(Self::Shared { _line: line });
        }
        let url = Query::default().with("watch", watch.search()).on("/api/live");
        let (heard, ended) = (Rc::clone(listener), Rc::clone(listener));
        let frames = FrameStream::open(
            url,
            move |frames| heard(Heard::Frames(frames)),
            move |end| ended(Heard::Lost(end.err())),
        )?;
        Some(Self::Own { _frames: frames })
    }
}
