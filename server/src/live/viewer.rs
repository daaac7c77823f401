//! A viewer: one line of Server-Sent Events, from subscribing to leaving.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::SelectAll;
use rewind_app::api::live::{HEARTBEAT_SECS, LiveFailed, LiveGap, LiveLag, RedisStatus};
use rewind_domain::{Entry, EntryId, StreamKey};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use super::frame;
use super::hub::{Delivery, Hub, Position};
use crate::store::{IdRange, PageOrder, StoreError, StreamInfo};

/// How many frames wait for a slow line before the viewer stops taking more from the hub.
const QUEUED_FRAMES: usize = 64;
/// How many entries are read from Redis at a time to catch up.
const CATCH_UP_ENTRIES: u64 = 500;

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
    hub: Hub,
    places: Vec<Place>,
    deliveries: SelectAll<Deliveries>,
    redis: watch::Receiver<RedisStatus>,
    frames: mpsc::Sender<Bytes>,
}

/// How far one of the streams was passed on.
struct Place {
    stream: StreamKey,
    position: Position,
    /// Whether something before the hub's own beginning may have been missed.
    is_behind: bool,
}

type Deliveries = Pin<
    Box<dyn futures::Stream<Item = (usize, Result<Delivery, BroadcastStreamRecvError>)> + Send>,
>;

/// The place of one who comes back, or begins with the whole stream.
fn resumed(after: EntryId, hub: Position) -> Position {
    let version = match after {
        EntryId::MIN => Some(0),
        after if after == hub.id => hub.version,
        _ => None,
    };
    Position { id: after, version }
}

/// The reason why a line ends; there is nobody left to tell.
struct Gone;

impl Viewer {
    /// Subscribes to the streams, and gives the receiving end of the line.
    ///
    /// # Errors
    /// Where a stream cannot be watched, which one, and why.
    pub async fn subscribe(
        hub: Hub,
        watched: Vec<Watched>,
    ) -> Result<(Self, mpsc::Receiver<Bytes>), (StreamKey, StoreError)> {
        let mut places = Vec::with_capacity(watched.len());
        let mut deliveries = SelectAll::new();
        for (index, Watched { stream, after }) in watched.into_iter().enumerate() {
            let subscription = match hub.subscribe(&stream).await {
                Ok(subscription) => subscription,
                Err(error) => return Err((stream, error)),
            };
            let tagged =
                BroadcastStream::new(subscription.deliveries).map(move |item| (index, item));
            deliveries.push(Box::pin(tagged) as Deliveries);
            places.push(Place {
                stream,
                position: after
                    .map_or(subscription.start, |after| resumed(after, subscription.start)),
                is_behind: after.is_some_and(|after| after < subscription.start.id),
            });
        }
        let (frames, line) = mpsc::channel(QUEUED_FRAMES);
        let redis = hub.redis();
        Ok((Self { hub, places, deliveries, redis, frames }, line))
    }

    /// Passes events on until the other end of the line is gone.
    pub async fn run(mut self) {
        // The only way to end is that nobody listens, which is no error.
        let _gone = self.pass_on().await;
    }

