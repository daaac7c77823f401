//! What the writer does next, from what it knows.

use std::collections::{HashMap, HashSet};

use rewind_domain::ndjson::Line;
use rewind_domain::{EntryId, StreamKey};

use super::AppendOutcome;

/// What has to be done next for some lines, given by their indices.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask how far their streams are; one line for each stream.
    Learn(Vec<usize>),
    /// Compare them with what is there.
    Compare(Vec<usize>),
    /// Add them.
    Add(Vec<usize>),
    Done,
}

pub(super) fn next_step(
    lines: &[Line],
    outcomes: &[AppendOutcome],
    tops: &HashMap<StreamKey, EntryId>,
) -> Step {
    let open = lines
        .iter()
        .zip(outcomes)
        .enumerate()
        .take_while(|(_, (_, o))| {
            !matches!(o, AppendOutcome::Conflict(_) | AppendOutcome::Failed(_))
        })
        .filter(|(_, (_, outcome))| **outcome == AppendOutcome::NotTried)
        .map(|(index, (line, _))| (index, line));

    let mut unknown = HashSet::new();
    let (mut learn, mut compare, mut add) = (Vec::new(), Vec::new(), Vec::new());
    let mut added_up_to: HashMap<&StreamKey, EntryId> = HashMap::new();
    let mut is_growing = true;
    for (index, Line { stream, entry }) in open {
        match tops.get(stream) {
            None => {
                if unknown.insert(stream) {
                    learn.push(index);
                }
            }
            Some(top) if entry.id <= *top => compare.push(index),
            Some(_) => {
                // A line that repeats or goes back behind one before it can only be compared once that one was added.
                is_growing &= added_up_to.insert(stream, entry.id).is_none_or(|id| id < entry.id);
                if is_growing {
                    add.push(index);
                }
            }
        }
    }
    if !learn.is_empty() {
        Step::Learn(learn)
    } else if !compare.is_empty() {
        Step::Compare(compare)
    } else if !add.is_empty() {
        Step::Add(add)
    } else {
        Step::Done
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::{Entry, Fields};

    use super::super::Conflict;
    use super::*;

    fn line(stream: &str, id: u64) -> Line {
        let fields = Fields::from_iter([("a", "b")]);
        Line { stream: stream.into(), entry: Entry { id: EntryId::new(id, 0), fields } }
    }

    fn lines(ids: &[(&str, u64)]) -> Vec<Line> {
        ids.iter().map(|(stream, id)| line(stream, *id)).collect()
    }

    fn tops(tops: &[(&str, u64)]) -> HashMap<StreamKey, EntryId> {
        tops.iter().map(|(stream, id)| (StreamKey::from(*stream), EntryId::new(*id, 0))).collect()
    }

    fn untried(lines: &[Line]) -> Vec<AppendOutcome> {
        vec![AppendOutcome::NotTried; lines.len()]
    }

    #[test]
    fn unknown_streams_are_asked_about_first_and_once() {
        let lines = lines(&[("s", 1), ("t", 1), ("s", 2)]);
        let step = next_step(&lines, &untried(&lines), &tops(&[]));
        assert_eq!(step, Step::Learn(vec![0, 1]));
    }

    #[test]
    fn what_the_stream_has_passed_is_compared_before_anything_is_added() {
        let lines = lines(&[("s", 6), ("t", 5), ("s", 7), ("t", 6)]);
        let step = next_step(&lines, &untried(&lines), &tops(&[("s", 0), ("t", 5)]));
        assert_eq!(step, Step::Compare(vec![1]));
    }

    #[test]
    fn nothing_behind_a_conflict_is_tried() {
        let lines = lines(&[("s", 6), ("t", 5), ("s", 7)]);
        let known = tops(&[("s", 0), ("t", 5)]);
        let mut outcomes = untried(&lines);
        outcomes[1] = AppendOutcome::Conflict(Conflict::Passed { last_id: EntryId::new(5, 0) });
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![0]));
        outcomes[0] = AppendOutcome::Added;
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Done);
    }

    #[test]
    fn lines_that_do_not_grow_wait_until_those_before_them_were_added() {
        let lines = lines(&[("s", 6), ("t", 1), ("s", 6), ("t", 2)]);
        let known = tops(&[("s", 0), ("t", 0)]);
        let mut outcomes = untried(&lines);
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![0, 1]));
        outcomes[..2].fill(AppendOutcome::Added);
        let known = tops(&[("s", 6), ("t", 1)]);
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Compare(vec![2]));
        outcomes[2] = AppendOutcome::AlreadyThere;
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![3]));
    }
}
