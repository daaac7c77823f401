//! Where a group is to go on, as somebody wrote it.

use rewind_domain::operations::{Name, Place};
use rewind_domain::time::read::read_time;
use rewind_domain::time::zone::Zone;

/// The ways to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    #[default]
    Start,
    End,
    After,
    Time,
    Version,
    Like,
    Shift,
}

impl PlaceKind {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 7] =
        [Self::Start, Self::End, Self::After, Self::Time, Self::Version, Self::Like, Self::Shift];

    /// Its name in the form.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
            Self::After => "after",
            Self::Time => "time",
            Self::Version => "version",
            Self::Like => "like",
            Self::Shift => "shift",
        }
    }

    /// What it means.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Start => "The start: everything again",
            Self::End => "The end: only what comes from now on",
            Self::After => "Behind an entry",
            Self::Time => "A time",
            Self::Version => "Behind a version",
            Self::Like => "Where another group is",
            Self::Shift => "Some entries back or further on",
        }
    }

    /// What has to be written for it, by an example; `None` if nothing has to be.
    pub(crate) const fn example(self) -> Option<&'static str> {
        match self {
            Self::Start | Self::End => None,
            Self::After => Some("1706185200000-0"),
            Self::Time => Some("2024-01-25 12:20"),
            Self::Version => Some("120"),
            Self::Like => Some("stats"),
            Self::Shift => Some("-100"),
        }
    }

    /// Reads what was written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(self, text: &str, zone: &impl Zone) -> Result<Place, String> {
        let text = text.trim();
        let wrong = |what: &str| {
            let example = self.example().unwrap_or_default();
            format!("`{text}` is no {what}; write it like `{example}`")
        };
        Ok(match self {
            Self::Start => Place::Start,
            Self::End => Place::End,
            Self::After => Place::After(text.parse().map_err(|_| wrong("id"))?),
            Self::Time => {
                let read = read_time(text, zone).map_err(|error| error.to_string())?;
                Place::Time(u64::try_from(read.first_ms).map_err(|_| wrong("time"))?)
            }
            Self::Version => Place::Version(text.parse().map_err(|_| wrong("version"))?),
            Self::Like => {
                let name = text.parse::<Name>().map_err(|error| error.to_string())?;
                match name.is_empty() {
                    true => return Err("name a group".to_owned()),
                    false => Place::Like(name),
                }
            }
            Self::Shift => Place::Shift(text.parse().map_err(|_| wrong("whole number"))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use rewind_domain::time::zone::Utc;

    use super::*;

    #[test]
    fn each_place_is_read_as_its_example_is_written() {
        for kind in PlaceKind::ALL {
            let example = kind.example().unwrap_or_default();
            assert!(kind.read(example, &Utc).is_ok(), "{}", kind.name());
        }
        let time = PlaceKind::Time.read("1970-01-01 00:01", &Utc);
        assert_eq!(time, Ok(Place::Time(60_000)));
        assert_eq!(PlaceKind::Shift.read(" -5 ", &Utc), Ok(Place::Shift(-5)));
    }

    #[test]
    fn what_is_none_is_refused_with_an_example() {
        for (kind, text) in [
            (PlaceKind::After, "x"),
            (PlaceKind::Time, "noon"),
            (PlaceKind::Version, "-1"),
            (PlaceKind::Like, ""),
            (PlaceKind::Shift, "1.5"),
        ] {
            assert!(kind.read(text, &Utc).is_err(), "{text}");
        }
        let error = PlaceKind::Version.read("-1", &Utc).unwrap_err();
        assert!(error.contains("`120`"), "{error}");
    }
}
