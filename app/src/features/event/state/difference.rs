//! What differs between two events.

use rewind_domain::{Change, Event, Json, Pointer, diff};

use crate::ui::text;

/// The member under which data stands in a [`document`].
const DATA: &str = "data";

/// The changes from one event to another: of `/type`, of `/data/…` and of `/fields/…`.
pub(crate) fn changes(from: &Event, to: &Event) -> Vec<Change> {
    diff::diff(&document(from), &document(to))
}

/// Where in the data a change is, if it is there.
pub(crate) fn path_in_data(path: &Pointer) -> Option<Pointer> {
    let rest = path.as_str().strip_prefix('/')?.strip_prefix(DATA)?;
    rest.parse().ok()
}

/// An event as one value. Fields that only say once more what type and data say are left out.
fn document(event: &Event) -> Json {
    let fields = event.fields.iter().filter_map(|(name, value)| {
        let (name, _) = text::bytes_text(name);
        let (value, is_text) = text::bytes_text(value);
        let is_type = event.event_type.as_deref() == Some(&value);
        let says_again = is_type || event.data.get(&name).and_then(Json::as_str) == Some(&value);
        let is_payload = || is_text && Json::parse(&value).is_ok_and(|data| data == event.data);
        (!says_again && !is_payload()).then(|| (name, Json::string(value)))
    });
    // Of names that repeat all values are compared, in their order.
    let mut merged: Vec<(String, Vec<Json>)> = Vec::new();
    for (name, value) in fields {
        match merged.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => merged.push((name, vec![value])),
        }
    }
    let fields = merged.into_iter().map(|(name, mut values)| match values.len() {
        1 => (name, values.remove(0)),
        _ => (name, Json::array(values)),
    });
    let event_type = event.event_type.clone().map_or(Json::Null, Json::string);
    Json::object([
        ("type", event_type),
        (DATA, event.data.clone()),
        ("fields", Json::object(fields)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{Entry, EntryId, layout};

    fn event(fields: &[(&str, &str)]) -> Event {
        let fields = fields.iter().copied().collect();
        layout::decode(Entry { id: EntryId::new(1, 0), fields })
    }

    fn paths(from: &[(&str, &str)], to: &[(&str, &str)]) -> Vec<String> {
        changes(&event(from), &event(to)).iter().map(|change| change.path.to_string()).collect()
    }

    #[test]
    fn what_differs_is_told_once() {
        let from = [("type", "A"), ("data", r#"{"n":1,"m":2}"#), ("user", "ada"), ("tag", "x")];
        let to = [("type", "B"), ("data", r#"{ "n":1,"m":3}"#), ("user", "bob"), ("tag", "x")];
        assert_eq!(paths(&from, &to), ["/type", "/data/m", "/fields/user"]);
        assert!(paths(&from, &from).is_empty());
        assert_eq!(paths(&[("a", "1")], &[("a", "2")]), ["/data/a"]);
    }

    #[test]
    fn fields_that_repeat_are_compared_in_their_order() {
        let from = [("data", "{}"), ("tag", "a"), ("tag", "b")];
        let to = [("data", "{}"), ("tag", "a"), ("tag", "c")];
        assert!(paths(&from, &to).iter().all(|path| path.starts_with("/fields/tag/")));
        assert!(!paths(&from, &to).is_empty());
    }

    #[test]
    fn a_path_leads_into_the_data_or_not() {
        let at = |path: &str| path_in_data(&path.parse().unwrap()).map(|path| path.to_string());
        assert_eq!(at("/data/a/0").as_deref(), Some("/a/0"));
        assert_eq!(at("/data").as_deref(), Some(""));
        assert_eq!((at("/fields/data"), at("/database"), at("")), (None, None, None));
    }
}
