//! A story as trees: causes above their effects, across streams.

use crate::relations::{Index, Member, Question};

/// The trees of events that share a correlation id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The correlation id; `None` for events that name none.
    pub correlation: Option<String>,
    /// Their rows, each tree from its root, effects under their cause.
    pub rows: Vec<RelationRow>,
}

/// An event in its tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationRow {
    /// Which member it is.
    pub at: usize,
    /// Members of other streams that have the same id: the same event, published there as well.
    pub copies: Vec<usize>,
    /// How many causes stand above it.
    pub depth: usize,
    /// What is known of its cause.
    pub cause: Cause,
}

/// What is known of the cause of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It names none.
    Unnamed,
    /// It stands above.
    Shown,
    /// It names one that is not among the members.
    Missing,
    /// Going from cause to cause leads back to it; its tree begins with it for want of a beginning.
    Circular,
}

/// Draws members as trees, in their order. Each stands in exactly one row, as itself or as a copy.
pub fn forest(members: &[Member<'_>]) -> Vec<Group> {
    let index = Index::new(members);
    let copies = |at: usize| match members.get(at).and_then(|member| index.id_of(member)) {
        Some(id) => index.answer(Question::Id(id)),
        None => &[],
    };
    // A copy is shown with the first of its kind, and whatever it is the cause of hangs there.
    let first = |at: usize| copies(at).first().copied().unwrap_or(at);
    let mut effects = vec![Vec::new(); members.len()];
    let mut causes = vec![Cause::Unnamed; members.len()];
    for at in (0..members.len()).filter(|at| first(*at) == *at) {
        let others = copies(at).iter().copied().filter(|copy| *copy != at);
        let named = std::iter::once(at).chain(others);
        let mut found = named.map(|named| find_cause(members, &index, named));
        match found.find(|found| *found != Found::Unnamed).unwrap_or(Found::Unnamed) {
            Found::Unnamed => {}
            Found::Missing => causes[at] = Cause::Missing,
            Found::At(cause) if first(cause) == at => causes[at] = Cause::Circular,
            Found::At(cause) => {
                causes[at] = Cause::Shown;
                effects[first(cause)].push(at);
            }
        }
    }
    let mut trees = Trees { members, effects, causes, is_drawn: vec![false; members.len()] };
    let mut groups: Vec<Group> = Vec::new();
    let (beginnings, others): (Vec<usize>, Vec<usize>) = (0..members.len())
        .filter(|at| first(*at) == *at)
        .partition(|at| trees.causes[*at] != Cause::Shown);
    // What no beginning leads to goes in circles.
    for root in beginnings.into_iter().chain(others) {
        if trees.is_drawn[root] {
            continue;
        }
        if trees.causes[root] == Cause::Shown {
            trees.causes[root] = Cause::Circular;
        }
        let correlation = members.get(root).and_then(|member| member.links.correlation.clone());
        let rows =
            trees.draw(root, |at| copies(at).iter().copied().filter(|copy| *copy != at).collect());
        match groups.iter_mut().find(|group| group.correlation == correlation) {
            Some(group) => group.rows.extend(rows),
            None => groups.push(Group { correlation, rows }),
        }
    }
    groups
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Unnamed,
    Missing,
    At(usize),
}

/// Where the cause of a member is. Of several entries with the id that it names the one in its own stream is meant, if there is one.
fn find_cause<'a>(members: &[Member<'a>], index: &Index<'a>, at: usize) -> Found {
    let Some(member) = members.get(at) else { return Found::Unnamed };
    let Some(cause) = member.links.causation.as_deref() else { return Found::Unnamed };
    if let Some(found) = index.answer(Question::Id(cause)).first() {
        return Found::At(*found);
    }
    let Ok(entry) = cause.parse() else { return Found::Missing };
    let correlation = member.links.correlation.as_deref();
    let entries = index.answer(Question::Entry(entry, correlation));
    let is_beside = |other: &&usize| {
        **other != at && members.get(**other).is_some_and(|other| other.stream == member.stream)
    };
    // Streams give the same id by chance, so an entry that names its own means that of another stream.
    let found = entries
        .iter()
        .find(is_beside)
        .or_else(|| entries.iter().find(|other| **other != at))
        .or(entries.first());
    found.map_or(Found::Missing, |found| Found::At(*found))
}

