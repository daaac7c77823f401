//! Running a handler over what a consumer is given.
//!
//! One future reads, and passes what it read on as far as there is room; the loop in [`Consumer::run`] starts handlers, and settles what
//! they came to. Handlers, and what is asked of Redis about single entries, are tasks, so nothing waits for anything else.

mod keep;
mod lanes;
mod options;
mod settle;
mod work;

use std::fmt::Display;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use rewind_domain::EntryId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::Instant;

use super::{BLOCK, Batch, Consumer, Delivery};
use crate::StoreError;
use work::Work;

pub use options::{OrderKey, RunOptions, RunReport, Undecodable, Unhandled};

/// How many entries are read at a time. More gain little, and all of them are in memory at once.
const READ_AT_ONCE: usize = 100;

/// A batch, with the room that its entries take.
struct Taken {
    batch: Batch,
    room: OwnedSemaphorePermit,
}

impl Consumer {
    /// Handles entries until `stop` resolves, or as [`RunOptions::until_idle`] and [`RunOptions::limit`] say.
    ///
    /// Each entry is handled at least once. It is acknowledged when the handler returns `Ok`. When the handler fails or panics, the entry is
    /// tried again after a while, and becomes a [dead letter](super::DeadLetters) when it was delivered
    /// [`RunOptions::max_deliveries`] times. Entries that other consumers left are claimed. While Redis is away, or takes no writes, the
    /// consumer waits, once it has read for the first time. An entry that cannot be decoded goes to the handler or to the dead letters, as [`RunOptions::undecodable`] says.
    ///
    /// When it stops, handlers under way may finish for a while, and everything that is not acknowledged then is
    /// [given back](Consumer::release).
    ///
    /// ```
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::convert::Infallible;
    /// use rewind_store::consume::{Consumer, RunOptions};
    /// use rewind_store::publish::Publisher;
    /// use rewind_store::{EventStore, NewEvent};
    ///
    /// # let redis = rewind_dev::TestRedis::start().await;
    /// # let url = redis.url();
    /// let store = EventStore::new(url);
    /// Publisher::new(&store, "events:orders").publish(&NewEvent::new("order.created", &42)?).await?;
    ///
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let stop = std::sync::Mutex::new(Some(stop));
    /// let consumer = Consumer::new(&store, "events:orders", "billing", "billing-1");
    /// let report = consumer
    ///     .run(RunOptions::default(), async { drop(stopped.await) }, move |delivery| {
    ///         println!("{:?}", delivery.event().event_type);
    ///         stop.lock().unwrap().take();
    ///         async { Ok::<(), Infallible>(()) }
    ///     })
    ///     .await?;
    /// assert_eq!(report.handled, 1);
    /// # Ok(()) }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(example()).unwrap();
    /// ```
    ///
    /// # Errors
    /// What does not pass by itself: [`StoreError::NoGroup`] if the group was deleted and this consumer may not make it again,
    /// [`StoreError::WrongType`], and what this user is not allowed; before the first read also that Redis is away or takes no writes. What was not acknowledged then is given back, as far as Redis lets it.
    pub async fn run<H, F, E>(
        self,
        options: RunOptions,
        stop: impl Future<Output = ()>,
        handler: H,
    ) -> Result<RunReport, StoreError>
    where
        H: Fn(Arc<Delivery>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display,
    {
        let handler = move |delivery| {
            handler(delivery)
                .map(|outcome| outcome.map_err(|error: E| Unhandled::Failed(error.to_string())))
        };
        self.run_stoppable(options, stop, handler).await
    }

    /// As [`Consumer::run`], with a handler that can say that it has to stop.
    ///
    /// # Errors
    /// As [`Consumer::run`].
    pub async fn run_stoppable<H, F>(
        mut self,
        options: RunOptions,
        stop: impl Future<Output = ()>,
        handler: H,
    ) -> Result<RunReport, StoreError>
    where
        H: Fn(Arc<Delivery>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Unhandled>> + Send + 'static,
    {
        let stop_within = options.stop_within;
        let room = Arc::new(Semaphore::new(options.held()));
        let (sender, mut receiver) = mpsc::channel(1);
        let mut work = Work::new(&self, options.clone(), handler);
        let outcome = {
            let reading = self.read_on(&options, room, sender);
            tokio::pin!(reading, stop);
            loop {
                tokio::select! {
                    () = &mut stop => break Ok(()),
                    ended = &mut reading => break ended,
                    Some(taken) = receiver.recv() => work.take(taken),
                    step = work.wait() => match work.settle(step) {
                        Err(error) => break Err(error),
                        Ok(()) if work.has_stopped() => break Ok(()),
                        Ok(()) => {}
                    },
                }
            }
        };
        work.finish(stop_within).await;
        let tried = work.tried();
        let mut report = work.into_report();
        if self.has_seen_group {
            match self.release_all(&tried).await {
                Ok(released) => report.released = released,
                Err(error) => tracing::warn!(
                    %error, "entries could not be given back; other consumers claim them after a while"
                ),
            }
        }
        outcome.map(|()| report)
    }

    /// Reads as far as there is room, and claims now and then. Ends with an error that does not pass by itself, or when there is nothing left
    /// and the options say so.
    async fn read_on(
        &mut self,
        options: &RunOptions,
        room: Arc<Semaphore>,
        sender: mpsc::Sender<Taken>,
    ) -> Result<(), StoreError> {
        let claim_every = options.claim_after() / 2;
        let mut claim_at = Instant::now();
        let mut failures = 0;
        let mut left = options.limit.map_or(u64::MAX, NonZeroU64::get);
        loop {
            if left == 0 {
                all_settled(&room, options).await;
                return Ok(());
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(READ_AT_ONCE);
            let Some(taken) = take_room(&room, most).await else { return Ok(()) };
            let claims = self.unread_after.is_none() && Instant::now() >= claim_at;
            let asks_for_new = self.unread_after.is_none() && !claims;
            let read = if claims {
                self.claim_idle(options.claim_after(), taken.num_permits()).await
            } else {
                let block = claim_every.min(BLOCK);
                let end = std::time::Instant::now() + block;
                self.read_once(taken.num_permits(), Some(end).filter(|_| !options.until_idle)).await
            };
            let read = match read {
                Err(StoreError::NoGroup) => self.make_group().await.map(|()| Batch::default()),
                read => read,
            };
            match read {
                Ok(batch) if !batch.is_empty() => {
                    failures = 0;
                    left = left.saturating_sub(batch.deliveries.len() as u64);
                    if sender.send(Taken { batch, room: taken }).await.is_err() {
                        return Ok(());
                    }
                }
                Ok(_) => {
                    failures = 0;
                    drop(taken);
                    if claims && self.claim_cursor == EntryId::MIN {
                        claim_at = Instant::now() + claim_every;
                    }
                    if asks_for_new && options.until_idle {
                        if room.available_permits() == options.held() {
                            return Ok(());
                        }
                        all_settled(&room, options).await;
                        claim_at = Instant::now();
                    }
                }
                // Who starts a consumer learns at once what is wrong; later, it is waited out.
                Err(error) if self.has_seen_group && may_pass(&error) => {
                    failures += 1;
                    // A server that became a replica answers on the old connection for ever.
                    self.reads = None;
                    let wait = options.backoff.after(failures);
                    tracing::warn!(%error, wait_ms = wait.as_millis(), "reading will be tried again");
                    drop(taken);
                    tokio::time::sleep(wait).await;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Waits until everything that is held is settled.
async fn all_settled(room: &Semaphore, options: &RunOptions) {
    let all = u32::try_from(options.held()).unwrap_or(u32::MAX);
    drop(room.acquire_many(all).await);
}

/// All the room that there is, up to `most`, which is 1 at least; waits until there is some.
async fn take_room(room: &Arc<Semaphore>, most: usize) -> Option<OwnedSemaphorePermit> {
    let mut taken = Arc::clone(room).acquire_owned().await.ok()?;
    let more = room.available_permits().min(most.saturating_sub(1));
    if let Ok(more) = Arc::clone(room).try_acquire_many_owned(u32::try_from(more).unwrap_or(0)) {
        taken.merge(more);
    }
    Some(taken)
}

/// Whether Redis may do later what it refuses now, without anybody changing a permission or a key.
fn may_pass(error: &StoreError) -> bool {
    error.is_passing() || matches!(error, StoreError::WritesRefused(_))
}

/// How often entries that are held are kept fresh, given after how long others claim them.
fn keep_every(claim_after: Duration) -> Duration {
    claim_after / 3
}
