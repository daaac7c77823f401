//! The pages of a walk as the server sends them, and the keyframes that go back.

use std::cell::Cell;
use std::io;
use std::sync::mpsc::Receiver;

use super::{Input, Output};
use crate::engines::wire::{Tag, WireKeyframe, frame};
use crate::travel::{Keyframe, KeyframeSink, Pages};
use rewind_store::{HistoryPage, StoreError};

/// Pages that the server sends.
pub(super) struct SentPages<'w> {
    input: &'w Receiver<Input>,
    output: &'w Output,
    is_over: bool,
}

/// Sends keyframes to the server.
pub(super) struct SentKeyframes<'w> {
    /// The versions of those that there are, ascending.
    versions: Vec<u64>,
    output: &'w Output,
    /// Why one could not be sent. The walk goes on without.
    failure: Cell<Option<io::Error>>,
}

impl<'w> SentPages<'w> {
    pub(super) fn new(input: &'w Receiver<Input>, output: &'w Output) -> Self {
        Self { input, output, is_over: false }
    }
}

impl Pages for SentPages<'_> {
    fn next_page(&mut self) -> Result<Option<HistoryPage>, StoreError> {
        const SHAPE: StoreError = StoreError::Unexpected { what: "a page of another shape" };
        if self.is_over {
            return Ok(None);
        }
        match self.input.recv() {
            Ok(Input::Page(bytes)) => {
                let taken = frame(Tag::Taken, &[]).and_then(|frame| self.output.write(&frame));
                taken.map_err(|_| SHAPE)?;
                HistoryPage::unpack(bytes).map(Some).ok_or(SHAPE)
            }
            _ => {
                self.is_over = true;
                Ok(None)
            }
        }
    }

    fn is_cancelled(&self) -> bool {
        // The server sends no more pages then, or ends the process.
        false
    }
}

impl<'w> SentKeyframes<'w> {
    /// Beside those of these versions.
    pub(super) fn new(versions: Vec<u64>, output: &'w Output) -> Self {
        Self { versions, output, failure: Cell::new(None) }
    }
}

impl KeyframeSink for SentKeyframes<'_> {
    fn is_near(&self, version: u64, distance: u64) -> bool {
        let next = self.versions.partition_point(|other| *other < version);
        self.versions.get(next).is_some_and(|other| *other < version.saturating_add(distance))
    }

    fn lay(&mut self, keyframe: Keyframe) {
        let sent = self.output.tell(Tag::Keyframe, &WireKeyframe::of(keyframe));
        self.failure.set(sent.err());
    }
}
