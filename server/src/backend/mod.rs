//! The backend of the server functions: from queries to the store, and from entries to answers.

mod bisect;
mod blame;
mod catalog;
mod diff;
mod event;
mod events;
mod folds;
mod history;
mod index;
mod jump;
mod operate;
mod related;
mod replay;
mod streams;
mod timeline;
mod trial;
pub(crate) mod visitors;
mod window;

use std::sync::Arc;
use std::time::SystemTime;

use crate::event_reader::EventReader;
use async_trait::async_trait;
use rewind_app::api::export::ExportStatus;
use rewind_app::api::query::{
    BisectQuery, BlameQuery, CatalogQuery, CategoriesQuery, DiffQuery, DiscoveryQuery, EventQuery,
    EventsQuery, FoldQuery, HistoryQuery, IndexQuery, NoQuery, OverviewQuery, RatesQuery,
    RelatedQuery, ReplayQuery, SaveFoldQuery, StreamsQuery, TicketQuery, TimelineQuery,
    TryFoldQuery, WindowQuery,
};
use rewind_app::api::related::RelatedAnswer;
use rewind_app::api::{
    About, ApiError, Backend, BisectAnswer, BlameAnswer, CatalogPage, CategoriesPage, ClusterAbout,
    DiffAnswer, DiscoveryStatus, Environment, ErrorCode, EventAnswer, EventsPage, FoldAnswer,
    HistoryAnswer, IndexAnswer, Overview, ReplayAnswer, StreamRates, StreamsPage, TimelineAnswer,
    TrialAnswer, WindowAnswer,
};
use rewind_domain::StreamKey;
use rewind_domain::aggregate_pattern::AggregatePatterns;
use rewind_domain::caller::{Caller, Permission};
use rewind_domain::versions::StreamExtent;

use crate::api_errors::engine_error;
use crate::caches::Caches;
use crate::discovery::Discovery;
use crate::engines::Engines;
use crate::exports::Exports;
use crate::folds::{FoldPlan, Library};
use crate::groups::Groups;
use crate::index::Indexes;
use crate::operations::Operations;
use crate::overview::Overviews;
use crate::projections::Projections;
use crate::relations::RelationConfig;
use crate::retention::Retention;
use crate::topics::Topics;
use crate::travel::Traveller;
use rewind_store::{Store, StoreError};

pub use event::{LoneEntry, entry};

/// Answers from a Redis server.
pub struct StoreBackend {
    store: Store,
    indexes: Indexes,
    traveller: Traveller,
    library: Arc<Library>,
    event_reader: EventReader,
    aggregates: AggregatePatterns,
    relations: RelationConfig,
    topics: Topics,
    discovery: Discovery,
    overviews: Overviews,
    exports: Exports,
    groups: Groups,
    operations: Operations,
    projections: Projections,
    retention: Retention,
    environment: Option<Environment>,
}

/// What a [`StoreBackend`] is made of.
pub struct BackendParts {
    /// Where it reads.
    pub store: Store,
    /// By what it finds its way there.
    pub indexes: Indexes,
    /// What makes events of entries.
    pub event_reader: EventReader,
    /// Which keys are those of aggregates.
    pub aggregates: AggregatePatterns,
    /// The folds.
    pub library: Library,
    /// What runs scripts.
    pub engines: Engines,
    /// How much memory keyframes may take, in bytes.
    pub keyframe_bytes: usize,
    /// How related events are found.
    pub relations: RelationConfig,
    /// The aggregates in shared streams.
    pub topics: Topics,
    /// Which streams there are.
    pub discovery: Discovery,
    /// Exports that browsers save.
    pub exports: Exports,
    /// What changes the event store.
    pub operations: Operations,
    /// What is told of projections.
    pub projections: Projections,
    /// What trims streams as the configuration says.
    pub retention: Retention,
    /// What the place is called.
    pub environment: Option<Environment>,
}

