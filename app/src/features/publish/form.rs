//! A new event, as somebody writes it.

use rewind_domain::json::merge;
use rewind_domain::operations::{EventDraft, Operation};
use rewind_domain::{Change, Event, Json, StreamKey, diff};

/// How long data may be that is laid out in lines, in bytes; longer data is left as it is.
const MAX_PRETTY_BYTES: usize = 200_000;

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    /// The type.
    pub(crate) event_type: String,
    /// The data, as JSON.
    pub(crate) data: String,
    /// What all events of one business process share.
    pub(crate) correlation_id: String,
    /// The event or command that caused it.
    pub(crate) causation_id: String,
    /// Who does it.
    pub(crate) user_id: String,
    /// How many entries the stream is to keep, about; all if empty.
    pub(crate) max_len: String,
}

impl Form {
    /// One that begins as an event is.
    pub(crate) fn like(event: &Event) -> Self {
        let field = |names: &[&str]| {
            let mut found = event.fields.iter().filter_map(|(name, value)| {
                let name = std::str::from_utf8(name).ok()?;
                names.contains(&name).then(|| String::from_utf8_lossy(value).into_owned())
            });
            found.next().unwrap_or_default()
        };
        Self {
            event_type: event.event_type.clone().unwrap_or_default(),
            data: pretty(&event.data),
            correlation_id: field(&["correlation_id", "correlationId"]),
            causation_id: field(&["causation_id", "causationId"]),
            user_id: field(&["user_id", "userId"]),
            max_len: String::new(),
        }
    }

    /// What is wrong with the data, if anything is.
    pub(crate) fn data_problem(&self) -> Option<String> {
        match self.data.trim() {
            "" => None,
            text => Json::parse(text).err().map(|error| error.to_string()),
        }
    }

    /// The operation: an append where the version that was seen is known.
    ///
    /// # Errors
    /// What is wrong or missing.
    pub(crate) fn operation(
        &self,
        stream: &StreamKey,
        seen_version: Option<u64>,
    ) -> Result<Operation, String> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let event_type = given(&self.event_type).ok_or("give the event a type")?;
        if let Some(problem) = self.data_problem() {
            return Err(format!("the data is no JSON: {problem}"));
        }
        let event = EventDraft {
            event_type: Some(event_type),
            data: given(&self.data),
            fields: None,
            correlation_id: given(&self.correlation_id),
            causation_id: given(&self.causation_id),
            user_id: given(&self.user_id),
        };
        let (stream, events) = (stream.clone(), vec![event]);
        if let Some(expected) = seen_version {
            return Ok(Operation::Append { stream, events, expected });
        }
        let max_len = match given(&self.max_len) {
            None => None,
            Some(text) => match text.parse() {
                Ok(length) if length > 0 => Some(length),
                _ => return Err(format!("`{text}` is no number of entries to keep")),
            },
        };
        Ok(Operation::Publish { stream, events, max_len })
    }

    /// What the event would change in a state, by the fold that merges data.
    pub(crate) fn foresee(&self, state: &Json) -> Option<Vec<Change>> {
        let data = match self.data.trim() {
            "" => return Some(Vec::new()),
            text => Json::parse(text).ok()?,
        };
        let mut after = state.clone();
        merge(&mut after, &data);
        Some(diff::diff(state, &after))
    }
}

/// JSON in lines, with the digits of its numbers as they are.
fn pretty(data: &Json) -> String {
    let text = data.to_string();
    match text.len() > MAX_PRETTY_BYTES {
        true => text,
        false => indented(&text),
    }
}

/// Lays JSON without white space out in lines.
fn indented(text: &str) -> String {
    let (mut out, mut depth, mut is_text, mut is_escaped) = (String::new(), 0_usize, false, false);
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if is_text {
            out.push(character);
            match character {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match character {
            '"' => {
                is_text = true;
                out.push('"');
            }
            '{' | '[' if matches!(rest.peek(), Some('}' | ']')) => out.push(character),
            '{' | '[' => {
                out.push(character);
                depth += 1;
                line(&mut out, depth);
            }
            '}' | ']' if matches!(out.chars().last(), Some('{' | '[')) => out.push(character),
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use rewind_domain::{Entry, layout};

    use super::*;

    fn event() -> Event {
        let fields = [
            ("type", "order.paid"),
            ("data", r#"{"total":1.10,"items":[{"sku":"A,{"}],"none":{}}"#),
            ("correlation_id", "c-1"),
        ];
        let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        layout::decode(Entry { id: "5-1".parse().unwrap(), fields: fields.collect() })
    }

    #[test]
    fn a_copy_is_written_as_its_event_is() {
        let form = Form::like(&event());
        assert_eq!((form.event_type.as_str(), form.correlation_id.as_str()), ("order.paid", "c-1"));
        assert!(form.data.contains("\"total\": 1.10"), "{}", form.data);
        assert_eq!(Json::parse(&form.data).unwrap(), event().data);
        assert!(form.data.contains("\"none\": {}"), "{}", form.data);
        let operation = form.operation(&"events:orders".into(), None).unwrap();
        let Operation::Publish { events, max_len: None, .. } = operation else { panic!() };
        assert_eq!(events[0].correlation_id.as_deref(), Some("c-1"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        let stream = StreamKey::from("a");
        assert!(Form::default().operation(&stream, None).unwrap_err().contains("type"));
        let form = Form { event_type: "a".into(), data: "{".into(), ..Form::default() };
        assert!(form.operation(&stream, None).unwrap_err().contains("no JSON"));
        let form = Form { event_type: "a".into(), max_len: "0".into(), ..Form::default() };
        assert!(form.operation(&stream, None).is_err());
        let form = Form { event_type: "a".into(), ..Form::default() };
        assert!(matches!(
            form.operation(&stream, Some(3)),
            Ok(Operation::Append { expected: 3, .. })
        ));
    }

    #[test]
    fn what_would_change_is_what_merging_the_data_changes() {
        let state = Json::parse(r#"{"total":1,"items":{"a":1}}"#).unwrap();
        let form = Form { data: r#"{"total":2}"#.into(), ..Form::default() };
        let changes = form.foresee(&state).unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].path.to_string(), "/total");
        assert_eq!(Form { data: "{".into(), ..Form::default() }.foresee(&state), None);
    }
}
