//! A busy Redis: between any two commands of one client, another one changes something.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::TestRedis;

/// A proxy before a Redis server. It ends when this is dropped.
pub struct BusyProxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl BusyProxy {
    /// Passes commands on one by one, and runs the next one of `changes` before each. It begins again with the first one after the
    /// last. Ends of lines separate the words of a command.
    pub async fn start(redis: &TestRedis, changes: &[&str]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let socket = redis.socket();
        let changes = changes.iter().map(|change| command(change)).collect();
        let writer = UnixStream::connect(&socket).await.unwrap();
        let changer = Arc::new(Mutex::new(Changer { writer, changes, next: 0 }));
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let redis = UnixStream::connect(&socket).await.unwrap();
                let changer = Arc::clone(&changer);
                tokio::spawn(async move {
                    // However it ends, both connections are closed then.
                    let _ = pass_on(client, redis, &changer).await;
                });
            }
        });
        Self { address, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for BusyProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Changer {
    writer: UnixStream,
    changes: Vec<Vec<u8>>,
    next: usize,
}

impl Changer {
    /// Makes the next change, and waits until it is made.
    async fn change(&mut self) -> std::io::Result<()> {
        let change = &self.changes[self.next % self.changes.len()];
        self.next += 1;
        self.writer.write_all(change).await?;
        let mut reply = [0; 1024];
        assert!(self.writer.read(&mut reply).await? > 0);
        assert_ne!(reply[0], b'-', "{}", String::from_utf8_lossy(&reply));
        Ok(())
    }
}

async fn pass_on(
    client: TcpStream,
    redis: UnixStream,
    changer: &Mutex<Changer>,
) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_redis, mut to_redis) = redis.into_split();
    let asking = async {
        let mut buffer = Vec::new();
        while from_client.read_buf(&mut buffer).await? > 0 {
            while let Some(length) = command_length(&buffer) {
                changer.lock().await.change().await?;
                let command: Vec<u8> = buffer.drain(..length).collect();
                to_redis.write_all(&command).await?;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    let answering = tokio::io::copy(&mut from_redis, &mut to_client);
    tokio::select! {
        outcome = asking => outcome,
        outcome = answering => outcome.map(|_| ()),
    }
}

/// A line of words as Redis takes it.
fn command(line: &str) -> Vec<u8> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command += &format!("${}\r\n{word}\r\n", word.len());
    }
    command.into_bytes()
}

/// How long the command is that the bytes begin with; `None` while it is not all there.
fn command_length(bytes: &[u8]) -> Option<usize> {
    let number = |at: usize| {
        let end = at + bytes.get(at..)?.windows(2).position(|two| two == b"\r\n")?;
        let digits = std::str::from_utf8(bytes.get(at + 1..end)?).ok()?;
        Some((digits.parse::<usize>().ok()?, end + 2))
    };
    let (parts, mut at) = number(0)?;
    for _ in 0..parts {
        let (length, behind) = number(at)?;
        at = behind + length + 2;
    }
    (bytes.len() >= at).then_some(at)
}
