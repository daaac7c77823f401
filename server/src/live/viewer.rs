//! A viewer of streams by name: from subscribing to leaving.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rewind_app::api::live::{LiveFailed, LiveGap, LiveLag, LiveRemade};
use rewind_domain::{Entry, EntryId, StreamKey};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::batch::{self, Made};
use super::channel::{Delivery, Taken};
use super::frame::{self, Frame};
use super::hub::Hub;
use super::line::Line;
use super::merge::Merged;
use super::position::Position;
use super::selection::{Selection, candidates_of, choose_inside};
use super::watches::Subscription;
use super::{LiveError, ViewerSlot};
use crate::engines::EventFilter;
use crate::topics::TopicAggregate;
use rewind_store::{IdRange, Page, PageOrder, StoreError};

/// How soon a stream is tried again that could not be watched: who allows it, or makes it a stream again, need not open the line again.
const TRY_AGAIN: Duration = Duration::from_secs(15);

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
    /// Which of them could not be watched when the line was opened, until that was said.
    refused: Vec<(usize, LiveError)>,
    has_begun: bool,
    selection: Selection,
    /// About how many events the line was told that the filter fails.
    errors_told: u64,
}

/// How far one of the streams was passed on.
struct Place {
    stream: StreamKey,
    /// Which of the entries that come it is about, where it is an aggregate in a topic.
    part: Option<TopicAggregate>,
    position: Position,
    /// Nothing while the stream cannot be watched.
    subscription: Option<Subscription>,
    behind: Option<Behind>,
    /// When to try again a stream that cannot be watched.
    try_at: Option<Instant>,
}

/// The position in a stream that could not be looked at yet: behind all that there is once it can be.
const AT_ITS_END: Position = Position { id: EntryId::MAX, version: None };

/// Something has to be read from Redis before what is in the channel.
struct Behind {
    /// How many deliveries were passed over, where that has to be said.
    passed_over: Option<u64>,
}

impl Viewer {
    /// Subscribes to the streams. What `filter` does not let through is left out. Of several streams those that cannot be watched are
    /// named by the line, and tried again now and then.
    ///
    /// # Errors
    /// If no stream can be watched.
    pub async fn subscribe(
        hub: Hub,
        seat: ViewerSlot,
        watched: Vec<Watched>,
        filter: Option<EventFilter>,
    ) -> Result<Self, LiveError> {
        let news = Arc::new(Notify::new());
        let mut places = Vec::with_capacity(watched.len());
        let mut refused = Vec::new();
        for Watched { stream, after } in watched {
            let part = hub.shared().parts.inside(&stream);
            let position = after.map_or(AT_ITS_END, |id| Position { id, version: None });
            let mut place =
                Place { stream, part, position, subscription: None, behind: None, try_at: None };
            match place.subscribe(&hub, &news).await {
                Err(error @ LiveError::Store { .. }) if !error.is_passing() => {
                    refused.push((places.len(), error));
                }
                outcome => outcome?,
            }
            places.push(place);
        }
        if refused.len() == places.len()
            && let Some((_, error)) = refused.pop()
        {
            return Err(error);
        }
        let redis = hub.shared().redis.subscribe();
        let selection = Selection::new(filter);
        let line = Line::new(hub, news, redis, seat);
        Ok(Self { line, places, refused, has_begun: false, selection, errors_told: 0 })
    }

