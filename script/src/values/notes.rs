//! What is noted of a state beside its JSON.

use std::fmt::Write as _;

use rewind_domain::Json;

/// What has to be known of a state beside its JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Numbers that are of another kind than their text says, by their place among all numbers of the state.
    pub(super) numbers: Vec<(usize, Kind)>,
    /// Arrays and objects, by their place among all, that have another table than would be made for them.
    pub(super) tables: Vec<(usize, Option<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Looks like a small integer, but came about in other ways, so that it may be spelled otherwise one day.
    Float,
    /// A zero with a sign.
    MinusZero,
    /// A `BigInt` that is small enough to be a number.
    Big,
}

impl Notes {
    /// As a text without line breaks; empty where there is nothing to note.
    pub(crate) fn write(&self, out: &mut String) {
        for (at, kind) in &self.numbers {
            let kind = match kind {
                Kind::Float => 'f',
                Kind::MinusZero => 'z',
                Kind::Big => 'b',
            };
            // Writing to a string does not fail.
            let _ = write!(out, "{kind}{at} ");
        }
        for (at, table) in &self.tables {
            let table = Json::string(table.clone().unwrap_or_default());
            let _ = write!(out, "t{at} {table}\t");
        }
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut notes = Self::default();
        let mut rest = text;
        while let Some(sort) = rest.chars().next() {
            let (at, after) = rest[1..].split_once(' ')?;
            let at = at.parse().ok()?;
            rest = after;
            match sort {
                'f' => notes.numbers.push((at, Kind::Float)),
                'z' => notes.numbers.push((at, Kind::MinusZero)),
                'b' => notes.numbers.push((at, Kind::Big)),
                't' => {
                    let (table, after) = rest.split_once('\t')?;
                    rest = after;
                    let table = Json::parse(table).ok()?.as_str()?.to_owned();
                    notes.tables.push((at, Some(table).filter(|table| !table.is_empty())));
                }
                _ => return None,
            }
        }
        Some(notes)
    }
}
