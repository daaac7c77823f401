//! Versions: which number an entry has in the history of its aggregate, and how sure that is.
//!
//! Redis numbers nothing. What it says about a stream (`XINFO STREAM`, since Redis 7) is how many entries were ever
//! added, how many there are, and the greatest id that was deleted by hand; from that the number of the first
//! entry present follows.

use serde::{Deserialize, Serialize};

use crate::EntryId;
use crate::entry_digest::EntryDigest;

/// What Redis tells about a stream as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StreamExtent {
    /// How many entries there are.
    pub length: u64,
    /// The id of the first entry present.
    pub first_id: Option<EntryId>,
    /// The id of the last entry present.
    pub last_id: Option<EntryId>,
    /// The fingerprint of the first entry present, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_digest: Option<EntryDigest>,
    /// The fingerprint of the last entry present, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_digest: Option<EntryDigest>,
    /// The id that was last given out, even if its entry is gone.
    pub last_generated_id: EntryId,
    /// How many entries were ever added. Not told before Redis 7.
    pub entries_added: Option<u64>,
    /// The greatest id that was deleted with `XDEL`. Not told before Redis 7.
    pub max_deleted_id: Option<EntryId>,
}

/// What is missing from a history, and from the states that follow from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Incomplete {
    /// The first version that is missing.
    pub missing_from: u64,
    /// The last version that is missing.
    pub missing_to: u64,
    /// Why.
    pub reason: IncompleteReason,
}

/// Why versions are missing or not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum IncompleteReason {
    /// The head of the stream was trimmed.
    Trimmed,
    /// Entries were deleted from the middle, so that as many as `missing_to` numbers are off.
    Deleted,
    /// Nothing tells whether anything is missing (before Redis 7), or how much (of an aggregate in a topic that was trimmed);
    /// versions count what is there.
    Unknown,
}

impl StreamExtent {
    /// How many entries were added and are gone.
    pub fn trimmed_count(&self) -> u64 {
        self.entries_added.unwrap_or(self.length).saturating_sub(self.length)
    }

    /// The version that the first entry present makes.
    pub fn first_version(&self) -> u64 {
        self.trimmed_count().saturating_add(1)
    }

    /// The version that the last entry makes; 0 for a stream that never had one.
    pub fn latest_version(&self) -> u64 {
        self.trimmed_count().saturating_add(self.length)
    }

    /// Whether every entry present has an exact version.
    pub fn is_exact(&self) -> bool {
        self.incomplete().is_none_or(|incomplete| incomplete.reason == IncompleteReason::Trimmed)
    }

    /// The version of the first of `count` entries that follow each other from `first` to `last`: it can be told where they
    /// begin or end with the stream itself.
    pub fn first_version_of_run(&self, first: EntryId, last: EntryId, count: u64) -> Option<u64> {
        if self.first_id == Some(first) {
            Some(self.first_version())
        } else if self.last_id == Some(last) {
            self.latest_version().checked_sub(count.checked_sub(1)?)
        } else {
            None
        }
    }

    /// Whether entries were deleted that are not the first ones, between now and `later`. Without trimming in between it is told for
    /// certain; with it, where one was deleted behind all that were deleted before. Servers before Redis 7 do not tell.
    pub fn lost_from_middle(&self, later: &Self) -> bool {
        let is_more_gone =
            later.first_id == self.first_id && later.trimmed_count() > self.trimmed_count();
        is_more_gone || (later.max_deleted_id > self.max_deleted_id && later.has_lost_inside())
    }

    /// Whether entries behind the first one were deleted.
    fn has_lost_inside(&self) -> bool {
        match (self.max_deleted_id, self.first_id) {
            (Some(deleted), Some(first)) => deleted > first,
            _ => false,
        }
    }

    /// What is missing from the history.
    pub fn incomplete(&self) -> Option<Incomplete> {
        if self.entries_added.is_none() {
            return Some(Incomplete {
                missing_from: 0,
                missing_to: 0,
                reason: IncompleteReason::Unknown,
            });
        }
        let gone = self.trimmed_count();
        if gone == 0 {
            return None;
        }
        let reason = if self.has_lost_inside() {
            IncompleteReason::Deleted
        } else {
            IncompleteReason::Trimmed
        };
        Some(Incomplete { missing_from: 1, missing_to: gone, reason })
    }
}