struct Trees<'a> {
    members: &'a [Member<'a>],
    effects: Vec<Vec<usize>>,
    causes: Vec<Cause>,
    is_drawn: Vec<bool>,
}

impl Trees<'_> {
    /// The rows of the tree under `root`, without recursion: a chain of causes may be long.
    fn draw(&mut self, root: usize, copies: impl Fn(usize) -> Vec<usize>) -> Vec<RelationRow> {
        let mut rows = Vec::new();
        let mut todo = vec![(root, 0)];
        while let Some((at, depth)) = todo.pop() {
            if self.members.get(at).is_none() || std::mem::replace(&mut self.is_drawn[at], true) {
                continue;
            }
            rows.push(RelationRow { at, copies: copies(at), depth, cause: self.causes[at] });
            todo.extend(self.effects[at].iter().rev().map(|effect| (*effect, depth + 1)));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relations::tests::{Told, any_told, members, told};
    use proptest::prelude::*;

    fn drawn(told: &[Told]) -> Vec<String> {
        let mut lines = Vec::new();
        for group in forest(&members(told)) {
            lines.push(format!("[{}]", group.correlation.unwrap_or_default()));
            for RelationRow { at, copies, depth, cause } in group.rows {
                let copies: String = copies.iter().map(|copy| format!("={copy}")).collect();
                let cause = match cause {
                    Cause::Unnamed | Cause::Shown => "",
                    Cause::Missing => "?",
                    Cause::Circular => "@",
                };
                lines.push(format!("{}{at}{copies}{cause}", " ".repeat(depth)));
            }
        }
        lines
    }

    #[test]
    fn effects_stand_under_their_causes_across_streams() {
        let story = [
            told("order", "1-0", "a", "c", "-"),
            told("payment", "2-0", "b", "c", "a"),
            told("order", "3-0", "d", "c", "b"),
            told("mail", "4-0", "e", "c", "a"),
        ];
        assert_eq!(drawn(&story), ["[c]", "0", " 1", "  2", " 3"]);
    }

    #[test]
    fn entries_can_be_causes() {
        let story = [
            told("order", "5-0", "-", "c", "-"),
            told("order", "5-1", "-", "c", "5-0"),
            // Under the same id as the entry that it publishes.
            told("topic", "5-1", "-", "c", "5-1"),
            told("order", "6-0", "-", "c", "5-1"),
        ];
        assert_eq!(drawn(&story), ["[c]", "0", " 1", "  2", "  3"]);
    }

    #[test]
    fn an_event_that_was_published_as_well_is_one_row() {
        let story = [
            told("order", "1-0", "a", "c", "-"),
            told("topic", "1-7", "a", "c", "-"),
            told("topic", "2-0", "b", "c", "a"),
        ];
        assert_eq!(drawn(&story), ["[c]", "0=1", " 2"]);
    }

    #[test]
    fn a_cause_that_is_not_there_and_causes_in_circles_are_told() {
        let story = [
            told("s", "1-0", "a", "c", "gone"),
            told("s", "2-0", "b", "-", "d"),
            told("s", "3-0", "d", "-", "b"),
            told("s", "4-0", "e", "-", "e"),
        ];
        assert_eq!(drawn(&story), ["[c]", "0?", "[]", "3@", "1@", " 2"]);
    }

    proptest! {
        #[test]
        fn each_member_is_drawn_once_and_each_effect_below_its_cause(told in any_told()) {
            let members = members(&told);
            let groups = forest(&members);
            let rows: Vec<&RelationRow> = groups.iter().flat_map(|group| &group.rows).collect();
            let mut drawn: Vec<usize> =
                rows.iter().flat_map(|row| row.copies.iter().copied().chain([row.at])).collect();
            drawn.sort_unstable();
            prop_assert_eq!(drawn, (0..members.len()).collect::<Vec<_>>());
            for group in &groups {
                let mut above = None;
                for row in &group.rows {
                    prop_assert!(row.depth <= above.map_or(0, |depth| depth + 1));
                    prop_assert_eq!(row.depth > 0, row.cause == Cause::Shown);
                    above = Some(row.depth);
                }
            }
        }
    }
}
