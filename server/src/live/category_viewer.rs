//! A viewer of a category: from subscribing to leaving.

use std::sync::Arc;

use bytes::Bytes;
use rewind_app::api::live::{LiveFailed, LiveLag, LiveRemade, LiveWatching};
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::Notify;

use super::batch::{self, Made};
use super::category::{Category, Start};
use super::category_position::CategoryPosition;
use super::channel::{Delivery, Taken};
use super::frame;
use super::hub::Hub;
use super::line::Line;
use super::merge::{Merge, Merged};
use super::reader::PAGES_AT_ONCE;
use super::selection::{Selection, candidates_of};
use super::{LiveError, ViewerSlot};
use crate::engines::EventFilter;
use rewind_store::StoreError;

/// How many entries are passed on in one go while catching up.
const PASSED_AT_ONCE: usize = 100;

/// One who watches a category.
pub struct CategoryViewer {
    line: Line,
    category: Arc<Category>,
    cursor: u64,
    /// What was passed on.
    reached: Arc<CategoryPosition>,
    /// What has to be read from Redis before what is in the channel.
    missed: Option<Missed>,
    /// The streams of which it is still to be said that they were made again.
    remade: Vec<StreamKey>,
    watching: Option<LiveWatching>,
    selection: Selection,
    /// About how many events the line was told that the filter fails.
    errors_told: u64,
}

struct Missed {
    merge: Merge,
    /// What will have been passed on then.
    target: CategoryPosition,
}

impl CategoryViewer {
    /// Watches the streams whose keys begin with `prefix`: goes on after what `from` says, or with what is added from now on. What
    /// `filter` does not let through is left out.
    ///
    /// # Errors
    /// If the category cannot be watched.
    pub async fn subscribe(
        hub: Hub,
        seat: ViewerSlot,
        prefix: &StreamKey,
        from: Option<CategoryPosition>,
        filter: Option<EventFilter>,
    ) -> Result<Self, LiveError> {
        let news = Arc::new(Notify::new());
        let category = hub.category(prefix, &news)?;
        let redis = category.redis();
        let selection = Selection::new(filter);
        let mut viewer = Self {
            line: Line::new(hub, news, redis, seat),
            category,
            cursor: 0,
            reached: Arc::new(CategoryPosition::up_to(EntryId::MIN)),
            missed: None,
            remade: Vec::new(),
            watching: None,
            selection,
            errors_told: 0,
        };
        viewer.category.ready().await?;
        viewer.begin(from, None);
        Ok(viewer)
    }

