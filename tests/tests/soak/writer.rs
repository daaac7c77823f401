//! Writers: add events for as long as it goes on, whether or not Redis is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use rewind_domain::EntryId;
use rewind_tests::{Random, eventually};

use crate::truth::Truth;
use crate::{STREAMS, stream_name};

/// Between two events of a writer: some hundred events a second in all.
const PACE: Duration = Duration::from_millis(4);
/// Every this many events a burst comes, which is more than queues hold.
const BURST_EVERY: u64 = 300;
const BURST: u64 = 800;

/// Adds events until it is over.
pub(crate) async fn write(url: &str, seed: u64, truth: &Truth, is_over: &AtomicBool) {
    let mut random = Random::new(seed + 100);
    let mut connection = connect(url).await;
    let mut count = 0;
    while !is_over.load(Ordering::SeqCst) {
        count += 1;
        let stream = stream_name(random.below(STREAMS));
        let events = if count % BURST_EVERY == 0 { BURST } else { 1 };
        if !add(&mut connection, &stream, events, truth).await {
            connection = connect(url).await;
        }
        tokio::time::sleep(PACE).await;
    }
}

/// Adds a last event to each stream, by which viewers know that they have everything.
pub(crate) async fn write_last(url: &str, streams: &[String], truth: &Truth) {
    let mut connection = connect(url).await;
    for stream in streams {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg("*").arg("type").arg("Last");
        let id: String = command.query_async(&mut connection).await.unwrap();
        truth.added(stream, id.parse().unwrap());
    }
}

/// Whether the connection can go on being used.
async fn add(
    connection: &mut MultiplexedConnection,
    stream: &str,
    count: u64,
    truth: &Truth,
) -> bool {
    let mut pipeline = redis::pipe();
    for _ in 0..count {
        pipeline.cmd("XADD").arg(stream);
        // Some streams are kept short by who writes to them.
        if stream.ends_with('7') {
            pipeline.arg("MAXLEN").arg(3);
        }
        pipeline.arg("*").arg("type").arg("Soaked").arg("data").arg(r#"{"some":"payload"}"#);
    }
    match pipeline.query_async::<Vec<String>>(connection).await {
        Ok(ids) => {
            for id in ids {
                truth.added(stream, id.parse::<EntryId>().unwrap());
            }
            true
        }
        Err(_) => {
            (0..count).for_each(|_| truth.perhaps_added(stream));
            false
        }
    }
}

async fn connect(url: &str) -> MultiplexedConnection {
    let client = redis::Client::open(url).unwrap();
    eventually("Redis is there", || async {
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("PING").exec_async(&mut connection).await.ok()?;
        Some(connection)
    })
    .await
}
