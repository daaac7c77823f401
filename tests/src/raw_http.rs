//! HTTP by hand, for requests that no client would send.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long an answer may take. Far longer than it ever does, since machines that run tests are busy.
const PATIENCE: Duration = Duration::from_secs(40);

/// A connection to a server.
pub struct RawHttp(TcpStream);

/// An answer: its status, its header lines as they came, and as much of its body as was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawAnswer {
    /// Such as 200.
    pub status: u16,
    /// The lines of the header, in lower case.
    pub header: String,
    /// The body.
    pub body: String,
}

impl RawHttp {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes. That the other end may have closed already shows in what it answers.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// The whole answer, whose length is given or which ends with the connection; `None` where the connection ended without one.
    pub async fn answer(&mut self) -> Option<RawAnswer> {
        timeout(PATIENCE, self.read(true)).await.expect("the server answers or closes")
    }

    /// The header of an answer whose body may never end.
    pub async fn header(&mut self) -> Option<RawAnswer> {
        timeout(PATIENCE, self.read(false)).await.expect("the server answers or closes")
    }

    /// Waits until the other end closes the connection.
    pub async fn closed(&mut self) {
        let mut rest = [0; 1024];
        let reading = async { while matches!(self.0.read(&mut rest).await, Ok(1..)) {} };
        timeout(PATIENCE, reading).await.expect("the server closes the connection");
    }

    async fn read(&mut self, whole: bool) -> Option<RawAnswer> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                let header = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                let body = &bytes[end + 4..];
                let length = header.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: Option<usize> = length.map(|length| length.parse().unwrap());
                let is_whole = length.is_some_and(|length| body.len() >= length);
                if is_whole || !whole {
                    return Some(answer(header, body));
                }
            }
            match self.0.read(&mut chunk).await {
                Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
                _ => {
                    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
                    let header = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    return Some(answer(header, &bytes[end + 4..]));
                }
            }
        }
    }
}

/// Sends one request and reads the answer to it.
pub async fn ask(address: SocketAddr, request: impl AsRef<[u8]>) -> Option<RawAnswer> {
    let mut connection = RawHttp::connect(address).await;
    connection.send(request).await;
    connection.answer().await
}

fn answer(header: String, body: &[u8]) -> RawAnswer {
    let status = header.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = String::from_utf8_lossy(body).into_owned();
    RawAnswer { status: status.unwrap_or_else(|| panic!("no status: {header}")), header, body }
}