    /// The next frame of the line; `None` if it ends.
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
            if self.places.iter().any(|place| place.behind.is_some()) {
                self.line.begin_catching_up();
            }
            let position = self.position_text();
            self.line.push_status(&position, None);
            for (index, error) in std::mem::take(&mut self.refused) {
                self.failed(index, &error);
            }
            return;
        }
        if let Some(index) = self.places.iter().position(|place| place.behind.is_some()) {
            return self.catch_up(index).await;
        }
        let places = &self.places;
        self.line.has_caught_up(|| position_text(places));
        let mut has_news = false;
        for index in 0..self.places.len() {
            let Some(subscription) = &mut self.places[index].subscription else { continue };
            match subscription.take() {
                Taken::Deliveries(deliveries) => {
                    has_news |= !deliveries.is_empty();
                    self.deliver_all(index, deliveries).await;
                }
                Taken::PassedOver(count) => {
                    has_news = true;
                    if subscription.is_remade() {
                        self.begin_again(index);
                    }
                    self.places[index].behind = Some(Behind { passed_over: Some(count) });
                }
            }
        }
        if !has_news {
            let places = &self.places;
            let try_at = places.iter().filter_map(|place| place.try_at).min();
            let is_time = tokio::select! {
                () = self.line.wait(|| position_text(places)) => false,
                () = until(try_at) => true,
            };
            if is_time {
                self.try_again().await;
            }
        }
    }

    /// Tries those streams again whose time has come.
    async fn try_again(&mut self) {
        let now = Instant::now();
        for place in &mut self.places {
            if place.try_at.is_some_and(|at| at <= now)
                && place.subscribe(&self.line.hub, &self.line.news).await.is_err()
            {
                place.try_at = Some(Instant::now() + TRY_AGAIN);
            }
        }
    }

    async fn deliver_all(&mut self, index: usize, deliveries: Vec<Delivery>) {
        let deliveries = match self.places[index].part.clone() {
            Some(part) => self.of_part(index, part, deliveries).await,
            None => deliveries,
        };
        if self.selection.is_all() {
            deliveries.into_iter().for_each(|delivery| self.deliver(index, delivery));
            return;
        }
        let entries = deliveries.iter().filter_map(Delivery::entry);
        let candidates = candidates_of(&self.line.hub, entries);
        let mut chosen = self.selection.choose(&self.line.hub, candidates).await.into_iter();
        self.tell_errors();
        for delivery in deliveries {
            match delivery {
                Delivery::Entry { position, .. } if chosen.next() != Some(true) => {
                    self.pass_over(index, position);
                }
                delivery => self.deliver(index, delivery),
            }
        }
    }

    /// What is in the channel of a topic, as those get it who watch one of the aggregates in it.
    async fn of_part(
        &mut self,
        index: usize,
        part: TopicAggregate,
        deliveries: Vec<Delivery>,
    ) -> Vec<Delivery> {
        let key = self.places[index].stream.clone();
        let entries = deliveries.iter().filter_map(Delivery::entry);
        let candidates = candidates_of(&self.line.hub, entries);
        let mut chosen = choose_inside(part, candidates).await.into_iter();
        let mut own = Vec::new();
        for delivery in deliveries {
            match delivery {
                Delivery::Entry { position, entry, .. } => {
                    let position = Position { version: None, ..position };
                    if chosen.next() != Some(true) {
                        self.pass_over(index, position);
                        continue;
                    }
                    let entry = Entry::clone(&entry);
                    let next = Merged::Entry { stream: key.clone(), position, entry };
                    let made =
                        batch::decode(&self.line.hub.shared().event_reader, vec![next]).await;
                    own.extend(made.into_iter().filter_map(Delivery::of_entry));
                }
                // It may have been about this one, or not.
                Delivery::Gap { gap, position, .. } => {
                    let gap = LiveGap { stream: key.clone(), missing: None, ..gap };
                    let frame = frame::gap(&position.id.to_string(), &gap);
                    let position = Position { version: None, ..position };
                    own.push(Delivery::Gap { gap, position, frame });
                }
                other @ (Delivery::Remade { .. } | Delivery::Failed(_)) => own.push(other),
            }
        }
        own
    }

    /// An entry is left out, and need not be looked at again.
    fn pass_over(&mut self, index: usize, position: Position) {
        let place = &mut self.places[index];
        if position.id > place.position.id {
            place.position = position;
        }
    }

    /// Says about which events the filter failed.
    fn tell_errors(&mut self) {
        let position = self.position_text();
        if let Some(errors) = self.selection.new_errors(&mut self.errors_told) {
            let frame = frame::filter_errors(&position, errors);
            self.line.push(&frame);
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
            Delivery::Remade { .. } => {
                if let Some(subscription) = &mut self.places[index].subscription {
                    subscription.is_remade();
                }
                self.begin_again(index);
            }
            Delivery::Failed(error) => self.failed(index, &error),
        }
    }

    /// The stream was made again: says so, and goes back to its beginning.
    fn begin_again(&mut self, index: usize) {
        let place = &mut self.places[index];
        let version = Position::START.version.filter(|_| place.part.is_none());
        place.position = Position { version, ..Position::START };
        let remade = LiveRemade { stream: place.stream.clone() };
        let position = self.position_text();
        self.push(&frame::remade(&position, &remade));
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
        let Page { entries, info, is_last, .. } = match page {
            Ok(page) => page,
            // Is read again.
            Err(StoreError::Changed) => return,
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
        let place = &self.places[index];
        // Of an aggregate in a topic the last entry may have been deleted, and it ends before it.
        if place.part.is_none() && info.extent.last_generated_id < place.position.id {
            return self.begin_again(index);
        }
        if let Some(behind) = self.places[index].behind.as_mut()
            && let Some(behind) = behind.passed_over.take().filter(|_| !entries.is_empty())
        {
            self.line.hub.shared().counters.lags.count();
            let lag = LiveLag { stream: stream.clone(), behind };
            self.push(&frame::lag(&self.position_text(), &lag));
        }
        let batch = batch::of_page(self.places[index].position, &stream, entries, &info);
        let batch = batch::decode(&self.line.hub.shared().event_reader, batch).await;
        let candidates = candidates_of(&self.line.hub, batch::entries(&batch));
        let mut chosen = self.selection.choose(&self.line.hub, candidates).await.into_iter();
        self.tell_errors();
        for next in batch {
            match next {
                Merged::Gap { gap, .. } => {
                    self.line.hub.shared().counters.gaps.count();
                    self.push(&frame::gap(&self.position_text(), &gap));
                }
                Merged::Entry { position, entry: Made { json, .. }, .. } => match chosen.next() {
                    Some(true) => {
                        let frame = frame::entry(&position.id.to_string(), &json);
                        self.entry(index, position, &frame);
                    }
                    _ => self.pass_over(index, position),
                },
            }
        }
        if is_last {
            self.places[index].behind = None;
        }
    }

    /// Says that a stream cannot be watched, and leaves it until it is tried again.
    fn failed(&mut self, index: usize, error: &LiveError) {
        let place = &mut self.places[index];
        (place.subscription, place.behind) = (None, None);
        place.try_at = Some(Instant::now() + TRY_AGAIN);
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

impl Place {
    /// Joins those who watch the stream, and goes on after the position.
    async fn subscribe(&mut self, hub: &Hub, news: &Arc<Notify>) -> Result<(), LiveError> {
        let source = self.part.as_ref().map_or(&self.stream, |inside| &inside.stream);
        let subscription = hub.subscribe(source, news).await?;
        let start = match self.part {
            // The versions of the topic are not its own.
            Some(_) => Position { version: None, ..subscription.start },
            None => subscription.start,
        };
        // One who was further may have been so on another server, or in a stream that was made again since.
        let is_behind = self.position != AT_ITS_END && self.position.id != start.id;
        self.position = match self.position {
            AT_ITS_END => start,
            position => Position::resumed(position.id, start),
        };
        self.behind = is_behind.then_some(Behind { passed_over: None });
        self.subscription = Some(subscription);
        self.try_at = None;
        Ok(())
    }
}

/// Waits until then, or for ever.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn position_text(places: &[Place]) -> String {
    frame::positions_text(places.iter().map(|place| place.position.id))
}