impl Incomplete {
    /// Why the events that are there cannot be numbered, where they cannot; continues a sentence.
    pub fn unnumbered(&self) -> &'static str {
        match self.reason {
            IncompleteReason::Trimmed => "they can be numbered",
            IncompleteReason::Deleted => {
                "entries were deleted from the middle of the stream, and nothing tells which versions the others have"
            }
            IncompleteReason::Unknown => {
                "this Redis does not count how many events a stream was given (Redis 7 and newer do)"
            }
        }
    }

    /// The sentence that every view of such a state shows.
    pub fn explanation(&self) -> String {
        let Self { missing_from: from, missing_to: to, reason } = self;
        match reason {
            IncompleteReason::Trimmed if from == to => {
                format!("Event {from} was trimmed from the stream; the state lacks what it set")
            }
            IncompleteReason::Trimmed => {
                format!(
                    "Events {from}–{to} were trimmed from the stream; the state lacks what they set"
                )
            }
            IncompleteReason::Deleted => {
                let count = to - from.saturating_sub(1).min(*to);
                let events = if count == 1 { "event is" } else { "events are" };
                format!(
                    "{count} {events} gone, some from the middle of the stream; version numbers are approximate"
                )
            }
            IncompleteReason::Unknown => {
                "It is not known how many events were trimmed before the first one; versions count what is there"
                    .to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(added: Option<u64>, length: u64, deleted: u64) -> StreamExtent {
        StreamExtent {
            length,
            first_id: Some(EntryId::new(100, 0)),
            last_id: Some(EntryId::new(200, 0)),
            last_generated_id: EntryId::new(200, 0),
            entries_added: added,
            max_deleted_id: Some(EntryId::new(deleted, 0)),
            ..StreamExtent::default()
        }
    }

    #[test]
    fn an_untrimmed_stream_starts_at_version_1() {
        let whole = extent(Some(10), 10, 0);
        assert_eq!((whole.first_version(), whole.latest_version()), (1, 10));
        assert_eq!(whole.incomplete(), None);
    }

    #[test]
    fn a_trimmed_head_shifts_the_first_version() {
        let trimmed = extent(Some(10), 4, 0);
        assert_eq!((trimmed.first_version(), trimmed.latest_version()), (7, 10));
        let incomplete = trimmed.incomplete().unwrap();
        assert_eq!((incomplete.missing_from, incomplete.missing_to), (1, 6));
        assert_eq!(incomplete.reason, IncompleteReason::Trimmed);
        assert!(trimmed.is_exact());
    }

    #[test]
    fn entries_deleted_before_the_first_are_as_good_as_trimmed() {
        assert_eq!(extent(Some(10), 9, 50).incomplete().unwrap().reason, IncompleteReason::Trimmed);
    }

    #[test]
    fn entries_deleted_from_the_middle_make_versions_approximate() {
        let deleted = extent(Some(10), 9, 150);
        assert_eq!(deleted.incomplete().unwrap().reason, IncompleteReason::Deleted);
        assert!(!deleted.is_exact());
    }

    #[test]
    fn what_is_deleted_from_the_middle_is_told_from_what_is_trimmed() {
        let whole = extent(Some(10), 10, 0);
        let trimmed =
            StreamExtent { first_id: Some(EntryId::new(150, 0)), ..extent(Some(10), 4, 0) };
        assert!(!whole.lost_from_middle(&whole));
        assert!(!whole.lost_from_middle(&trimmed));
        assert!(whole.lost_from_middle(&extent(Some(10), 9, 150)));
        // Behind one that was deleted before, and before it.
        assert!(extent(Some(10), 9, 150).lost_from_middle(&extent(Some(10), 8, 160)));
        assert!(extent(Some(10), 9, 150).lost_from_middle(&extent(Some(10), 8, 150)));
        assert!(!extent(Some(10), 9, 150).lost_from_middle(&extent(Some(12), 11, 150)));
        assert!(!extent(None, 10, 0).lost_from_middle(&extent(None, 9, 0)));
    }

    #[test]
    fn a_run_of_entries_is_numbered_from_either_end() {
        let trimmed = extent(Some(10), 4, 0);
        let (first, last, inner) =
            (EntryId::new(100, 0), EntryId::new(200, 0), EntryId::new(150, 0));
        assert_eq!(trimmed.first_version_of_run(first, inner, 2), Some(7));
        assert_eq!(trimmed.first_version_of_run(inner, last, 2), Some(9));
        assert_eq!(trimmed.first_version_of_run(first, last, 4), Some(7));
        assert_eq!(trimmed.first_version_of_run(inner, inner, 1), None);
    }

    #[test]
    fn an_old_server_counts_what_is_there() {
        let old = StreamExtent { max_deleted_id: None, ..extent(None, 4, 0) };
        assert_eq!((old.first_version(), old.latest_version()), (1, 4));
        assert_eq!(old.incomplete().unwrap().reason, IncompleteReason::Unknown);
    }

    #[test]
    fn an_emptied_stream_keeps_its_version() {
        let emptied = StreamExtent { first_id: None, last_id: None, ..extent(Some(10), 0, 0) };
        assert_eq!(emptied.latest_version(), 10);
        assert_eq!(emptied.incomplete().unwrap().missing_to, 10);
    }
}
