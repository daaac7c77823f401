//! The reader: one connection that waits for everything that is watched by name.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use rewind_app::api::live::RedisStatus;
use rewind_domain::StreamKey;

use super::batch::{self, Made};
use super::channel::Delivery;
use super::followed::{Another, Followed};
use super::frame;
use super::merge::Merged;
use super::watches::{WatchedStream, Watches};
use rewind_store::{Backoff, PageSize};
use rewind_store::{Page, StoreError, Wanted, Watcher};

/// How long to wait before Redis is tried again, at first and at most.
pub(super) const BACKOFF: Backoff =
    Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(2) };
/// Of how many streams pages are read in one go, during which Redis does nothing else.
pub(super) const PAGES_AT_ONCE: usize = 50;

/// Reads whatever is watched, for as long as the hub lives.
pub(super) async fn read(shared: Arc<Watches>) {
    let mut failures = 0;
    let mut size = PageSize::default();
    loop {
        if shared.watched().is_empty() {
            shared.changed.notified().await;
            continue;
        }
        match shared.store.watcher().await {
            Ok(mut watcher) => {
                let ControlFlow::Break(error) =
                    read_on(&shared, &mut watcher, &mut size, &mut failures).await
                else {
                    // The set of streams changed. What blocks on the old set is dropped with its connection.
                    continue;
                };
                tracing::warn!(%error, "live reading was interrupted");
            }
            Err(error) => tracing::debug!(%error, "live reading cannot go on yet"),
        }
        set_redis(&shared, RedisStatus::Down);
        failures += 1;
        tokio::time::sleep(BACKOFF.after(failures)).await;
    }
}

/// Reads on one connection until a stream is added, or until it fails.
async fn read_on(
    shared: &Watches,
    watcher: &mut Watcher,
    size: &mut PageSize,
    failures: &mut u64,
) -> ControlFlow<StoreError> {
    loop {
        let watched = shared.watched();
        let Some((first, _)) = watched.first() else { return ControlFlow::Continue(()) };
        // Connecting may succeed while Redis still loads its data, and a blocking read tells nothing until it ends.
        if *shared.redis.borrow() == RedisStatus::Down {
            match watcher.check(first).await {
                Err(error) if error.is_passing() => return ControlFlow::Break(error),
                _ => set_redis(shared, RedisStatus::Up),
            }
        }
        *failures = 0;
        let outcome = tokio::select! {
            outcome = watcher.wait(&watched) => outcome,
            () = shared.changed.notified() => return ControlFlow::Continue(()),
        };
        let news = match outcome {
            Ok(news) => news,
            Err(error) => return ControlFlow::Break(error),
        };
        for (stream, error) in news.failed {
            tracing::warn!(%stream, %error, "a stream cannot be watched any more");
            shared.fail(&stream, error);
        }
        if !news.streams.is_empty() {
            for streams in news.streams.chunks(PAGES_AT_ONCE) {
                if let Err(error) = read_pages(shared, watcher, size, streams).await {
                    return ControlFlow::Break(error);
                }
            }
            tokio::time::sleep(shared.pace()).await;
        }
    }
}

/// Reads what is new in these streams, and puts it into their channels.
async fn read_pages(
    shared: &Watches,
    watcher: &mut Watcher,
    size: &mut PageSize,
    streams: &[StreamKey],
) -> Result<(), StoreError> {
    let count = size.entries(streams.len());
    let followed = |stream| {
        let topic = shared.topic(stream)?;
        let seen = topic.followed();
        Some((stream, topic, seen))
    };
    let topics: Vec<(&StreamKey, Arc<WatchedStream>, Followed)> =
        streams.iter().filter_map(followed).collect();
    let wanted: Vec<Wanted> = topics
        .iter()
        // One more, since the last entry may be read again.
        .map(|(stream, _, seen)| Wanted {
            key: (*stream).clone(),
            range: seen.next_range(),
            count: count + 1,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let most_bytes = shared.channel_bytes();
    let mut at = 0;
    // As many at a time as there is room for.
    while at < wanted.len() {
        let pages = watcher.pages(&wanted[at..]).await?;
        let answered = pages.len();
        for ((stream, topic, seen), page) in topics[at..].iter().zip(pages) {
            match page {
                Ok(mut page) => {
                    let mut followed = seen.clone();
                    if followed.look_at(&mut page) == Err(Another) {
                        shared.begin_again(stream, seen);
                        continue;
                    }
                    let Page { entries, info, .. } = page;
                    size.learn(&entries);
                    let batch = batch::of_page(seen.position, stream, entries, &info);
                    let batch = batch::decode(&shared.event_reader, batch).await;
                    publish(topic, batch, seen, followed, most_bytes);
                }
                // Deleted since: there is nothing to read, and it may come back. What changes too fast is read again.
                Err(StoreError::NotFound | StoreError::Changed) => {}
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => {
                    tracing::warn!(%stream, %error, "a stream cannot be watched any more");
                    shared.fail(stream, error);
                }
            }
        }
        at += answered.max(1);
    }
    Ok(())
}

fn publish(
    topic: &WatchedStream,
    batch: Vec<Merged<Made>>,
    seen: &Followed,
    mut followed: Followed,
    most_bytes: usize,
) {
    let deliveries = batch.into_iter().filter_map(|next| match next {
        Merged::Gap { gap, position } => {
            followed.pass_gap(position);
            let frame = frame::gap(&position.id.to_string(), &gap);
            Some(Delivery::Gap { gap, position, frame })
        }
        Merged::Entry { position, entry: Made { ref entry, .. }, .. } => {
            followed.pass(position, entry);
            Delivery::of_entry(next)
        }
    });
    let deliveries = deliveries.collect();
    topic.publish(deliveries, seen, followed, most_bytes);
}

fn set_redis(shared: &Watches, status: RedisStatus) {
    shared.redis.send_if_modified(|current| std::mem::replace(current, status) != status);
}