impl StoreBackend {
    /// A backend made of these parts.
    pub fn new(parts: BackendParts) -> Self {
        let BackendParts {
            store,
            indexes,
            event_reader,
            aggregates,
            library,
            engines,
            keyframe_bytes,
            relations,
            topics,
            discovery,
            exports,
            operations,
            projections,
            retention,
            environment,
        } = parts;
        let traveller =
            Traveller::new(store.clone(), event_reader.clone(), engines, keyframe_bytes);
        let overviews = Overviews::new(store.clone(), event_reader.clone(), discovery.clone());
        let library = Arc::new(library);
        let groups = Groups::new(operations.store().clone(), event_reader.clone());
        Self {
            store,
            indexes,
            traveller,
            library,
            event_reader,
            aggregates,
            relations,
            topics,
            discovery,
            overviews,
            exports,
            groups,
            operations,
            projections,
            retention,
            environment,
        }
    }

    /// What it keeps in memory.
    pub fn caches(&self) -> Caches {
        Caches {
            traveller: self.traveller.clone(),
            indexes: self.indexes.clone(),
            topics: self.topics.clone(),
            discovery: self.discovery.clone(),
            exports: self.exports.clone(),
            folds: Arc::clone(&self.library),
        }
    }

    /// The stream that has the events.
    fn stored_in(&self, stream: &StreamKey) -> StreamKey {
        match self.topics.of(stream) {
            Some((topic, _)) => topic.stream.clone(),
            None => stream.clone(),
        }
    }

    /// The fold for a stream.
    async fn fold_for(&self, stream: &StreamKey) -> Result<FoldPlan, ApiError> {
        let fold = self.library.fold(stream).await.map_err(|error| engine_error(&error))?;
        fold.map_err(|error| ApiError::unusable(ErrorCode::FoldInvalid, &error))
    }
}

#[async_trait]
impl Backend for StoreBackend {
    async fn about(&self, caller: &Caller, _: NoQuery) -> Result<About, ApiError> {
        Ok(About {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            redis_address: self.store.address(),
            redis_version: match self.store.server_version().await {
                Ok(version) => version,
                // It is there, and does not let this user ask.
                Err(StoreError::CommandRefused { .. }) => Some("Redis".to_owned()),
                Err(_) => None,
            },
            now_ms: now_ms(),
            cluster: self.store.cluster().await.ok().flatten().map(|cluster| ClusterAbout {
                nodes: cluster.nodes,
                message: cluster.explanation(&self.store.address()),
            }),
            topics: self.topics.about(),
            aggregates: self.aggregates.iter().map(ToString::to_string).collect(),
            caller: caller.clone(),
            environment: self.environment.clone(),
        })
    }

    async fn overview(&self, _: &Caller, query: OverviewQuery) -> Result<Overview, ApiError> {
        self.overviews.get(&query).await
    }

    async fn rates(&self, _: &Caller, query: RatesQuery) -> Result<StreamRates, ApiError> {
        self.overviews.rates(&query.streams).await
    }

    async fn streams(&self, _: &Caller, query: StreamsQuery) -> Result<StreamsPage, ApiError> {
        streams::streams(&self.store, &self.aggregates, query).await
    }

    async fn catalog(&self, _: &Caller, query: CatalogQuery) -> Result<CatalogPage, ApiError> {
        catalog::catalog(&self.discovery, &self.aggregates, query).await
    }

    async fn categories(
        &self,
        _: &Caller,
        query: CategoriesQuery,
    ) -> Result<CategoriesPage, ApiError> {
        Ok(catalog::categories(&self.discovery, query).await)
    }

    async fn discovery(
        &self,
        caller: &Caller,
        query: DiscoveryQuery,
    ) -> Result<DiscoveryStatus, ApiError> {
        require(caller, Permission::Discovery, ErrorCode::PermissionDenied)?;
        Ok(catalog::control(&self.discovery, query.action))
    }

    async fn export_status(
        &self,
        _: &Caller,
        query: TicketQuery,
    ) -> Result<ExportStatus, ApiError> {
        Ok(self.exports.status(&query.ticket))
    }

