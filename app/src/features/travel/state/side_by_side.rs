//! Two documents as aligned lines: what is the same stands once on both sides, what differs opposite to what it was.
//!
//! What is the same is not looked into, and a long stretch of it is one line, so that a large state costs what differs.

use std::collections::HashSet;

use rewind_domain::json::Object;
use rewind_domain::{Json, Pointer};

/// Stretches of this many equal members or items become one line.
const FOLDED_FROM: usize = 4;
/// How many of them are shown on both sides of something that differs.
const CONTEXT: usize = 1;
/// How many lines a value that is new or gone has at most.
const MAX_VALUE_LINES: usize = 400;
/// How many lines there are at most; who has more differences has the list of paths.
const MAX_LINES: usize = 20_000;
/// How much of a value a line shows.
const LINE_CHARS: usize = 400;

/// A line of both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The same on both sides.
    Same {
        /// How far it is indented.
        depth: usize,
        /// What it says.
        text: String,
    },
    /// Different; nothing on the side where there is nothing.
    Differs {
        /// How far it is indented.
        depth: usize,
        /// Before.
        old: Option<String>,
        /// After.
        new: Option<String>,
    },
    /// Equal members or items that are not shown.
    Fold {
        /// How far it is indented.
        depth: usize,
        /// Tells it from other folds.
        key: FoldKey,
        /// How many.
        count: usize,
    },
    /// The rest, which is too much to show.
    Rest,
}

/// Which fold: the container, and how many of its members come before.
pub(crate) type FoldKey = (Pointer, usize);

/// The lines of two documents, with these folds unfolded.
pub(crate) fn lines(old: &Json, new: &Json, unfolded: &HashSet<FoldKey>) -> Vec<Line> {
    let mut builder = Builder { unfolded, lines: Vec::new() };
    builder.pair(&Pointer::root(), 0, "", old, new);
    if builder.lines.len() >= MAX_LINES {
        builder.lines.truncate(MAX_LINES);
        builder.lines.push(Line::Rest);
    }
    builder.lines
}

struct Builder<'a> {
    unfolded: &'a HashSet<FoldKey>,
    lines: Vec<Line>,
}

/// A member or item of one of two containers or of both.
struct Slot<'a> {
    place: Place<'a>,
    old: Option<&'a Json>,
    new: Option<&'a Json>,
    is_same: bool,
}

/// Where in its container a value stands. Only what is shown is put into words.
#[derive(Clone, Copy)]
enum Place<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Slot<'a> {
    fn new(place: Place<'a>, old: Option<&'a Json>, new: Option<&'a Json>) -> Self {
        let is_same = matches!((old, new), (Some(old), Some(new)) if is_same(old, new));
        Self { place, old, new, is_same }
    }

    fn label(&self) -> String {
        match self.place {
            Place::Key(key) => format!("{}: ", Json::string(key)),
            Place::Index(_) => String::new(),
        }
    }

    fn path(&self, container: &Pointer) -> Pointer {
        match self.place {
            Place::Key(key) => container.key(key),
            Place::Index(index) => container.index(index),
        }
    }
}

