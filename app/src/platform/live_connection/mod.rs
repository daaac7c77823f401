//! What carries the frames of a line: the connection that all tabs share, or one of its own.

mod heard;
mod shared;

use std::rc::Rc;

use self::shared::SharedLine;
use crate::api::query::{LiveQuery, Query as _};
use crate::platform::frame_stream::FrameStream;

pub(crate) use self::heard::{Heard, Listener};

/// A connection. Dropping it ends it, and what it still has to say is not heard.
pub(crate) enum Connection {
    /// This tab's part of the line of all tabs.
    Shared { _line: SharedLine },
    /// One of its own.
    Own { _frames: FrameStream },
}

impl Connection {
    /// Asks for what a watch is about.
    pub(crate) fn open(watch: &LiveQuery, listener: &Listener) -> Option<Self> {
        if let Some(line) = shared::open(watch, listener) {
            return Some(Self::Shared { _line: line });
        }
        let alone = LiveQuery { watch: vec![watch.to_search()], ..LiveQuery::default() };
        let url = alone.to_url("/api/live");
        let (heard, ended) = (Rc::clone(listener), Rc::clone(listener));
        let frames = FrameStream::open(
            url,
            move |frames| heard(Heard::Frames(frames)),
            move |end| ended(Heard::Lost(end.err())),
        )?;
        Some(Self::Own { _frames: frames })
    }
}
