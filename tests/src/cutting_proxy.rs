//! A network that breaks: passes bytes on between a client and a server, and cuts connections in the middle of them.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::Random;

/// A proxy before a server. It ends when this is dropped.
pub struct CuttingProxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl CuttingProxy {
    /// Passes each connection on to `server`, and cuts it after `least` to `most` bytes of the answer.
    pub async fn start(server: SocketAddr, (least, most): (u64, u64), seed: u64) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut random = Random::new(seed);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let bytes = least + random.below(most - least);
                tokio::spawn(async move {
                    // However it ends, both connections are closed then.
                    let _ = pass_on(client, server, bytes).await;
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

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, server: SocketAddr, mut bytes: u64) -> std::io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let asking = tokio::io::copy(&mut from_client, &mut to_server);
    let answering = async {
        let mut buffer = vec![0; 16 * 1024];
        while bytes > 0 {
            let read = from_server.read(&mut buffer).await?;
            let passed = read.min(usize::try_from(bytes).unwrap_or(usize::MAX));
            to_client.write_all(&buffer[..passed]).await?;
            bytes -= passed as u64;
            if read == 0 {
                break;
            }
        }
        Ok::<_, std::io::Error>(())
    };
    tokio::select! {
        outcome = asking => outcome.map(|_| ()),
        outcome = answering => outcome,
    }
}