    /// The next frame of the line; `None` if it ends.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(frame) = self.line.take() {
                return Some(frame);
            }
            if self.line.is_over() {
                return None;
            }
            self.step().await;
        }
    }

    /// Begins behind what `from` says, and behind the deliveries before `taken`, where any were taken.
    fn begin(&mut self, mut from: Option<CategoryPosition>, taken: Option<u64>) {
        let Start { cursor, reached, missed, remade, watching } =
            self.category.start(from.as_ref(), taken);
        let is_unsure = from.as_ref().is_some_and(CategoryPosition::is_cut);
        self.watching = Some(LiveWatching { is_unsure, ..watching });
        self.cursor = cursor;
        self.missed =
            (!missed.is_done()).then(|| Missed { merge: missed, target: reached.clone() });
        if let Some(from) = &mut from {
            remade.iter().for_each(|stream| from.begin_again(stream));
        }
        self.reached = Arc::new(match from {
            Some(from) if self.missed.is_some() => from,
            _ => reached,
        });
        self.remade = remade;
    }

    async fn step(&mut self) {
        if let Some(watching) = self.watching.take() {
            if self.missed.is_some() {
                self.line.begin_catching_up();
            }
            self.line.push_status(&self.reached.to_string(), Some(watching));
            for stream in std::mem::take(&mut self.remade) {
                self.line.push(&frame::remade(&self.reached.to_string(), &LiveRemade { stream }));
            }
            return;
        }
        if self.missed.is_some() {
            return self.catch_up().await;
        }
        let reached = &self.reached;
        self.line.has_caught_up(|| reached.to_string());
        let taken = self.cursor;
        match self.category.take(&mut self.cursor) {
            Taken::PassedOver(behind) => {
                self.line.hub.shared().counters.lags.count();
                let lag = LiveLag { stream: self.category.prefix().clone(), behind };
                self.line.push(&frame::lag(&self.reached.to_string(), &lag));
                self.begin(Some(CategoryPosition::clone(&self.reached)), Some(taken));
            }
            Taken::Deliveries(deliveries) if deliveries.is_empty() => {
                let reached = &self.reached;
                self.line.wait(|| reached.to_string()).await;
            }
            Taken::Deliveries(deliveries) => {
                let entries = deliveries.iter().filter_map(Delivery::entry);
                let candidates = candidates_of(&self.line.hub, entries);
                let mut chosen =
                    self.selection.choose(&self.line.hub, candidates).await.into_iter();
                self.tell_errors();
                for delivery in deliveries {
                    self.deliver(delivery, &mut chosen);
                }
            }
        }
    }

    /// Passes on what the follower passes on. Every entry comes through here or through [`CategoryViewer::catch_up`].
    fn deliver(&mut self, delivery: Delivery, chosen: &mut impl Iterator<Item = bool>) {
        match delivery {
            Delivery::Entry { frame, reached, .. } => {
                if let Some(reached) = reached {
                    self.reached = reached;
                }
                if chosen.next() == Some(true) {
                    self.line.push(&frame);
                }
            }
            Delivery::Gap { frame, .. } => {
                self.line.hub.shared().counters.gaps.count();
                self.line.push(&frame);
            }
            Delivery::Remade { stream, reached } => {
                if let Some(reached) = reached {
                    self.reached = reached;
                }
                self.line.push(&frame::remade(&self.reached.to_string(), &LiveRemade { stream }));
            }
            Delivery::Failed(error) => self.failed(&error),
        }
    }

    /// Sends some of what is in Redis and was not sent yet, in order.
    async fn catch_up(&mut self) {
        let reached = &self.reached;
        if !self.line.may_read(|| reached.to_string()).await {
            return;
        }
        let Some(missed) = &mut self.missed else { return };
        let (merge, target) = (&mut missed.merge, missed.target.mark());
        if merge.is_hungry() {
            let size = &mut self.line.page_size;
            let wanted = merge.wanted(PAGES_AT_ONCE, size.entries(PAGES_AT_ONCE));
            let pages = match self.line.hub.shared().store.pages(&wanted).await {
                Ok(pages) => pages,
                Err(error) if error.is_passing() => {
                    return self.line.redis_is_away(&self.reached.to_string());
                }
                Err(error) => {
                    let key = self.category.prefix().clone();
                    return self.failed(&LiveError::Store { key, error });
                }
            };
            for (wanted, page) in wanted.into_iter().zip(pages) {
                match page {
                    Ok(page) => {
                        size.learn(&page.entries);
                        merge.feed(&wanted.key, page);
                    }
                    // Redis answers for each stream by itself, also that it is not ready: nothing may be passed over for that.
                    Err(error) if error.is_passing() => {
                        return self.line.redis_is_away(&self.reached.to_string());
                    }
                    // Is read again.
                    Err(StoreError::Changed) => {}
                    Err(error) => {
                        if !matches!(error, StoreError::NotFound | StoreError::WrongType) {
                            tracing::debug!(stream = %wanted.key, %error, "a stream cannot be watched");
                        }
                        merge.remove(&wanted.key);
                    }
                }
            }
            return;
        }
        let batch = std::iter::from_fn(|| merge.next(u64::MAX)).take(PASSED_AT_ONCE).collect();
        let batch = batch::decode(&self.line.hub.shared().event_reader, batch).await;
        let candidates = candidates_of(&self.line.hub, batch::entries(&batch));
        let mut chosen = self.selection.choose(&self.line.hub, candidates).await.into_iter();
        for next in batch {
            match next {
                Merged::Gap { gap, .. } => {
                    self.line.hub.shared().counters.gaps.count();
                    self.line.push(&frame::gap(&self.reached.to_string(), &gap));
                }
                Merged::Entry { stream, position, entry: Made { json, .. } } => {
                    Arc::make_mut(&mut self.reached).pass(&stream, position.id, target);
                    if chosen.next() == Some(true) {
                        self.line.push(&frame::entry(&self.reached.to_string(), &json));
                    }
                }
            }
        }
        if merge.is_done() {
            self.reached = Arc::new(missed.target.clone());
            self.missed = None;
        }
        self.tell_errors();
    }

    /// Says about which events the filter failed.
    fn tell_errors(&mut self) {
        if let Some(errors) = self.selection.new_errors(&mut self.errors_told) {
            self.line.push(&frame::filter_errors(&self.reached.to_string(), errors));
        }
    }

    fn failed(&mut self, error: &LiveError) {
        let failed =
            LiveFailed { stream: self.category.prefix().clone(), message: error.to_api().message };
        self.line.push(&frame::failed(&self.reached.to_string(), &failed));
        self.line.end();
    }
}

impl Drop for CategoryViewer {
    fn drop(&mut self) {
        self.category.leave(&self.line.news);
    }
}
