//! Connections: accepted within limits, served with patience, and ended in time.
//!
//! Who sends a request or reads an answer too slowly is cut off, so that no connection is held for ever. When the server is to
//! end, requests under way have [`Patience::to_end`]; then all connections are dropped.

mod held;
mod idle;
mod limits;
mod open_files;
mod patient;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower_service::Service as _;

pub(crate) use held::hold;
use idle::Registry;
pub use limits::{ConnectionFigures, ConnectionLimits};
pub use open_files::raise_open_files;
use patient::Patient;

use crate::throttle::Throttle;

/// How long accepting pauses where the system has no room for another connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for an idle connection while all are taken.
const ROOM_PAUSE: Duration = Duration::from_millis(100);
/// How much of a request may be kept while its header is not complete, in bytes. The longest header that a page sends names a
/// hundred streams with their positions.
const MAX_HEADER_BYTES: usize = 128 * 1024;

/// How long the server waits for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For the whole header of a request. A connection that is idle for so long is closed too.
    pub header: Duration,
    /// For the whole body of a request.
    pub body: Duration,
    /// For a client that reads nothing, or next to nothing, of what waits for it.
    pub reader: Duration,
    /// For requests under way once the server is to end.
    pub to_end: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            // A request is one packet or a few; the slowest network brings them in a tenth of that.
            header: Duration::from_secs(20),
            // The largest body takes a second on a slow line.
            body: Duration::from_secs(20),
            // Two heartbeats of a live line: whoever reads at all has read by then.
            reader: Duration::from_secs(30),
            // Leaves two of the ten seconds after which service managers lose theirs.
            to_end: Duration::from_secs(8),
        }
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Marks a request that came while only the connections that are kept for health and short questions were left.
#[derive(Clone, Copy, Debug)]
pub struct OnReserve;

/// Serves `router` until `stopping` turns true, and then until the requests under way are answered, or time is up.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    figures: Arc<ConnectionFigures>,
    patience: Patience,
    mut stopping: watch::Receiver<bool>,
) {
    let seats = Arc::new(Semaphore::new(limits.total()));
    let registry = Arc::new(Registry::default());
    let mut connections = JoinSet::new();
    let (cannot_accept, is_full) = (Throttle::default(), Throttle::default());
    loop {
        let next = next(&listener, &seats, &registry, &is_full);
        let accepted = tokio::select! {
            accepted = next => accepted,
            () = stopped(&mut stopping) => break,
        };
        let Some((seat, accepted)) = accepted else { break };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The client has gone already; the next one waits.
            Err(error) if is_of_client(&error) => continue,
            Err(error) => {
                figures.accept_failures.fetch_add(1, Ordering::Relaxed);
                cannot_accept.tell(|unsaid| {
                    tracing::error!(%error, unsaid, "a connection cannot be accepted; trying again");
                });
                drop(seat);
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let connection = Connection {
            router: router.clone(),
            peer: Peer(peer),
            registry: Arc::clone(&registry),
            limits,
            patience,
            figures: Arc::clone(&figures),
            _seat: seat,
        };
        connections.spawn(connection.serve(stream, stopping.clone()));
        while connections.try_join_next().is_some() {}
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(patience.to_end, all).await.is_err() {
        let open = connections.len();
        tracing::warn!(open, "connections are cut off, since the server ends");
        connections.shutdown().await;
    }
}

/// Waits until the server is to end.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // Fails only where whoever stops the server is gone, which stops it as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Waits for a seat and for who takes it. Where all are taken, connections that are idle make room.
async fn next(
    listener: &TcpListener,
    seats: &Arc<Semaphore>,
    registry: &Registry,
    is_full: &Throttle,
) -> Option<(OwnedSemaphorePermit, std::io::Result<(TcpStream, SocketAddr)>)> {
    let seat = loop {
        if seats.available_permits() == 0 {
            let has_idle = registry.close_one();
            is_full.tell(|unsaid| {
                let what = if has_idle { "one that is idle is closed" } else { "others wait" };
                tracing::warn!(unsaid, "all connections are taken; {what}");
            });
        }
        // One may have become idle meanwhile.
        if let Ok(seat) = timeout(ROOM_PAUSE, Arc::clone(seats).acquire_owned()).await {
            // Closed never, since nothing closes it.
            break seat.ok()?;
        }
    };
    Some((seat, listener.accept().await))
}

fn is_of_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
    )
}

/// A connection that was accepted.
struct Connection {
    router: Router,
    peer: Peer,
    registry: Arc<Registry>,
    limits: ConnectionLimits,
    patience: Patience,
    figures: Arc<ConnectionFigures>,
    _seat: OwnedSemaphorePermit,
}

impl Connection {
    async fn serve(self, stream: TcpStream, mut stopping: watch::Receiver<bool>) {
        let Self { router, peer, registry, limits, patience, figures, _seat } = self;
        let _open = figures.open();
        let entry = registry.enter();
        // A live event is a small write that must not wait for more to come. Failing that it is only later.
        let _ = stream.set_nodelay(true);
        // What was read since the last request was complete.
        let unfinished = Arc::new(AtomicU64::new(0));
        let stream = Patient::new(stream, peer.0, patience.reader, Arc::clone(&unfinished));
        let read = Arc::clone(&unfinished);
        let of_service = Arc::clone(&entry);
        let service = service_fn(move |request: http::Request<Incoming>| {
            read.store(0, Ordering::Relaxed);
            let busy = of_service.work();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo(peer));
            if registry.busy() > limits.open {
                request.extensions_mut().insert(OnReserve);
            }
            let mut router = router.clone();
            // A router is always ready.
            async move { router.call(request).await.map(|answer| answer.map(|body| hold(body, busy))) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(patience.header)
            .max_buf_size(MAX_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = entry.closed() => return,
            () = stopped(&mut stopping) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended
            && error.is_timeout()
            && unfinished.load(Ordering::Relaxed) > 0
        {
            figures.header_timeouts.fetch_add(1, Ordering::Relaxed);
            static LOG: Throttle = Throttle::new();
            let (peer, patience_secs) = (peer.0, patience.header.as_secs());
            LOG.tell(|unsaid| {
                tracing::warn!(%peer, patience_secs, unsaid, "a request was not complete in time; its connection is closed");
            });
        }
    }
}
