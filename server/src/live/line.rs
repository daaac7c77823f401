//! A line: what all viewers do alike between their frames.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rewind_app::api::live::{HEARTBEAT_SECS, LiveStatus, LiveWatching, RedisStatus};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::time::{Interval, MissedTickBehavior};

use super::ViewerSlot;
use super::frame::{self, Frame};
use super::hub::Hub;
use rewind_store::PageSize;

/// How long to wait before a Redis that is away is asked again for what a viewer missed.
const REDIS_AGAIN: Duration = Duration::from_millis(500);

/// The sending end of one answer to `GET /api/live`.
pub(super) struct Line {
    pub(super) hub: Hub,
    /// Told when there is something in a channel.
    pub(super) news: Arc<Notify>,
    /// What was made and not yet taken: at most what one step makes.
    frames: VecDeque<Bytes>,
    redis: watch::Receiver<RedisStatus>,
    heartbeat: Interval,
    /// The right to hold pages from Redis, until they have been taken.
    room: Option<OwnedSemaphorePermit>,
    pub(super) page_size: PageSize,
    is_redis_away: bool,
    /// Whether what was added before the line was opened is still on its way.
    is_catching_up: bool,
    is_over: bool,
    _seat: ViewerSlot,
}

impl Line {
    pub(super) fn new(
        hub: Hub,
        news: Arc<Notify>,
        redis: watch::Receiver<RedisStatus>,
        seat: ViewerSlot,
    ) -> Self {
        let mut heartbeat = tokio::time::interval(Duration::from_secs(HEARTBEAT_SECS));
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        Self {
            hub,
            news,
            frames: VecDeque::new(),
            redis,
            heartbeat,
            room: None,
            page_size: PageSize::default(),
            is_redis_away: false,
            is_catching_up: false,
            is_over: false,
            _seat: seat,
        }
    }

    /// The next frame that was made.
    pub(super) fn take(&mut self) -> Option<Bytes> {
        let frame = self.frames.pop_front();
        match frame {
            Some(_) => self.hub.shared().counters.frames.count(),
            None => self.room = None,
        }
        frame
    }

    /// Whether nothing follows.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    pub(super) fn push(&mut self, frame: &Frame) {
        self.frames.push_back(frame.bytes());
    }

    pub(super) fn push_bytes(&mut self, frame: Bytes) {
        self.frames.push_back(frame);
    }

    pub(super) fn push_status(&mut self, position: &str, watching: Option<LiveWatching>) {
        let redis = *self.redis.borrow_and_update();
        let catching_up = self.is_catching_up;
        self.push(&frame::status(position, &LiveStatus { redis, catching_up, watching }));
    }

    /// Says from now on that what was added before is still on its way.
    pub(super) fn begin_catching_up(&mut self) {
        self.is_catching_up = true;
    }

    /// Says that what was added before has been sent, where it was said not to have been.
    pub(super) fn has_caught_up(&mut self, position: impl Fn() -> String) {
        if std::mem::take(&mut self.is_catching_up) {
            self.push_status(&position(), None);
        }
    }

    /// Waits until there may be something in a channel, unless there is a frame to be taken first. Meanwhile says that the line
    /// lives and whether Redis does.
    pub(super) async fn wait(&mut self, position: impl Fn() -> String) {
        if !self.frames.is_empty() {
            return;
        }
        tokio::select! {
            // That Redis is back is said before what came then.
            biased;
            changed = self.redis.changed() => match changed {
                Ok(()) => self.push_status(&position(), None),
                // Whoever reads for this line is gone.
                Err(_) => self.is_over = true,
            },
            () = self.news.notified() => {}
            _ = self.heartbeat.tick() => self.push(&frame::heartbeat(&position())),
        }
    }

    /// Waits until pages may be read from Redis; says no where the wait has to go on after what was pushed.
    pub(super) async fn may_read(&mut self, position: impl Fn() -> String) -> bool {
        if self.is_redis_away {
            tokio::select! {
                () = tokio::time::sleep(REDIS_AGAIN) => {}
                _ = self.heartbeat.tick() => {
                    self.push(&frame::heartbeat(&position()));
                    return false;
                }
            }
            if self.hub.shared().store.ping().await.is_err() {
                return false;
            }
            self.is_redis_away = false;
            let catching_up = self.is_catching_up;
            let status = LiveStatus { catching_up, ..LiveStatus::of(RedisStatus::Up) };
            self.push(&frame::status(&position(), &status));
        }
        if self.room.is_none() {
            let room = Arc::clone(&self.hub.shared().catching_up).acquire_owned();
            tokio::select! {
                // Fails only for a semaphore that was closed, which this one never is.
                room = room => self.room = room.ok(),
                _ = self.heartbeat.tick() => {
                    self.push(&frame::heartbeat(&position()));
                    return false;
                }
            }
        }
        true
    }

    /// Says that Redis is away; [`Line::may_read`] waits until it is back.
    pub(super) fn redis_is_away(&mut self, position: &str) {
        if !self.is_redis_away {
            self.is_redis_away = true;
            self.push(&frame::status(position, &LiveStatus::of(RedisStatus::Down)));
        }
    }
}
