//! The types of events as numbers, so that a count of one takes four bytes.

use std::collections::HashMap;
use std::sync::Arc;

/// How many types an index tells apart. A stream with more of them has something else than types there; those that come later
/// are counted together.
pub const MAX_TYPES: usize = 1_000;
/// How long a type may be that is told apart, in bytes. What is longer is no name.
pub const MAX_TYPE_BYTES: usize = 256;

/// What an event is counted under.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// This type.
    Named(Arc<str>),
    /// It has none.
    Untyped,
    /// One of those that are not told apart, see [`MAX_TYPES`] and [`MAX_TYPE_BYTES`].
    Other,
}

/// How many events have a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeCount {
    /// The type.
    pub event_type: EventType,
    /// How many.
    pub count: u64,
}

/// A type within one index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeNumber(u16);

const UNTYPED: TypeNumber = TypeNumber(0);
const OTHER: TypeNumber = TypeNumber(1);
/// The number of the first type that has a name.
const FIRST_NAMED: usize = 2;

/// Which type has which number.
#[derive(Clone, Debug, Default)]
pub(super) struct TypeTable {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, TypeNumber, foldhash::fast::RandomState>,
    /// How long the names are together.
    name_bytes: usize,
}

impl TypeNumber {
    pub(super) fn index(self) -> usize {
        self.0.into()
    }
}

impl TypeTable {
    /// How many numbers there are.
    pub(super) fn len(&self) -> usize {
        FIRST_NAMED + self.names.len()
    }

    /// The number of a type, which gets one where there is room.
    pub(super) fn intern(&mut self, event_type: Option<&str>) -> TypeNumber {
        match event_type {
            Some(name)
                if name.len() <= MAX_TYPE_BYTES
                    && self.names.len() < MAX_TYPES
                    && !self.numbers.contains_key(name) =>
            {
                let Ok(number) = u16::try_from(self.len()) else { return OTHER };
                let name: Arc<str> = name.into();
                self.name_bytes += name.len();
                self.names.push(Arc::clone(&name));
                self.numbers.insert(name, TypeNumber(number));
                TypeNumber(number)
            }
            known => self.number(known),
        }
    }

    /// The number of a type that may have one.
    pub(super) fn number(&self, event_type: Option<&str>) -> TypeNumber {
        match event_type {
            None => UNTYPED,
            Some(name) => self.numbers.get(name).copied().unwrap_or(OTHER),
        }
    }

    /// The type of a number.
    pub(super) fn event_type(&self, index: usize) -> EventType {
        match index.checked_sub(FIRST_NAMED) {
            Some(at) => self
                .names
                .get(at)
                .map_or(EventType::Other, |name| EventType::Named(Arc::clone(name))),
            None if index == UNTYPED.index() => EventType::Untyped,
            None => EventType::Other,
        }
    }

    /// The types that occur, the most frequent ones first, given how often each number does.
    pub(super) fn counts(&self, counts: &[u64]) -> Vec<TypeCount> {
        let occurring = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        let mut counts: Vec<TypeCount> = occurring
            .map(|(index, count)| TypeCount { event_type: self.event_type(index), count: *count })
            .collect();
        // Stable, so that types as frequent as each other keep the order in which they came up.
        counts.sort_by_key(|count| std::cmp::Reverse(count.count));
        counts
    }

    /// In bytes.
    pub(super) fn byte_size(&self) -> usize {
        /// The two counts that an `Arc` keeps.
        const ARC_BYTES: usize = 2 * size_of::<usize>();
        self.names.capacity() * size_of::<Arc<str>>()
            + self.numbers.capacity() * (size_of::<(Arc<str>, TypeNumber)>() + 1)
            + self.names.len() * ARC_BYTES
            + self.name_bytes
    }
}
