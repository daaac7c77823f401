//! Channels: the newest frames of a stream or category, from which each viewer takes at its own pace.

use std::collections::VecDeque;
use std::sync::Arc;

use rewind_app::api::live::LiveGap;
use rewind_domain::{Entry, StreamKey};
use tokio::sync::Notify;

use super::LiveError;
use super::batch::Made;
use super::category_position::CategoryPosition;
use super::frame::{self, Frame};
use super::merge::Merged;
use super::position::Position;
use rewind_store::entry_bytes;

/// How many frames are kept for the slowest viewer before that one has to read from Redis again. Enough for a burst of
/// half a second at 1,000 events per second.
const QUEUED_FRAMES: usize = 512;
/// How many bytes of them, with the entries that they were made of, except where a single one is larger: 512 frames of 1 KiB, which
/// is more than most events have.
const QUEUED_BYTES: usize = 1024 * 1024;
/// How many bytes all channels may keep. Where there are more than 64 of them, each keeps less.
const QUEUED_BYTES_IN_ALL: usize = 64 * QUEUED_BYTES;
/// How many frames a viewer takes at a time, so that many viewers take turns.
const TAKEN_AT_ONCE: usize = 64;

/// What is sent to the viewers of a stream or category.
#[derive(Clone, Debug)]
pub(super) enum Delivery {
    /// An entry was added.
    Entry {
        /// Where its stream is after it.
        position: Position,
        /// Where its category is after it.
        reached: Option<Arc<CategoryPosition>>,
        /// It, decoded.
        frame: Frame,
        /// Its stream.
        stream: StreamKey,
        /// It as it was read.
        entry: Arc<Entry>,
    },
    /// Entries were trimmed before they could be read.
    Gap {
        /// Which.
        gap: LiveGap,
        /// Where its stream is behind it.
        position: Position,
        /// The same as a frame.
        frame: Frame,
    },
    /// A stream was made again; what follows is all that it has, from its beginning.
    Remade {
        /// Which.
        stream: StreamKey,
        /// Where its category is then.
        reached: Option<Arc<CategoryPosition>>,
    },
    /// Nothing can be read any more, for this reason. Nothing follows.
    Failed(Arc<LiveError>),
}

/// What waits for a viewer.
#[derive(Debug)]
pub(super) enum Taken {
    /// These, which may be none.
    Deliveries(Vec<Delivery>),
    /// The viewer was too slow, and this many were dropped.
    PassedOver(u64),
}

/// The newest deliveries, bounded in number and bytes however many viewers there are.
#[derive(Default)]
pub(super) struct Channel {
    waiting: VecDeque<Delivery>,
    /// The number of the first of them, counted from the beginning.
    first: u64,
    bytes: usize,
    viewers: Vec<Arc<Notify>>,
}

/// How many bytes a channel may keep where there are this many channels.
pub(super) fn share_of(channels: usize) -> usize {
    (QUEUED_BYTES_IN_ALL / channels.max(1)).min(QUEUED_BYTES)
}

impl Channel {
    /// Adds a viewer, and gives the number of the first delivery that it will see. Call [`Channel::leave`] when it goes.
    pub(super) fn join(&mut self, viewer: &Arc<Notify>) -> u64 {
        self.viewers.push(Arc::clone(viewer));
        self.next()
    }

    pub(super) fn leave(&mut self, viewer: &Arc<Notify>) {
        if let Some(at) = self.viewers.iter().position(|other| Arc::ptr_eq(other, viewer)) {
            self.viewers.swap_remove(at);
        }
    }

