//! Paths: where in an event the value is that a term is about.

use super::FilterError;
use super::reader::{Reader, quote};
use crate::json::Step;

/// A place in an event at which there may be values.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Place {
    Type,
    /// In the data.
    Data(Vec<Step>),
    /// Among the raw fields.
    Field(String),
}

/// What may stand in a path without quotes.
pub(super) fn is_plain(char: char) -> bool {
    !char.is_whitespace() && !char.is_control() && !r#".[]:=!<>,"\"#.contains(char)
}

/// Reads a path, if one begins here: `type`, or `data` or `fields` with what follows.
pub(super) fn place(reader: &mut Reader<'_>) -> Result<Option<Place>, FilterError> {
    let start = reader.at;
    let place = match reader.take_while(is_plain) {
        "type" => Place::Type,
        "data" => Place::Data(steps(reader)?),
        "fields" => {
            let steps = steps(reader)?;
            let [Step::Key(name)] = steps.as_slice() else {
                let message = "a field has one name, as in `fields.correlation_id`; one with a dot in it is `fields[\"a.b\"]`";
                return Err(reader.fault(start..reader.at, message));
            };
            Place::Field(name.to_string())
        }
        _ => {
            reader.at = start;
            return Ok(None);
        }
    };
    Ok(Some(place))
}

/// A path into the data as text, which [`place`] reads again.
pub(super) fn data_path(steps: &[Step]) -> String {
    steps.iter().fold("data".to_owned(), |path, step| match step {
        Step::Key(key) if !key.is_empty() && key.chars().all(is_plain) => format!("{path}.{key}"),
        Step::Key(key) => format!("{path}[{}]", quote(key)),
        Step::Index(index) => format!("{path}[{index}]"),
        Step::Each => format!("{path}[]"),
    })
}

fn steps(reader: &mut Reader<'_>) -> Result<Vec<Step>, FilterError> {
    let mut steps = Vec::new();
    loop {
        let start = reader.at;
        if reader.eat(".") {
            let name = reader.take_while(is_plain);
            if name.is_empty() {
                let message = "a name is missing after `.`; an odd one is written `[\"a b\"]`";
                return Err(reader.fault(reader.at..reader.at, message));
            }
            steps.push(Step::Key(name.into()));
        } else if reader.eat("[") {
            steps.push(bracket(reader)?);
            if !reader.eat("]") {
                return Err(reader.fault(start..reader.at, "the closing `]` is missing"));
            }
        } else {
            return Ok(steps);
        }
    }
}

/// What stands in brackets.
fn bracket(reader: &mut Reader<'_>) -> Result<Step, FilterError> {
    let start = reader.at;
    if reader.peek() == Some('"') {
        return reader.quoted().map(|key| Step::Key(key.into()));
    }
    let index = reader.take_while(is_plain);
    if index.is_empty() {
        return Ok(Step::Each);
    }
    let is_number = index.bytes().all(|byte| byte.is_ascii_digit());
    match index.parse() {
        Ok(index) if is_number => Ok(Step::Index(index)),
        _ => {
            let message = format!(
                "`{index}` is no index; write `[0]` for an item, `[]` for any item, `[\"key\"]` for a member"
            );
            Err(reader.fault(start..reader.at, message))
        }
    }
}
