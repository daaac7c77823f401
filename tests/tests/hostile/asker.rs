//! Somebody who asks hostile questions, one after the other, and looks at how they are refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use rewind_tests::Random;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::values::{self, CALLS, POSTS, STREAMS, one_of, parameter};

/// After how long an answer is given up: the limits of scripts allow a replay of 30 seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of an answer is read at most, in bytes.
const MAX_READ: usize = 40_000_000;
/// How long the message of an error may be, in bytes.
const MAX_MESSAGE: usize = 4_096;
/// The statuses that an answer may have. Whatever is asked, nothing is the server's own fault.
const STATUSES: [u16; 16] =
    [200, 206, 304, 400, 403, 404, 405, 408, 409, 411, 413, 414, 415, 422, 431, 503];

/// Asks until it is over. Panics where an answer is none that it may be.
pub async fn ask_all(
    address: SocketAddr,
    seed: u64,
    is_over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
) {
    let mut random = Random::new(seed);
    let client = reqwest::Client::builder().timeout(PATIENCE).build().unwrap();
    while !is_over.load(Ordering::SeqCst) {
        match random.below(10) {
            0..=4 => get(&client, address, &mut random).await,
            5..=6 => post(&client, address, &mut random).await,
            7 => half_a_request(address, &mut random).await,
            8 => reads_little(address, &mut random).await,
            _ => watch(&client, address, &mut random).await,
        }
        asked.fetch_add(1, Ordering::SeqCst);
    }
}

async fn get(client: &reqwest::Client, address: SocketAddr, random: &mut Random) {
    let calls = CALLS.len() as u64;
    let (path, names) = CALLS[usize::try_from(random.below(calls)).unwrap()];
    let mut query: Vec<(&str, String)> = Vec::new();
    for name in names {
        let is_first = query.is_empty();
        if is_first || random.below(3) == 0 {
            query.push((name, parameter(random, name)));
        }
    }
    let request = client.get(format!("http://{address}{path}")).query(&query);
    check(&format!("GET {path} {query:?}"), request).await;
}

async fn post(client: &reqwest::Client, address: SocketAddr, random: &mut Random) {
    let path = one_of(random, &POSTS);
    let body = match random.below(6) {
        0 => "{".to_owned(),
        1 => "[".repeat(200_000),
        2 => format!("{{\"source\":\"{}\"}}", "x".repeat(5_000_000)),
        3 => json!({ "streams": STREAMS, "action": "restart", "ticket": 1 }).to_string(),
        _ => {
            let stream = one_of(random, &STREAMS[..4]);
            json!({ "stream": stream, "source": values::source(random) }).to_string()
        }
    };
    let kind = one_of(random, &["application/json", "application/json", "text/plain", ""]);
    let shown: String = body.chars().take(200).collect();
    let request =
        client.post(format!("http://{address}{path}")).header("content-type", kind).body(body);
    check(&format!("POST {path} ({kind}) {shown}"), request).await;
}

async fn check(what: &str, request: reqwest::RequestBuilder) {
    let what: String = what.chars().take(600).collect();
    let response = match request.send().await {
        Ok(response) => response,
        // A body that is refused before all of it was sent closes the connection.
        Err(error) if error.is_request() || error.is_body() => return,
        // The client itself refuses to send some of what it is given.
        Err(error) if error.is_builder() => return,
        Err(error) => panic!("{what}: {error}"),
    };
    let status = response.status().as_u16();
    let is_json =
        response.headers().get("content-type").is_some_and(|kind| kind == "application/json");
    let mut body = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.next().await {
        // An export that fails on its way is broken off, so that no part passes for the whole.
        let Ok(chunk) = chunk else { return };
        body.extend_from_slice(&chunk);
        assert!(body.len() < MAX_READ, "{what}: an answer without end");
    }
    let text = String::from_utf8_lossy(&body);
    let start: String = text.chars().take(300).collect();
    assert!(STATUSES.contains(&status), "{what}: {status}: {start}");
    if status >= 400 && is_json {
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| {
            panic!("{what}: {status}: {error}: {start}");
        });
        let error = &answer["error"];
        assert!(error["code"].is_string(), "{what}: {status}: {start}");
        let message = error["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty() && message.len() < MAX_MESSAGE, "{what}: {message}");
    }
}

/// Sends the beginning of a request, and no more.
async fn half_a_request(address: SocketAddr, random: &mut Random) {
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let start: &[u8] = match random.below(4) {
        0 => b"GET /api/events?stream=events:orders HTTP/1.1\r\nHost: local",
        1 => b"POST /api/try_fold HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"str",
        2 => b"\x16\x03\x01\x02\x00\x01\x00",
        _ => b"GET / HTTP/9.9\r\n\r\n",
    };
    let _ = stream.write_all(start).await;
    tokio::time::sleep(Duration::from_millis(random.below(400))).await;
}

/// Begins to read a long answer, and hangs up after a while.
async fn reads_little(address: SocketAddr, random: &mut Random) {
    let path = match random.below(3) {
        0 => "/api/export?stream=events:orders&format=csv",
        1 => "/api/events?stream=events:heavy&limit=1000",
        _ => "/api/find?all=true&filter=type:*&limit=10000",
    };
    let Ok(mut stream) = TcpStream::connect(address).await else { return };
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let _ = stream.write_all(request.as_bytes()).await;
    let mut some = [0; 64];
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut some)).await;
    tokio::time::sleep(Duration::from_millis(random.below(400))).await;
}

/// Opens a line of live events with a filter, and leaves it.
async fn watch(client: &reqwest::Client, address: SocketAddr, random: &mut Random) {
    let query = [
        ("stream", parameter(random, "stream")),
        ("after", "0-0".to_owned()),
        ("filter", parameter(random, "filter")),
    ];
    let request = client.get(format!("http://{address}/api/live")).query(&query);
    let Ok(response) = request.send().await else { return };
    let status = response.status().as_u16();
    assert!(STATUSES.contains(&status), "GET /api/live {query:?}: {status}");
    let mut chunks = response.bytes_stream();
    let patience = Duration::from_millis(random.below(500));
    let _ = tokio::time::timeout(patience, async { while chunks.next().await.is_some() {} }).await;
}
