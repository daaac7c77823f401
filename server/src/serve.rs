//! The server as a whole: binding, running, and stopping in an orderly way.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use rewind_app::api::Environment;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::backend::{BackendParts, StoreBackend};
use crate::config::ServeConfig;
use crate::discovery::Discovery;
use crate::engines::Engines;
use crate::event_reader::EventReader;
use crate::exports::Exports;
use crate::folds::Library;
use crate::http::{Admission, AppState, NoHost, TrustedHosts, router};
use crate::index::{IndexLimits, Indexes};
use crate::live::Hub;
use crate::operations::{OperationParts, Operations};
use crate::projections::{KnownProjections, Projections, run_all};
use crate::retention::Retention;
use crate::serving::{ConnectionFigures, ConnectionLimits, Patience, raise_open_files, serve};
use crate::topics::Topics;
use rewind_store::{EventStore, Store};

/// How long the server waits, once it is to end, until the operations under way are recorded: less than what service managers wait.
const OPERATIONS_TO_END: Duration = Duration::from_secs(8);

/// A server that listens, and has not begun to answer.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    state: AppState,
    projections: Option<ProjectionRunner>,
    retention: Retention,
    patience: Patience,
    stop: watch::Sender<bool>,
}

/// The projections that the server runs.
struct ProjectionRunner {
    folder: PathBuf,
    store: EventStore,
}

/// Why the server cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be had.
    #[error("cannot listen on `{address}`: {source}; choose another with `--listen`")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A name under which nobody can reach it.
    #[error(transparent)]
    NoHost(#[from] NoHost),
    /// Something else.
    #[error("the server stopped: {0}")]
    Io(#[from] std::io::Error),
}

impl Server {
    /// Takes the address. Redis need not be there: that is told to whoever asks for events.
    ///
    /// # Errors
    /// If the address cannot be had.
    pub async fn bind(config: ServeConfig) -> Result<Self, ServeError> {
        let ServeConfig {
            redis_url,
            listen,
            allow_host,
            access,
            operating,
            aggregates,
            folds,
            projections,
            keyframe_bytes,
            live,
            codecs,
            relations,
            index_bytes,
            read_rate,
            topics,
            topic_bytes,
            scan_rate,
            retention,
            capacity,
            patience,
        } = config;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| ServeError::Listen { address: listen, source })?;
        let address = listener.local_addr()?;
        let store = Store::with_rates(redis_url.clone(), read_rate, Some(scan_rate));
        let event_reader = EventReader::new(codecs);
        let topics = Topics::new(topics, store.clone(), event_reader.clone(), topic_bytes);
        let store = store.with_parts(Arc::new(topics.clone()));
        let writes = EventStore::beside(store.clone(), operating.redis_url);
        let engines = Engines::new(folds.engine_program, folds.limits, &event_reader)?;
        let library = Library::new(folds.folder, aggregates.clone(), engines.clone());
        let indexes =
            Indexes::new(store.clone(), event_reader.clone(), IndexLimits::of_bytes(index_bytes));
        let discovery = Discovery::new(store.clone(), topics.clone(), scan_rate);
        let exports = Exports::default();
        let connection_limits =
            ConnectionLimits::new(capacity.connections, raise_open_files(), capacity.other_files());
        if connection_limits.total() < capacity.connections {
            tracing::warn!(
                connections = connection_limits.total(),
                wanted = capacity.connections,
                "fewer connections than wanted, since the system lets this process open few files (`ulimit -n`)"
            );
        }
        let (stop, stopping) = watch::channel(false);
        let known_projections = KnownProjections::new(store.clone());
        let operations = Operations::new(OperationParts {
            store: writes.clone(),
            event_reader: event_reader.clone(),
            aggregates: aggregates.clone(),
            engines: engines.clone(),
            projections: projections.clone(),
            known_projections: known_projections.clone(),
            stopping: stopping.clone(),
        });
        let retention = Retention::new(retention, operations.clone(), discovery.clone());
        let told_projections =
            Projections::new(store.clone(), known_projections, projections.clone());
        let projections = projections.map(|folder| ProjectionRunner { folder, store: writes });
        let environment = operating.environment.map(|(name, colour)| Environment { name, colour });
        let backend = StoreBackend::new(BackendParts {
            store: store.clone(),
            indexes: indexes.clone(),
            event_reader: event_reader.clone(),
            aggregates,
            library,
            engines: engines.clone(),
            keyframe_bytes,
            relations,
            topics: topics.clone(),
            discovery: discovery.clone(),
            exports: exports.clone(),
            operations: operations.clone(),
            projections: told_projections,
            retention: retention.clone(),
            environment,
        });
        let hub = Hub::new(
            store.clone(),
            indexes.clone(),
            discovery.clone(),
            topics,
            event_reader.clone(),
            live,
        );
        let state = AppState {
            access: Arc::new(access),
            caches: backend.caches(),
            backend: Arc::new(backend),
            indexes,
            discovery,
            event_reader,
            exports,
            engines,
            operations,
            hub,
            hosts: Arc::new(TrustedHosts::new(address, allow_host)?),
            store,
            admission: Admission::new(capacity),
            connection_limits,
            connections: Arc::new(ConnectionFigures::default()),
            body_patience: patience.body,
            stopping,
        };
        Ok(Self { listener, address, state, projections, retention, patience, stop })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The store that it reads from.
    pub fn store(&self) -> &Store {
        &self.state.store
    }

    /// Answers until `shutdown` resolves, and then until the requests under way are answered or time is up. Open lines of live
    /// events end at once; browsers come back to the next server and go on where they were.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send + 'static) {
        let Self { listener, state, projections, retention, patience, stop, .. } = self;
        let (limits, figures) = (state.connection_limits, Arc::clone(&state.connections));
        let stopping = state.stopping.clone();
        tokio::spawn(say_whether_it_is_a_cluster(state.store.clone()));
        tokio::spawn(retention.run(stopping.clone()));
        let running = projections.map(|ProjectionRunner { folder, store }| {
            tokio::spawn(run_all(folder, store, state.engines.clone(), stopping.clone()))
        });
        let (operations, mut ends) = (state.operations.clone(), stopping.clone());
        let settled = tokio::spawn(async move {
            // The other end goes only when the server does.
            let _ = ends.wait_for(|stops| *stops).await;
            operations.settle(OPERATIONS_TO_END).await;
        });
        let stops = async move {
            shutdown.await;
            // Nobody holds the other end where there was no request.
            let _ = stop.send(true);
            // It stays until all connections are closed.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = stops => {}
            () = serve(listener, router(state), limits, figures, patience, stopping) => {}
        }
        // Each ends after the step that it is at, and says so in the audit log.
        let _ = settled.await;
        if let Some(running) = running {
            // What each has in hand is stored, and its lease given back. One that panicked has nothing more to do.
            let _ = running.await;
        }
    }
}

/// Writes to the log where Redis is a node of a cluster, of which only one is read.
async fn say_whether_it_is_a_cluster(store: Store) {
    if let Ok(Some(cluster)) = store.cluster().await {
        tracing::warn!("{}", cluster.explanation(&store.address()));
    }
}
