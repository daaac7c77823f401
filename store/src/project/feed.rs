//! The events of one or several streams, in batches: first those that are there, then those that come.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rewind_domain::numbering::Numbering;
use rewind_domain::{EntryId, StreamKey};
use tokio::sync::mpsc;

use super::ProjectError;
use super::position::Position;
use super::reducer::{Batch, BatchPage};
use crate::entry_page::EntryPage;
use crate::{IdRange, PageOrder, Scan, Store, StoreError};

/// How many events a batch has at first.
pub(crate) const FIRST_EVENTS: usize = 1_000;
/// How many it may come to have: enough that storing the state takes little of the time, few enough that they take little memory.
pub(crate) const MOST_EVENTS: usize = 16_000;
/// How many bytes of replies a batch holds at most, beyond its last page.
const MOST_BYTES: usize = 12 << 20;

/// What comes of streams.
pub(crate) enum Fed {
    /// Events, and how far the streams are behind them.
    Batch(Arc<Batch>, Vec<Position>),
    /// There are no more for now.
    End(Vec<Position>),
}

/// Reads streams in the background. Ends when it is dropped.
pub(crate) struct Feed {
    fed: mpsc::Receiver<Result<Fed, ProjectError>>,
    wanted: Arc<AtomicUsize>,
}

impl Feed {
    /// Begins to read behind these positions: to the end, or for ever where it `follows`.
    pub(crate) fn start(
        store: &Store,
        streams: &Arc<[StreamKey]>,
        positions: &[Position],
        follows: bool,
    ) -> Self {
        // One is handled while the next one is read.
        let (sender, fed) = mpsc::channel(1);
        let wanted = Arc::new(AtomicUsize::new(FIRST_EVENTS));
        let mut reading = Reading {
            store: store.clone(),
            streams: Arc::clone(streams),
            sources: positions.iter().map(Source::new).collect(),
            wanted: Arc::clone(&wanted),
        };
        tokio::spawn(async move {
            let reading = async {
                if let Err(error) = reading.read(&sender, follows).await {
                    // Whoever no longer listens wants to know nothing more.
                    let _ = sender.send(Err(error)).await;
                }
            };
            tokio::select! {
                () = reading => {}
                () = sender.closed() => {}
            }
        });
        Self { fed, wanted }
    }

    /// What comes next; `None` behind the end, or an error. May be dropped while it waits.
    pub(crate) async fn next(&mut self) -> Option<Result<Fed, ProjectError>> {
        self.fed.recv().await
    }

    /// How many events the next batches may have.
    pub(crate) fn want(&self, events: usize) {
        self.wanted.store(events.min(MOST_EVENTS), Ordering::Relaxed);
    }
}

struct Reading {
    store: Store,
    streams: Arc<[StreamKey]>,
    sources: Vec<Source>,
    wanted: Arc<AtomicUsize>,
}

/// A stream on its way.
struct Source {
    /// How far it was passed on.
    position: Position,
    /// What is being read of it; none at its end.
    scan: Option<Scan>,
    /// Whether all that there was is read.
    is_at_end: bool,
    /// What was read and not passed on.
    pages: VecDeque<SourcePage>,
}

struct SourcePage {
    entries: Arc<EntryPage>,
    first_version: Option<u64>,
    /// How many of them were passed on.
    at: usize,
}

impl Source {
    fn new(position: &Position) -> Self {
        Self { position: position.clone(), scan: None, is_at_end: false, pages: VecDeque::new() }
    }

    /// The id of the next entry that was read.
    fn next_id(&self) -> Option<EntryId> {
        self.pages.front().and_then(|page| page.entries.id_at(page.at))
    }
}

impl Reading {
    async fn read(
        &mut self,
        to: &mpsc::Sender<Result<Fed, ProjectError>>,
        follows: bool,
    ) -> Result<(), ProjectError> {
        let mut watcher = None;
        loop {
            while let Some(batch) = self.batch().await? {
                let fed = Fed::Batch(Arc::new(batch), self.positions());
                if to.send(Ok(fed)).await.is_err() {
                    return Ok(());
                }
            }
            if to.send(Ok(Fed::End(self.positions()))).await.is_err() || !follows {
                return Ok(());
            }
            let watcher = match &mut watcher {
                Some(watcher) => watcher,
                none => none.insert(self.store.watcher().await?),
            };
            let positions: Vec<(StreamKey, EntryId)> = self
                .streams
                .iter()
                .zip(&self.sources)
                .map(|(key, source)| (key.clone(), source.position.id))
                .collect();
            let news = watcher.wait(&positions).await?;
            if let Some((_, error)) = news.failed.into_iter().next() {
                return Err(error.into());
            }
            // Where nothing is new each is looked at all the same: it may be gone, or be another one.
            self.sources.iter_mut().for_each(|source| source.is_at_end = false);
        }
    }

    fn positions(&self) -> Vec<Position> {
        self.sources.iter().map(|source| source.position.clone()).collect()
    }

