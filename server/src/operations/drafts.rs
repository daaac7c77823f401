//! Events that are to be added, from what the caller gave.

use rewind_domain::operations::EventDraft;
use rewind_store::{MAX_BATCH_EVENTS, NewEvent};
use serde_json::value::RawValue;

use super::OperationError;

/// The events of an operation.
///
/// # Errors
/// If there are none, too many, or one of them is no event.
pub(super) fn events(drafts: &[EventDraft]) -> Result<Vec<NewEvent>, OperationError> {
    if drafts.is_empty() {
        return Err(OperationError::invalid("events", "is empty; give at least one event"));
    }
    if drafts.len() > MAX_BATCH_EVENTS {
        return Err(OperationError::invalid(
            "events",
            format!("has {} events; give at most {MAX_BATCH_EVENTS}", drafts.len()),
        ));
    }
    drafts.iter().enumerate().map(|(at, draft)| event(at, draft)).collect()
}

fn event(at: usize, draft: &EventDraft) -> Result<NewEvent, OperationError> {
    let EventDraft { event_type, data, fields, correlation_id, causation_id, user_id } = draft;
    let wrong = |part: &str, message: String| {
        Err(OperationError::invalid(format!("events[{at}]{part}"), message))
    };
    let mut event = match (event_type, data, fields) {
        (Some(event_type), data, _) if !event_type.is_empty() => {
            let text = data.as_deref().map(str::trim).filter(|text| !text.is_empty());
            let read = serde_json::from_str::<Box<RawValue>>(text.unwrap_or("{}"));
            match read.map(|data| NewEvent::new(event_type, &data)) {
                Ok(Ok(event)) => event,
                Ok(Err(error)) => return wrong(".data", error.to_string()),
                Err(error) => return wrong(".data", format!("is no JSON: {error}")),
            }
        }
        (Some(_), ..) => return wrong(".type", "is empty; give a type".to_owned()),
        (None, Some(_), _) => return wrong(".type", "is missing; data needs a type".to_owned()),
        (None, None, Some(fields)) if fields.iter().next().is_some() => {
            NewEvent::of_fields(fields.clone())
        }
        (None, None, _) => return wrong("", "has neither a type nor fields".to_owned()),
    };
    if let (Some(_), Some(fields)) = (event_type, fields) {
        for (name, value) in fields.iter() {
            match (std::str::from_utf8(name), std::str::from_utf8(value)) {
                (Ok(name), Ok(value)) => event = event.with(name, value),
                _ => {
                    return wrong(
                        ".fields",
                        "has bytes that are no text; leave out the type".to_owned(),
                    );
                }
            }
        }
    }
    for (name, value) in
        [("correlation_id", correlation_id), ("causation_id", causation_id), ("user_id", user_id)]
    {
        if let Some(value) = value.as_deref().filter(|value| !value.is_empty()) {
            event = event.with(name, value);
        }
    }
    Ok(event)
}

/// How many bytes of names and values they have.
pub(super) fn bytes(events: &[NewEvent]) -> u64 {
    let of = |event: &NewEvent| event.fields().map(|(name, value)| name.len() + value.len()).sum();
    events.iter().map(of).map(|bytes: usize| bytes as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(event_type: Option<&str>, data: Option<&str>) -> EventDraft {
        EventDraft {
            event_type: event_type.map(str::to_owned),
            data: data.map(str::to_owned),
            ..EventDraft::default()
        }
    }

    fn refused(draft: EventDraft) -> String {
        let OperationError::Invalid { part, message } = events(&[draft]).unwrap_err() else {
            panic!("it should be invalid")
        };
        format!("{part} {message}")
    }

    #[test]
    fn the_digits_of_data_stay() {
        let made = events(&[draft(Some("order.paid"), Some(r#" {"total": 1.10} "#))]).unwrap();
        let fields: Vec<_> = made[0].fields().collect();
        assert!(fields.contains(&(b"data".as_slice(), br#"{"total": 1.10}"#.as_slice())));
        assert!(fields.contains(&(b"type".as_slice(), b"order.paid".as_slice())));
    }

    #[test]
    fn what_is_no_event_is_refused_by_its_place() {
        assert!(refused(draft(Some("a"), Some("{"))).starts_with("events[0].data is no JSON"));
        assert!(refused(draft(None, Some("{}"))).starts_with("events[0].type is missing"));
        assert!(refused(draft(Some(""), None)).starts_with("events[0].type is empty"));
        assert!(refused(draft(None, None)).starts_with("events[0] has neither"));
        assert!(events(&[]).is_err());
    }
}
