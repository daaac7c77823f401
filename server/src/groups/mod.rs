//! Consumer groups: one in full, with what it has pending and its dead letters, and what groups have done with an event.

mod dead;
mod deliveries;
mod one;
mod pending;
mod samples;

use std::sync::{Arc, Mutex};

use rewind_app::api::query::{DeadQuery, DeliveriesQuery, GroupQuery, PendingQuery};
use rewind_app::api::{ApiError, DeadPage, DeliveriesAnswer, ErrorCode, GroupAnswer, PendingPage};
use rewind_domain::StreamKey;
use rewind_domain::operations::Name;
use rewind_store::consume::Group;
use rewind_store::{EventStore, StoreError};

use crate::api_errors::api_error;
use crate::event_reader::EventReader;
use samples::Samples;

/// Answers about consumer groups. Clones are the same.
#[derive(Clone)]
pub struct Groups {
    store: EventStore,
    event_reader: EventReader,
    samples: Arc<Mutex<Samples>>,
}

impl Groups {
    /// Answers about the groups of this store.
    pub fn new(store: EventStore, event_reader: EventReader) -> Self {
        Self { store, event_reader, samples: Arc::default() }
    }

    /// A group in full.
    ///
    /// # Errors
    /// If there is none, and where Redis does not answer.
    pub async fn group(&self, query: &GroupQuery) -> Result<GroupAnswer, ApiError> {
        let found = one::group(self, query).await;
        found.map_err(|error| told(&query.stream, &query.group, error))
    }

    /// What a group has pending.
    ///
    /// # Errors
    /// As for [`Groups::group`], and if the filter is none.
    pub async fn pending(&self, query: &PendingQuery) -> Result<PendingPage, ApiError> {
        pending::page(self, query).await
    }

    /// The dead letters of a group, which need not exist any more.
    ///
    /// # Errors
    /// Where Redis does not answer.
    pub async fn dead(&self, query: &DeadQuery) -> Result<DeadPage, ApiError> {
        let found = dead::page(self, query).await;
        found.map_err(|error| told(&query.stream, &query.group, error))
    }

    /// What the groups of a stream have done with one of its events.
    ///
    /// # Errors
    /// If there is no such stream, and where Redis does not answer.
    pub async fn deliveries(&self, query: &DeliveriesQuery) -> Result<DeliveriesAnswer, ApiError> {
        let found = deliveries::of(self, query).await;
        found.map_err(|error| api_error(Some(&query.stream), &error))
    }

    fn handle(&self, stream: &StreamKey, group: &Name) -> Group {
        Group::new(&self.store, stream.clone(), group.as_bytes())
    }
}

/// How it is told that something about a group was not found out.
fn told(stream: &StreamKey, group: &Name, error: StoreError) -> ApiError {
    match error {
        StoreError::NoGroup => ApiError::new(
            ErrorCode::TargetNotFound,
            format!("stream `{stream}` does not exist, or has no group `{group}`"),
        ),
        error => api_error(Some(stream), &error),
    }
}
