//! What a search has found, and how far it is.

use std::sync::Arc;

use rewind_domain::{EntryId, Event, StreamKey};

use crate::api::find::{FindBegun, FindDone, FindEnd, FindProgress, FoundEvent};
use crate::api::{ApiError, Order};
use crate::ui::state::seen::{Seen, Sighting};
use rewind_domain::sse::Frame;

/// How many events a page keeps. Whoever has this many before them needs a narrower filter.
pub(crate) const MAX_FOUND: usize = 10_000;

/// An event that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// Its stream.
    pub(crate) stream: StreamKey,
    /// The event.
    pub(crate) event: Arc<Event>,
}

/// The events found so far, and what was looked at for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Found>,
    /// What earlier parts of the search looked at.
    before: FindProgress,
    /// What this part has looked at.
    now: FindProgress,
    position: Option<String>,
    /// Where it looks, as it was when the search began for the first time.
    begun: Option<FindBegun>,
    /// The stream as it was seen last, where it is a single one.
    seen: Seen,
    /// Whether the search went on in another stream.
    is_another: bool,
    stage: Stage,
}

/// What a search is doing.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Stage {
    /// It runs.
    #[default]
    Running,
    /// Someone holds it, or it found as many as one part finds; it can go on.
    Resting,
    /// It found as many as the page keeps.
    Full,
    /// It has looked at everything.
    Finished,
    /// It cannot go on.
    Failed(ApiError),
}

impl Findings {
    /// The events, in the order of the search.
    pub(crate) fn found(&self) -> &[Found] {
        &self.found
    }

    /// What it is doing.
    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Where it looks, once that is known.
    pub(crate) fn begun(&self) -> Option<&FindBegun> {
        self.begun.as_ref()
    }

    /// Whether the search went on in another stream than the one where it began, since that is what its key holds by now.
    pub(crate) fn is_another(&self) -> bool {
        self.is_another
    }

    /// Whether it has found this event.
    pub(crate) fn has(&self, event: &Found, order: Order) -> bool {
        let id = event.event.id;
        let begin = self.found.partition_point(|found| match order {
            Order::Asc => found.event.id < id,
            Order::Desc => found.event.id > id,
        });
        let same_id = self.found[begin..].iter().take_while(|found| found.event.id == id);
        same_id.into_iter().any(|found| found.stream == event.stream)
    }

    /// Where to go on.
    pub(crate) fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    /// How far it is, all parts of it together.
    pub(crate) fn progress(&self) -> FindProgress {
        let (before, now) = (&self.before, &self.now);
        FindProgress {
            streams: now.streams.max(before.streams),
            total: before.total.or(now.total),
            walk: now.walk.clone(),
            looked_at: before.looked_at + now.looked_at,
            skipped: before.skipped + now.skipped,
            found: self.found.len() as u64,
            from: before.from.or(now.from),
            to: now.to.or(before.to),
            failures: match (before.failures.clone(), &now.failures) {
                (Some(mut failures), Some(more)) => {
                    failures.count += more.count;
                    Some(failures)
                }
                (failures, more) => failures.or_else(|| more.clone()),
            },
            unread: now.unread.clone().or_else(|| before.unread.clone()),
        }
    }

    /// Goes on where it rests.
    pub(crate) fn run(&mut self) {
        self.before = self.progress();
        self.now = FindProgress::default();
        self.stage = Stage::Running;
    }

    /// Rests.
    pub(crate) fn rest(&mut self) {
        if self.stage == Stage::Running {
            self.stage = Stage::Resting;
        }
    }

    /// Ends with an error, or because the server ended it without saying why.
    pub(crate) fn fail(&mut self, error: ApiError) {
        if self.stage == Stage::Running {
            self.stage = Stage::Failed(error);
        }
    }

    /// Takes what the search tells, of the events those that are `wanted`.
    ///
    /// # Errors
    /// If it cannot be read, which must not go unnoticed.
    pub(crate) fn take(
        &mut self,
        frame: &Frame,
        wanted: impl Fn(&Found) -> bool,
    ) -> Result<(), serde_json::Error> {
        match frame.name.as_str() {
            "begun" => {
                let begun: FindBegun = serde_json::from_str(&frame.data)?;
                let seen = begun.extent.as_ref().map(|extent| self.seen.note(extent));
                self.is_another |= seen == Some(Sighting::Another);
                self.begun.get_or_insert(begun);
            }
            "found" => {
                let FoundEvent { stream, event } = serde_json::from_str(&frame.data)?;
                let found = Found { stream, event: Arc::new(event) };
                if wanted(&found) {
                    self.found.push(found);
                }
                if self.found.len() >= MAX_FOUND {
                    self.stage = Stage::Full;
                }
            }
            "progress" => self.now = serde_json::from_str(&frame.data)?,
            "done" => {
                let FindDone { reason, progress } = serde_json::from_str(&frame.data)?;
                self.now = progress;
                self.stage = match reason {
                    FindEnd::Exhausted => Stage::Finished,
                    FindEnd::Limit => Stage::Resting,
                };
            }
            "failed" => self.stage = Stage::Failed(serde_json::from_str(&frame.data)?),
            _ => {}
        }
        if let Some(position) = &frame.id {
            self.position = Some(position.clone());
        }
        Ok(())
    }

