//! A search at work: streams are found, entries read, and each is held against the filter.

use crate::event_reader::EventReader;
use rewind_app::api::find::{
    FindBegun, FindCoverage, FindDone, FindEnd, FindWalk, FoundEvent, UnreadStreams,
};
use rewind_app::api::{ApiError, ErrorCode, Order};
use rewind_codec::StreamCodec;
use rewind_domain::cut::CutLimits;
use rewind_domain::merge::IdSpan;
use rewind_domain::{EntryId, FoldError, RawEvent, StreamKey, UNKNOWN_VERSION};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::progress::Progress;
use super::seam::Look;
use super::source::{Batch, ManyStreams, MergedEntry, OneStream, Source, Stretch};
use super::versions::Versions;
use super::{FindFrame, FindQuery, Place, Position};
use crate::api_errors::{api_error, engine_error};
use crate::discovery::{Discovery, Need, Waited, Within};
use crate::engines::{EngineError, EventFilter, Questions};
use crate::index::Indexes;
use rewind_store::{FoundStream, PageEntry, Store, StoreError};

/// How many batches wait to be looked at.
const BATCHES_AHEAD: usize = 2;
/// Behind a batch of more than this many bytes nothing is read ahead.
const LARGE_BATCH_BYTES: usize = 1 << 20;
/// In how many streams a search looks. Each takes a few hundred bytes while it runs.
const MAX_STREAMS: usize = 200_000;
/// How many streams are looked at before it is said how far that is.
const STREAMS_A_STEP: usize = 5_000;
/// After how many events that the filter was stopped at, as it took too long or too much memory, it is given up.
const MAX_STOPS: usize = 3;
/// How many events the filter is asked at once at first: few enough for the first finds to be there at once.
const ASKED_AT_FIRST: usize = 256;
/// How many it is asked at once at last: enough that asking takes far less time than answering.
const ASKED_AT_LAST: usize = 4_096;
/// How many bytes of them an engine is told at once.
const MAX_ASKED_BYTES: usize = 1024 * 1024;

