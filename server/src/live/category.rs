//! A category that is watched: all streams whose keys begin alike.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rewind_app::api::live::{LiveWatching, RedisStatus};
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::{Notify, watch};

use super::LiveError;
use super::batch::Made;
use super::category_position::{CategoryPosition, GoOn};
use super::channel::{Channel, Delivery, Taken};
use super::followed::Followed;
use super::frame;
use super::merge::{Merge, Merged};
use super::position::Position;

/// How many streams a category can have: at about 400 bytes each, 100 MB.
const MAX_STREAMS: usize = 250_000;
/// Of how many streams that are gone it is kept in mind that they were there: with their keys some 5 MB.
const MAX_GONE: usize = 50_000;

/// What the viewers of a category share with its follower.
pub(super) struct Category {
    prefix: StreamKey,
    state: Mutex<State>,
    readiness: watch::Sender<Readiness>,
    redis: watch::Sender<RedisStatus>,
}

struct State {
    channel: Channel,
    /// Each stream up to the last entry that was passed on, or that there was when the category came to be watched.
    streams: HashMap<StreamKey, Member>,
    /// The streams that are gone. One that comes back is another one.
    gone: HashSet<StreamKey>,
    reached: CategoryPosition,
    watching: LiveWatching,
}

/// A stream of a category.
struct Member {
    followed: Followed,
    /// The number of the delivery behind the last one that said that it was made again.
    remade_before: Option<u64>,
}

/// Whether the follower has looked at all streams once.
#[derive(Clone, Debug)]
pub(super) enum Readiness {
    NotYet,
    Ready,
    Failed(LiveError),
}

/// Where a viewer begins.
pub(super) struct Start {
    /// The number of the first delivery that comes after what the others say.
    pub(super) cursor: u64,
    /// What was passed on before it.
    pub(super) reached: CategoryPosition,
    /// What has to be read to get there.
    pub(super) missed: Merge,
    /// The streams that were made again since.
    pub(super) remade: Vec<StreamKey>,
    pub(super) watching: LiveWatching,
}

impl Category {
    pub(super) fn new(prefix: StreamKey) -> Self {
        let state = State {
            channel: Channel::default(),
            streams: HashMap::new(),
            gone: HashSet::new(),
            reached: CategoryPosition::up_to(EntryId::MIN),
            watching: LiveWatching::default(),
        };
        Self {
            prefix,
            state: Mutex::new(state),
            readiness: watch::Sender::new(Readiness::NotYet),
            redis: watch::Sender::new(RedisStatus::Up),
        }
    }

    /// What the keys of its streams begin with.
    pub(super) fn prefix(&self) -> &StreamKey {
        &self.prefix
    }

    pub(super) fn join(&self, viewer: &Arc<Notify>) {
        self.state().channel.join(viewer);
    }

    pub(super) fn leave(&self, viewer: &Arc<Notify>) {
        self.state().channel.leave(viewer);
    }

    pub(super) fn is_watched(&self) -> bool {
        self.state().channel.viewers() > 0
    }

    pub(super) fn queued_bytes(&self) -> usize {
        self.state().channel.bytes()
    }

    /// Waits until the streams are known.
    pub(super) async fn ready(&self) -> Result<(), LiveError> {
        let mut readiness = self.readiness.subscribe();
        let outcome = readiness.wait_for(|now| !matches!(now, Readiness::NotYet)).await;
        match outcome.as_deref() {
            Ok(Readiness::Failed(error)) => Err(error.clone()),
            // The sender is in here, so it cannot be gone.
            _ => Ok(()),
        }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(&*self.readiness.borrow(), Readiness::Ready)
    }

    pub(super) fn redis(&self) -> watch::Receiver<RedisStatus> {
        self.redis.subscribe()
    }

    pub(super) fn set_redis(&self, status: RedisStatus) {
        self.redis.send_if_modified(|current| std::mem::replace(current, status) != status);
    }

    /// Where a viewer begins who has got everything up to `from`, and all deliveries before `cursor`, where it took any, or who wants what
    /// comes from now on.
    pub(super) fn start(&self, from: Option<&CategoryPosition>, cursor: Option<u64>) -> Start {
        let state = self.state();
        let (mut missed, mut remade) = (Merge::default(), Vec::new());
        for (stream, member) in &state.streams {
            let position = member.followed.position;
            let Some(from) = from else { break };
            let is_remade = cursor.is_some_and(|cursor| member.remade_before > Some(cursor))
                || from.is_beyond(stream, position.id);
            let after = if is_remade {
                remade.push(stream.clone());
                EntryId::MIN
            } else {
                match from.go_on(stream, position.id) {
                    GoOn::After(after) => after,
                    GoOn::Unknown => continue,
                }
            };
            if after < position.id {
                missed.add(stream.clone(), Position::resumed(after, position), Some(position.id));
            }
        }
        Start {
            cursor: state.channel.next(),
            reached: state.reached.clone(),
            missed,
            remade,
            watching: state.watching.clone(),
        }
    }

    /// What has come.
    pub(super) fn take(&self, cursor: &mut u64) -> Taken {
        self.state().channel.take(cursor)
    }

