//! Which entries are to stay, as somebody writes it.

use rewind_domain::operations::TrimTo;

/// The ways to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TrimKind {
    #[default]
    Length,
    Age,
    From,
    Acknowledged,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    /// In which way.
    pub(crate) kind: TrimKind,
    /// The number, time or id.
    pub(crate) value: String,
    /// Whether whole blocks are removed only.
    pub(crate) about: bool,
}

impl Default for Choice {
    fn default() -> Self {
        let kind = TrimKind::default();
        Self { kind, value: kind.example().to_owned(), about: false }
    }
}

impl TrimKind {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 4] = [Self::Length, Self::Age, Self::From, Self::Acknowledged];

    /// Its name in the form.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Age => "age",
            Self::From => "from",
            Self::Acknowledged => "acknowledged",
        }
    }

    /// What it means.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Length => "the newest entries",
            Self::Age => "what is younger than",
            Self::From => "what is from an entry on",
            Self::Acknowledged => "what a group has not acknowledged",
        }
    }

    /// What stands beside the value.
    pub(crate) const fn value_label(self) -> &'static str {
        match self {
            Self::Length => "How many",
            Self::Age => "How old",
            Self::From => "Its id",
            Self::Acknowledged => "",
        }
    }

    /// What it begins with; empty where nothing has to be written.
    pub(crate) const fn example(self) -> &'static str {
        match self {
            Self::Length => "100000",
            Self::Age => "30d",
            Self::From => "0-0",
            Self::Acknowledged => "",
        }
    }
}

impl Choice {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(&self) -> Result<TrimTo, String> {
        let text = self.value.trim();
        match self.kind {
            TrimKind::Length => match text.replace([',', '_', ' '], "").parse() {
                Ok(length) => Ok(TrimTo::Length(length)),
                Err(_) => Err(format!("`{text}` is no number of entries")),
            },
            TrimKind::Age => age_ms(text).map(TrimTo::OlderThanMs).ok_or_else(|| {
                format!("`{text}` is no age; write `30d`, with `s`, `m`, `h` or `d`")
            }),
            TrimKind::From => match text.parse() {
                Ok(id) => Ok(TrimTo::Before(id)),
                Err(_) => Err(format!("`{text}` is no id; write it like `1706185200000-0`")),
            },
            TrimKind::Acknowledged => Ok(TrimTo::Acknowledged),
        }
    }
}

fn age_ms(text: &str) -> Option<u64> {
    let unit = text.chars().next_back()?;
    let unit_ms = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return None,
    };
    text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: TrimKind, value: &str) -> Result<TrimTo, String> {
        Choice { kind, value: value.to_owned(), about: false }.read()
    }

    #[test]
    fn each_way_is_read_as_it_begins() {
        for kind in TrimKind::ALL {
            assert!(read(kind, kind.example()).is_ok(), "{}", kind.name());
        }
        assert_eq!(read(TrimKind::Length, "1,000"), Ok(TrimTo::Length(1_000)));
        assert_eq!(read(TrimKind::Age, "2h"), Ok(TrimTo::OlderThanMs(7_200_000)));
    }

    #[test]
    fn what_is_none_is_refused() {
        for (kind, value) in [
            (TrimKind::Length, "-1"),
            (TrimKind::Age, "30"),
            (TrimKind::Age, "99999999999999999999d"),
            (TrimKind::From, "x"),
        ] {
            assert!(read(kind, value).unwrap_err().contains(value), "{value}");
        }
    }
}