    pub(super) fn viewers(&self) -> usize {
        self.viewers.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of the next delivery.
    pub(super) fn next(&self) -> u64 {
        self.first + self.waiting.len() as u64
    }

    /// Adds a delivery, and drops the oldest ones where it keeps more than `most_bytes`.
    pub(super) fn push(&mut self, delivery: Delivery, most_bytes: usize) {
        self.bytes += delivery.len();
        self.waiting.push_back(delivery);
        while self.waiting.len() > QUEUED_FRAMES
            || (self.bytes > most_bytes && self.waiting.len() > 1)
        {
            self.bytes -= self.waiting.pop_front().map_or(0, |dropped| dropped.len());
            self.first += 1;
        }
    }

    /// Tells all viewers that there is something.
    pub(super) fn wake(&self) {
        for viewer in &self.viewers {
            viewer.notify_one();
        }
    }

    /// Takes what comes after `cursor`, and moves it on.
    pub(super) fn take(&self, cursor: &mut u64) -> Taken {
        let Some(at) = cursor.checked_sub(self.first) else {
            let passed_over = self.first - *cursor;
            // All that is here is in Redis too, where the viewer has to look anyway.
            *cursor = self.next();
            return Taken::PassedOver(passed_over + self.waiting.len() as u64);
        };
        let at = usize::try_from(at).unwrap_or(usize::MAX);
        let taken: Vec<Delivery> =
            self.waiting.iter().skip(at).take(TAKEN_AT_ONCE).cloned().collect();
        *cursor += taken.len() as u64;
        Taken::Deliveries(taken)
    }
}

impl Delivery {
    /// What was read as one, with nothing of a category about it.
    pub(super) fn of_entry(next: Merged<Made>) -> Option<Self> {
        let Merged::Entry { stream, position, entry: Made { json, entry } } = next else {
            return None;
        };
        let frame = frame::entry(&position.id.to_string(), &json);
        Some(Self::Entry { position, reached: None, frame, stream, entry })
    }

    /// The entry, with its stream and its version.
    pub(super) fn entry(&self) -> Option<(&StreamKey, &Arc<Entry>, Option<u64>)> {
        match self {
            Self::Entry { stream, entry, position, .. } => Some((stream, entry, position.version)),
            _ => None,
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Entry { frame, entry, .. } => frame.len() + entry_bytes(entry),
            Self::Gap { frame, .. } => frame.len(),
            Self::Remade { stream, .. } => stream.as_bytes().len(),
            Self::Failed(_) => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::{EntryId, Fields};

    use super::*;

    fn delivery(n: u64, bytes: usize) -> Delivery {
        let position = Position { id: EntryId::new(n, 0), version: Some(n) };
        let frame = frame::entry("", "x".repeat(bytes).as_bytes());
        let entry = Arc::new(Entry { id: position.id, fields: Fields::default() });
        Delivery::Entry { position, reached: None, frame, stream: "s".into(), entry }
    }

    fn taken(channel: &Channel, cursor: &mut u64) -> Vec<u64> {
        match channel.take(cursor) {
            Taken::Deliveries(deliveries) => deliveries
                .iter()
                .map(|delivery| match delivery {
                    Delivery::Entry { position, .. } => position.id.ms(),
                    _ => 0,
                })
                .collect(),
            Taken::PassedOver(_) => panic!("too slow"),
        }
    }

    #[test]
    fn each_viewer_gets_what_came_after_it_joined() {
        let mut channel = Channel::default();
        let viewer = Arc::default();
        channel.push(delivery(1, 10), QUEUED_BYTES);
        let mut cursor = channel.join(&viewer);
        channel.push(delivery(2, 10), QUEUED_BYTES);
        channel.push(delivery(3, 10), QUEUED_BYTES);
        assert_eq!(taken(&channel, &mut cursor), [2, 3]);
        assert!(taken(&channel, &mut cursor).is_empty());
        channel.leave(&viewer);
        assert_eq!(channel.viewers(), 0);
    }

    #[test]
    fn who_is_too_slow_is_told_how_much_it_missed_and_goes_on_with_what_comes() {
        let mut channel = Channel::default();
        let mut cursor = channel.join(&Arc::default());
        for n in 0..QUEUED_FRAMES as u64 + 10 {
            channel.push(delivery(n, 10), QUEUED_BYTES);
        }
        let Taken::PassedOver(missed) = channel.take(&mut cursor) else { panic!("kept too much") };
        assert_eq!(missed, QUEUED_FRAMES as u64 + 10);
        channel.push(delivery(7, 10), QUEUED_BYTES);
        assert_eq!(taken(&channel, &mut cursor), [7]);
    }

    #[test]
    fn bytes_are_bounded_but_for_a_single_frame() {
        let mut channel = Channel::default();
        for n in 0..100 {
            channel.push(delivery(n, 1_000), 5_000);
            assert!(channel.bytes() <= 5_000);
        }
        channel.push(delivery(100, 10_000), 5_000);
        assert_eq!(channel.waiting.len(), 1);
    }

    #[test]
    fn all_channels_together_stay_within_their_memory() {
        for channels in [0, 1, 64, 65, 5_000] {
            assert!(share_of(channels) * channels <= QUEUED_BYTES_IN_ALL);
        }
    }
}