    /// The streams as they are when the category comes to be watched; everything up to `mark` is past.
    pub(super) fn open(&self, streams: Vec<(StreamKey, Followed)>, mark: EntryId) {
        let mut state = self.state();
        state.reached = CategoryPosition::up_to(mark);
        for (stream, followed) in &streams {
            state.reached.note(stream, followed.id());
        }
        let streams = streams.into_iter();
        state.streams = streams.map(|(stream, followed)| (stream, Member::of(followed))).collect();
        self.readiness.send_replace(Readiness::Ready);
    }

    /// How it is watched.
    pub(super) fn set_watching(&self, watching: LiveWatching) {
        self.state().watching = watching;
    }

    pub(super) fn stream_count(&self) -> usize {
        self.state().streams.len()
    }

    /// Whether there is room for this many streams.
    pub(super) fn check_size(&self, streams: usize) -> Result<(), LiveError> {
        if streams > MAX_STREAMS {
            return Err(LiveError::StreamsOfCategory {
                prefix: self.prefix.clone(),
                limit: MAX_STREAMS,
            });
        }
        Ok(())
    }

    /// A stream as far as it was passed on; one that is new, not at all.
    pub(super) fn followed(&self, stream: &StreamKey) -> Followed {
        let state = self.state();
        let member = state.streams.get(stream);
        member.map_or_else(Followed::from_its_beginning, |member| member.followed.clone())
    }

    /// This many of the streams, but for the first ones.
    pub(super) fn some(&self, before: usize, count: usize) -> Vec<(StreamKey, Followed)> {
        let state = self.state();
        let some = state.streams.iter().skip(before).take(count);
        some.map(|(stream, member)| (stream.clone(), member.followed.clone())).collect()
    }

    /// Takes note of how a stream that was looked at is now.
    pub(super) fn saw(&self, stream: &StreamKey, followed: Followed) {
        let state = &mut *self.state();
        state.member(stream).followed = followed;
    }

    /// Whether a stream was there before, and then was not.
    pub(super) fn was_gone(&self, stream: &StreamKey) -> bool {
        self.state().gone.contains(stream)
    }

    /// Forgets a stream that is there no more; should it come back, it begins again.
    pub(super) fn forget(&self, stream: &StreamKey) {
        let state = &mut *self.state();
        if state.streams.remove(stream).is_some() && state.gone.len() < MAX_GONE {
            state.gone.insert(stream.clone());
        }
    }

    /// Forgets all streams but these.
    pub(super) fn keep(&self, streams: &HashSet<StreamKey>) {
        let State { streams: known, gone, .. } = &mut *self.state();
        known.retain(|stream, _| {
            let is_there = streams.contains(stream);
            if !is_there && gone.len() < MAX_GONE {
                gone.insert(stream.clone());
            }
            is_there
        });
    }

    /// Has a stream begin again, and says so to all viewers.
    pub(super) fn begin_again(&self, stream: &StreamKey) {
        let state = &mut *self.state();
        state.gone.remove(stream);
        state.reached.begin_again(stream);
        let reached = Some(Arc::new(state.reached.clone()));
        state.channel.push(Delivery::Remade { stream: stream.clone(), reached }, usize::MAX);
        state.channel.wake();
        let remade_before = Some(state.channel.next());
        let followed = Followed::from_its_beginning();
        state.streams.insert(stream.clone(), Member { followed, remade_before });
    }

    /// Passes on what comes next, decoded; nothing from up to `limit` can come any more.
    pub(super) fn publish(&self, batch: Vec<Merged<Made>>, limit: EntryId, most_bytes: usize) {
        let state = &mut *self.state();
        for next in batch {
            let delivery = match next {
                Merged::Gap { gap, position } => {
                    let frame = frame::gap(&state.reached.to_string(), &gap);
                    state.member(&gap.stream).followed.pass_gap(position);
                    Delivery::Gap { gap, position, frame }
                }
                Merged::Entry { stream, position, entry: Made { json, entry } } => {
                    state.reached.pass(&stream, position.id, limit);
                    let frame = frame::entry(&state.reached.to_string(), &json);
                    state.member(&stream).followed.pass(position, &entry);
                    let reached = Some(Arc::new(state.reached.clone()));
                    Delivery::Entry { position, reached, frame, stream, entry }
                }
            };
            state.channel.push(delivery, most_bytes);
        }
        state.channel.wake();
    }

    /// Tells all viewers that nothing follows.
    pub(super) fn fail(&self, error: LiveError) {
        let state = &mut *self.state();
        state.channel.push(Delivery::Failed(Arc::new(error.clone())), usize::MAX);
        state.channel.wake();
        self.readiness.send_replace(Readiness::Failed(error));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is locked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn member(&mut self, stream: &StreamKey) -> &mut Member {
        let begun = || Member::of(Followed::from_its_beginning());
        self.streams.entry(stream.clone()).or_insert_with(begun)
    }
}

impl Member {
    fn of(followed: Followed) -> Self {
        Self { followed, remade_before: None }
    }
}
