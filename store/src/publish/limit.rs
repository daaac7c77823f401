//! How long a stream may get.

use rewind_domain::EntryId;

/// How much of a stream is kept when events are added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    kept: Kept,
    precision: Precision,
}

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kept {
    /// This many of the newest entries.
    Newest(u64),
    /// This entry and those after it.
    From(EntryId),
}

/// How exactly a limit is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Precision {
    /// The server removes whole blocks of entries and keeps more than asked for, never less (`~`). It costs next to nothing.
    #[default]
    AtLeast,
    /// Exactly as asked for (`=`).
    Exact,
}

impl Limit {
    /// The newest `count` entries.
    #[must_use]
    pub const fn newest(count: u64) -> Self {
        Self { kept: Kept::Newest(count), precision: Precision::AtLeast }
    }

    /// The entries from this id on.
    #[must_use]
    pub const fn from(id: EntryId) -> Self {
        Self { kept: Kept::From(id), precision: Precision::AtLeast }
    }

    /// The same, kept this exactly.
    #[must_use]
    pub const fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The words of `XADD` and `XTRIM`.
    pub(crate) fn words(&self) -> Vec<String> {
        let (name, value) = match self.kept {
            Kept::Newest(count) => ("MAXLEN", count.to_string()),
            Kept::From(id) => ("MINID", id.to_string()),
        };
        vec![name.to_owned(), self.precision.word().to_owned(), value]
    }
}

impl Precision {
    /// The word of `XADD` and `XTRIM`.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::AtLeast => "~",
            Self::Exact => "=",
        }
    }
}
