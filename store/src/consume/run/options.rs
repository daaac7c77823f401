//! How a consumer runs.

use std::num::{NonZeroU64, NonZeroUsize};
use std::sync::Arc;
use std::time::Duration;

use crate::Backoff;
use crate::consume::Delivery;

/// Tells which entries belong together: those of one key are handled one after the other. `None` for an entry that need not wait for
/// others.
pub type OrderKey = Arc<dyn Fn(&Delivery) -> Option<Vec<u8>> + Send + Sync>;

/// What becomes of an entry whose payload cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Undecodable {
    /// The handler gets it, as an event with a `decode_error`.
    #[default]
    Handler,
    /// It becomes a dead letter at once.
    DeadLetter,
}

/// How a consumer runs. All bounds have defaults that suit a service that does some I/O for each event.
#[derive(Clone)]
pub struct RunOptions {
    /// How many entries are handled at the same time. 1 by default, which handles all in the order of their ids.
    pub concurrency: NonZeroUsize,
    /// How many entries are held at most: those being handled, those that wait for their turn, and those that wait to be tried again.
    /// 100 by default; at least `concurrency`, and at most 10,000.
    pub held: usize,
    /// What keeps entries in order while several are handled; nothing by default. Order is kept among the entries that this consumer is
    /// given: Redis deals the entries of a group to all of its consumers.
    pub order: Option<OrderKey>,
    /// After how many deliveries an entry that still fails becomes a dead letter; `None` to try for ever. 5 by default.
    pub max_deliveries: Option<NonZeroU64>,
    /// How long an entry waits before it is tried again, and how long the consumer waits for a Redis that is away. From 200 ms to 30 s by
    /// default.
    pub backoff: Backoff,
    /// How long an entry must have been with another consumer before it is claimed. Entries that this consumer holds are kept fresh, so a
    /// handler may take longer. 60 s by default, and 100 ms at least.
    pub claim_after: Duration,
    /// What becomes of an entry whose payload cannot be read.
    pub undecodable: Undecodable,
    /// How many entries the run takes at most; it ends by itself when all of them are settled: acknowledged, a dead letter, or taken by
    /// another consumer. `None`, the default, for no such limit.
    pub limit: Option<NonZeroU64>,
    /// Whether the run ends by itself when there is nothing left: nothing new, nothing pending for this consumer, and nothing idle to claim.
    /// `false` by default.
    pub until_idle: bool,
    /// How long handlers under way may take after the consumer was asked to stop. 10 s by default.
    pub stop_within: Duration,
}

/// The most that may be held: Redis is asked to keep all of them fresh in one command.
const MAX_HELD: usize = 10_000;
/// Claiming more often than this costs Redis more than it helps.
const LEAST_CLAIM_AFTER: Duration = Duration::from_millis(100);

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::MIN,
            held: 100,
            order: None,
            max_deliveries: NonZeroU64::new(5),
            backoff: Backoff {
                first: Duration::from_millis(200),
                longest: Duration::from_secs(30),
            },
            claim_after: Duration::from_secs(60),
            undecodable: Undecodable::default(),
            limit: None,
            until_idle: false,
            stop_within: Duration::from_secs(10),
        }
    }
}

impl RunOptions {
    /// How many entries are held at most, within its bounds.
    pub(super) fn held(&self) -> usize {
        self.held.clamp(1, MAX_HELD).max(self.concurrency.get())
    }

    /// How long an entry must have been with another consumer, within its bounds.
    pub(super) fn claim_after(&self) -> Duration {
        self.claim_after.max(LEAST_CLAIM_AFTER)
    }

    /// Whether an entry that was delivered this often is not tried any more.
    pub(super) fn is_spent(&self, deliveries: u64) -> bool {
        self.max_deliveries.is_some_and(|most| deliveries >= most.get())
    }
}

/// Why a handler did not handle an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unhandled {
    /// It tried and failed, for this reason: the entry is tried again, or becomes a dead letter.
    Failed(String),
    /// It did not try, because it can handle nothing any more: the consumer stops and gives the entry back, and this delivery of it does not
    /// count.
    Stopped,
}

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunReport {
    /// How many entries were handled and acknowledged.
    pub handled: u64,
    /// How many tries failed.
    pub failed: u64,
    /// How many entries became dead letters.
    pub dead: u64,
    /// How many pending entries no longer existed when they were to be handled.
    pub deleted: u64,
    /// How many entries were given back when the consumer stopped.
    pub released: u64,
}
