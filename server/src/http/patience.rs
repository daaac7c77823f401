//! How long the server waits for a client that reads nothing.
//!
//! A line of live events to a browser that is gone, or that stands still, would otherwise stay open for as long as the
//! network lets it.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

/// How long a client may read nothing of what waits for it. Two heartbeats of a live line: whoever reads at all has read by
/// then.
const PATIENCE: Duration = Duration::from_secs(30);

/// Accepts connections and closes those that read nothing.
pub struct PatientListener(pub TcpListener);

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// A connection that fails when it can write nothing for too long.
pub struct Patient<S> {
    stream: S,
    peer: SocketAddr,
    patience: Duration,
    /// Runs while something waits to be written.
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Listener for PatientListener {
    type Io = Patient<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // A live event is a small write that must not wait for more to come. Failing that it is only later.
        let _ = stream.set_nodelay(true);
        (Patient::new(stream, peer, PATIENCE), peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, PatientListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, PatientListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl<S> Patient<S> {
    fn new(stream: S, peer: SocketAddr, patience: Duration) -> Self {
        Self { stream, peer, patience, waiting: None }
    }

    /// Passes the outcome of a write on, unless there has been none for too long.
    fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.waiting = None;
            return outcome;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(waiting.as_mut().poll(context));
        tracing::warn!(peer = %self.peer, patience_secs = patience.as_secs(), "a client reads nothing; its connection is closed");
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    fn patient(
        room: usize,
        patience: Duration,
    ) -> (Patient<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (near, far) = tokio::io::duplex(room);
        (Patient::new(near, ([127, 0, 0, 1], 1).into(), patience), far)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_given_up() {
        let (mut near, _far) = patient(10, Duration::from_millis(20));
        let error = near.write_all(&[0; 11]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn who_reads_in_the_end_gets_everything() {
        let (mut near, mut far) = patient(10, Duration::from_secs(60));
        let written = tokio::spawn(async move { near.write_all(&[7; 25]).await });
        let mut read = [0; 25];
        far.read_exact(&mut read).await.unwrap();
        written.await.unwrap().unwrap();
        assert_eq!(read, [7; 25]);
    }
}
