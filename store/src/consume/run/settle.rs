//! What follows from a task that is done.

use std::sync::Arc;

use rewind_domain::EntryId;
use tokio::time::Instant;

use super::keep::Kept;
use super::may_pass;
use super::options::Unhandled;
use super::work::{Acks, Done, Next, Step, Work};
use crate::consume::dead::Buried;
use crate::{StoreError, WriteError};

impl Work {
    /// Goes on after something happened.
    ///
    /// # Errors
    /// What does not pass by itself.
    pub(super) fn settle(&mut self, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Due => {}
            Step::Done(Done::Handled(id, outcome)) => self.handled(id, outcome),
            Step::Done(Done::Acknowledged(ids, outcome)) => self.acknowledged(ids, outcome)?,
            Step::Done(Done::Kept(ids, outcome)) => self.kept(&ids, outcome)?,
            Step::Done(Done::Retried(id, outcome)) => self.retried(id, outcome)?,
            Step::Done(Done::Buried(id, reason, failures, outcome)) => {
                self.buried(id, reason, failures, outcome)?;
            }
        }
        self.do_what_is_due();
        self.acknowledge();
        self.start();
        Ok(())
    }

    fn handled(&mut self, id: EntryId, outcome: Result<(), Unhandled>) {
        self.running -= 1;
        let Some(item) = self.items.get_mut(&id) else { return };
        match outcome {
            Ok(()) => {
                // Others of its key may go on; its room is taken until it is acknowledged.
                let key = item.key.take();
                self.lanes.done(key);
                self.to_ack.push(id);
            }
            Err(Unhandled::Stopped) => {
                item.is_tried = false;
                self.has_stopped = true;
            }
            Err(Unhandled::Failed(reason)) => {
                self.report.failed += 1;
                let deliveries = item.delivery.deliveries();
                if self.options.is_spent(deliveries) {
                    self.bury(id, reason.into(), 0);
                } else if !self.is_stopping {
                    let at = Instant::now() + self.options.backoff.after(deliveries);
                    self.due.insert((at, id), Next::Retry);
                }
            }
        }
    }

    fn acknowledged(
        &mut self,
        ids: Vec<EntryId>,
        outcome: Result<u64, StoreError>,
    ) -> Result<(), StoreError> {
        let Acks::UnderWay(failures) = self.acks else { return Ok(()) };
        self.acks = Acks::From(Instant::now(), 0);
        match outcome {
            Ok(_) => {
                self.report.handled += ids.len() as u64;
                for id in ids {
                    self.forget(id);
                }
                Ok(())
            }
            Err(error) if may_pass(&error) => {
                let wait = self.options.backoff.after(failures + 1);
                self.acks = Acks::From(Instant::now() + wait, failures + 1);
                self.to_ack.extend(ids);
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn kept(
        &mut self,
        ids: &[EntryId],
        outcome: Result<Vec<Kept>, StoreError>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(kept) => {
                for (id, _) in ids.iter().zip(kept).filter(|(_, kept)| *kept == Kept::Lost) {
                    if let Some(item) = self.items.get_mut(id) {
                        item.is_lost = true;
                    }
                }
                Ok(())
            }
            // The reader notices a group that is gone, and says so or makes it again.
            Err(StoreError::NoGroup) => Ok(()),
            Err(error) if may_pass(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn retried(
        &mut self,
        id: EntryId,
        outcome: Result<Kept, StoreError>,
    ) -> Result<(), StoreError> {
        let Some(item) = self.items.get_mut(&id) else { return Ok(()) };
        match outcome {
            // An entry that is gone from the stream is in memory still, and is tried as often as any other.
            Ok(Kept::Own | Kept::Gone) => {
                let deliveries = item.delivery.deliveries() + 1;
                item.delivery = Arc::new(item.delivery.delivered(deliveries));
                let key = item.key.clone();
                self.lanes.push_again(key, id);
            }
            Ok(Kept::Lost) | Err(StoreError::NoGroup) => self.forget(id),
            Err(error) if may_pass(&error) => {
                let at = Instant::now() + self.options.backoff.after(item.delivery.deliveries());
                self.due.insert((at, id), Next::Retry);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn buried(
        &mut self,
        id: EntryId,
        reason: Arc<str>,
        failures: u64,
        outcome: Result<Buried, WriteError>,
    ) -> Result<(), StoreError> {
        match outcome {
            Ok(buried) => {
                self.report.dead += u64::from(matches!(buried, Buried::Letter(_)));
                self.forget(id);
            }
            Err(error) if error.is_unknown() || may_pass(error.cause()) => {
                // If it was done, the entry is not pending any more, and this is noticed then.
                let at = Instant::now() + self.options.backoff.after(failures + 1);
                self.due.insert((at, id), Next::Bury(reason, failures + 1));
            }
            Err(WriteError::NotDone(StoreError::NoGroup)) => self.forget(id),
            Err(error) => return Err(error.into_cause()),
        }
        Ok(())
    }

    fn do_what_is_due(&mut self) {
        let now = Instant::now();
        while let Some(entry) = self.due.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, id), next) = entry.remove_entry();
            match next {
                Next::Retry if self.is_stopping => {}
                Next::Retry => self.retry(id),
                Next::Bury(reason, failures) => self.bury(id, reason, failures),
            }
        }
        if self.keep_at <= now {
            self.keep_all();
        }
    }
}
