//! Streams that became others under those who watch them by name.
//!
//! A blocking read waits for ids after the last one. A stream that was deleted and begins again with lower ids or the same ones, or whose end
//! Redis lost in a failover, would never be heard of again. Where it has higher ids, whoever reads them notices.

use std::sync::Arc;
use std::time::Duration;

use super::watches::Watches;
use rewind_store::StreamInfo;

/// How often it is looked for: soon enough for whoever deletes a stream to begin a test again, and about a microsecond of Redis's time in
/// a second for each stream.
const LOOK: Duration = Duration::from_secs(2);

/// Looks for them, for as long as the hub lives.
pub(super) async fn look(shared: Arc<Watches>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let watched = shared.followed();
        if watched.is_empty() {
            continue;
        }
        let keys: Vec<_> = watched.iter().map(|(stream, _)| stream.clone()).collect();
        // The reader says when Redis is away.
        let Ok(found) = shared.store.look_at(&keys).await else { continue };
        for ((stream, seen), found) in watched.into_iter().zip(found) {
            // It was looked at after it was seen like that.
            let is_another = |info: StreamInfo| {
                !seen.is_continued_by(&info.extent) || info.extent.last_generated_id < seen.id()
            };
            if found.info.is_ok_and(is_another) {
                shared.begin_again(&stream, &seen);
            }
        }
    }
}
