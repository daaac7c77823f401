//! Ways in which a key comes to hold another stream.

use rewind_tests::TestRedis;

/// An event: its id, its type and its data.
pub(crate) type Written = (String, String, String);

/// How it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The key is deleted, and written again.
    WrittenAgain,
    /// Another key is renamed to it.
    Renamed,
    /// Another database takes the place of its own.
    Swapped,
    /// Everything is deleted, and it is written again.
    Flushed,
    /// It is restored from elsewhere.
    Restored,
}

/// All of them.
pub(crate) const WAYS: [Way; 5] =
    [Way::WrittenAgain, Way::Renamed, Way::Swapped, Way::Flushed, Way::Restored];

impl Way {
    /// Has the key hold a stream of these events, and of no others.
    pub(crate) async fn rewrite(self, redis: &TestRedis, stream: &str, events: &[Written]) {
        let other = format!("elsewhere:{stream}");
        match self {
            Self::WrittenAgain => {
                redis.run(&format!("DEL {stream}")).await;
                write(redis, 0, stream, events).await;
            }
            Self::Renamed => {
                write(redis, 0, &other, events).await;
                redis.run(&format!("RENAME {other} {stream}")).await;
            }
            Self::Swapped => {
                write(redis, 1, stream, events).await;
                redis.run("SWAPDB 0 1").await;
            }
            Self::Flushed => {
                redis.run("FLUSHALL").await;
                write(redis, 0, stream, events).await;
            }
            Self::Restored => {
                write(redis, 1, &other, events).await;
                let mut connection = redis.connection().await;
                let mut dump = redis::pipe();
                dump.cmd("SELECT").arg(1).ignore().cmd("DUMP").arg(&other);
                let (dumped,): (Vec<u8>,) = dump.query_async(&mut connection).await.unwrap();
                let mut restore = redis::pipe();
                restore.cmd("SELECT").arg(0).ignore();
                restore.cmd("RESTORE").arg(stream).arg(0).arg(dumped).arg("REPLACE").ignore();
                restore.exec_async(&mut connection).await.unwrap();
            }
        }
    }
}

/// Adds these events to a stream of this database.
pub(crate) async fn write(redis: &TestRedis, database: u8, stream: &str, events: &[Written]) {
    let mut connection = redis.connection().await;
    for events in events.chunks(5_000) {
        let mut pipeline = redis::pipe();
        pipeline.cmd("SELECT").arg(database).ignore();
        for (id, event_type, data) in events {
            let command = pipeline.cmd("XADD").arg(stream).arg(id);
            command.arg("type").arg(event_type).arg("data").arg(data).ignore();
        }
        pipeline.exec_async(&mut connection).await.unwrap();
    }
}
