//! The exports that browsers save: how far each is, for the page that began it and may want to end it.
//!
//! A page that has its browser save a file hears nothing of it any more. It gives the export a ticket, and asks by that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rewind_app::api::export::{ExportPhase, ExportStatus, Ticket};
use rewind_app::api::find::FindProgress;

use crate::cache_figures::CacheFigures;

/// How long is remembered how an export ended: pages ask every second or so, those in the background every minute.
const REMEMBERED: Duration = Duration::from_secs(600);
/// How many that are over are remembered at most.
const MAX_OVER: usize = 1_000;

/// What one takes at most, in bytes: the text of an error is the most of it.
const MOST_BYTES: usize = 4 * 1024;

/// All of them, by their tickets.
#[derive(Clone, Default)]
pub struct Exports(Arc<Mutex<HashMap<Ticket, Export>>>);

#[derive(Default)]
struct Export {
    status: ExportStatus,
    ended: Option<Instant>,
    /// Whether its page has ended it. What the browser hung up on, it may ask for again.
    is_unwanted: bool,
}

/// An export under way. Dropping it before its end means that the browser hung up.
pub(crate) struct Running {
    exports: Exports,
    ticket: Ticket,
}

/// The page has ended an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the export was cancelled")]
pub(crate) struct Cancelled;

/// An export cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CannotBegin {
    /// There is another one with the same ticket.
    #[error("is that of an export under way; choose another one")]
    UnderWay,
    /// Its page has ended it.
    #[error("is that of an export that was cancelled; choose another one")]
    Cancelled,
}

impl Exports {
    /// Notes that an export begins. One that broke off may begin again, as when a browser is told to try again.
    ///
    /// # Errors
    /// If it is under way, or was cancelled by its page.
    pub(crate) fn begin(&self, ticket: Ticket) -> Result<Running, CannotBegin> {
        let mut exports = self.lock();
        match exports.get(&ticket) {
            Some(export) if export.is_unwanted => return Err(CannotBegin::Cancelled),
            Some(export) if export.status.phase == ExportPhase::Running => {
                return Err(CannotBegin::UnderWay);
            }
            _ => {}
        }
        forget_old(&mut exports);
        let status = ExportStatus { phase: ExportPhase::Running, ..ExportStatus::default() };
        exports.insert(ticket.clone(), Export { status, ..Export::default() });
        drop(exports);
        Ok(Running { exports: self.clone(), ticket })
    }

    /// How far it is.
    pub fn status(&self, ticket: &Ticket) -> ExportStatus {
        self.lock().get(ticket).map(|export| export.status.clone()).unwrap_or_default()
    }

    /// Ends it, or has it never begin. What is over stays as it ended.
    pub fn cancel(&self, ticket: &Ticket) -> ExportStatus {
        let mut exports = self.lock();
        forget_old(&mut exports);
        let export = exports.entry(ticket.clone()).or_default();
        export.is_unwanted = true;
        export.end(ExportPhase::Cancelled, None);
        export.status.clone()
    }