    async fn cancel_export(
        &self,
        _: &Caller,
        query: TicketQuery,
    ) -> Result<ExportStatus, ApiError> {
        Ok(self.exports.cancel(&query.ticket))
    }

    async fn events(&self, _: &Caller, query: EventsQuery) -> Result<EventsPage, ApiError> {
        let Self { store, indexes, event_reader, aggregates, .. } = self;
        match query.version {
            Some(version) => {
                jump::events(store, indexes, event_reader, aggregates, version, query).await
            }
            None => events::events(store, indexes, event_reader, aggregates, query).await,
        }
    }

    async fn index(&self, _: &Caller, query: IndexQuery) -> Result<IndexAnswer, ApiError> {
        index::index(&self.indexes, query).await
    }

    async fn event(&self, _: &Caller, query: EventQuery) -> Result<EventAnswer, ApiError> {
        let Self { store, indexes, event_reader, topics, .. } = self;
        event::event(store, indexes, event_reader, topics, query).await
    }

    async fn related(&self, _: &Caller, query: RelatedQuery) -> Result<RelatedAnswer, ApiError> {
        // What happened around an aggregate in a topic happened in the topic.
        let query = RelatedQuery { stream: self.stored_in(&query.stream), ..query };
        related::find(&self.store, &self.event_reader, &self.relations, query).await
    }

    async fn replay(&self, _: &Caller, query: ReplayQuery) -> Result<ReplayAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        replay::replay(&self.traveller, fold, query).await
    }

    async fn window(&self, _: &Caller, query: WindowQuery) -> Result<WindowAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        window::window(&self.traveller, fold, query).await
    }

    async fn diff(&self, _: &Caller, query: DiffQuery) -> Result<DiffAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        diff::diff(&self.traveller, fold, query).await
    }

    async fn blame(&self, _: &Caller, query: BlameQuery) -> Result<BlameAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        blame::blame(&self.traveller, fold, query).await
    }

    async fn history(&self, _: &Caller, query: HistoryQuery) -> Result<HistoryAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        history::history(&self.traveller, fold, query).await
    }

    async fn bisect(&self, _: &Caller, query: BisectQuery) -> Result<BisectAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        bisect::bisect(&self.traveller, self.library.engines(), fold, query).await
    }

    async fn timeline(&self, _: &Caller, query: TimelineQuery) -> Result<TimelineAnswer, ApiError> {
        let fold = self.fold_for(&query.stream).await?;
        timeline::timeline(&self.traveller, fold, query).await
    }
    async fn fold(&self, caller: &Caller, query: FoldQuery) -> Result<FoldAnswer, ApiError> {
        folds::fold(&self.library, caller, query.stream).await
    }

    async fn try_fold(&self, _: &Caller, query: TryFoldQuery) -> Result<TrialAnswer, ApiError> {
        trial::try_fold(&self.traveller, &self.library, query).await
    }

    async fn save_fold(
        &self,
        caller: &Caller,
        query: SaveFoldQuery,
    ) -> Result<FoldAnswer, ApiError> {
        folds::save(&self.library, caller, query).await
    }
}

/// Refuses somebody without a permission.
fn require(caller: &Caller, permission: Permission, code: ErrorCode) -> Result<(), ApiError> {
    caller.obstacle(permission).map_or(Ok(()), |why| Err(ApiError::new(code, why)))
}

/// The time on the clock of this machine, in Unix milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Whether a stream has such a version, of a state or of an event, the first of which is `first`.
fn check_version(
    stream: &StreamKey,
    version: u64,
    first: u64,
    extent: &StreamExtent,
) -> Result<(), ApiError> {
    let latest = extent.latest_version();
    let missing = |why: String| Err(ApiError::new(ErrorCode::VersionNotFound, why));
    if version > latest {
        return missing(format!(
            "stream `{stream}` has no version {version}; its latest is {latest}"
        ));
    }
    if version < first {
        let why =
            extent.incomplete().map(|incomplete| incomplete.explanation()).unwrap_or_default();
        return missing(format!(
            "stream `{stream}` has no version {version} any more; the first is {first}. {why}"
        ));
    }
    Ok(())
}
