//! The backend of the server functions: from queries to the store, and from entries to answers.

mod discovery;
mod errors;
mod events;
mod replay;

use std::sync::Arc;

use async_trait::async_trait;
use rewind_app::api::backend::{EventsQuery, ReplayQuery, StreamsQuery, WindowQuery};
use rewind_app::api::{
    About, ApiError, Backend, EventsPage, ReplayAnswer, StreamsPage, WindowAnswer,
};
use rewind_domain::{DeepMerge, Fold, StreamKey};

use crate::store::Store;

pub use errors::api_error;

/// Answers from a Redis server.
pub struct StoreBackend {
    store: Store,
    fold: Arc<dyn Fold>,
}

impl StoreBackend {
    /// A backend that reads from `store`.
    pub fn new(store: Store) -> Self {
        Self { store, fold: Arc::new(DeepMerge) }
    }

    /// The fold for a stream.
    fn fold_for(&self, _stream: &StreamKey) -> Arc<dyn Fold> {
        Arc::clone(&self.fold)
    }
}

#[async_trait]
impl Backend for StoreBackend {
    async fn about(&self) -> About {
        About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            redis_address: self.store.address(),
            // Away or not allowed to tell: the page shows the address alone.
            redis_version: self.store.server_version().await.ok().flatten(),
        }
    }

    async fn streams(&self, query: StreamsQuery) -> Result<StreamsPage, ApiError> {
        discovery::streams(&self.store, query).await
    }

    async fn events(&self, query: EventsQuery) -> Result<EventsPage, ApiError> {
        events::events(&self.store, query).await
    }

    async fn replay(&self, query: ReplayQuery) -> Result<ReplayAnswer, ApiError> {
        let fold = self.fold_for(&query.stream);
        replay::replay(&self.store, fold, query).await
    }

    async fn window(&self, query: WindowQuery) -> Result<WindowAnswer, ApiError> {
        let fold = self.fold_for(&query.stream);
        replay::window(&self.store, fold, query).await
    }
}
