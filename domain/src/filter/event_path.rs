//! Paths as pages use them: the same places as in filters, looked up in decoded events.

use std::fmt;
use std::str::FromStr;

use super::path::{Place, data_path, place};
use super::reader::{Reader, quote};
use super::subject::Subject;
use super::{FilterError, path};
use crate::json::{Scalar, Step};
use crate::{Event, Json, RawEvent};

/// A place in an event: `type`, `data.…` or `fields.…`, written as in a filter.
#[derive(Clone, Debug, PartialEq)]
pub struct EventPath(Place);

impl Eq for EventPath {}

impl EventPath {
    /// The first string, number or boolean there, as text; read with no more of the event than that needs. Nothing where there is
    /// none, or an empty string.
    pub fn name(&self, event: &RawEvent<'_>) -> Option<String> {
        let name = std::cell::OnceCell::new();
        Subject::new(event).any(&self.0, |value| {
            let text = match value {
                Scalar::String(text) if !text.is_empty() => text.to_string(),
                Scalar::Number(digits) => (*digits).to_owned(),
                Scalar::Bool(value) => value.to_string(),
                _ => return false,
            };
            name.set(text).is_ok()
        });
        name.into_inner()
    }

    /// The values there, several where the path has `[]` or a field repeats.
    pub fn values(&self, event: &Event) -> Vec<Json> {
        match &self.0 {
            Place::Type => {
                event.event_type.iter().map(|name| Json::string(name.as_str())).collect()
            }
            Place::Data(steps) => {
                let mut found = Vec::new();
                collect(&event.data, steps, &mut found);
                found
            }
            Place::Field(name) => {
                let fields = event.fields.iter().filter(|(key, _)| *key == name.as_bytes());
                fields.map(|(_, value)| Json::string(String::from_utf8_lossy(value))).collect()
            }
        }
    }
}

fn collect(value: &Json, steps: &[Step], found: &mut Vec<Json>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(value.clone());
        return;
    };
    match (step, value) {
        (Step::Key(key), Json::Object(members)) => {
            if let Some(member) = members.get(&**key) {
                collect(member, rest, found);
            }
        }
        (Step::Index(index), Json::Array(items)) => {
            if let Some(item) = items.get(*index) {
                collect(item, rest, found);
            }
        }
        (Step::Each, Json::Array(items)) => {
            items.iter().for_each(|item| collect(item, rest, found));
        }
        _ => {}
    }
}

/// The paths to the values of some events, as a filter has them: those first that most of the events have.
pub fn known_paths<'e>(events: impl IntoIterator<Item = &'e Event>) -> Vec<String> {
    /// How deep to look, and how many paths to tell: as many as anyone looks through.
    const DEPTH: usize = 4;
    const MOST: usize = 200;
    let mut counts: Vec<(String, usize)> = Vec::new();
    let mut note = |path: String| {
        let is_full = counts.len() >= MOST;
        match counts.iter_mut().find(|(known, _)| *known == path) {
            Some((_, count)) => *count += 1,
            None if is_full => {}
            None => counts.push((path, 1)),
        }
    };
    for event in events {
        walk(&event.data, &mut Vec::new(), DEPTH, &mut note);
        for (name, _) in event.fields.iter() {
            if let Ok(name) = std::str::from_utf8(name) {
                note(EventPath(Place::Field(name.to_owned())).to_string());
            }
        }
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(path, _)| path).collect()
}

fn walk(value: &Json, steps: &mut Vec<Step>, depth: usize, note: &mut impl FnMut(String)) {
    match value {
        Json::Object(members) if depth > 0 => {
            for (key, member) in members.iter() {
                steps.push(Step::Key(key.as_ref().into()));
                walk(member, steps, depth - 1, note);
                steps.pop();
            }
        }
        Json::Array(items) if depth > 0 => {
            steps.push(Step::Each);
            items.iter().take(1).for_each(|item| walk(item, steps, depth - 1, note));
            steps.pop();
        }
        _ if steps.is_empty() => {}
        _ => note(data_path(steps)),
    }
}

/// Reads paths that commas separate, as [`list_text`] writes them. Commas within the quotes of a path are its own.
///
/// # Errors
/// If one of them is none.
pub fn read_list(text: &str) -> Result<Vec<EventPath>, FilterError> {
    let mut reader = Reader::new(text);
    let mut paths = Vec::new();
    while reader.peek().is_some() {
        if reader.eat(",") {
            continue;
        }
        let start = reader.at;
        let place = place(&mut reader)?.filter(|_| matches!(reader.peek(), None | Some(',')));
        paths.push(EventPath(place.ok_or_else(|| {
            let message = "no path begins here; one is `type`, `data.…` or `fields.…`";
            reader.fault(start..text.len(), message)
        })?));
    }
    Ok(paths)
}

