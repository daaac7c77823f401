//! Publishing: events added to the end of a stream, one or several at a time.

mod limit;

use rewind_domain::{EntryId, StreamKey};

pub use limit::{Limit, Precision};

use crate::add::{self, Add, AddError, EventsError, IdempotencyKey, Retry};
use crate::{EventStore, NewEvent, StoreError, WriteError, reply};

/// Adds events to one stream.
///
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let redis = rewind_dev::TestRedis::start().await;
/// use rewind_store::publish::{Limit, Publisher};
/// use rewind_store::{EventStore, IdempotencyKey, NewEvent};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// #[serde(tag = "type", content = "data")]
/// enum Order {
///     #[serde(rename = "order.created")]
///     Created { order_id: String, total: f64 },
/// }
///
/// let store = EventStore::new(redis.url());
/// let orders = Publisher::new(&store, "events:orders").with_limit(Limit::newest(10_000));
/// let order = Order::Created { order_id: "12345".into(), total: 49.99 };
/// let event = NewEvent::typed(&order)?.with_correlation("checkout-7").with_user("ada");
/// orders.publish(&event).await?;
///
/// // The same once more, which adds nothing.
/// let key = IdempotencyKey::new("checkout-7");
/// let first = orders.publish_once(&key, &[event.clone()]).await?;
/// assert_eq!(orders.publish_once(&key, &[event]).await?, first);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Publisher {
    store: EventStore,
    stream: StreamKey,
    limit: Option<Limit>,
}

/// Why events were not published, or perhaps not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// They cannot be. Nothing was sent.
    #[error(transparent)]
    Events(#[from] EventsError),
    /// Redis refuses them, is away, or did not answer.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl PublishError {
    /// Whether the events may have been added.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Write(error) if error.is_unknown())
    }
}

impl From<StoreError> for PublishError {
    fn from(error: StoreError) -> Self {
        Self::Write(error.into())
    }
}

impl From<AddError> for PublishError {
    fn from(error: AddError) -> Self {
        match error {
            AddError::Events(error) => Self::Events(error),
            AddError::Write(error) => Self::Write(error),
            // Nothing was expected of the stream.
            AddError::Conflict { .. } | AddError::VersionUntold => {
                StoreError::unexpected("a conflict that nobody asked about").into()
            }
        }
    }
}

impl Publisher {
    /// A publisher to this stream, which is made by its first event.
    #[must_use]
    pub fn new(store: &EventStore, stream: impl Into<StreamKey>) -> Self {
        Self { store: store.clone(), stream: stream.into(), limit: None }
    }

    /// The same, which trims the stream with each event or batch that it adds.
    #[must_use]
    pub fn with_limit(self, limit: Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// The stream.
    #[must_use]
    pub fn stream(&self) -> &StreamKey {
        &self.stream
    }

    /// Adds an event and returns its id. Redis gives the id out of its clock and never goes back: where its clock did, ids go on behind the
    /// last one.
    ///
    /// # Errors
    /// [`PublishError::Events`] if it cannot be stored; [`WriteError::NotDone`] if Redis refuses it, [`WriteError::Unknown`] if the reply was
    /// lost.
    pub async fn publish(&self, event: &NewEvent) -> Result<EntryId, PublishError> {
        add::check(std::slice::from_ref(event), false, self.store.writes(self.stream.as_bytes()))
            .await?;
        Ok(self.add_one(event, &[]).await?)
    }

    /// Adds all of these events in one step, one directly after the other, or none. Returns their ids.
    ///
    /// # Errors
    /// As [`Publisher::publish`], for all of them. [`EventsError`] has the bounds of a batch.
    pub async fn publish_all(&self, events: &[NewEvent]) -> Result<Vec<EntryId>, PublishError> {
        self.add(events, None).await
    }

    /// The same, once: a repetition with the same key adds nothing and returns the ids of the first time. Where a reply is lost, or Redis is
    /// away for some seconds, it asks again by itself.
    ///
    /// # Errors
    /// As [`Publisher::publish_all`]; [`WriteError::Unknown`] only where Redis does not come back in time.
    pub async fn publish_once(
        &self,
        key: &IdempotencyKey,
        events: &[NewEvent],
    ) -> Result<Vec<EntryId>, PublishError> {
        if let ([event], Some((producer, id))) = (events, key.native())
            && !self.store.is_without_idmp()
        {
            add::check(events, false, self.store.writes(self.stream.as_bytes())).await?;
            let mut retry = Retry::default();
            loop {
                match self.add_one(event, &["IDMP", producer, id]).await {
                    Ok(id) => return Ok(vec![id]),
                    Err(error) if is_idmp_unknown(error.cause()) => break,
                    Err(error) => retry.after(error).await?,
                }
            }
            self.store.note_without_idmp();
        }
        self.add(events, Some(key)).await
    }

    /// What publishing these events would come to, without publishing any: all of them in one step, under this key if there is one. Returns
    /// the ids of the first time if this key was used before, and none otherwise.
    ///
    /// # Errors
    /// As [`Publisher::publish_all`], but for what only the write itself can show.
    pub async fn preview(
        &self,
        key: Option<&IdempotencyKey>,
        events: &[NewEvent],
    ) -> Result<Vec<EntryId>, PublishError> {
        let (stream, limit) = (&self.stream, self.limit);
        let add = Add { stream, events, expected: None, limit, key };
        let is_batch = key.is_some() || events.len() > 1;
        Ok(add::preview(&self.store, &add, is_batch).await?.ids)
    }

    async fn add(
        &self,
        events: &[NewEvent],
        key: Option<&IdempotencyKey>,
    ) -> Result<Vec<EntryId>, PublishError> {
        let (stream, limit) = (&self.stream, self.limit);
        let add = Add { stream, events, expected: None, limit, key };
        Ok(add::add(&self.store, &add).await?.ids)
    }

    async fn add_one(&self, event: &NewEvent, once: &[&str]) -> Result<EntryId, WriteError> {
        let mut command = redis::cmd("XADD");
        command.arg(self.stream.as_bytes()).arg(once);
        command.arg(self.limit.as_ref().map(Limit::words).unwrap_or_default()).arg("*");
        for (name, value) in event.fields() {
            command.arg(name).arg(value);
        }
        Ok(reply::added_id(&self.store.writes(self.stream.as_bytes()).send(&command).await?)?)
    }
}

/// Whether a server refuses `IDMP` because it does not know it: it takes the word for an id.
fn is_idmp_unknown(error: &StoreError) -> bool {
    matches!(error, StoreError::Server { message }
        if message.contains("Invalid stream ID") || message.contains("syntax error") || message.contains("wrong number of arguments"))
}
