//! Waiting for frames on a line of Server-Sent Events.

use std::collections::VecDeque;

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use rewind_domain::sse::{Frame, FrameReader};

/// A line of events as it comes.
pub(crate) struct EventLine {
    body: Incoming,
    reader: FrameReader,
    frames: VecDeque<Frame>,
}

impl EventLine {
    /// Reads from the body of an answer.
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, reader: FrameReader::default(), frames: VecDeque::new() }
    }

    /// Waits for a frame of this kind, and gives its position.
    pub(crate) async fn wait_for(&mut self, event: &str) -> Result<String> {
        loop {
            while let Some(frame) = self.frames.pop_front() {
                if frame.name == event {
                    return frame.id.context("a frame without a position");
                }
            }
            let chunk = self.body.frame().await.context("the line of events has ended")??;
            if let Ok(data) = chunk.into_data() {
                self.frames.extend(self.reader.read(&data));
            }
        }
    }
}
