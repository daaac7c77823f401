//! Viewers: read a line, and come back whenever it ends.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rewind_tests::live_line::Frame;
use rewind_tests::{LiveLine, eventually};

use crate::log::Log;

/// How a slow viewer reads, and how long one stands still that does.
const SLOWNESS: Duration = Duration::from_micros(1_500);
const STANDSTILL: Duration = Duration::from_millis(1_500);
/// After how many frames.
const STANDS_STILL_AFTER: u64 = 400;

/// How a viewer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    /// As fast as frames come.
    Steady,
    /// Slower than they come.
    Slow,
    /// Not at all, every now and then.
    Stalling,
}

/// One who watches.
pub(crate) struct Viewer {
    url: String,
    /// The streams that it watches by name; none where it watches the category.
    streams: Vec<String>,
    habit: Habit,
    line: Option<LiveLine>,
    last_id: String,
    log: Log,
    client: reqwest::Client,
}

impl Viewer {
    /// One who watches all of the streams.
    pub(crate) fn of_category(address: SocketAddr, habit: Habit) -> Self {
        Self::new(address, Vec::new(), "category=soak", habit)
    }

    /// One who watches these.
    pub(crate) fn of_streams(address: SocketAddr, streams: Vec<String>, habit: Habit) -> Self {
        let query: Vec<String> = streams.iter().map(|stream| format!("stream={stream}")).collect();
        Self::new(address, streams, &query.join("&"), habit)
    }

    /// The same through a filter that the engine has to be asked about each event, and which lets all of them through.
    pub(crate) fn filtered(mut self) -> Self {
        self.url += "&filter=%3Devent.id.length%3E0";
        self
    }

    fn new(address: SocketAddr, streams: Vec<String>, query: &str, habit: Habit) -> Self {
        Self {
            url: format!("http://{address}/api/live?{query}"),
            log: Log::new(format!("{query:.40} {habit:?} by {address}")),
            streams,
            habit,
            line: None,
            last_id: String::new(),
            client: reqwest::Client::new(),
        }
    }

    /// Opens the line for the first time, and waits until it has told its position.
    pub(crate) async fn begin(&mut self) {
        while self.last_id.is_empty() {
            self.read().await;
        }
    }

    /// Watches until it is over and the last event of each of its streams is there.
    pub(crate) async fn watch(mut self, all: &[String], is_over: &AtomicBool) -> Log {
        let streams = if self.streams.is_empty() { all.to_vec() } else { self.streams.clone() };
        let mut frames = 0;
        loop {
            self.read().await;
            frames += 1;
            if self.log.last_events() >= streams.len() {
                return self.log;
            }
            // Whoever goes on like this never comes to an end.
            if !is_over.load(Ordering::SeqCst) {
                match self.habit {
                    Habit::Steady => {}
                    Habit::Slow => tokio::time::sleep(SLOWNESS).await,
                    Habit::Stalling if frames % STANDS_STILL_AFTER == 0 => {
                        tokio::time::sleep(STANDSTILL).await;
                    }
                    Habit::Stalling => {}
                }
            }
        }
    }

    /// Reads a frame, or notices that the line ended.
    async fn read(&mut self) {
        let line = match &mut self.line {
            Some(line) => line,
            none => {
                let (client, url, last_id) = (&self.client, &self.url, &self.last_id);
                none.insert(
                    eventually("the line is open", || async {
                        let mut request = client.get(url);
                        if !last_id.is_empty() {
                            request = request.header("last-event-id", last_id);
                        }
                        LiveLine::try_open(request).await
                    })
                    .await,
                )
            }
        };
        match line.next().await {
            Some(frame) => {
                if let Some(id) = &frame.id {
                    self.last_id.clone_from(id);
                }
                self.note(&frame);
            }
            None => self.line = None,
        }
    }

    fn note(&mut self, frame: &Frame) {
        match frame.name.as_str() {
            "entry" => self.log.entry(&frame.data),
            "gap" => self.log.gap(&frame.data),
            // Redis loses nothing here, and no stream is deleted.
            "failed" | "remade" | "filter_errors" => {
                panic!("{}: {} {}", self.url, frame.name, frame.data)
            }
            _ => {}
        }
    }
}
