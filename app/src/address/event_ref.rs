//! What of an event is looked at, and the event that it is compared with, as addresses name them.

use std::fmt;
use std::str::FromStr;

use rewind_domain::{EntryId, StreamKey};

/// What the panel of an event shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EventPane {
    /// Its data.
    #[default]
    Data,
    /// Its fields, as Redis holds them.
    Fields,
    /// The events of the same story.
    Related,
    /// What differs from another event.
    Compare,
}

impl EventPane {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 4] = [Self::Data, Self::Fields, Self::Related, Self::Compare];

    /// Its name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Fields => "fields",
            Self::Related => "related",
            Self::Compare => "compare",
        }
    }

    /// Its name on the page.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Data => "Data",
            Self::Fields => "Fields",
            Self::Related => "Related",
            Self::Compare => "Compare",
        }
    }

    /// The key that leads to it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Data => "d",
            Self::Fields => "f",
            Self::Related => "r",
            Self::Compare => "c",
        }
    }

    /// The pane of this name; the first one where there is no name.
    pub(crate) fn read(name: Option<&str>) -> Result<Self, String> {
        let Some(name) = name else { return Ok(Self::default()) };
        Self::ALL.into_iter().find(|pane| pane.name() == name).ok_or_else(|| {
            "parameter `pane`: must be `data`, `fields`, `related` or `compare`".to_owned()
        })
    }
}

/// An event: `1706185200000-0` of the stream that is looked at, or `events:orders@1706185200000-0` of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventRef {
    /// Its stream, where it is another.
    pub(crate) stream: Option<StreamKey>,
    /// The id of its entry.
    pub(crate) id: EntryId,
}

impl fmt::Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            Some(stream) => write!(f, "{stream}@{}", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl FromStr for EventRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no event; write its id, or `events:orders@1706185200000-0` for one of another stream"
            )
        };
        let (stream, id) = match text.trim().rsplit_once('@') {
            Some((stream, id)) => (Some(stream.parse().map_err(|_| wrong())?), id),
            None => (None, text.trim()),
        };
        Ok(Self { stream, id: id.parse().map_err(|_| wrong())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_named_by_its_id_and_perhaps_its_stream() {
        let id = EntryId::new(5, 1);
        for stream in [None, Some("a:b".into()), Some("x@1-0".into()), Some(r"\@".into())] {
            let event = EventRef { stream, id };
            assert_eq!(event.to_string().parse(), Ok(event));
        }
        assert_eq!(" 5-1 ".parse(), Ok(EventRef { stream: None, id }));
        for text in ["", "5", "a@", "a@b", r"\@5-1"] {
            assert!(text.parse::<EventRef>().unwrap_err().contains(&format!("`{text}`")), "{text}");
        }
    }

    #[test]
    fn every_pane_has_its_own_name_and_key() {
        for pane in EventPane::ALL {
            assert_eq!(EventPane::read(Some(pane.name())), Ok(pane));
            assert_eq!(EventPane::ALL.iter().filter(|other| other.key() == pane.key()).count(), 1);
        }
        assert!(EventPane::read(Some("x")).unwrap_err().contains("`pane`"));
    }
}