/// Searches until the end, the limit, or the moment when nobody listens.
pub(super) async fn run(
    store: &Store,
    indexes: &Indexes,
    discovery: &Discovery,
    event_reader: EventReader,
    query: FindQuery,
    frames: &mpsc::Sender<FindFrame>,
) -> Result<(), ApiError> {
    let mut progress = Progress::new();
    let look = Look::begin(store, &query.place).await;
    let (found, coverage) = streams(store, discovery, &query.place, &mut progress, frames).await?;
    let live_after = look.live_after(store, &query.place, &found).await;
    let is_single = found.len() == 1 && matches!(query.place, Place::Streams(_));
    let lengths =
        found.iter().map(|found| found.info.as_ref().map_or(0, |info| info.extent.length));
    let (count, total) = (found.len() as u64, lengths.sum());
    progress.begin(count, total);
    let mut unread = None;
    for FoundStream { key, info } in &found {
        if let Err(error) = info {
            UnreadStreams::add(&mut unread, key, || api_error(Some(key), error).message);
        }
    }
    let single = found.first().filter(|_| is_single);
    let extent = single.and_then(|found| Some(found.info.as_ref().ok()?.extent.clone()));
    let begun = FindBegun { streams: count, total, live_after, coverage, unread, extent };
    // Should nobody listen any more, the next frame finds that out.
    let _ = frames.send(FindFrame::Begun(begun)).await;
    let mut streams: Vec<StreamKey> = found.iter().map(|found| found.key.clone()).collect();
    let FindQuery { filter, span, order, position, is_whole, limit, .. } = query;
    let span = of_filter(&filter, span);
    let versions = Versions::new(indexes.clone(), filter.asks_version());
    let mut source = match span {
        None => {
            Source::One(Box::new(OneStream::new(store.clone(), "".into(), order, [], versions)))
        }
        Some(span) if is_single => {
            let end = found.first().and_then(|found| found.info.as_ref().ok());
            let end = end.map_or(EntryId::MAX, |info| info.extent.last_generated_id);
            let span = span.and(IdSpan { to: end, ..IdSpan::ALL });
            let stream = streams.pop().unwrap_or_else(|| "".into());
            streams.push(stream.clone());
            let rest = match &position {
                Some(position) => span.and_then(|span| position.rest(span, &stream, order)),
                None => span,
            };
            let stretches = stretches(indexes, &stream, &filter, rest, order).await?;
            let one = OneStream::new(store.clone(), stream, order, stretches, versions);
            Source::One(Box::new(one))
        }
        Some(span) => {
            let (store, position) = (store.clone(), position.as_ref());
            let many = ManyStreams::new(store, found, order, span, position, versions);
            Source::Many(Box::new(many))
        }
    };

    let (sender, batches) = mpsc::channel(BATCHES_AHEAD);
    let looking = Looking {
        filter,
        streams: streams.clone(),
        event_reader,
        is_single,
        is_whole,
        limit,
        position,
        progress,
    };
    let frames_of_reader = frames.clone();
    let frames = frames.clone();
    let looked = tokio::task::spawn_blocking(move || looking.look_at_all(batches, &frames));
    let read = loop {
        // Counting up to where it begins may take long.
        let next = tokio::select! {
            next = source.next() => next,
            () = frames_of_reader.closed() => break Ok(()),
        };
        match next {
            Ok(Some(batch)) => {
                let is_large = batch.bytes() > LARGE_BATCH_BYTES;
                if sender.send(Ok(batch)).await.is_err() {
                    break Ok(());
                }
                if is_large {
                    // Of large batches one waits at a time: this comes back once nothing does.
                    drop(sender.reserve_many(BATCHES_AHEAD).await);
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if let Err(error) = read {
        // What was read before it still counts.
        let stream = streams.first().filter(|_| is_single);
        let _ = sender.send(Err(api_error(stream, &error))).await;
    }
    drop(sender);
    looked.await.map_err(|error| {
        tracing::error!(%error, "a search came to a bad end");
        ApiError::new(ErrorCode::Internal, "the search failed; the server's log says why")
    })
}

/// The ids that both the query and the filter allow.
fn of_filter(filter: &EventFilter, span: IdSpan) -> Option<IdSpan> {
    let (from, to) = filter.filter().id_range();
    span.and(IdSpan { from: from.unwrap_or(IdSpan::ALL.from), to: to.unwrap_or(IdSpan::ALL.to) })
}

/// The streams of a place, in the order of their keys, each with how far it reaches now, and whether they are all.
async fn streams(
    store: &Store,
    discovery: &Discovery,
    place: &Place,
    progress: &mut Progress,
    frames: &mpsc::Sender<FindFrame>,
) -> Result<(Vec<FoundStream>, Option<FindCoverage>), ApiError> {
    match place {
        Place::Streams(keys) => {
            let found = store.look_at(keys).await.map_err(|error| api_error(None, &error))?;
            // Of several those are searched that can be, and the others named; of a category some may go while it is being looked for.
            let unread =
                found.iter().filter_map(|found| Some((&found.key, found.info.as_ref().err()?)));
            let unread: Vec<(&StreamKey, &StoreError)> = unread.collect();
            if unread.len() == found.len()
                && let Some((key, error)) = unread.first()
            {
                return Err(api_error(Some(key), error));
            }
            Ok((found, None))
        }
        Place::Prefix(prefix) => {
            let Some(within) = within(discovery, prefix, progress, frames).await? else {
                return Ok((Vec::new(), None));
            };
            if within.keys.len() > MAX_STREAMS {
                let message = format!(
                    "more than {MAX_STREAMS} streams begin with `{prefix}`; choose a longer beginning"
                );
                return Err(ApiError::new(ErrorCode::TooBusy, message));
            }
            let mut found = Vec::with_capacity(within.keys.len());
            for keys in within.keys.chunks(STREAMS_A_STEP) {
                let looked_at = discovery.look_again(keys).await;
                found.extend(looked_at.map_err(|error| api_error(None, &error))?);
                if progress.is_due() {
                    let mut told = progress.all().clone();
                    told.streams = found.len() as u64;
                    if frames.send(FindFrame::Progress(told, None)).await.is_err() {
                        return Ok((Vec::new(), None));
                    }
                }
            }
            // What was a stream a moment ago and is none any more.
            found.retain(|found| {
                !matches!(found.info, Err(StoreError::NotFound | StoreError::WrongType))
            });
            let coverage = FindCoverage {
                is_whole: within.is_whole && within.status.cut_at.is_none(),
                is_told: within.status.is_told,
                as_of_ms: within.status.as_of_ms,
            };
            Ok((found, Some(coverage)))
        }
    }
}

/// The streams whose keys begin with `prefix`, once they are known; `None` if nobody listens any more.
async fn within(
    discovery: &Discovery,
    prefix: &StreamKey,
    progress: &Progress,
    frames: &mpsc::Sender<FindFrame>,
) -> Result<Option<Within>, ApiError> {
    let mut waiting = discovery.within(prefix, Need::Recent);
    loop {
        match waiting.next().await.map_err(|error| api_error(None, &error))? {
            Waited::Found(within) => return Ok(Some(within)),
            Waited::NotYet { found, status } => {
                let mut told = progress.all().clone();
                told.streams = found as u64;
                told.walk = Some(FindWalk {
                    scanned: status.scanned,
                    keys_total: status.keys_total,
                    keys_per_second: status.keys_per_second,
                });
                if frames.send(FindFrame::Progress(told, None)).await.is_err() {
                    return Ok(None);
                }
            }
        }
    }
}

/// What has to be read of a stream, and what the index spares.
async fn stretches(
    indexes: &Indexes,
    stream: &StreamKey,
    filter: &EventFilter,
    span: Option<IdSpan>,
    order: Order,
) -> Result<Vec<Stretch>, ApiError> {
    let Some(span) = span else { return Ok(Vec::new()) };
    let known = indexes.known(stream).await.map_err(|error| api_error(Some(stream), &error))?;
    let Some(index) = known else { return Ok(vec![Stretch::Read(span)]) };
    let parts = index.view(|view| {
        view.blocks.parts(span.from..=span.to, |name| filter.filter().may_match_type(name))
    });
    // What came before or after the entries that the index knows has to be looked at.
    let mut stretches = Vec::with_capacity(parts.len() + 2);
    let mut from = Some(span.from);
    for part in parts {
        if part.may_match {
            continue;
        }
        let (Some(begin), Some(before)) = (from, part.first_id.prev()) else { continue };
        if begin <= before {
            stretches.push(Stretch::Read(IdSpan { from: begin, to: before }));
        }
        stretches.push(Stretch::Skip(part.entries));
        from = part.last_id.next();
    }
    if let Some(from) = from.filter(|from| *from <= span.to) {
        stretches.push(Stretch::Read(IdSpan { from, to: span.to }));
    }
    if order == Order::Desc {
        stretches.reverse();
    }
    Ok(stretches)
}

/// Holds entries against the filter.
struct Looking {
    filter: EventFilter,
    streams: Vec<StreamKey>,
    event_reader: EventReader,
    /// Whether ids alone tell where the search is.
    is_single: bool,
    is_whole: bool,
    limit: Option<u64>,
    position: Option<Position>,
    progress: Progress,
}

/// An entry that may be meant.
#[derive(Clone, Copy)]
struct Candidate<'e> {
    /// The number of its stream.
    stream: usize,
    event: RawEvent<'e>,
}

/// Nobody listens any more, or enough was found.
struct Over;

impl Looking {
    fn look_at_all(
        mut self,
        mut batches: mpsc::Receiver<Result<Batch, ApiError>>,
        frames: &mpsc::Sender<FindFrame>,
    ) {
        let codecs: Vec<StreamCodec> =
            self.streams.iter().map(|stream| self.event_reader.of(stream)).collect();
        let filter = self.filter.clone();
        let mut asking =
            Asking { filter: &filter, codecs: &codecs, stops: 0, at_once: ASKED_AT_FIRST };
        while let Some(batch) = batches.blocking_recv() {
            let went_on = match batch {
                Ok(batch) => self.look_at(batch, &mut asking, frames),
                Err(error) => {
                    let _ = frames.blocking_send(FindFrame::Failed(error));
                    Err(Over)
                }
            };
            if went_on.is_err() || self.tell(frames).is_err() {
                return;
            }
        }
        self.finish(FindEnd::Exhausted, frames);
    }

    fn look_at(
        &mut self,
        batch: Batch,
        asking: &mut Asking<'_>,
        frames: &mpsc::Sender<FindFrame>,
    ) -> Result<(), Over> {
        match batch {
            Batch::Skipped(entries) => self.progress.skip(entries),
            Batch::Unread(stream, error) => {
                if let Some(stream) = self.streams.get(stream) {
                    let message = api_error(Some(stream), &error).message;
                    self.progress.leave_out(stream, message);
                }
            }
            Batch::Page(page) => {
                let entries: Vec<(PageEntry<'_>, Option<u64>)> = page.events().collect();
                let mut candidates = Vec::with_capacity(entries.len());
                for (entry, version) in &entries {
                    candidates.push(Candidate {
                        stream: 0,
                        event: entry.raw(version.unwrap_or(UNKNOWN_VERSION)),
                    });
                }
                self.hold_all(&candidates, asking, frames)?;
            }
            Batch::Merged(entries) => {
                let mut candidates = Vec::with_capacity(entries.len());
                for MergedEntry { stream, entry, version } in &entries {
                    let event =
                        RawEvent::new(entry.id, version.unwrap_or(UNKNOWN_VERSION), &entry.fields);
                    candidates.push(Candidate { stream: *stream, event });
                }
                self.hold_all(&candidates, asking, frames)?;
            }
        }
        Ok(())
    }

    /// Holds entries against the filter, some at a time.
    fn hold_all(
        &mut self,
        candidates: &[Candidate<'_>],
        asking: &mut Asking<'_>,
        frames: &mpsc::Sender<FindFrame>,
    ) -> Result<(), Over> {
        let mut rest = candidates;
        while !rest.is_empty() {
            let mut questions = Questions::default();
            for candidate in rest.iter().take(asking.at_once) {
                // Unpacking a single event may take a tenth of a second.
                if frames.is_closed() {
                    return Err(Over);
                }
                asking.put(&mut questions, candidate);
                if questions.bytes() > MAX_ASKED_BYTES {
                    break;
                }
            }
            asking.at_once = (2 * asking.at_once).min(ASKED_AT_LAST);
            let answers = match asking.answers(questions, &self.streams, frames) {
                Ok(answers) => answers,
                Err(Some(error)) => {
                    let _ = frames.blocking_send(FindFrame::Failed(engine_error(&error)));
                    return Err(Over);
                }
                Err(None) => return Err(Over),
            };
            let count = answers.len();
            for (candidate, answer) in rest.iter().zip(answers) {
                self.hold(candidate, answer, asking, frames)?;
            }
            // Without an answer there was nothing to ask.
            rest = rest.get(count.max(1)..).unwrap_or_default();
        }
        Ok(())
    }

    /// Passes an entry on where it is meant.
    fn hold(
        &mut self,
        candidate: &Candidate<'_>,
        answer: Result<bool, FoldError>,
        asking: &mut Asking<'_>,
        frames: &mpsc::Sender<FindFrame>,
    ) -> Result<(), Over> {
        let Candidate { stream, event } = *candidate;
        let place = self.streams.get(stream).zip(asking.codecs.get(stream));
        let Some((key, codec)) = place else { return Ok(()) };
        let event = &event.with_decoder(codec);
        self.progress.look_at(event.id);
        let is_meant = answer.unwrap_or_else(|error| {
            asking.stops += usize::from(error.kind.is_stop());
            self.progress.fail(key, event.id, error.to_string());
            false
        });
        let position = Position { id: event.id, stream: (!self.is_single).then(|| key.clone()) };
        if is_meant {
            self.progress.find();
            let event = event.decode();
            let event = if self.is_whole { event } else { event.cut_to(CutLimits::LIST) };
            let found = FoundEvent { stream: key.clone(), event };
            let frame = FindFrame::Found(found, position.clone());
            frames.blocking_send(frame).map_err(|_| Over)?;
        }
        self.position = Some(position);
        if asking.stops >= MAX_STOPS {
            let message =
                self.progress.all().failures.as_ref().map(|failed| failed.message.clone());
            let error = ApiError::new(ErrorCode::ExpressionInvalid, message.unwrap_or_default());
            let _ = frames.blocking_send(FindFrame::Failed(error));
            return Err(Over);
        }
        if is_meant && self.limit.is_some_and(|limit| self.progress.all().found >= limit) {
            self.finish(FindEnd::Limit, frames);
            return Err(Over);
        }
        Ok(())
    }

    fn tell(&mut self, frames: &mpsc::Sender<FindFrame>) -> Result<(), Over> {
        if !self.progress.is_due() {
            return Ok(());
        }
        let frame = FindFrame::Progress(self.progress.all().clone(), self.position.clone());
        frames.blocking_send(frame).map_err(|_| Over)
    }

    fn finish(&self, reason: FindEnd, frames: &mpsc::Sender<FindFrame>) {
        let done = FindDone { reason, progress: self.progress.all().clone() };
        let position = self.position.clone().filter(|_| reason == FindEnd::Limit);
        // Whoever no longer listens wants to know nothing more.
        let _ = frames.blocking_send(FindFrame::Done(done, position));
    }
}

/// A filter at work.
struct Asking<'f> {
    filter: &'f EventFilter,
    /// Of each stream, what its payloads are.
    codecs: &'f [StreamCodec],
    /// How often it was stopped.
    stops: usize,
    /// How many events it is asked at once next.
    at_once: usize,
}

impl Asking<'_> {
    fn put(&self, questions: &mut Questions, candidate: &Candidate<'_>) {
        let Candidate { stream, event } = *candidate;
        let number = u32::try_from(stream).unwrap_or(u32::MAX);
        match self.codecs.get(stream) {
            Some(codec) => questions.push(self.filter, number, &event.with_decoder(codec)),
            None => questions.push(self.filter, number, &event),
        }
    }

    /// The answers; why there are none, where it is not that nobody listens any more.
    fn answers(
        &self,
        questions: Questions,
        streams: &[StreamKey],
        frames: &mpsc::Sender<FindFrame>,
    ) -> Result<Vec<Result<bool, FoldError>>, Option<EngineError>> {
        let max_stops = MAX_STOPS.saturating_sub(self.stops).max(1);
        let answers = questions.answers(self.filter, streams, max_stops);
        Handle::current().block_on(async {
            tokio::select! {
                biased;
                answers = answers => answers.map_err(Some),
                () = frames.closed() => Err(None),
            }
        })
    }
}
