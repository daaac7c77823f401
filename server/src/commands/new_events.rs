//! Events that a command is given: by its options, or as lines on standard input.

use std::collections::BTreeMap;
use std::io::BufRead;

use clap::Args;
use rewind_domain::Fields;
use rewind_store::NewEvent;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::Failure;
use crate::transfer::Progress;

/// How many bytes a line of input can have at most: more than Redis takes in one value by default.
const MAX_LINE_BYTES: u64 = 1024 * 1024 * 1024;

/// One event, or many on standard input.
#[derive(Args, Clone, Debug, Default)]
pub struct NewEventOptions {
    /// The type of the event; without it, events are read from standard input, one JSON object a line
    ///
    /// A line is an object such as {"type": "order.created", "data": {"total": 49.99}}, with `timestamp`, `correlation_id`,
    /// `causation_id` and `user_id` as one likes, or {"fields": {"name": "value"}} for an entry of exactly these fields.
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// The data of the event, as JSON; `-` reads it from standard input
    #[arg(long, value_name = "JSON", requires = "event_type")]
    data: Option<String>,
    /// A field of an entry of exactly these fields, in their order, instead of a type and data
    #[arg(long = "field", value_name = "NAME=VALUE", conflicts_with = "event_type")]
    fields: Vec<String>,
    /// What all events of one business process share
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// The event or command that caused this
    #[arg(long, value_name = "ID")]
    causation: Option<String>,
    /// Who does it
    #[arg(long, value_name = "ID")]
    user: Option<String>,
}

/// A line of input that is an entry of exactly these fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    fields: Fields,
}

/// A line of input that is an event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventLine {
    #[serde(rename = "type")]
    event_type: String,
    /// `null` is data too.
    #[serde(default, deserialize_with = "given")]
    data: Option<Box<RawValue>>,
    timestamp: Option<Timestamp>,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    user_id: Option<String>,
}

fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(deserializer).map(Some)
}

/// When something happened: Unix milliseconds, or any other text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Timestamp {
    Ms(u64),
    Text(String),
}

impl NewEventOptions {
    /// Whether events are read from standard input.
    pub fn is_input(&self) -> bool {
        self.event_type.is_none() && self.fields.is_empty()
    }

    /// All events, in order. Shows on the way how many were read.
    ///
    /// # Errors
    /// [`Failure::Usage`] if one of them is none.
    pub(crate) fn read(
        &self,
        input: impl BufRead,
        progress: &Progress,
    ) -> Result<Vec<NewEvent>, Failure> {
        if !self.is_input() {
            return Ok(vec![self.one(input)?]);
        }
        let mut events = Vec::new();
        for event in self.lines(input) {
            events.push(event?);
            progress.advance(0, events.len() as u64);
        }
        Ok(events)
    }

    /// The events of standard input, as they come. Empty lines are passed over.
    pub fn lines<'a>(
        &'a self,
        mut input: impl BufRead + 'a,
    ) -> impl Iterator<Item = Result<NewEvent, Failure>> + 'a {
        let mut number = 0_u64;
        std::iter::from_fn(move || {
            loop {
                number += 1;
                let mut line = Vec::new();
                let wrong = |problem: &dyn std::fmt::Display| {
                    Some(Err(Failure::Usage(format!("line {number} of the input: {problem}"))))
                };
                let mut limited = std::io::Read::take(&mut input, MAX_LINE_BYTES);
                match limited.read_until(b'\n', &mut line) {
                    Ok(0) => return None,
                    Ok(_) if line.trim_ascii().is_empty() => {}
                    Ok(_) => match event(&line) {
                        Ok(event) => return Some(Ok(self.with_metadata(event))),
                        Err(problem) => return wrong(&problem),
                    },
                    Err(error) => return wrong(&error),
                }
            }
        })
    }

    fn one(&self, mut input: impl BufRead) -> Result<NewEvent, Failure> {
        let Some(event_type) = &self.event_type else {
            let pairs = self.fields.iter().map(|field| {
                field.split_once('=').ok_or_else(|| {
                    Failure::Usage(format!("`--field {field}` has no `=`; write `NAME=VALUE`"))
                })
            });
            let fields = Fields::from_iter(pairs.collect::<Result<Vec<_>, _>>()?);
            return Ok(self.with_metadata(NewEvent::of_fields(fields)));
        };
        let text = match self.data.as_deref() {
            None => "{}".to_owned(),
            Some("-") => {
                let mut text = String::new();
                input.read_to_string(&mut text).map_err(|error| {
                    Failure::Usage(format!("the data cannot be read from standard input: {error}"))
                })?;
                text.trim().to_owned()
            }
            Some(text) => text.to_owned(),
        };
        let data: Box<RawValue> = serde_json::from_str(&text)
            .map_err(|error| Failure::Usage(format!("`--data` is no JSON: {error}")))?;
        let event = NewEvent::new(event_type, &data);
        let event = event.map_err(|error| Failure::Usage(error.to_string()))?;
        Ok(self.with_metadata(event))
    }

    fn with_metadata(&self, mut event: NewEvent) -> NewEvent {
        if let Some(id) = &self.correlation {
            event = event.with_correlation(id);
        }
        if let Some(id) = &self.causation {
            event = event.with_causation(id);
        }
        if let Some(id) = &self.user {
            event = event.with_user(id);
        }
        event
    }
}

