//! What a running consumer holds, and the tasks under way for it.

use std::collections::{BTreeMap, HashMap};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use rewind_domain::EntryId;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::keep::{Kept, keep};
use super::lanes::Lanes;
use super::options::{RunOptions, RunReport, Undecodable, Unhandled};
use super::{Taken, keep_every};
use crate::consume::dead::{Burial, Buried};
use crate::consume::group::AT_ONCE;
use crate::consume::{Consumer, DeadLetters, Delivery, Group, Held};
use crate::{StoreError, WriteError};

type Handling = Pin<Box<dyn Future<Output = Result<(), Unhandled>> + Send>>;

/// What a running consumer holds.
pub(super) struct Work {
    pub(super) group: Group,
    pub(super) consumer: Arc<[u8]>,
    pub(super) dead_letters: DeadLetters,
    pub(super) held: Held,
    pub(super) options: RunOptions,
    pub(super) report: RunReport,
    handler: Box<dyn Fn(Arc<Delivery>) -> Handling + Send>,
    pub(super) items: HashMap<EntryId, Item>,
    pub(super) lanes: Lanes<Vec<u8>, EntryId>,
    pub(super) tasks: JoinSet<Done>,
    /// How many handlers are under way.
    pub(super) running: usize,
    /// What is to be done about single entries later.
    pub(super) due: BTreeMap<(Instant, EntryId), Next>,
    /// What was handled and is still to be acknowledged.
    pub(super) to_ack: Vec<EntryId>,
    pub(super) acks: Acks,
    pub(super) keep_at: Instant,
    /// Whether a handler can handle nothing any more.
    pub(super) has_stopped: bool,
    pub(super) is_stopping: bool,
}

/// Whether acknowledgements are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acks {
    /// They may be sent from this moment on, after this many failures in a row.
    From(Instant, u64),
    /// Some are under way, after this many failures in a row.
    UnderWay(u64),
}

/// An entry that is held.
pub(super) struct Item {
    pub(super) delivery: Arc<Delivery>,
    pub(super) key: Option<Vec<u8>>,
    /// Whether its handling began.
    pub(super) is_tried: bool,
    /// Whether another consumer has it now.
    pub(super) is_lost: bool,
    /// The room that it takes until it is settled.
    _room: Option<OwnedSemaphorePermit>,
}

/// What is to be done about an entry.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// Handle it again.
    Retry,
    /// Give up on it, for this reason, after this many attempts to do so.
    Bury(Arc<str>, u64),
}

/// A task that is done.
pub(super) enum Done {
    Handled(EntryId, Result<(), Unhandled>),
    Acknowledged(Vec<EntryId>, Result<u64, StoreError>),
    Kept(Vec<EntryId>, Result<Vec<Kept>, StoreError>),
    Retried(EntryId, Result<Kept, StoreError>),
    Buried(EntryId, Arc<str>, u64, Result<Buried, WriteError>),
}

/// What waiting came to.
pub(super) enum Step {
    Done(Done),
    /// Something is due.
    Due,
}

impl Work {
    pub(super) fn new<H, F>(consumer: &Consumer, options: RunOptions, handler: H) -> Self
    where
        H: Fn(Arc<Delivery>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Unhandled>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        let handle = move |delivery| -> Handling {
            let handler = Arc::clone(&handler);
            let handling = async move { handler(delivery).await };
            let caught = AssertUnwindSafe(handling).catch_unwind();
            Box::pin(caught.map(|outcome| {
                outcome.unwrap_or_else(|panic| Err(Unhandled::Failed(panic_text(&*panic))))
            }))
        };
        Self {
            group: consumer.group.clone(),
            consumer: consumer.name.as_slice().into(),
            dead_letters: DeadLetters::of(consumer.group.clone()),
            held: consumer.held.clone(),
            keep_at: Instant::now() + keep_every(options.claim_after()),
            options,
            report: RunReport::default(),
            handler: Box::new(handle),
            items: HashMap::new(),
            lanes: Lanes::new(),
            tasks: JoinSet::new(),
            running: 0,
            due: BTreeMap::new(),
            to_ack: Vec::new(),
            acks: Acks::From(Instant::now(), 0),
            has_stopped: false,
            is_stopping: false,
        }
    }

    /// Takes what was read.
    pub(super) fn take(&mut self, taken: Taken) {
        let Taken { batch, mut room } = taken;
        self.report.deleted += batch.deleted.len() as u64;
        for delivery in batch.deliveries {
            let id = delivery.id();
            // A group that was set back gives out once more what is being handled here; one acknowledgement does for both.
            if let Some(held) = self.items.get_mut(&id) {
                held.is_lost = false;
                continue;
            }
            let key = self.options.order.as_ref().and_then(|order| order(&delivery));
            let verdict = self.verdict(&delivery);
            let item = Item {
                delivery: Arc::new(delivery),
                key: key.clone(),
                is_tried: false,
                is_lost: false,
                _room: room.split(1),
            };
            self.items.insert(id, item);
            match verdict {
                Some(reason) => {
                    if let Some(item) = self.items.get_mut(&id) {
                        // It waits for no lane, and no lane waits for it.
                        item.key = None;
                    }
                    self.bury(id, reason.into(), 0);
                }
                None => self.lanes.push(key, id),
            }
        }
        self.start();
    }

    /// Why an entry is not handled at all.
    fn verdict(&self, delivery: &Delivery) -> Option<String> {
        let before = delivery.deliveries().saturating_sub(1);
        if self.options.is_spent(before) {
            return Some(format!("was delivered {before} times, and nobody acknowledged it"));
        }
        if self.options.undecodable == Undecodable::DeadLetter && !delivery.event().has_data() {
            return delivery.event().decode_error.as_ref().map(ToString::to_string);
        }
        None
    }

