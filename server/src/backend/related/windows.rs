//! Reading the entries next to an event, in many streams evenly.

use crate::event_reader::EventReader;
use rewind_app::api::ApiError;
use rewind_app::api::related::{LookedAt, RelatedEvent};
use rewind_domain::relations::RelationNames;
use rewind_domain::{Entry, EntryId, StreamKey};

use super::short;
use crate::api_errors::api_error;
use rewind_store::{IdRange, PageOrder, RangeEntries, RangeRead, Store, entry_bytes};

/// How many entries one call reads: about a second of work.
const MAX_ENTRIES: u64 = 50_000;
/// How many bytes of entries one call reads, about: a second of work where entries are large.
const MAX_BYTES: usize = 256 << 20;
/// How many entries of one stream are read at a time, from the event to either side.
const MAX_STEP: u64 = 200;
/// With fewer than this many a step would not be worth its round trip.
const MIN_STEP: u64 = 10;
/// How many entries one round trip asks for, so that other requests have their turn in between.
const ROUND_TRIP_ENTRIES: u64 = 500;

/// Reads next to `start`, in time and to both sides, until all was read or the budget is spent.
pub(super) async fn read(
    store: &Store,
    event_reader: &EventReader,
    names: &RelationNames,
    start: &RelatedEvent,
    streams: Vec<StreamKey>,
) -> Result<(Vec<RelatedEvent>, Vec<LookedAt>), ApiError> {
    let mut windows: Vec<Window> =
        streams.into_iter().map(|stream| Window::beside(stream, start.id)).collect();
    let (mut found, mut left, mut bytes) = (Vec::new(), MAX_ENTRIES, 0);
    loop {
        let open: Vec<(usize, PageOrder)> =
            windows.iter().enumerate().flat_map(|(at, window)| window.open_sides(at)).collect();
        let share = left / (open.len() as u64).max(1);
        if open.is_empty() || share < MIN_STEP {
            break;
        }
        let step = share.min(MAX_STEP);
        let at_once = usize::try_from(ROUND_TRIP_ENTRIES / step).unwrap_or(1).max(1);
        let mut rest = &open[..];
        while !rest.is_empty() {
            let sides = rest.get(..at_once).unwrap_or(rest);
            let reads: Vec<RangeRead> =
                sides.iter().map(|(at, order)| windows[*at].next_read(*order, step)).collect();
            let replies = store.ranges(&reads).await.map_err(|error| api_error(None, &error))?;
            // As many of them as there was room for.
            rest = rest.get(replies.len().max(1)..).unwrap_or_default();
            for ((at, order), reply) in sides.iter().zip(replies) {
                let window = &mut windows[*at];
                match reply {
                    Ok(RangeEntries { entries, is_last }) => {
                        left = left.saturating_sub(entries.len() as u64);
                        bytes += entries.iter().map(entry_bytes).sum::<usize>();
                        window.note(*order, &entries, is_last);
                        let stream = &window.looked_at.stream;
                        let events = event_reader.all(stream, entries).await;
                        found.extend(events.into_iter().map(|event| short(names, stream, event)));
                    }
                    Err(error) if error.is_passing() => return Err(api_error(None, &error)),
                    Err(error) => window.fail(error.to_string()),
                }
            }
            if bytes > MAX_BYTES {
                left = 0;
                break;
            }
        }
    }
    Ok((found, windows.into_iter().map(Window::told).collect()))
}

/// What was read of one stream.
struct Window {
    looked_at: LookedAt,
    /// Entries before this one are still to be read, where there are any.
    before: Option<EntryId>,
    /// Entries after this one are, likewise.
    after: Option<Option<EntryId>>,
}

impl Window {
    fn beside(stream: StreamKey, id: EntryId) -> Self {
        let looked_at = LookedAt {
            stream,
            entries: 0,
            first_id: None,
            last_id: None,
            is_whole: false,
            problem: None,
        };
        Self { looked_at, before: Some(id), after: Some(id.prev()) }
    }

    fn open_sides(&self, at: usize) -> impl Iterator<Item = (usize, PageOrder)> {
        let before = self.before.map(|_| (at, PageOrder::NewestFirst));
        before.into_iter().chain(self.after.map(|_| (at, PageOrder::OldestFirst)))
    }

    fn next_read(&self, order: PageOrder, count: u64) -> RangeRead {
        let range = match order {
            PageOrder::NewestFirst => IdRange { after: None, before: self.before },
            PageOrder::OldestFirst => IdRange { after: self.after.flatten(), before: None },
        };
        RangeRead { stream: self.looked_at.stream.clone(), range, order, count }
    }

    fn note(&mut self, order: PageOrder, entries: &[Entry], is_last: bool) {
        let LookedAt { entries: count, first_id, last_id, .. } = &mut self.looked_at;
        *count += entries.len() as u64;
        let ids = || entries.iter().map(|entry| entry.id);
        *first_id = ids().chain(*first_id).min();
        *last_id = ids().chain(*last_id).max();
        let end = entries.last().map(|entry| entry.id);
        match order {
            PageOrder::NewestFirst => self.before = end.filter(|_| !is_last),
            PageOrder::OldestFirst => self.after = end.filter(|_| !is_last).map(Some),
        }
    }

    fn fail(&mut self, problem: String) {
        self.looked_at.problem = Some(problem);
        (self.before, self.after) = (None, None);
    }

    fn told(self) -> LookedAt {
        let is_done = self.before.is_none() && self.after.is_none();
        let is_whole = is_done && self.looked_at.problem.is_none();
        LookedAt { is_whole, ..self.looked_at }
    }
}
