//! Projections: what a batch of events makes of a state, or of the rows of a table.

use std::io;

use rewind_codec::StreamCodec;
use rewind_domain::{Checkpoint, FoldError, FoldErrorKind, RawEvent, UNKNOWN_VERSION};
use rewind_script::{Rows, ScriptProjection};
use rewind_store::PackedEvents;

use super::{Input, Worker};
use crate::engines::wire::{Asked, Projected, WireProjection};

impl Worker {
    pub(super) fn project(&mut self, job: WireProjection) -> io::Result<()> {
        let Ok(Input::Events(events)) = self.input.recv() else {
            return Err(io::Error::other("no events follow"));
        };
        let events = PackedEvents::unpack(events)
            .ok_or_else(|| io::Error::other("what follows is no event"))?;
        self.guard.expect(job.culprits);
        let projection = match self.scripts.projection(&job.script) {
            Ok(projection) => projection,
            Err(failure) => {
                return self.answer(Projected { failure: Some(failure), ..Projected::default() });
            }
        };
        let codecs: Vec<StreamCodec> =
            job.streams.iter().map(|stream| self.event_reader.of(stream)).collect();
        let batch = Batch { events: &events, codecs: &codecs, projection: &projection };
        let projected = match job.asked {
            Asked::Keys => batch.keys(job.count),
            Asked::State(state) => {
                let from = state.map(|state| Checkpoint { state, notes: None });
                batch.in_portions(job.count, |count| batch.state(count, from.as_ref()))
            }
            Asked::Rows { keys, rows } => {
                batch.in_portions(job.count, |count| batch.rows(count, &keys, &rows))
            }
        };
        self.answer(projected)
    }
}

struct Batch<'b> {
    events: &'b PackedEvents,
    codecs: &'b [StreamCodec],
    projection: &'b ScriptProjection,
}

/// Why a batch was not taken in as a whole.
enum Stop {
    /// At this event.
    At(usize, FoldError),
    /// At the state behind all of them.
    Behind(FoldError),
}

/// Whether a limit was reached by the events up to this place together: it says nothing of the last of them, which is first next time.
fn is_of_all(at: usize, error: &FoldError) -> bool {
    at > 0 && matches!(error.kind, FoldErrorKind::ReplayTimeout | FoldErrorKind::OutOfMemory)
}

impl Batch<'_> {
    /// Handles the first `count` events, one after the other. An error has the place of the event that failed, and why.
    fn each(
        &self,
        count: usize,
        mut take: impl FnMut(usize, &RawEvent<'_>) -> Result<(), FoldError>,
    ) -> Result<(), Stop> {
        for (at, (stream, _, entry)) in self.events.events().take(count).enumerate() {
            rewind_script::at_version(at as u64);
            let event = entry.raw(UNKNOWN_VERSION);
            let taken = match self.codecs.get(stream as usize) {
                Some(codec) => take(at, &event.with_decoder(codec)),
                None => take(at, &event),
            };
            taken.map_err(|error| Stop::At(at, error))?;
        }
        Ok(())
    }

    fn keys(&self, count: usize) -> Projected {
        let mut keys = Vec::with_capacity(count);
        let found = self.begin_rows().and_then(|mut rows| {
            self.each(count, |_, event| {
                keys.push(rows.key(event)?);
                Ok(())
            })
        });
        let failure = match found {
            // The others come with the next batch.
            Err(Stop::At(at, error)) if is_of_all(at, &error) => None,
            Err(Stop::At(_, error) | Stop::Behind(error)) => Some(error),
            Ok(()) => None,
        };
        Projected { taken: keys.len(), failure, keys, ..Projected::default() }
    }

    fn begin_rows(&self) -> Result<Rows<'_>, Stop> {
        rewind_script::at_version(0);
        self.projection.rows().map_err(|error| Stop::At(0, error))
    }

    /// Takes as many events in as it can: those before one that fails, and fewer where they are too much together.
    fn in_portions(
        &self,
        count: usize,
        take: impl Fn(usize) -> Result<Projected, Stop>,
    ) -> Projected {
        let (mut portion, mut failure) = (count, None);
        loop {
            match take(portion) {
                Ok(projected) => return Projected { failure, ..projected },
                Err(Stop::At(at, error)) => {
                    // Where the first one fails there is nothing before it. What fails nowhere and then somewhere is not to be trusted.
                    failure = (!is_of_all(at, &error)).then_some(error);
                    portion = at.min(portion.saturating_sub(1));
                }
                Err(Stop::Behind(error)) if portion <= 1 => {
                    failure = Some(error);
                    portion = 0;
                }
                Err(Stop::Behind(_)) => {
                    failure = None;
                    portion /= 2;
                }
            }
            if portion == 0 {
                return Projected { failure, ..Projected::default() };
            }
        }
    }

    fn state(&self, count: usize, from: Option<&Checkpoint>) -> Result<Projected, Stop> {
        rewind_script::at_version(0);
        let mut folding = self.projection.begin(from).map_err(|error| Stop::At(0, error))?;
        self.each(count, |_, event| folding.apply(event).map(drop))?;
        let state = folding.state().map_err(Stop::Behind)?;
        Ok(Projected { taken: count, state: Some(state), ..Projected::default() })
    }

    fn rows(
        &self,
        count: usize,
        keys: &[Option<String>],
        stored: &[(String, rewind_domain::Json)],
    ) -> Result<Projected, Stop> {
        let mut rows = self.begin_rows()?;
        for (key, row) in stored {
            rows.insert(key.clone(), Some(row.clone()));
        }
        self.each(count, |at, event| match keys.get(at) {
            Some(Some(key)) => rows.apply(key, event),
            _ => Ok(()),
        })?;
        let rows = rows.changed().map_err(Stop::Behind)?;
        Ok(Projected { taken: count, rows, ..Projected::default() })
    }
}
