//! How much is read ahead of whoever looks at it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::entry_page::EntryPage;

/// How much of what was read ahead waits to be looked at, in bytes.
const AHEAD_BYTES: usize = 8 << 20;
/// Behind a page of more than this many bytes nothing is read ahead.
const LARGE_PAGE_BYTES: usize = 1 << 20;

/// Bounds how much is read ahead of whoever looks at it.
#[derive(Clone)]
pub(super) struct ReadAhead(Arc<Semaphore>);

impl ReadAhead {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AHEAD_BYTES)))
    }

    /// Waits until what was read before was looked at, where the last page was large: of such there is one at a time.
    pub(super) async fn wait_after(&self, last_bytes: usize) {
        if last_bytes > LARGE_PAGE_BYTES {
            let all = u32::try_from(AHEAD_BYTES).unwrap_or(u32::MAX);
            drop(self.0.acquire_many(all).await);
        }
    }

    /// Waits until there is room for a page. One that is larger than that has room alone.
    pub(super) async fn admit(&self, page: &mut EntryPage) {
        let bytes = page.bytes().min(AHEAD_BYTES);
        let share = Arc::clone(&self.0).acquire_many_owned(u32::try_from(bytes).unwrap_or(0));
        // Closed never, since nothing closes it.
        page.hold(share.await.ok());
    }
}