    /// How much memory what is remembered takes, and how much it may.
    pub fn figures(&self) -> CacheFigures {
        let bytes = self.lock().values().map(Export::bytes).sum();
        CacheFigures { name: "export", bytes, budget: MAX_OVER * MOST_BYTES, dropped: 0 }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Export>> {
        // Each change is one assignment or insertion: nothing is left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Export {
    fn bytes(&self) -> usize {
        let message = self.status.message.as_ref().map_or(0, String::len);
        size_of::<(Ticket, Self)>() + message
    }

    fn end(&mut self, phase: ExportPhase, message: Option<String>) {
        if !self.status.phase.is_over() {
            (self.status.phase, self.status.message) = (phase, message);
            self.ended = Some(Instant::now());
        }
    }
}

impl Running {
    /// Notes how far it is.
    pub(crate) fn progress(&self, progress: FindProgress) {
        self.with(|export| export.status.progress = progress);
    }

    /// Notes what more was made of the file.
    ///
    /// # Errors
    /// If nothing more is wanted.
    pub(crate) fn made(&self, bytes: usize) -> Result<(), Cancelled> {
        self.with(|export| {
            export.status.bytes += bytes as u64;
            match export.status.phase {
                ExportPhase::Cancelled => Err(Cancelled),
                _ => Ok(()),
            }
        })
        // It is forgotten only where it is over.
        .unwrap_or(Err(Cancelled))
    }

    /// Notes that all of it was made.
    pub(crate) fn complete(&self) {
        self.with(|export| export.end(ExportPhase::Complete, None));
    }

    /// Notes why it cannot go on.
    pub(crate) fn fail(&self, message: String) {
        self.with(|export| export.end(ExportPhase::Failed, Some(message)));
    }

    fn with<T>(&self, change: impl FnOnce(&mut Export) -> T) -> Option<T> {
        self.exports.lock().get_mut(&self.ticket).map(change)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.with(|export| export.end(ExportPhase::Cancelled, None));
    }
}

/// Forgets what is over for long, and what is over for the longest where there is too much.
fn forget_old(exports: &mut HashMap<Ticket, Export>) {
    exports.retain(|_, export| export.ended.is_none_or(|ended| ended.elapsed() < REMEMBERED));
    let mut over: Vec<(Instant, Ticket)> = exports
        .iter()
        .filter_map(|(ticket, export)| Some((export.ended?, ticket.clone())))
        .collect();
    if over.len() >= MAX_OVER {
        over.sort_by_key(|(ended, _)| *ended);
        for (_, ticket) in over.drain(..=over.len() - MAX_OVER) {
            exports.remove(&ticket);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(number: usize) -> Ticket {
        format!("ticket{number:020}").parse().unwrap()
    }

    #[test]
    fn how_far_it_is_can_be_asked_from_before_its_beginning_until_after_its_end() {
        let exports = Exports::default();
        assert_eq!(exports.status(&ticket(1)), ExportStatus::default());
        let running = exports.begin(ticket(1)).unwrap();
        running.made(10).unwrap();
        running.made(5).unwrap();
        running.progress(FindProgress { looked_at: 7, ..FindProgress::default() });
        let status = exports.status(&ticket(1));
        assert_eq!((status.phase, status.bytes), (ExportPhase::Running, 15));
        assert_eq!(status.progress.looked_at, 7);
        running.complete();
        drop(running);
        let status = exports.status(&ticket(1));
        assert_eq!((status.phase, status.bytes), (ExportPhase::Complete, 15));
        assert_eq!(exports.status(&ticket(2)).phase, ExportPhase::Waiting);
    }

    #[test]
    fn a_browser_that_hangs_up_has_cancelled() {
        let exports = Exports::default();
        drop(exports.begin(ticket(1)).unwrap());
        assert_eq!(exports.status(&ticket(1)).phase, ExportPhase::Cancelled);
        // And may think again.
        assert!(exports.begin(ticket(1)).is_ok());
    }

    #[test]
    fn what_is_cancelled_gets_no_further_and_does_not_begin() {
        let exports = Exports::default();
        let running = exports.begin(ticket(1)).unwrap();
        assert_eq!(exports.cancel(&ticket(1)).phase, ExportPhase::Cancelled);
        assert_eq!(running.made(1), Err(Cancelled));
        exports.cancel(&ticket(2));
        assert_eq!(exports.begin(ticket(2)).err(), Some(CannotBegin::Cancelled));
    }

    #[test]
    fn what_is_over_stays_as_it_ended() {
        let exports = Exports::default();
        let running = exports.begin(ticket(1)).unwrap();
        running.fail("no room".to_owned());
        running.complete();
        let status = exports.cancel(&ticket(1));
        assert_eq!(
            (status.phase, status.message.as_deref()),
            (ExportPhase::Failed, Some("no room"))
        );
    }

    #[test]
    fn a_ticket_is_of_one_export_at_a_time() {
        let exports = Exports::default();
        let running = exports.begin(ticket(1)).unwrap();
        assert_eq!(exports.begin(ticket(1)).err(), Some(CannotBegin::UnderWay));
        running.fail("no room".to_owned());
        drop(running);
        assert!(exports.begin(ticket(1)).is_ok());
    }

    #[test]
    fn of_many_that_are_over_the_last_ones_are_remembered() {
        let exports = Exports::default();
        let running = exports.begin(ticket(0)).unwrap();
        for number in 1..=MAX_OVER + 5 {
            exports.begin(ticket(number)).unwrap().complete();
        }
        assert!(exports.lock().len() <= MAX_OVER + 1);
        assert_eq!(exports.status(&ticket(0)).phase, ExportPhase::Running);
        assert_eq!(exports.status(&ticket(1)).phase, ExportPhase::Waiting);
        assert_eq!(exports.status(&ticket(MAX_OVER + 5)).phase, ExportPhase::Complete);
        drop(running);
    }
}