impl Builder<'_> {
    fn is_full(&self) -> bool {
        self.lines.len() >= MAX_LINES
    }

    fn pair(&mut self, path: &Pointer, depth: usize, label: &str, old: &Json, new: &Json) {
        if self.is_full() {
            return;
        }
        match (old, new) {
            _ if depth > 0 && is_same(old, new) => self.same(depth, one_line(label, new)),
            (Json::Object(a), Json::Object(b)) => {
                self.container(path, depth, label, "{}", &members(a, b));
            }
            (Json::Array(a), Json::Array(b)) => {
                self.container(path, depth, label, "[]", &items(a, b));
            }
            _ if is_same(old, new) => self.same(depth, one_line(label, new)),
            _ => self.differs(depth, label, Some(old), Some(new)),
        }
    }

    fn container(
        &mut self,
        path: &Pointer,
        depth: usize,
        label: &str,
        brackets: &str,
        slots: &[Slot<'_>],
    ) {
        let (open, close) = brackets.split_at(1);
        self.same(depth, format!("{label}{open}"));
        let mut at = 0;
        while at < slots.len() && !self.is_full() {
            let same = slots[at..].iter().take_while(|slot| slot.is_same).count();
            self.stretch(path, depth + 1, slots, at, same);
            at += same;
            if let Some(slot) = slots.get(at) {
                match (slot.old, slot.new) {
                    (Some(old), Some(new)) => {
                        self.pair(&slot.path(path), depth + 1, &slot.label(), old, new);
                    }
                    (old, new) => self.differs(depth + 1, &slot.label(), old, new),
                }
                at += 1;
            }
        }
        self.same(depth, close.to_owned());
    }

    /// Members that are the same, folded in the middle where they are many.
    fn stretch(
        &mut self,
        path: &Pointer,
        depth: usize,
        slots: &[Slot<'_>],
        at: usize,
        count: usize,
    ) {
        let before = if at == 0 { 0 } else { CONTEXT.min(count) };
        let after = if at + count == slots.len() { 0 } else { CONTEXT.min(count - before) };
        let (first, last) = (at + before, at + count - after);
        let key = (path.clone(), at);
        let is_folded = last - first >= FOLDED_FROM && !self.unfolded.contains(&key);
        for (place, slot) in slots.iter().enumerate().skip(at).take(count) {
            let is_inside = (first..last).contains(&place);
            if is_folded && is_inside {
                if place == first {
                    self.lines.push(Line::Fold { depth, key: key.clone(), count: last - first });
                }
            } else if let Some(value) = slot.new {
                self.same(depth, one_line(&slot.label(), value));
            }
        }
    }

    fn same(&mut self, depth: usize, text: String) {
        self.lines.push(Line::Same { depth, text });
    }

    fn differs(&mut self, depth: usize, label: &str, old: Option<&Json>, new: Option<&Json>) {
        let side =
            |value: Option<&Json>| value.map(|value| whole(label, value)).unwrap_or_default();
        let (old, new) = (side(old), side(new));
        let (mut old, mut new) = (old.into_iter(), new.into_iter());
        loop {
            let (old, new) = (old.next(), new.next());
            if old.is_none() && new.is_none() {
                break;
            }
            let inner = old.as_ref().or(new.as_ref()).map_or(0, |(inner, _)| *inner);
            let text = |line: Option<(usize, String)>| {
                line.map(|(own, text)| format!("{}{text}", "  ".repeat(own.saturating_sub(inner))))
            };
            self.lines.push(Line::Differs { depth: depth + inner, old: text(old), new: text(new) });
        }
    }
}

fn is_same(old: &Json, new: &Json) -> bool {
    // States that come from one cursor share what did not change; others have to be compared.
    old.is_shared_with(new) || old == new
}

/// The members of both objects in the order of the new one, what is gone standing where it was.
fn members<'a>(old: &'a Object, new: &'a Object) -> Vec<Slot<'a>> {
    let mut slots = Vec::with_capacity(new.len());
    let mut before = old.iter().peekable();
    for (key, value) in new {
        while let Some((gone, was)) = before.next_if(|(key, _)| !new.contains_key(*key)) {
            slots.push(Slot::new(Place::Key(gone), Some(was), None));
        }
        let was = match before.next_if(|(other, _)| *other == key) {
            Some((_, was)) => Some(was),
            None => old.get(key),
        };
        slots.push(Slot::new(Place::Key(key), was, Some(value)));
    }
    // What is gone and stood behind keys that have moved.
    for (gone, was) in before.filter(|(key, _)| !new.contains_key(*key)) {
        slots.push(Slot::new(Place::Key(gone), Some(was), None));
    }
    slots
}

/// The items of both arrays: those that both begin and end with are the same, the others stand opposite to each other.
fn items<'a>(old: &'a [Json], new: &'a [Json]) -> Vec<Slot<'a>> {
    let begin = old.iter().zip(new).take_while(|(a, b)| is_same(a, b)).count();
    let (old_rest, new_rest) = (&old[begin..], &new[begin..]);
    let pairs = old_rest.iter().rev().zip(new_rest.iter().rev());
    let end = pairs.take_while(|(a, b)| is_same(a, b)).count();
    let (old_middle, new_middle) = (old_rest.len() - end, new_rest.len() - end);
    let slot = |index: usize, old: Option<&'a Json>, new: Option<&'a Json>| {
        Slot::new(Place::Index(index), old, new)
    };
    let mut slots: Vec<Slot<'a>> =
        (0..begin).map(|at| slot(at, old.get(at), new.get(at))).collect();
    for at in 0..old_middle.max(new_middle) {
        let old = (at < old_middle).then(|| &old_rest[at]);
        let new = (at < new_middle).then(|| &new_rest[at]);
        slots.push(slot(begin + at, old, new));
    }
    for at in 0..end {
        let (was, is) = (old_rest.get(old_middle + at), new_rest.get(new_middle + at));
        slots.push(slot(begin + new_middle + at, was, is));
    }
    slots
}

fn one_line(label: &str, value: &Json) -> String {
    format!("{label}{}", value.preview(LINE_CHARS))
}

/// All lines of a value, each with its indentation, as far as they are shown.
fn whole(label: &str, value: &Json) -> Vec<(usize, String)> {
    let is_plain = value.child_count().is_none_or(|count| count == 0);
    if is_plain {
        return vec![(0, one_line(label, value))];
    }
    let mut lines = Vec::new();
    write(label, value, 0, &mut lines);
    if lines.len() >= MAX_VALUE_LINES {
        lines.truncate(MAX_VALUE_LINES);
        lines.push((1, "…".to_owned()));
    }
    lines
}

fn write(label: &str, value: &Json, depth: usize, lines: &mut Vec<(usize, String)>) {
    if lines.len() >= MAX_VALUE_LINES {
        return;
    }
    match value {
        Json::Object(members) if !members.is_empty() => {
            lines.push((depth, format!("{label}{{")));
            for (key, member) in members.iter() {
                write(&format!("{}: ", Json::string(&**key)), member, depth + 1, lines);
            }
            lines.push((depth, "}".to_owned()));
        }
        Json::Array(items) if !items.is_empty() => {
            lines.push((depth, format!("{label}[")));
            for item in items.iter() {
                write("", item, depth + 1, lines);
            }
            lines.push((depth, "]".to_owned()));
        }
        _ => lines.push((depth, one_line(label, value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(old: &str, new: &str) -> Vec<String> {
        let (old, new) = (Json::parse(old).unwrap(), Json::parse(new).unwrap());
        lines(&old, &new, &HashSet::new())
            .into_iter()
            .map(|line| match line {
                Line::Same { depth, text } => format!("{}{text}", "  ".repeat(depth)),
                Line::Differs { depth, old, new } => format!(
                    "{}{} | {}",
                    "  ".repeat(depth),
                    old.unwrap_or_default(),
                    new.unwrap_or_default()
                ),
                Line::Fold { depth, count, .. } => format!("{}({count})", "  ".repeat(depth)),
                Line::Rest => "rest".to_owned(),
            })
            .collect()
    }

    #[test]
    fn what_differs_stands_opposite_to_what_it_was() {
        assert_eq!(
            drawn(r#"{"a":1,"b":{"c":2},"d":3}"#, r#"{"a":1,"b":{"c":4,"e":[]}}"#),
            [
                "{",
                r#"  "a": 1"#,
                r#"  "b": {"#,
                r#"    "c": 2 | "c": 4"#,
                r#"     | "e": []"#,
                "  }",
                r#"  "d": 3 | "#,
                "}",
            ]
        );
    }

    #[test]
    fn a_long_stretch_of_what_is_the_same_is_folded() {
        let old = r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}"#;
        let new = r#"{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":8}"#;
        assert_eq!(drawn(old, new), ["{", "  (5)", r#"  "f": 6"#, r#"  "g": 7 | "g": 8"#, "}"]);
        let (old, new) = (Json::parse(old).unwrap(), Json::parse(new).unwrap());
        let unfolded = HashSet::from([(Pointer::root(), 0)]);
        assert_eq!(lines(&old, &new, &unfolded).len(), 9);
    }

    #[test]
    fn an_item_that_is_gone_leaves_its_neighbours_aligned() {
        assert_eq!(
            drawn(r#"[{"id":1},{"id":2},{"id":3}]"#, r#"[{"id":1},{"id":3}]"#),
            ["[", r#"  {"id":1}"#, "  { | ", r#"    "id": 2 | "#, "  } | ", r#"  {"id":3}"#, "]"]
        );
    }

    #[test]
    fn a_value_that_became_another_kind_shows_both_whole() {
        assert_eq!(
            drawn("1", r#"{"a":[2]}"#),
            ["1 | {", r#"   | "a": ["#, "     | 2", "   | ]", " | }"]
        );
    }

    #[test]
    fn a_large_value_is_cut() {
        let items: Vec<String> = (0..2_000).map(|n| n.to_string()).collect();
        let large = format!("[[{}]]", items.join(","));
        assert!(drawn("[]", &large).len() < MAX_VALUE_LINES + 5);
    }
}
