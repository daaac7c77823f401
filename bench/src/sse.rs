//! Reading a line of Server-Sent Events.

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// A line of events as it comes.
pub(crate) struct EventLine {
    body: Incoming,
    frames: Frames,
}

/// What a frame says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// What kind of frame it is.
    pub(crate) event: String,
    /// The position that it reaches.
    pub(crate) id: Option<String>,
}

impl EventLine {
    /// Reads from the body of an answer.
    pub(crate) fn new(body: Incoming) -> Self {
        Self { body, frames: Frames::default() }
    }

    /// Waits for a frame of this kind, and gives its position.
    pub(crate) async fn wait_for(&mut self, event: &str) -> Result<String> {
        loop {
            while let Some(frame) = self.frames.next() {
                if frame.event == event {
                    return frame.id.context("a frame without a position");
                }
            }
            let chunk = self.body.frame().await.context("the line of events has ended")??;
            if let Ok(data) = chunk.into_data() {
                self.frames.add(&data);
            }
        }
    }
}

/// Frames in bytes that come in pieces of any size.
#[derive(Default)]
struct Frames {
    pending: Vec<u8>,
}

impl Frames {
    fn add(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
    }

    fn next(&mut self) -> Option<Frame> {
        let end = self.pending.windows(2).position(|pair| pair == b"\n\n")? + 2;
        let bytes: Vec<u8> = self.pending.drain(..end).collect();
        let text = String::from_utf8_lossy(&bytes);
        let field = |name: &str| {
            text.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned())
        };
        Some(Frame { event: field("event:").unwrap_or_default(), id: field("id:") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_the_bytes_are_cut() {
        let bytes = b"id: 5-0\nevent: entry\ndata: {}\n\nevent: heartbeat\ndata: {}\n\n";
        for size in 1..bytes.len() {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in bytes.chunks(size) {
                frames.add(piece);
                found.extend(std::iter::from_fn(|| frames.next()));
            }
            let expected = [("entry", Some("5-0")), ("heartbeat", None)];
            let expected = expected
                .map(|(event, id)| Frame { event: event.to_owned(), id: id.map(str::to_owned) });
            assert_eq!(found, expected);
        }
    }
}
