//! A network that loses replies: what was asked arrives, and what is answered does not.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rewind_store::StoreUrl;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::TestRedis;

/// A proxy before a Redis server. It ends when this is dropped.
pub struct LossyProxy {
    address: SocketAddr,
    losses: Arc<Losses>,
    server: watch::Sender<String>,
    task: JoinHandle<()>,
}

/// Which replies are lost.
#[derive(Default)]
struct Losses {
    /// How many of those that come next.
    next: AtomicUsize,
    /// Those to requests with this word.
    word: Mutex<Option<String>>,
}

impl LossyProxy {
    /// Passes everything on between clients and this server, until it is told to lose replies.
    pub async fn start(redis: &TestRedis) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let losses = Arc::<Losses>::default();
        let (server, leads_to) = watch::channel(redis.socket());
        let losing = Arc::clone(&losses);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (mut leads_to, losing) = (leads_to.clone(), Arc::clone(&losing));
                tokio::spawn(async move {
                    let socket = leads_to.borrow_and_update().clone();
                    // However it ends, both connections are closed then.
                    tokio::select! {
                        _ = pass_on(client, &socket, &losing) => {}
                        _ = leads_to.changed() => {}
                    }
                });
            }
        });
        Self { address, losses, server, task }
    }

    /// Where it is, for clients.
    pub fn url(&self) -> StoreUrl {
        format!("redis://{}", self.address).parse().unwrap()
    }

    /// The address at which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads to another server from now on, as an address does after a failover. All connections are lost.
    pub fn lead_to(&self, redis: &TestRedis) {
        self.server.send_replace(redis.socket());
    }

    /// Loses this many replies from now on, each with the connection on which it would have come.
    pub fn lose_replies(&self, count: usize) {
        self.losses.next.store(count, Ordering::SeqCst);
    }

    /// Loses each reply to a request that has this word in it, such as `XADD`, with the connection on which it would have come.
    pub fn lose_replies_to(&self, word: &str) {
        *self.losses.word.lock().unwrap_or_else(PoisonError::into_inner) = Some(word.to_owned());
    }
}

impl Drop for LossyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, socket: &str, losses: &Losses) -> std::io::Result<()> {
    let server = UnixStream::connect(socket).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return Ok(());
            }
            if losses.is_meant(&buffer[..read]) {
                losses.next.fetch_max(1, Ordering::SeqCst);
            }
            to_server.write_all(&buffer[..read]).await?;
        }
    };
    let answering = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let read = from_server.read(&mut buffer).await?;
            let is_lost = losses
                .next
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1))
                .is_ok();
            if read == 0 || is_lost {
                return Ok::<_, std::io::Error>(());
            }
            to_client.write_all(&buffer[..read]).await?;
        }
    };
    tokio::select! {
        outcome = asking => outcome,
        outcome = answering => outcome,
    }
}

impl Losses {
    /// Whether the reply to this request is to be lost.
    fn is_meant(&self, request: &[u8]) -> bool {
        let word = self.word.lock().unwrap_or_else(PoisonError::into_inner);
        word.as_ref().is_some_and(|word| {
            request.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
        })
    }
}
