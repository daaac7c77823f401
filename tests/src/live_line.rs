//! The receiving end of Server-Sent Events, as a browser would read them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};

use rewind_dev::PATIENCE;
use rewind_domain::sse::{self, FrameReader};

/// How long something that should not come is waited for.
const MOMENT: Duration = Duration::from_millis(200);

/// How long it may take until a line says that it has caught up: less than until it says that it lives, which must not be what brings it.
const BEFORE_HEARTBEAT: Duration = Duration::from_secs(10);

/// An open line.
pub struct LiveLine {
    bytes: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    reader: FrameReader,
    frames: VecDeque<sse::Frame>,
    /// The last `id:` that came, which is what a browser sends as `Last-Event-ID`.
    pub last_id: String,
}

/// One frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    /// Its `event:`.
    pub name: String,
    /// Its `id:`, where it has one.
    pub id: Option<String>,
    /// Its `data:`.
    pub data: Value,
}

impl LiveLine {
    /// Opens a line.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200, "{:?}", response.text().await);
        Self::new(response)
    }

    /// Opens a line where the server is there and lets us.
    pub async fn try_open(request: reqwest::RequestBuilder) -> Option<Self> {
        let response = request.send().await.ok()?;
        response.status().is_success().then(|| Self::new(response))
    }

    fn new(response: reqwest::Response) -> Self {
        Self {
            bytes: Box::pin(response.bytes_stream()),
            reader: FrameReader::default(),
            frames: VecDeque::new(),
            last_id: String::new(),
        }
    }

    /// The next frame, or nothing where the line ended.
    ///
    /// # Panics
    /// Where none comes.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.frames.pop_front() {
                let frame = parsed(frame);
                if let Some(id) = &frame.id {
                    self.last_id.clone_from(id);
                }
                return Some(frame);
            }
            let more = tokio::time::timeout(PATIENCE, self.bytes.next()).await;
            match more.expect("a frame should have come") {
                Some(Ok(bytes)) => self.frames.extend(self.reader.read(&bytes)),
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame of this name; others are passed over.
    ///
    /// # Panics
    /// Where none comes, though the line lives.
    pub async fn next_named(&mut self, name: &str) -> Frame {
        let mut since = Instant::now();
        loop {
            let frame =
                self.next().await.unwrap_or_else(|| panic!("the line ended before `{name}`"));
            if frame.name == name {
                return frame;
            }
            match frame.name.as_str() {
                "heartbeat" => assert!(since.elapsed() < PATIENCE, "waited in vain for `{name}`"),
                _ => since = Instant::now(),
            }
        }
    }

    /// The ids of the next entries, in the order in which they come.
    pub async fn next_ids(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::with_capacity(count);
        while ids.len() < count {
            let frame = self.next_named("entry").await;
            ids.push(frame.data["event"]["id"].as_str().unwrap().to_owned());
        }
        ids
    }

    /// Waits until the line says that what was added before has been sent.
    ///
    /// # Panics
    /// Where something else comes first, or it comes late.
    pub async fn catches_up(&mut self) {
        let frame = tokio::time::timeout(BEFORE_HEARTBEAT, self.next()).await;
        let frame = frame.expect("a line says at once that it has caught up");
        let frame = frame.expect("a line goes on once it has caught up");
        assert_eq!((frame.name.as_str(), frame.data), ("status", json!({"redis": "up"})));
    }

    /// Whether nothing comes for a moment.
    pub async fn is_silent(&mut self) -> bool {
        self.frames.is_empty()
            && self.reader.is_empty()
            && tokio::time::timeout(MOMENT, self.bytes.next()).await.is_err()
    }

    /// Whether no event comes for a moment, whatever the line says of itself.
    pub async fn has_no_more_entries(&mut self) -> bool {
        tokio::time::timeout(MOMENT, self.next_named("entry")).await.is_err()
    }
}

fn parsed(frame: sse::Frame) -> Frame {
    let sse::Frame { name, data, id } = frame;
    Frame { name, id, data: serde_json::from_str(&data).unwrap() }
}
