//! A viewer of streams by name: from subscribing to leaving.

use std::sync::Arc;

use bytes::Bytes;
use rewind_app::api::live::{LiveFailed, LiveGap, LiveLag};
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::Notify;

use super::channel::{Delivery, Taken};
use super::frame::{self, Frame};
use super::hub::{Hub, Subscription};
use super::line::Line;
use super::merge::Merged;
use super::position::Position;
use super::{LiveError, Seat, batch};
use crate::store::{IdRange, PageOrder, StoreError};

/// A stream to watch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watched {
    /// The stream.
    pub stream: StreamKey,
    /// Where to go on: after this entry, or with what is added from now on.
    pub after: Option<EntryId>,
}

/// One who watches some streams over one line.
pub struct Viewer {
    line: Line,
    places: Vec<Place>,
    has_begun: bool,
}

/// How far one of the streams was passed on.
struct Place {
    stream: StreamKey,
    position: Position,
    subscription: Subscription,
    behind: Option<Behind>,
}

/// Something has to be read from Redis before what is in the channel.
struct Behind {
    /// How many deliveries were passed over, where that has to be said.
    passed_over: Option<u64>,
}

impl Viewer {
    /// Subscribes to the streams.
    ///
    /// # Errors
    /// Where a stream cannot be watched.
    pub async fn subscribe(hub: Hub, seat: Seat, watched: Vec<Watched>) -> Result<Self, LiveError> {
        let news = Arc::new(Notify::new());
        let mut places = Vec::with_capacity(watched.len());
        for Watched { stream, after } in watched {
            let subscription = hub.subscribe(&stream, &news).await?;
            let start = subscription.start;
            let behind = after.is_some_and(|after| after < start.id);
            places.push(Place {
                stream,
                position: after.map_or(start, |after| Position::resumed(after, start)),
                subscription,
                behind: behind.then_some(Behind { passed_over: None }),
            });
        }
        let redis = hub.shared().redis.subscribe();
        Ok(Self { line: Line::new(hub, news, redis, seat), places, has_begun: false })
    }

    /// The next frame of the line; nothing where it ends.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.line.take() {
                return Some(frame);
            }
            if self.line.is_over() {
                return None;
            }
            self.step().await;
        }
    }

    async fn step(&mut self) {
        if !self.has_begun {
            self.has_begun = true;
            let position = self.position_text();
            return self.line.push_status(&position, None);
        }
        if let Some(index) = self.places.iter().position(|place| place.behind.is_some()) {
            return self.catch_up(index).await;
        }
        let mut has_news = false;
        for index in 0..self.places.len() {
            match self.places[index].subscription.take() {
                Taken::Deliveries(deliveries) => {
                    has_news |= !deliveries.is_empty();
                    for delivery in deliveries {
                        self.deliver(index, delivery);
                    }
                }
                Taken::PassedOver(count) => {
                    has_news = true;
                    self.places[index].behind = Some(Behind { passed_over: Some(count) });
                }
            }
        }
        if !has_news {
            let places = &self.places;
            self.line.wait(|| position_text(places)).await;
        }
    }

    fn deliver(&mut self, index: usize, delivery: Delivery) {
        match delivery {
            Delivery::Entry { position, frame, .. } => self.entry(index, position, &frame),
            Delivery::Gap { gap, position, frame } => {
                let place = &mut self.places[index];
                let known = place.position;
                // Whatever was sent before it was trimmed is not missing.
                if position.id <= known.id {
                    return;
                }
                place.position = position;
                self.line.hub.shared().counters.gaps.count();
                if gap.after < known.id {
                    let gap = LiveGap { after: known.id, missing: None, ..gap };
                    self.push(&frame::gap(&position.id.to_string(), &gap));
                } else {
                    self.push(&frame);
                }
            }
            Delivery::Failed(error) => self.failed(index, &error),
        }
    }

    /// Passes an entry on, unless that was done while catching up. Every entry comes through here.
    fn entry(&mut self, index: usize, position: Position, frame: &Frame) {
        let place = &mut self.places[index];
        if position.id > place.position.id {
            place.position = position;
            self.push(frame);
        }
    }

    /// Sends a page of what is in Redis after the place of one stream. Where deliveries were passed over, says so first, unless they
    /// turn out to have been sent already.
    async fn catch_up(&mut self, index: usize) {
        let places = &self.places;
        if !self.line.may_read(|| position_text(places)).await {
            return;
        }
        let stream = self.places[index].stream.clone();
        let range = IdRange { after: Some(self.places[index].position.id), before: None };
        let count = self.line.page_size.entries(1);
        let store = self.line.hub.shared().store.clone();
        let page = store.page(&stream, range, PageOrder::OldestFirst, count).await;
        let (entries, info) = match page {
            Ok(page) => page,
            Err(StoreError::NotFound) => {
                self.places[index].behind = None;
                return;
            }
            Err(error) if error.is_passing() => {
                let position = self.position_text();
                return self.line.redis_is_away(&position);
            }
            Err(error) => {
                self.places[index].behind = None;
                return self.failed(index, &LiveError::Store { key: stream, error });
            }
        };
        self.line.page_size.learn(&entries);
        if let Some(behind) = self.places[index].behind.as_mut()
            && let Some(behind) = behind.passed_over.take().filter(|_| !entries.is_empty())
        {
            self.line.hub.shared().counters.lags.count();
            let lag = LiveLag { stream: stream.clone(), behind };
            self.push(&frame::lag(&self.position_text(), &lag));
        }
        let is_last = (entries.len() as u64) < count;
        let batch = batch::of_page(self.places[index].position, &stream, entries, &info);
        for next in batch::decode(&self.line.hub.shared().codecs, batch).await {
            match next {
                Merged::Gap { gap, .. } => {
                    self.line.hub.shared().counters.gaps.count();
                    self.push(&frame::gap(&self.position_text(), &gap));
                }
                Merged::Entry { position, entry: json, .. } => {
                    self.entry(index, position, &frame::entry(&position.id.to_string(), &json));
                }
            }
        }
        if is_last {
            self.places[index].behind = None;
        }
    }

    fn failed(&mut self, index: usize, error: &LiveError) {
        let stream = self.places[index].stream.clone();
        let message = error.to_api().message;
        self.push(&frame::failed(&self.position_text(), &LiveFailed { stream, message }));
    }

    /// Frames come with the position of their own stream, which for one stream is that of the line.
    fn push(&mut self, frame: &Frame) {
        if self.places.len() == 1 {
            self.line.push(frame);
        } else {
            let position = self.position_text();
            self.line.push_bytes(frame.at(&position));
        }
    }

    fn position_text(&self) -> String {
        position_text(&self.places)
    }
}

fn position_text(places: &[Place]) -> String {
    frame::position_text(places.iter().map(|place| place.position.id))
}
