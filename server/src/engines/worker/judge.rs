//! Judging events: whether an expression is true of each.

use std::io;

use rewind_codec::StreamCodec;
use rewind_domain::{FoldError, FoldErrorKind, Json, RawEvent};
use rewind_script::{Evaluating, Expression};

use super::{Input, Worker};
use crate::engines::wire::{Judge, Verdicts};
use rewind_store::PackedEvents;

impl Worker {
    pub(super) fn judge(&mut self, job: &Judge) -> io::Result<()> {
        let Ok(Input::Events(events)) = self.input.recv() else {
            return Err(io::Error::other("no events follow"));
        };
        let events = PackedEvents::unpack(events)
            .ok_or_else(|| io::Error::other("what follows is no event"))?;
        match self.scripts.expression(&job.expression) {
            Ok(expression) => self.judge_all(job, &expression, &events),
            // It was read before, so that this is a matter of memory or time.
            Err(error) => {
                events.events().for_each(|_| self.guard.verdicts().push(Err(error.clone())));
            }
        }
        let verdicts: Verdicts = self.guard.verdicts().clone();
        self.answer(verdicts)
    }

    fn judge_all(&self, job: &Judge, expression: &Expression, events: &PackedEvents) {
        let codecs: Vec<StreamCodec> =
            job.streams.iter().map(|stream| self.event_reader.of(stream)).collect();
        let mut asking = Asking { expression, evaluating: None };
        let mut stops = 0;
        for (stream, version, entry) in events.events() {
            if stops >= job.max_stops {
                return;
            }
            rewind_script::at_version(version);
            let event = entry.raw(version);
            let verdict = match codecs.get(stream as usize) {
                Some(codec) => asking.is_true(&event.with_decoder(codec)),
                None => asking.is_true(&event),
            };
            stops += usize::from(verdict.as_ref().is_err_and(|error| error.kind.is_stop()));
            self.guard.verdicts().push(verdict);
        }
    }
}

/// An expression that begins again where it was stopped.
struct Asking<'e> {
    expression: &'e Expression,
    evaluating: Option<Evaluating>,
}

impl Asking<'_> {
    fn is_true(&mut self, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        match self.ask(event) {
            // That is about all events together, of which there may be any number.
            Err(error) if error.kind == FoldErrorKind::ReplayTimeout => self.ask(event),
            verdict => verdict,
        }
    }

    fn ask(&mut self, event: &RawEvent<'_>) -> Result<bool, FoldError> {
        let evaluating = match &mut self.evaluating {
            Some(evaluating) => evaluating,
            none => none.insert(self.expression.begin()?),
        };
        let verdict = evaluating.is_true(&Json::Null, event);
        if verdict.as_ref().is_err_and(|error| error.kind.is_stop()) {
            self.evaluating = None;
        }
        verdict
    }
}