/// Paths as one text.
pub fn list_text(paths: &[EventPath]) -> String {
    let texts: Vec<String> = paths.iter().map(EventPath::to_string).collect();
    texts.join(",")
}

impl FromStr for EventPath {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut reader = Reader::new(text);
        let place = place(&mut reader)?.filter(|_| reader.peek().is_none());
        place.map(Self).ok_or_else(|| FilterError {
            message: format!("`{text}` is no path; one is `type`, `data.…` or `fields.…`"),
            column: 1,
            length: u32::try_from(text.chars().count()).unwrap_or(u32::MAX),
        })
    }
}

impl fmt::Display for EventPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Type => f.write_str("type"),
            Place::Data(steps) => f.write_str(&data_path(steps)),
            Place::Field(name) if !name.is_empty() && name.chars().all(path::is_plain) => {
                write!(f, "fields.{name}")
            }
            Place::Field(name) => write!(f, "fields[{}]", quote(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, EntryId, Fields, layout};

    fn event() -> Event {
        let fields = Fields::from_iter([
            ("type", "Paid"),
            ("a.b", "1"),
            ("a.b", "2"),
            ("data", r#"{"total":1.10,"items":[{"sku":"A"},{"sku":"B"}],"x y":{"z":null}}"#),
        ]);
        layout::decode(Entry { id: EntryId::new(1, 0), fields })
    }

    fn values(path: &str) -> String {
        let values = path.parse::<EventPath>().unwrap().values(&event());
        Json::array(values).to_string()
    }

    #[test]
    fn a_path_finds_what_is_there() {
        assert_eq!(values("type"), r#"["Paid"]"#);
        assert_eq!(values("data.total"), "[1.10]");
        assert_eq!(values("data.items[1].sku"), r#"["B"]"#);
        assert_eq!(values("data.items[].sku"), r#"["A","B"]"#);
        assert_eq!(values(r#"data["x y"].z"#), "[null]");
        assert_eq!(values(r#"fields["a.b"]"#), r#"["1","2"]"#);
        assert_eq!(values("data.nothing"), "[]");
    }

    #[test]
    fn the_name_at_a_path_is_the_first_text_there() {
        let fields = Fields::from_iter([
            (
                "data",
                r#"{"id":"o-1","n":7.10,"on":true,"none":null,"empty":"","all":[null,"b","c"]}"#,
            ),
            ("key", "k"),
        ]);
        let event = RawEvent::new(EntryId::new(1, 0), 1, &fields);
        let name = |path: &str| path.parse::<EventPath>().unwrap().name(&event);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(name("data.id"), some("o-1"));
        assert_eq!(name("data.n"), some("7.10"));
        assert_eq!(name("data.on"), some("true"));
        assert_eq!(name("data.all[]"), some("b"));
        assert_eq!(name("fields.key"), some("k"));
        for path in ["data.none", "data.empty", "data.all", "data.missing", "data", "fields.no"] {
            assert_eq!(name(path), None, "{path}");
        }
    }

    #[test]
    fn known_paths_lead_to_values() {
        let event = event();
        let paths = known_paths([&event]);
        for path in ["data.total", "data.items[].sku", r#"data["x y"].z"#, r#"fields["a.b"]"#] {
            assert!(paths.iter().any(|known| known == path), "{path}: {paths:?}");
        }
        for path in paths {
            let read: EventPath = path.parse().unwrap();
            assert!(!read.values(&event).is_empty(), "{path}");
            assert_eq!(read.to_string(), path);
        }
    }

    #[test]
    fn lists_of_paths_survive_being_written_and_read() {
        let paths = [r#"data["a,b"].c"#, "data.items[].sku", r#"fields["x\",y"]"#, "type"];
        let paths: Vec<EventPath> = paths.iter().map(|path| path.parse().unwrap()).collect();
        for count in 0..=paths.len() {
            assert_eq!(read_list(&list_text(&paths[..count])).as_deref(), Ok(&paths[..count]));
        }
        assert_eq!(read_list(",data.a,,").unwrap().len(), 1);
        for text in ["total", "data.a b", "data.a,total", r#"data["a"#] {
            assert!(read_list(text).is_err(), "{text}");
        }
        assert_eq!(read_list("data.a,total").unwrap_err().column, 8);
    }

    proptest::proptest! {
        #[test]
        fn a_list_of_any_names_survives(names in proptest::collection::vec(".{1,6}", 0..4)) {
            let paths: Vec<EventPath> =
                names.iter().map(|name| EventPath(Place::Field(name.clone()))).collect();
            proptest::prop_assert_eq!(read_list(&list_text(&paths)).unwrap(), paths);
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "total", "data.", "data.a b", "id"] {
            assert!(text.parse::<EventPath>().is_err(), "{text}");
        }
    }
}