    /// Forgets what it found in a stream.
    pub(crate) fn take_out(&mut self, stream: &StreamKey) {
        self.found.retain(|found| found.stream != *stream);
    }

    /// The times between which it has looked, in Unix milliseconds, the earlier one first.
    pub(crate) fn looked_between_ms(&self) -> Option<(u64, u64)> {
        let progress = self.progress();
        let (from, to) = (progress.from.map(EntryId::ms)?, progress.to.map(EntryId::ms)?);
        Some((from.min(to), from.max(to)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::find::FilterFailures;
    use rewind_domain::versions::StreamExtent;
    use rewind_domain::{Entry, Fields, layout};

    fn frame(name: &str, data: &impl serde::Serialize, id: Option<&str>) -> Frame {
        let data = serde_json::to_string(data).unwrap();
        Frame { name: name.to_owned(), data, id: id.map(str::to_owned) }
    }

    #[test]
    fn a_search_that_goes_on_in_another_stream_says_so() {
        let begun = |last: u64, added: u64| {
            let extent = StreamExtent {
                length: 1,
                first_id: Some(EntryId::new(last, 0)),
                last_id: Some(EntryId::new(last, 0)),
                last_generated_id: EntryId::new(last, 0),
                entries_added: Some(added),
                ..StreamExtent::default()
            };
            frame("begun", &FindBegun { extent: Some(extent), ..FindBegun::default() }, None)
        };
        let mut findings = Findings::default();
        let mut goes_on_in_another = |frame: Frame| {
            findings.take(&frame, |_| true).unwrap();
            findings.is_another()
        };
        // It was added to, and trimmed.
        assert!(!goes_on_in_another(begun(5, 5)) && !goes_on_in_another(begun(9, 9)));
        assert!(goes_on_in_another(begun(11, 1)));
    }

    fn found(n: u64) -> Frame {
        let fields = Fields::from_iter([("type", "Happened")]);
        let event = layout::decode(Entry { id: EntryId::new(n, 0), fields });
        frame("found", &FoundEvent { stream: "s".into(), event }, Some(&format!("{n}-0")))
    }

    fn progress(looked_at: u64, failed: u64) -> FindProgress {
        let failures = (failed > 0).then(|| FilterFailures {
            count: failed,
            first_id: EntryId::new(1, 0),
            first_stream: "s".into(),
            message: "no".to_owned(),
        });
        let (from, to) = (Some(EntryId::new(9, 0)), Some(EntryId::new(9 - looked_at, 0)));
        FindProgress {
            streams: 1,
            total: Some(8),
            looked_at,
            failures,
            from,
            to,
            ..FindProgress::default()
        }
    }

    #[test]
    fn what_parts_of_a_search_looked_at_adds_up() {
        let mut findings = Findings::default();
        findings.take(&found(9), |_| true).unwrap();
        let done = FindDone { reason: FindEnd::Limit, progress: progress(3, 1) };
        findings.take(&frame("done", &done, Some("6-0")), |_| true).unwrap();
        assert_eq!((findings.stage(), findings.position()), (&Stage::Resting, Some("6-0")));
        findings.run();
        findings.take(&found(5), |_| true).unwrap();
        findings.take(&frame("progress", &progress(2, 1), None), |_| true).unwrap();
        let all = findings.progress();
        assert_eq!((all.looked_at, all.found, all.total), (5, 2, Some(8)));
        assert_eq!(all.failures.map(|failures| failures.count), Some(2));
        assert_eq!(findings.looked_between_ms(), Some((7, 9)));
    }

    #[test]
    fn an_end_of_the_line_that_was_not_announced_is_a_failure() {
        let lost = || ApiError::new(crate::api::ErrorCode::ServerUnreachable, "gone");
        let mut findings = Findings::default();
        findings.fail(lost());
        assert_eq!(findings.stage(), &Stage::Failed(lost()));
        let mut findings = Findings::default();
        let done = FindDone { reason: FindEnd::Exhausted, progress: progress(3, 0) };
        findings.take(&frame("done", &done, None), |_| true).unwrap();
        findings.fail(lost());
        assert_eq!(findings.stage(), &Stage::Finished);
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let mut findings = Findings::default();
        assert!(findings.take(&frame("found", &7, None), |_| true).is_err());
    }
}
