//! Consuming: entries dealt to the consumers of a group, each handled at least once.
//!
//! A [`Consumer`] reads for one name in one group. What it was given is *pending* until it is acknowledged, and is never lost: a
//! consumer that starts again under its name first gets what it had pending, and what other consumers left behind is
//! [claimed](Consumer::claim_idle). [`Consumer::run`] does all of it around a handler. [`Group`] has the operations on a group,
//! and [`DeadLetters`] the entries that a group gave up on.
//!
//! Reading for a group changes its pending list, so it is a write, on a connection of the consumer's own since it blocks. When the
//! reply to such a read is lost, its entries are pending for this consumer, which then reads its pending list again.

mod batches;
mod dead;
mod delivery;
mod group;
mod release;
pub(crate) mod replies;
mod run;
mod start;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rewind_domain::payload::JsonText;
use rewind_domain::{EntryId, PayloadDecoder, StreamKey};

use crate::write::WriteConnection;
use crate::{EventStore, StoreError, WriteError};

use dead::{Burial, Buried};

pub use dead::{
    BURIED_AT_ONCE, BuriedMany, DeadLetter, DeadLetters, DeathCause, ReplayTo, Replayed,
};
pub use delivery::{Batch, Delivery};
pub use group::{AckDeleted, ConsumerRemoved, Group, GroupMade, PendingOf, PendingQuery};
pub use release::ReleaseBy;
pub use replies::{ConsumerInfo, PendingEntry};
pub use run::{OrderKey, RunOptions, RunReport, Undecodable, Unhandled};
pub use start::Start;

/// How long one read blocks before it is sent again. Short enough to notice that a server is gone which did not say so.
const BLOCK: Duration = Duration::from_secs(5);
/// How much longer than that a reply may take.
const GRACE: Duration = Duration::from_secs(5);

/// What a consumer does when its group is deleted while it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LostGroup {
    /// It stops with [`StoreError::NoGroup`]. Whoever deleted the group decides what comes next.
    #[default]
    Fail,
    /// It makes the group again, behind the last entry that it was given; at the beginning if the stream was made again as well. What
    /// other consumers were given behind that entry is delivered again.
    MakeAgain,
}

/// Reads entries for one consumer of a group.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use rewind_store::consume::{Consumer, Start};
/// use rewind_store::publish::Publisher;
/// use rewind_store::{EventStore, NewEvent};
///
/// # let redis = rewind_dev::TestRedis::start().await;
/// # let url = redis.url();
/// let store = EventStore::new(url);
/// Publisher::new(&store, "events:orders").publish(&NewEvent::new("order.created", &42)?).await?;
///
/// let mut consumer = Consumer::new(&store, "events:orders", "billing", "billing-1");
/// let batch = consumer.next(10, Some(Duration::from_secs(5))).await?;
/// for delivery in &batch.deliveries {
///     assert_eq!(delivery.event().event_type.as_deref(), Some("order.created"));
///     consumer.ack(&[delivery.id()]).await?;
/// }
/// # Ok(()) }
/// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
/// ```
pub struct Consumer {
    group: Group,
    name: Vec<u8>,
    start: Option<Start>,
    lost_group: LostGroup,
    release_by: ReleaseBy,
    decoder: Arc<dyn PayloadDecoder>,
    /// The connection for reads, unless a read on it was dropped half-way: then it still blocks.
    reads: Option<WriteConnection>,
    /// What was handed out and is not acknowledged.
    held: Held,
    /// Behind which entry this consumer's pending list is still to be read; `None` if nothing in it is unknown here.
    unread_after: Option<EntryId>,
    /// The last entry that the group gave to this consumer for the first time.
    last_given: Option<EntryId>,
    /// Where the next claim goes on in the pending list.
    claim_cursor: EntryId,
    has_seen_group: bool,
}

/// The entries that a consumer handed out and did not acknowledge, so that none is handed out twice.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<HashSet<EntryId>>>);

impl Held {
    fn ids(&self) -> MutexGuard<'_, HashSet<EntryId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, ids: &[EntryId]) {
        let mut held = self.ids();
        for id in ids {
            held.remove(id);
        }
    }
}

