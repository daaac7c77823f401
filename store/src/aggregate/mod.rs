//! Aggregates: each has a stream of its own, and what was decided about it is appended only if it is still as it was when that was
//! decided.
//!
//! The *version* of an aggregate is how many events it ever had, those that were trimmed since among them. Redis counts them from 7.0 on. An
//! older server does not; there the version is the length of the stream, as long as nothing was taken away, and
//! else it is refused with the reason: appends keep beside the stream what tells (`{stream}:versions`).

mod decide;
mod error;
mod read;
mod spec;

use rewind_domain::{EntryId, StreamKey};

pub use crate::add::Expected;
pub use decide::{DecideError, Decided, Decider};
pub use error::{AppendError, Conflict, Missing, ReadError};
pub use read::{EventPage, MAX_PAGE_EVENTS, Position};
pub use rewind_domain::aggregate_pattern::{Aggregate, AggregatePattern};
pub use spec::{Given, When, given};

use crate::add::{self, Add, AddError, Added, IdempotencyKey};
use crate::{EventStore, NewEvent};

/// How many of the missed events a conflict has at most. Whoever missed more reads on from there.
pub const MAX_MISSED_EVENTS: usize = 100;

/// Appends to aggregates, and reads them.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let redis = rewind_dev::TestRedis::start().await;
/// use rewind_store::aggregate::{Aggregate, AggregateStore, AppendError, Expected};
/// use rewind_store::{EventStore, NewEvent};
/// use serde_json::json;
///
/// let store = AggregateStore::new(&EventStore::new(redis.url()));
/// let order = Aggregate::new("Order", "12345");
/// let created = NewEvent::new("OrderCreated", &json!({"customer_id": "cust_001"}))?;
/// let added = NewEvent::new("ItemAdded", &json!({"sku": "GADGET", "qty": 1}))?;
/// store.append(&order, &[created], Expected::New).await?;
/// store.append(&order, &[added.clone()], Expected::Version(1)).await?;
///
/// // Somebody who has not seen the second event is told about it.
/// let Err(AppendError::Conflict(conflict)) = store.append(&order, &[added], Expected::Version(1)).await else {
///     panic!("a conflict is expected");
/// };
/// assert_eq!(conflict.actual, Some(2));
/// assert_eq!(conflict.missed[0].event_type.as_deref(), Some("ItemAdded"));
///
/// let page = store.events_after(&order, 1, 100).await?;
/// assert_eq!((page.events.len(), page.version), (1, 2));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct AggregateStore {
    store: EventStore,
    pattern: AggregatePattern,
    attempts: usize,
}

/// Events that were appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Their ids.
    pub ids: Vec<EntryId>,
    /// The version of the aggregate after them; `None` where it cannot be told, which only [`Expected::Any`] and [`Expected::Exists`] put up
    /// with.
    pub version: Option<u64>,
}

impl AggregateStore {
    /// A store whose aggregates are at `aggregate:{type}:{id}`.
    #[must_use]
    pub fn new(store: &EventStore) -> Self {
        let attempts = decide::DEFAULT_ATTEMPTS;
        Self { store: store.clone(), pattern: AggregatePattern::default(), attempts }
    }

    /// The same, whose aggregates are at other keys.
    #[must_use]
    pub fn with_keys(self, pattern: AggregatePattern) -> Self {
        Self { pattern, ..self }
    }

    /// The same, which decides at most this often, and at least once, about one command while others append; see
    /// [`decide`](Self::decide).
    #[must_use]
    pub fn with_attempts(self, attempts: usize) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// The stream of an aggregate.
    #[must_use]
    pub fn stream(&self, aggregate: &Aggregate) -> StreamKey {
        self.pattern.key(aggregate)
    }

    /// The stream of an aggregate, if it is that of no other one.
    fn own_stream(&self, aggregate: &Aggregate) -> Result<StreamKey, AppendError> {
        let stream = self.stream(aggregate);
        match self.pattern.read(&stream) {
            Some(read) if read == *aggregate => Ok(stream),
            _ => Err(AppendError::SharedKey { stream }),
        }
    }

    /// Appends all of these events in one step, if the aggregate is as expected; else none.
    ///
    /// # Errors
    /// [`AppendError::Conflict`] if it is not as expected, with what was missed; [`AppendError::VersionUntold`] where
    /// [`Expected::Version`] cannot be compared; whatever Redis refuses. Nothing is half done.
    pub async fn append(
        &self,
        aggregate: &Aggregate,
        events: &[NewEvent],
        expected: Expected,
    ) -> Result<Appended, AppendError> {
        self.append_to(&self.own_stream(aggregate)?, events, expected, None).await
    }

    /// The same, once: a repetition with the same key appends nothing and returns what the first time did. Where a reply is lost, or
    /// Redis is away for some seconds, it asks again by itself.
    ///
    /// # Errors
    /// As [`AggregateStore::append`].
    pub async fn append_once(
        &self,
        key: &IdempotencyKey,
        aggregate: &Aggregate,
        events: &[NewEvent],
        expected: Expected,
    ) -> Result<Appended, AppendError> {
        self.append_to(&self.own_stream(aggregate)?, events, expected, Some(key)).await
    }

    async fn append_to(
        &self,
        stream: &StreamKey,
        events: &[NewEvent],
        expected: Expected,
        key: Option<&IdempotencyKey>,
    ) -> Result<Appended, AppendError> {
        let add = Add { stream, events, expected: Some(expected), limit: None, key };
        let added = add::add(&self.store, &add).await;
        self.appended(stream, expected, added).await
    }

    /// What appending these events would come to, without appending any; under this key if there is one. There are ids only if the key was
    /// used before.
    ///
    /// # Errors
    /// As [`AggregateStore::append`], but for what only the write itself can show.
    pub async fn preview_append(
        &self,
        key: Option<&IdempotencyKey>,
        aggregate: &Aggregate,
        events: &[NewEvent],
        expected: Expected,
    ) -> Result<Appended, AppendError> {
        let stream = &self.own_stream(aggregate)?;
        let add = Add { stream, events, expected: Some(expected), limit: None, key };
        let added = add::preview(&self.store, &add, true).await;
        self.appended(stream, expected, added).await
    }

    async fn appended(
        &self,
        stream: &StreamKey,
        expected: Expected,
        added: Result<Added, AddError>,
    ) -> Result<Appended, AppendError> {
        match added {
            Ok(added) => Ok(Appended { ids: added.ids, version: added.version }),
            Err(AddError::Conflict { actual }) => {
                let (missed, is_all) = self.missed(stream, expected).await;
                Err(AppendError::Conflict(Conflict { expected, actual, missed, is_all }))
            }
            Err(AddError::VersionUntold) => Err(AppendError::VersionUntold(Missing::NotCounted)),
            Err(AddError::Events(error)) => Err(error.into()),
            Err(AddError::Write(error)) => Err(error.into()),
        }
    }

    /// The events behind what was expected, and whether these are all. None where they cannot be read: the conflict stands anyway.
    async fn missed(
        &self,
        stream: &StreamKey,
        expected: Expected,
    ) -> (Vec<rewind_domain::Event>, bool) {
        let from = match expected {
            Expected::New => 0,
            Expected::Version(version) => version,
            Expected::Any | Expected::Exists => return (Vec::new(), true),
        };
        match self.read_after(stream, from, MAX_MISSED_EVENTS).await {
            Ok(page) => (page.events, page.is_last),
            Err(_) => (Vec::new(), false),
        }
    }
}
