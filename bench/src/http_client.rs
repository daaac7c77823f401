//! A thin HTTP client: one kept-alive connection, requests one after the other.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// How much of an answer that is an error is quoted.
const QUOTED_BYTES: usize = 300;

/// A connection to a server.
pub(crate) struct HttpClient {
    host: String,
    sender: SendRequest<Full<Bytes>>,
    /// Moves bytes between the socket and `sender`.
    driver: JoinHandle<()>,
}

/// A file as it came over the wire.
pub(crate) struct Transferred {
    /// The bytes of its body, still compressed.
    pub(crate) body: Bytes,
    /// How it is compressed.
    pub(crate) encoding: Option<String>,
}

impl HttpClient {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to `{address}`"))?;
        // A request is one small write, which must not wait for more to come.
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(async move {
            // Whoever waits for an answer learns from `sender` that there will be none.
            let _ = connection.await;
        });
        Ok(Self { host: address.to_string(), sender, driver })
    }

    /// The body of a successful answer.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes> {
        let response = self.open(path).await?;
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// A successful answer whose body is yet to come.
    pub(crate) async fn open(&mut self, path: &str) -> Result<Response<Incoming>> {
        let request = self.request(Method::GET, path).body(Full::default())?;
        self.send(request).await
    }

    /// A file, compressed if the server does that.
    pub(crate) async fn transfer(&mut self, path: &str) -> Result<Transferred> {
        let request =
            self.request(Method::GET, path).header(ACCEPT_ENCODING, "br").body(Full::default())?;
        let response = self.send(request).await?;
        let encoding = response.headers().get(CONTENT_ENCODING);
        let encoding = encoding.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        Ok(Transferred { body: response.into_body().collect().await?.to_bytes(), encoding })
    }

    /// Sends JSON and gives the JSON of the answer.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        body: &serde_json::Value,
    ) -> Result<serde_json::Value> {
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body.to_string()))?;
        let response = self.send(request).await?;
        let bytes = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice(&bytes).with_context(|| format!("the answer to `{path}`"))
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder().method(method).uri(path).header(HOST, &self.host)
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
        let path = request.uri().path().to_owned();
        self.sender.ready().await?;
        let response =
            self.sender.send_request(request).await.with_context(|| format!("calling `{path}`"))?;
        let status = response.status();
        if status != StatusCode::OK {
            let body = response.into_body().collect().await?.to_bytes();
            let quoted =
                String::from_utf8_lossy(&body[..body.len().min(QUOTED_BYTES)]).into_owned();
            bail!("`{path}` answers {status}: {quoted}");
        }
        Ok(response)
    }
}

impl Drop for HttpClient {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