    async fn pass_on(&mut self) -> Result<(), Gone> {
        let status = *self.redis.borrow_and_update();
        self.send(frame::status(&self.position_text(), status)).await?;
        for index in 0..self.places.len() {
            if self.places[index].is_behind {
                self.catch_up(index, None).await?;
            }
        }
        let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECS));
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        heartbeat.reset();
        loop {
            tokio::select! {
                delivery = self.deliveries.next(), if !self.deliveries.is_empty() => match delivery {
                    Some((index, delivery)) => self.deliver(index, delivery).await?,
                    None => continue,
                },
                changed = self.redis.changed() => {
                    // The hub is gone only when the whole server is about to be.
                    changed.map_err(|_| Gone)?;
                    let status = *self.redis.borrow_and_update();
                    self.send(frame::status(&self.position_text(), status)).await?;
                }
                _ = heartbeat.tick() => self.send(frame::heartbeat()).await?,
                () = self.frames.closed() => return Err(Gone),
            }
        }
    }

    async fn deliver(
        &mut self,
        index: usize,
        delivery: Result<Delivery, BroadcastStreamRecvError>,
    ) -> Result<(), Gone> {
        match delivery {
            Ok(Delivery::Entry { id, json }) => self.entry(index, id, &json).await,
            Ok(Delivery::Failed(error)) => {
                let stream = self.places[index].stream.clone();
                let message = crate::backend::api_error(Some(&stream), &error).message;
                self.send(frame::failed(&LiveFailed { stream, message })).await
            }
            Err(BroadcastStreamRecvError::Lagged(behind)) => {
                self.catch_up(index, Some(behind)).await
            }
        }
    }

    /// Sends an entry, unless it was sent while catching up.
    async fn entry(&mut self, index: usize, id: EntryId, json: &Bytes) -> Result<(), Gone> {
        let place = &mut self.places[index];
        if id <= place.position.id {
            return Ok(());
        }
        place.position = place.position.followed_by(id);
        let frame = frame::entry(&self.position_text(), json);
        self.send(frame).await
    }

    /// Sends what is in Redis after the place of one stream. Where `behind` entries of the hub were passed over, it says so
    /// first, unless they turn out to have been sent already.
    async fn catch_up(&mut self, index: usize, mut behind: Option<u64>) -> Result<(), Gone> {
        let stream = self.places[index].stream.clone();
        loop {
            let range = IdRange { after: Some(self.places[index].position.id), before: None };
            let page = self
                .hub
                .store()
                .page(&stream, range, PageOrder::OldestFirst, CATCH_UP_ENTRIES)
                .await;
            let (entries, info) = match page {
                Ok(page) => page,
                Err(StoreError::NotFound) => return Ok(()),
                Err(error) if error.is_passing() => {
                    self.wait_for_redis().await?;
                    continue;
                }
                Err(error) => {
                    let message = crate::backend::api_error(Some(&stream), &error).message;
                    return self.send(frame::failed(&LiveFailed { stream, message })).await;
                }
            };
            if let Some(behind) = behind.take().filter(|_| !entries.is_empty()) {
                self.send(frame::lag(&LiveLag { stream: stream.clone(), behind })).await?;
            }
            if let Some(gap) = self.gap_before(index, &entries, &info) {
                let frame = frame::gap(&self.position_text(), &gap);
                self.send(frame).await?;
            }
            let count = entries.len() as u64;
            for (id, json) in frame::entries_json(self.hub.codecs(), &stream, entries).await {
                self.entry(index, id, &json).await?;
            }
            if count < CATCH_UP_ENTRIES {
                return Ok(());
            }
        }
    }

    /// What is missing between the place of a stream and the entries that were found after it. Also notes the version of the
    /// place, where these tell it.
    fn gap_before(&mut self, index: usize, found: &[Entry], info: &StreamInfo) -> Option<LiveGap> {
        let Place { stream, position, .. } = &mut self.places[index];
        let (first, last) =
            (found.first().map(|entry| entry.id), found.last().map(|entry| entry.id));
        let extent = &info.extent;
        let before_found = match (first, last) {
            (Some(first), Some(last)) => extent
                .first_version_of_run(first, last, found.len() as u64)
                .map(|version| version.saturating_sub(1)),
            _ => Some(extent.latest_version()),
        };
        let is_overtaken =
            extent.gone() > 0 && extent.first_id.is_none_or(|first| first > position.id);
        let missing = match (position.version, before_found) {
            (Some(known), Some(before_found)) => Some(before_found.saturating_sub(known)),
            _ if is_overtaken => None,
            _ => Some(0),
        };
        let gap = (missing != Some(0) && is_overtaken).then(|| LiveGap {
            stream: stream.clone(),
            after: position.id,
            before: first,
            missing,
        });
        position.version = before_found.or(position.version.filter(|_| !is_overtaken));
        gap
    }

    /// Waits a moment for a Redis that is away, telling the viewer so.
    async fn wait_for_redis(&mut self) -> Result<(), Gone> {
        const PAUSE: Duration = Duration::from_millis(500);
        self.send(frame::status(&self.position_text(), RedisStatus::Down)).await?;
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = self.frames.closed() => return Err(Gone),
        }
        if self.hub.store().ping().await.is_ok() {
            self.send(frame::status(&self.position_text(), RedisStatus::Up)).await?;
        }
        Ok(())
    }

    fn position_text(&self) -> String {
        frame::position_text(self.places.iter().map(|place| place.position.id))
    }

    async fn send(&mut self, frame: Bytes) -> Result<(), Gone> {
        self.frames.send(frame).await.map_err(|_| Gone)
    }
}
