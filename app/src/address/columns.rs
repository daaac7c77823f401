//! The columns of the event list.

use std::fmt;
use std::str::FromStr;

use rewind_domain::Event;
use rewind_domain::filter::{EventPath, list_text, read_list};

/// How many columns of one's own there can be: more have no room on a screen.
const MAX_COLUMNS: usize = 12;

/// Which columns the event list has beside time, type and data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(Vec<EventPath>);

impl Columns {
    /// Their paths, in the order in which they stand.
    pub(crate) fn paths(&self) -> &[EventPath] {
        &self.0
    }

    /// Whether a path has a column.
    pub(crate) fn has(&self, path: &EventPath) -> bool {
        self.0.contains(path)
    }

    /// The same with a column more, or less where it is there already.
    pub(crate) fn toggled(&self, path: &EventPath) -> Self {
        let mut paths = self.0.clone();
        match paths.iter().position(|other| other == path) {
            Some(at) => {
                paths.remove(at);
            }
            None if paths.len() < MAX_COLUMNS => paths.push(path.clone()),
            None => {}
        }
        Self(paths)
    }
}

impl FromStr for Columns {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let paths = read_list(text).map_err(|error| error.to_string())?;
        if paths.len() > MAX_COLUMNS {
            return Err(format!("at most {MAX_COLUMNS} columns can be shown"));
        }
        Ok(Self(paths))
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&list_text(&self.0))
    }
}

/// What a column shows of an event.
pub(crate) fn cell_text(event: &Event, path: &EventPath) -> Option<String> {
    /// More than a column has room for.
    const SHOWN_CHARS: usize = 120;
    let values = path.values(event);
    match values.as_slice() {
        [] => None,
        [rewind_domain::Json::String(text)] => Some(text.chars().take(SHOWN_CHARS).collect()),
        [value] => Some(value.preview(SHOWN_CHARS)),
        several => {
            let texts: Vec<String> =
                several.iter().map(|value| value.preview(SHOWN_CHARS)).collect();
            Some(texts.join(", ").chars().take(SHOWN_CHARS).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{Entry, EntryId, Fields, layout};

    #[test]
    fn columns_survive_being_written_and_read() {
        for text in ["", "data.total", "data.a.b,fields.user,data.items[0].sku"] {
            assert_eq!(text.parse::<Columns>().unwrap().to_string(), text);
        }
        assert!("data.,x".parse::<Columns>().is_err());
        assert!(vec!["data.a"; MAX_COLUMNS + 1].join(",").parse::<Columns>().is_err());
    }

    #[test]
    fn a_column_is_added_and_taken_away_again() {
        let path: EventPath = "data.total".parse().unwrap();
        let columns = Columns::default().toggled(&path);
        assert!(columns.has(&path));
        assert_eq!(columns.toggled(&path), Columns::default());
    }

    #[test]
    fn a_cell_shows_digits_as_they_are_and_texts_without_quotes() {
        let fields = Fields::from_iter([
            ("type", "Paid"),
            ("user", "ann"),
            ("data", r#"{"total":1.10,"name":"x y","items":[{"sku":"A"},{"sku":"B"}]}"#),
        ]);
        let event = layout::decode(Entry { id: EntryId::new(1, 0), fields });
        let cell = |path: &str| cell_text(&event, &path.parse().unwrap());
        assert_eq!(cell("data.total").as_deref(), Some("1.10"));
        assert_eq!(cell("data.name").as_deref(), Some("x y"));
        assert_eq!(cell("fields.user").as_deref(), Some("ann"));
        assert_eq!(cell("data.items[].sku").as_deref(), Some("\"A\", \"B\""));
        assert_eq!(cell("data.none"), None);
    }
}