    fn may_start(&self) -> bool {
        !self.is_stopping && !self.has_stopped && self.running < self.options.concurrency.get()
    }

    /// Whether a handler can handle nothing any more.
    pub(super) fn has_stopped(&self) -> bool {
        self.has_stopped
    }

    /// Starts as many handlers as there may be.
    pub(super) fn start(&mut self) {
        while self.may_start() {
            let Some((_, id)) = self.lanes.pop() else { return };
            let Some(item) = self.items.get_mut(&id) else { continue };
            if item.is_lost {
                self.forget(id);
                continue;
            }
            item.is_tried = true;
            self.running += 1;
            let handling = (self.handler)(Arc::clone(&item.delivery));
            self.tasks.spawn(async move { Done::Handled(id, handling.await) });
        }
    }

    /// Sends acknowledgements, unless some are under way already: what is handled meanwhile goes with the next ones.
    pub(super) fn acknowledge(&mut self) {
        let Acks::From(at, failures) = self.acks else { return };
        if self.to_ack.is_empty() || Instant::now() < at {
            return;
        }
        self.acks = Acks::UnderWay(failures);
        let (group, ids) = (self.group.clone(), std::mem::take(&mut self.to_ack));
        self.tasks.spawn(async move {
            let outcome = group.ack(&ids).await;
            Done::Acknowledged(ids, outcome)
        });
    }

    /// Moves an entry to the dead letters.
    pub(super) fn bury(&mut self, id: EntryId, reason: Arc<str>, failures: u64) {
        let Some(item) = self.items.get(&id) else { return };
        let (delivery, consumer) = (Arc::clone(&item.delivery), Arc::clone(&self.consumer));
        let dead_letters = self.dead_letters.clone();
        self.tasks.spawn(async move {
            let burial = Burial {
                id,
                reason: &reason,
                deliveries: delivery.deliveries(),
                consumer: &consumer,
                fields: delivery.fields(),
            };
            let outcome = dead_letters.bury(&burial).await;
            Done::Buried(id, reason, failures, outcome)
        });
    }

    /// Has an entry counted as delivered once more, before it is handled again.
    pub(super) fn retry(&mut self, id: EntryId) {
        let Some(item) = self.items.get(&id) else { return };
        let entry = [(id, Some(item.delivery.deliveries() + 1))];
        let (group, consumer) = (self.group.clone(), Arc::clone(&self.consumer));
        self.tasks.spawn(async move {
            let kept = keep(&group, &consumer, &entry).await;
            Done::Retried(id, kept.map(|kept| kept.first().copied().unwrap_or(Kept::Lost)))
        });
    }

    /// Keeps everything that is held from being claimed.
    pub(super) fn keep_all(&mut self) {
        self.keep_at = Instant::now() + keep_every(self.options.claim_after());
        let ids: Vec<EntryId> = self.items.keys().copied().collect();
        for ids in ids.chunks(AT_ONCE) {
            let (group, consumer) = (self.group.clone(), Arc::clone(&self.consumer));
            let entries: Vec<_> = ids.iter().map(|id| (*id, None)).collect();
            let ids = ids.to_vec();
            self.tasks
                .spawn(async move { Done::Kept(ids, keep(&group, &consumer, &entries).await) });
        }
    }

    /// Lets an entry go that is settled, or that another consumer has.
    pub(super) fn forget(&mut self, id: EntryId) {
        self.held.remove(&[id]);
        if let Some(item) = self.items.remove(&id) {
            self.lanes.done(item.key);
        }
    }

    /// Waits until a task is done or something is due. Can be dropped at any time.
    pub(super) async fn wait(&mut self) -> Step {
        let mut at = self.keep_at;
        if let Some(((due, _), _)) = self.due.first_key_value() {
            at = at.min(*due);
        }
        if let Acks::From(from, _) = self.acks
            && !self.to_ack.is_empty()
        {
            at = at.min(from);
        }
        tokio::select! {
            biased;
            Some(done) = self.tasks.join_next(), if !self.tasks.is_empty() => match done {
                Ok(done) => Step::Done(done),
                // Only a task that is no handler could panic; then the entry is claimed by somebody.
                Err(_) => Step::Due,
            },
            () = sleep_until(at) => Step::Due,
        }
    }

    /// Lets handlers under way finish, and acknowledges what they did.
    pub(super) async fn finish(&mut self, within: Duration) {
        self.is_stopping = true;
        let end = Instant::now() + within;
        let is_idle = |work: &Self| {
            work.running == 0 && work.to_ack.is_empty() && matches!(work.acks, Acks::From(..))
        };
        while !is_idle(self) {
            let Ok(step) = tokio::time::timeout_at(end, self.wait()).await else { break };
            if let Err(error) = self.settle(step) {
                tracing::warn!(%error, "while stopping");
                break;
            }
        }
        self.tasks.shutdown().await;
    }

    /// The entries whose handling began and that are not acknowledged.
    pub(super) fn tried(&self) -> Vec<EntryId> {
        self.items.iter().filter(|(_, item)| item.is_tried).map(|(id, _)| *id).collect()
    }

    pub(super) fn into_report(self) -> RunReport {
        self.report
    }
}

/// What a handler said when it panicked.
fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    text.map_or_else(
        || "the handler panicked".into(),
        |text| format!("the handler panicked: {text}"),
    )
}
