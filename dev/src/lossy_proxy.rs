//! A network that loses replies: what was asked arrives, and what is answered does not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rewind_store::StoreUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::TestRedis;

/// A proxy before a Redis server. It ends when this is dropped.
pub struct LossyProxy {
    address: SocketAddr,
    to_lose: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl LossyProxy {
    /// Passes everything on between clients and this server, until it is told to lose replies.
    pub async fn start(redis: &TestRedis) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let to_lose = Arc::new(AtomicUsize::new(0));
        let (socket, losing) = (redis.socket(), Arc::clone(&to_lose));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (socket, losing) = (socket.clone(), Arc::clone(&losing));
                tokio::spawn(async move {
                    // However it ends, both connections are closed then.
                    let _ = pass_on(client, &socket, &losing).await;
                });
            }
        });
        Self { address, to_lose, task }
    }

    /// Where it is, for clients.
    pub fn url(&self) -> StoreUrl {
        format!("redis://{}", self.address).parse().unwrap()
    }

    /// Loses this many replies from now on, each with the connection on which it would have come.
    pub fn lose_replies(&self, count: usize) {
        self.to_lose.store(count, Ordering::SeqCst);
    }
}

impl Drop for LossyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, socket: &str, to_lose: &AtomicUsize) -> std::io::Result<()> {
    let server = UnixStream::connect(socket).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::io::copy(&mut from_client, &mut to_server);
    let answering = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            let is_lost = to_lose
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1))
                .is_ok();
            if read == 0 || is_lost {
                return Ok::<_, std::io::Error>(());
            }
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        outcome = asking => outcome.map(|_| ()),
        outcome = answering => outcome,
    }
}