impl Consumer {
    /// A consumer of this name. It makes the group at the beginning of the stream if it is missing. Does not connect yet.
    ///
    /// Two consumers that run at the same time need different names. A consumer that starts again should keep its name, and gets what it
    /// had pending.
    #[must_use]
    pub fn new(
        store: &EventStore,
        stream: impl Into<StreamKey>,
        group: impl Into<Vec<u8>>,
        name: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            group: Group::new(store, stream, group),
            name: name.into(),
            start: Some(Start::Beginning),
            lost_group: LostGroup::default(),
            release_by: ReleaseBy::default(),
            decoder: Arc::new(JsonText),
            reads: None,
            held: Held::default(),
            unread_after: Some(EntryId::MIN),
            last_given: None,
            claim_cursor: EntryId::MIN,
            has_seen_group: false,
        }
    }

    /// The same, which makes a missing group at this place.
    #[must_use]
    pub fn starting(self, start: Start) -> Self {
        Self { start: Some(start), ..self }
    }

    /// The same, which does not make a missing group, and fails with [`StoreError::NoGroup`].
    #[must_use]
    pub fn without_making_group(self) -> Self {
        Self { start: None, ..self }
    }

    /// The same, which does this when its group is deleted while it reads.
    #[must_use]
    pub fn when_group_is_lost(self, lost_group: LostGroup) -> Self {
        Self { lost_group, ..self }
    }

    /// The same, which gives entries back in this way.
    #[must_use]
    pub fn releasing_by(self, release_by: ReleaseBy) -> Self {
        Self { release_by, ..self }
    }

    /// The same, which reads payloads with this: those that are no JSON text.
    #[must_use]
    pub fn decoding_with(self, decoder: Arc<dyn PayloadDecoder>) -> Self {
        Self { decoder, ..self }
    }

    /// Its group.
    #[must_use]
    pub fn group(&self) -> &Group {
        &self.group
    }

    /// Up to `count` entries, as soon as there are some: what this consumer has pending from an earlier time, then entries that nobody
    /// in the group was given. Waits this long for them; not at all for `None`. Returns an empty batch when there were none.
    ///
    /// Dropping the future loses nothing: entries that were on their way are returned by a later call.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no group and this consumer may not make it, and whatever Redis refuses. After
    /// [`StoreError::Unavailable`] it can be called again.
    pub async fn next(
        &mut self,
        count: usize,
        block: Option<Duration>,
    ) -> Result<Batch, StoreError> {
        let end = block.map(|block| Instant::now() + block);
        let count = count.max(1);
        loop {
            let asks_for_new = self.unread_after.is_none();
            let batch = match self.read_once(count, end).await {
                Err(StoreError::NoGroup) => {
                    self.make_group().await?;
                    continue;
                }
                batch => batch?,
            };
            let is_time_over = end.is_none_or(|end| Instant::now() >= end);
            if !batch.is_empty() || (is_time_over && asks_for_new) {
                return Ok(batch);
            }
        }
    }

    /// Acknowledges entries: the group is done with them. Returns how many of them were pending.
    ///
    /// # Errors
    /// What Redis refuses. Entries whose acknowledgement failed may be acknowledged again; acknowledging twice is harmless.
    pub async fn ack(&self, ids: &[EntryId]) -> Result<u64, StoreError> {
        let acknowledged = self.group.ack(ids).await?;
        self.held.remove(ids);
        Ok(acknowledged)
    }

    /// Acknowledges entries, and deletes each of them that no other group of the stream needs any more.
    ///
    /// # Errors
    /// As [`Group::ack_and_delete`].
    pub async fn ack_and_delete(&self, ids: &[EntryId]) -> Result<AckDeleted, WriteError> {
        let acknowledged = self.group.ack_and_delete(ids).await?;
        self.held.remove(ids);
        Ok(acknowledged)
    }

    /// Takes over up to `count` entries that other consumers were given at least `min_idle` ago and did not acknowledge; each call goes
    /// on in the pending list where the one before it ended. Entries of this consumer's own are among them, but for those
    /// that it handed out.
    ///
    /// # Errors
    /// [`StoreError::NoGroup`] if there is no such group, and whatever Redis refuses.
    pub async fn claim_idle(
        &mut self,
        min_idle: Duration,
        count: usize,
    ) -> Result<Batch, StoreError> {
        self.claim_once(min_idle, count.clamp(1, group::AT_ONCE)).await
    }

    /// Gives up on an entry: it becomes a [dead letter](DeadLetters) of the group, and is no longer pending. Returns whether it was still
    /// pending.
    ///
    /// # Errors
    /// What Redis refuses; nothing is done then. [`WriteError::Unknown`] if the reply was lost: repeating it is harmless as long as the entry
    /// is in the stream.
    pub async fn give_up(&self, delivery: &Delivery, reason: &str) -> Result<bool, WriteError> {
        let burial = Burial {
            id: delivery.id(),
            reason,
            deliveries: delivery.deliveries(),
            consumer: &self.name,
            fields: delivery.fields(),
        };
        let buried = DeadLetters::of(self.group.clone()).bury(&burial).await?;
        self.held.remove(&[delivery.id()]);
        Ok(matches!(buried, Buried::Letter(_)))
    }

    /// Makes the group, if this consumer may.
    async fn make_group(&mut self) -> Result<(), StoreError> {
        let start = match (self.has_seen_group, self.lost_group) {
            (false, _) => self.start.ok_or(StoreError::NoGroup)?,
            (true, LostGroup::Fail) => return Err(StoreError::NoGroup),
            (true, LostGroup::MakeAgain) => self.start_again().await?,
        };
        // If the reply is lost the next read tells whether the group exists.
        self.group.create(start).await.map_err(WriteError::into_cause)?;
        Ok(())
    }

    /// Where a group begins that was deleted while this consumer read.
    async fn start_again(&self) -> Result<Start, StoreError> {
        let Some(last) = self.last_given else { return Ok(self.start.unwrap_or_default()) };
        match self.group.store.reads().info(&self.group.stream).await {
            Ok(info) if info.extent.last_generated_id >= last => Ok(Start::After(last)),
            // It is another stream.
            Ok(_) | Err(StoreError::NotFound) => Ok(Start::Beginning),
            Err(error) => Err(error),
        }
    }
}
