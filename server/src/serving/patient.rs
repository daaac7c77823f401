//! How long the server waits for a client that reads nothing.
//!
//! A line of live events to a browser that is gone, or that stands still, would otherwise stay open for as long as the
//! network lets it. So would an export that is read byte by byte.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::throttle::Throttle;

/// How much a client has to read within the patience while more waits for it, in bytes. The slowest line that anybody still uses
/// brings a hundred times as much.
const LEAST_READ: usize = 16 * 1024;

/// A connection that fails when next to nothing of what waits can be written for too long, and counts what is read from it.
pub(super) struct Patient<S> {
    stream: S,
    peer: SocketAddr,
    patience: Duration,
    read: Arc<AtomicU64>,
    waiting: Option<Waiting>,
}

/// Something waits to be written.
struct Waiting {
    until: Pin<Box<Sleep>>,
    written: usize,
}

impl<S> Patient<S> {
    /// Adds what is read to `read`.
    pub(super) fn new(
        stream: S,
        peer: SocketAddr,
        patience: Duration,
        read: Arc<AtomicU64>,
    ) -> Self {
        Self { stream, peer, patience, read, waiting: None }
    }

    /// Passes the outcome of writing `wanted` bytes on, unless too little was written for too long.
    fn judge(
        &mut self,
        context: &mut Context<'_>,
        wanted: usize,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        let written = match &outcome {
            Poll::Ready(Ok(written)) => *written,
            Poll::Ready(Err(_)) => return outcome,
            Poll::Pending => 0,
        };
        if written >= wanted {
            // Nothing waits any more.
            self.waiting = None;
            return outcome;
        }
        let patience = self.patience;
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            until: Box::pin(tokio::time::sleep(patience)),
            written: 0,
        });
        waiting.written += written;
        if waiting.written >= LEAST_READ {
            self.waiting = None;
            return self.judge_pending(context, outcome);
        }
        if waiting.until.as_mut().poll(context).is_pending() {
            return outcome;
        }
        static LOG: Throttle = Throttle::new();
        LOG.tell(|unsaid| {
            let (peer, patience_secs) = (self.peer, patience.as_secs());
            tracing::warn!(%peer, patience_secs, unsaid, "a client reads nothing; its connection is closed");
        });
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The client has read enough; what waits now has the whole patience again.
    fn judge_pending(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if outcome.is_pending() {
            let mut until = Box::pin(tokio::time::sleep(self.patience));
            // Has just begun.
            let _ = until.as_mut().poll(context);
            self.waiting = Some(Waiting { until, written: 0 });
        }
        outcome
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        let read = buffer.filled().len().saturating_sub(before);
        self.read.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, bytes.len(), outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        let wanted = slices.iter().map(|slice| slice.len()).sum();
        self.judge(context, wanted, outcome)
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
        (Patient::new(near, ([127, 0, 0, 1], 1).into(), patience, Arc::default()), far)
    }

    #[tokio::test]
    async fn who_reads_nothing_is_given_up() {
        let (mut near, _far) = patient(10, Duration::from_millis(20));
        let error = near.write_all(&[0; 11]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_next_to_nothing_is_given_up() {
        let (mut near, mut far) = patient(10, Duration::from_secs(30));
        let reading = async {
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if far.read_u8().await.is_err() {
                    break;
                }
            }
        };
        let writing = async move {
            let error = near.write_all(&[0; 100_000]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        };
        let since = tokio::time::Instant::now();
        tokio::join!(reading, writing);
        assert!(since.elapsed() < Duration::from_secs(60));
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_slowly_but_reads_gets_everything() {
        let (mut near, mut far) = patient(LEAST_READ, Duration::from_secs(30));
        let written = tokio::spawn(async move { near.write_all(&[7; 20 * LEAST_READ]).await });
        let mut read = vec![0; LEAST_READ / 2];
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            far.read_exact(&mut read).await.unwrap();
        }
        written.await.unwrap().unwrap();
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

    #[tokio::test]
    async fn what_is_read_is_counted() {
        let (near, mut far) = tokio::io::duplex(10);
        let read = Arc::new(AtomicU64::new(0));
        let peer = ([127, 0, 0, 1], 1).into();
        let mut near = Patient::new(near, peer, Duration::from_secs(60), Arc::clone(&read));
        far.write_all(&[0; 3]).await.unwrap();
        near.read_exact(&mut [0; 3]).await.unwrap();
        assert_eq!(read.load(Ordering::Relaxed), 3);
    }
}