/// The event of a line.
fn event(line: &[u8]) -> Result<NewEvent, String> {
    const FORM: &str = "an event is an object with `type`, `data` and, if one likes, `timestamp`, `correlation_id`, `causation_id` and `user_id`, or with `fields` alone";
    let wrong = |error: serde_json::Error| format!("{error}; {FORM}");
    let members: BTreeMap<String, IgnoredAny> = serde_json::from_slice(line).map_err(wrong)?;
    if members.contains_key("fields") {
        let RawLine { fields } = serde_json::from_slice(line).map_err(wrong)?;
        return Ok(NewEvent::of_fields(fields));
    }
    let line: EventLine = serde_json::from_slice(line).map_err(wrong)?;
    let event = match &line.data {
        Some(data) => NewEvent::new(&line.event_type, data),
        None => NewEvent::new(&line.event_type, &serde_json::json!({})),
    };
    let mut event = event.map_err(|error| error.to_string())?;
    let timestamp = line.timestamp.map(|timestamp| match timestamp {
        Timestamp::Ms(ms) => ms.to_string(),
        Timestamp::Text(text) => text,
    });
    let named = [
        ("timestamp", timestamp),
        ("correlation_id", line.correlation_id),
        ("causation_id", line.causation_id),
        ("user_id", line.user_id),
    ];
    for (name, value) in named {
        if let Some(value) = value {
            event = event.with(name, &value);
        }
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let progress = Progress::new(crate::transfer::Measure::Unknown, true);
        let events = NewEventOptions::default().read(text.as_bytes(), &progress);
        let shown = |event: &NewEvent| {
            let pairs = event.fields().filter(|(name, _)| *name != b"timestamp");
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            pairs.map(|(name, value)| text(name) + "=" + &text(value)).collect::<Vec<_>>().join(" ")
        };
        events
            .map(|events| events.iter().map(shown).collect())
            .map_err(|failure| failure.to_string())
    }

    #[test]
    fn a_line_is_an_event_or_an_entry_of_exactly_these_fields() {
        let text = concat!(
            r#"{"type":"a","data":{"n":1.10},"user_id":"ada"}"#,
            "\n\n",
            r#"{"fields":[["b","2"],["b","1"]]}"#,
            "\n",
            r#"{"type":"c"}"#,
        );
        let events = ["type=a data={\"n\":1.10} user_id=ada", "b=2 b=1", "type=c data={}"];
        assert_eq!(read(text).unwrap(), events);
    }

    #[test]
    fn a_line_that_is_no_event_is_named() {
        for (line, part) in [
            ("{", "line 2"),
            (r#"{"type":"a","dta":1}"#, "`dta`"),
            (r#"{"data":1}"#, "`type`"),
            ("[]", "an event is an object"),
        ] {
            let error = read(&format!("{}\n{line}\n", r#"{"type":"a"}"#)).unwrap_err();
            assert!(error.contains("line 2 of the input: ") && error.contains(part), "{error}");
        }
    }
}