    /// The next events, the earliest ids of all streams first; none at the end of all.
    async fn batch(&mut self) -> Result<Option<Batch>, ProjectError> {
        let wanted = self.wanted.load(Ordering::Relaxed).max(1);
        let mut batch =
            Batch { streams: Arc::clone(&self.streams), pages: Vec::new(), order: Vec::new() };
        // The page of the batch that each stream's next page is.
        let mut places: Vec<Option<u32>> = vec![None; self.sources.len()];
        let mut bytes = 0;
        while batch.order.len() < wanted && bytes < MOST_BYTES {
            for at in 0..self.sources.len() {
                self.fill(at).await?;
            }
            let next = (0..self.sources.len())
                .filter_map(|at| Some((self.sources.get(at)?.next_id()?, at)))
                .min();
            let Some((_, at)) = next else { break };
            // Up to here the others have nothing that would come first.
            let end = (0..self.sources.len())
                .filter(|other| *other != at)
                .filter_map(|other| Some((self.sources.get(other)?.next_id()?, other)))
                .min();
            let Some(source) = self.sources.get_mut(at) else { break };
            let Some(page) = source.pages.front_mut() else { break };
            let place = match places.get(at).copied().flatten() {
                Some(place) => place,
                None => {
                    bytes += page.entries.bytes();
                    batch.pages.push(BatchPage {
                        stream: at,
                        first_version: page.first_version,
                        entries: Arc::clone(&page.entries),
                    });
                    u32::try_from(batch.pages.len() - 1).unwrap_or(u32::MAX)
                }
            };
            if let Some(known) = places.get_mut(at) {
                *known = Some(place);
            }
            while let Some(id) = page.entries.id_at(page.at) {
                if batch.order.len() >= wanted || end.is_some_and(|end| end < (id, at)) {
                    break;
                }
                batch.order.push((place, u32::try_from(page.at).unwrap_or(u32::MAX)));
                source.position.id = id;
                source.position.version = page.first_version.map(|first| first + page.at as u64);
                page.at += 1;
            }
            if page.at >= page.entries.len() {
                source.pages.pop_front();
                if let Some(known) = places.get_mut(at) {
                    *known = None;
                }
            }
        }
        Ok((!batch.is_empty()).then_some(batch))
    }

    /// Sees to it that the next entry of a stream is known, if there is one.
    async fn fill(&mut self, at: usize) -> Result<(), ProjectError> {
        let (Some(source), Some(stream)) = (self.sources.get_mut(at), self.streams.get(at)) else {
            return Ok(());
        };
        while source.pages.is_empty() && !source.is_at_end {
            let scan = match &mut source.scan {
                Some(scan) => scan,
                none => match begin(&self.store, stream, &source.position).await? {
                    Some(scan) => none.insert(scan),
                    None => {
                        source.is_at_end = true;
                        return Ok(());
                    }
                },
            };
            let Some(page) = scan.next_page().await? else {
                source.scan = None;
                source.is_at_end = true;
                return Ok(());
            };
            let position = &mut source.position;
            let now = page.info.extent.clone();
            if position.extent.as_ref().is_some_and(|before| !before.is_continued_by(&now)) {
                let position = position.id;
                return Err(ProjectError::Remade { stream: stream.clone(), position });
            }
            let is_untold = now.entries_added.is_none() && position.id != EntryId::MIN;
            position.may_have_missed |=
                is_untold && now.first_id.is_none_or(|first| first > position.id);
            position.extent = Some(now);
            let first_version = page.events().next().and_then(|(_, version)| version);
            // The version up to which all was read or is known to be missing.
            let read = match source.pages.back() {
                Some(_) => None,
                None if position.id == EntryId::MIN => Some(0),
                None => position.version,
            };
            if let (Some(read), Some(first)) = (read, first_version) {
                position.missed += first.saturating_sub(read + 1);
            }
            if let Some(id) = page.entries.first_cut() {
                return Err(ProjectError::TooLarge { stream: stream.clone(), id });
            }
            if !page.entries.is_empty() {
                let entries = Arc::new(page.entries);
                source.pages.push_back(SourcePage { entries, first_version, at: 0 });
            }
        }
        Ok(())
    }
}

/// Begins to read a stream behind a position; `None` if it does not exist yet.
async fn begin(
    store: &Store,
    stream: &StreamKey,
    position: &Position,
) -> Result<Option<Scan>, ProjectError> {
    let range =
        IdRange { after: (position.id != EntryId::MIN).then_some(position.id), before: None };
    let ascending = PageOrder::OldestFirst.into();
    let numbering = match (position.version, position.id.next()) {
        (Some(version), Some(next)) => Numbering::begin(ascending, next, version + 1),
        _ => Numbering::new(ascending),
    };
    match store.scan_numbered(stream, range, numbering).await {
        Ok(scan) => Ok(Some(scan)),
        Err(StoreError::NotFound) if position.id == EntryId::MIN => Ok(None),
        Err(StoreError::NotFound) => {
            Err(ProjectError::Gone { stream: stream.clone(), position: position.id })
        }
        Err(error) => Err(error.into()),
    }
}
