//! Streams that were made anew under those who watch them by name.
//!
//! A blocking read waits for ids after the last one. A stream that was deleted and begins anew with lower ids, or whose end Redis lost in a
//! failover, would never be heard of again.

use std::sync::Arc;
use std::time::Duration;

use super::hub::Shared;

/// How often it is looked for: soon enough for whoever deletes a stream to begin a test anew, and about a microsecond of Redis's time in
/// a second for each stream.
const LOOK: Duration = Duration::from_secs(2);

/// Looks for them, for as long as the hub lives.
pub(super) async fn look(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let watched = shared.watched();
        if watched.is_empty() {
            continue;
        }
        let keys: Vec<_> = watched.iter().map(|(stream, _)| stream.clone()).collect();
        // The reader says when Redis is away.
        let Ok(found) = shared.store.look_at(&keys).await else { continue };
        for ((stream, reached), found) in watched.into_iter().zip(found) {
            // The id that a stream gave out last never gets smaller, and it was asked for after `reached` had been read.
            if found.info.is_ok_and(|info| info.extent.last_generated_id < reached) {
                shared.begin_anew(&stream, reached);
            }
        }
    }
}
