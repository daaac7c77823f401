//! The way to a server: the one place where connections are opened.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls::{Tls, tls_reason};
use super::{StoreError, StoreUrl};

/// Where a server is.
#[derive(Clone, Debug)]
pub(super) enum Address {
    /// At a port.
    Tcp { host: String, port: u16 },
    /// At a port, with TLS.
    Tls { host: String, port: u16, tls: Arc<Tls> },
    /// At a socket of this machine.
    Unix(PathBuf),
}

/// A connection, of whatever kind.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// Opens a connection; whoever asks for it limits how long that may take.
pub(super) async fn open(url: &StoreUrl) -> Result<Box<dyn Duplex>, StoreError> {
    open_to(url.at()).await.map_err(|error| url.lost(&error))
}

async fn open_to(address: &Address) -> io::Result<Box<dyn Duplex>> {
    Ok(match address {
        Address::Tcp { host, port } => Box::new(tcp(host, *port).await?),
        Address::Tls { host, port, tls } => {
            Box::new(tls.connect(host, tcp(host, *port).await?).await?)
        }
        #[cfg(unix)]
        Address::Unix(path) => Box::new(tokio::net::UnixStream::connect(path).await?),
        #[cfg(not(unix))]
        Address::Unix(_) => return Err(io::ErrorKind::Unsupported.into()),
    })
}

async fn tcp(host: &str, port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((host, port)).await?;
    // Requests are small and must not wait for more to come. Failing that they are only later.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Why a connection could not be opened, or was lost.
pub(super) fn reason(error: &io::Error) -> String {
    if let Some(reason) = tls_reason(error) {
        return reason;
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound => "nothing listens there",
        io::ErrorKind::PermissionDenied => "this user may not open the socket",
        io::ErrorKind::TimedOut => "it does not answer in time",
        // Names that are not known have no kind of their own.
        _ if error.to_string().contains("lookup address") => "its host name is not known",
        _ => "the connection was lost",
    }
    .to_owned()
}
