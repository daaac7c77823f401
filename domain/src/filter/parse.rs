//! Reading terms.

use std::cmp::Ordering;
use std::ops::Range;

use super::moment::{ids, ids_of_times};
use super::native::{Native, begins_expression};
use super::path::{self, Place, is_plain};
use super::range::{Discrete, Ranges};
use super::reader::Reader;
use super::value::{Comparison, Operand, Pattern};
use super::words::Words;
use super::{FilterError, MAX_CHARS, Script, Term, Test};
use crate::time::read::read_time;
use crate::time::zone::Utc;

/// How a term compares.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Operator {
    OneOf,
    Is,
    IsNot,
    Ordered { order: Ordering, or_equal: bool },
}

/// Longer ones before those with which they begin.
pub(super) const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::IsNot),
    (">=", Operator::Ordered { order: Ordering::Greater, or_equal: true }),
    ("<=", Operator::Ordered { order: Ordering::Less, or_equal: true }),
    (":", Operator::OneOf),
    ("=", Operator::Is),
    (">", Operator::Ordered { order: Ordering::Greater, or_equal: false }),
    ("<", Operator::Ordered { order: Ordering::Less, or_equal: false }),
];

/// What stands behind an operator.
struct Value {
    text: String,
    is_quoted: bool,
    place: Range<usize>,
}

pub(super) fn terms(text: &str) -> Result<Vec<Term>, FilterError> {
    let mut reader = Reader::new(text);
    if let Some((too_far, _)) = text.char_indices().nth(MAX_CHARS) {
        let message = format!("a filter has at most {MAX_CHARS} characters");
        return Err(reader.fault(too_far..text.len(), message));
    }
    let mut terms = Vec::new();
    reader.take_while(char::is_whitespace);
    let is_expression = begins_expression(reader.rest());
    while reader.peek().is_some() {
        let start = reader.at;
        let (is_negated, test) = if is_expression || reader.eat("=") {
            (false, Test::Script(script(&mut reader)?))
        } else {
            term(&mut reader)?
        };
        let place = reader.chars_before(start)..reader.chars_before(reader.at);
        terms.push(Term { place, is_negated, test });
        reader.take_while(char::is_whitespace);
    }
    Ok(terms)
}

/// The name at the start of a word that is compared with something, as in `total>100`.
pub(super) fn name_before_operator(word: &str) -> Option<&str> {
    let is_name = |char: char| char.is_ascii_alphanumeric() || "_.[]-".contains(char);
    let end = word.find(|char| !is_name(char))?;
    let (name, rest) = word.split_at(end);
    let is_compared = OPERATORS.iter().any(|(sign, _)| rest.starts_with(sign));
    let is_word = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
    (is_compared && is_word).then_some(name)
}

/// All that is left is an expression.
fn script(reader: &mut Reader<'_>) -> Result<Script, FilterError> {
    reader.take_while(char::is_whitespace);
    let begin = reader.at;
    let source = reader.rest().trim_end();
    reader.at += source.len();
    if source.is_empty() {
        let message = "an expression is missing after `=`, as in `=event.data.total > 100`";
        return Err(reader.fault(begin..begin, message));
    }
    if !source.contains("event") {
        let message = "what follows `=` is an expression in JavaScript, and this one asks nothing about `event`; a comparison is written without white space, as in `data.total=100`";
        return Err(reader.fault(begin..reader.at, message));
    }
    let native = Native::read(source);
    Ok(Script { source: source.to_owned(), start: reader.chars_before(begin), native })
}

fn term(reader: &mut Reader<'_>) -> Result<(bool, Test), FilterError> {
    let start = reader.at;
    let is_negated = reader.eat("-");
    if is_negated && reader.is_at_end() {
        let message = "`-` stands alone; write it before a term, as in `-type:OrderPaid`";
        return Err(reader.fault(start..reader.at, message));
    }
    let test = if reader.peek() == Some('"') {
        Test::Words(Words::new(&reader.quoted()?))
    } else if let Some(test) = question(reader)? {
        test
    } else {
        word(reader)?
    };
    if !reader.is_at_end() {
        let message = "white space is missing before the next term";
        return Err(reader.fault(reader.at..reader.at, message));
    }
    Ok((is_negated, test))
}

/// A term that asks about something by its name. Nothing where it is just a word.
fn question(reader: &mut Reader<'_>) -> Result<Option<Test>, FilterError> {
    let start = reader.at;
    let name = reader.take_while(is_plain);
    if reader.is_at_end() {
        reader.at = start;
        return Ok(None);
    }
    let after_name = reader.at;
    if matches!(name, "id" | "time" | "timestamp")
        && let Some(operator) = operator(reader)
    {
        let values = values(reader, operator, start)?;
        return moments(reader, name, operator, &values).map(Some);
    }
    if name == "has" && reader.eat(":") {
        let begin = reader.at;
        return match path::place(reader)? {
            Some(place) => Ok(Some(Test::Has(place))),
            None => {
                let message = "`has:` names what has to be there, as in `has:data.total`, `has:fields.user` or `has:type`";
                Err(reader.fault(begin..begin + until_space(reader).len(), message))
            }
        };
    }
    reader.at = start;
    let Some(place) = path::place(reader)? else { return Ok(None) };
    let path = start..reader.at;
    let Some(operator) = operator(reader) else {
        if reader.at == after_name {
            // `data` and the like are words, too.
            reader.at = start;
            return Ok(None);
        }
        let path_text = &reader.text[path.clone()];
        let message = format!(
            "`{path_text}` is not compared with anything; write `{path_text}:…`, `{path_text}>…`, or `has:{path_text}`"
        );
        return Err(reader.fault(path, message));
    };
    if place == Place::Type && matches!(operator, Operator::Ordered { .. }) {
        let message = "types have no order; write `type:OrderPaid` or `type:Order*`";
        return Err(reader.fault(start..reader.at, message));
    }
    let values = values(reader, operator, start)?;
    let comparison = comparison(operator, values, place == Place::Type);
    Ok(Some(Test::Compare { place, comparison }))
}

fn operator(reader: &mut Reader<'_>) -> Option<Operator> {
    OPERATORS.iter().find(|(sign, _)| reader.eat(sign)).map(|(_, operator)| *operator)
}

/// The values behind an operator, of which only `:` has several. The term began at `start`.
fn values(
    reader: &mut Reader<'_>,
    operator: Operator,
    start: usize,
) -> Result<Vec<Value>, FilterError> {
    let is_list = operator == Operator::OneOf;
    let mut values = Vec::new();
    loop {
        let begin = reader.at;
        let is_quoted = reader.peek() == Some('"');
        let text = match is_quoted {
            true => reader.quoted()?,
            false => reader
                .take_while(|char| !(char.is_whitespace() || is_list && char == ','))
                .to_owned(),
        };
        if text.is_empty() && !is_quoted {
            let before = &reader.text[start..begin];
            let message = format!("a value is missing after `{before}`; an empty one is `\"\"`");
            return Err(reader.fault(begin..begin, message));
        }
        values.push(Value { text, is_quoted, place: begin..reader.at });
        if !is_list || !reader.eat(",") {
            return Ok(values);
        }
    }
}

fn comparison(operator: Operator, values: Vec<Value>, is_type: bool) -> Comparison {
    // A type is a name, even where it looks like a number.
    let operand = |value: Value| Operand::new(value.text, value.is_quoted || is_type);
    let pattern = |value: Value| match !value.is_quoted && value.text.contains('*') {
        true => Pattern::Wildcard(value.text.split('*').map(str::to_owned).collect()),
        false => Pattern::Operand(operand(value)),
    };
    let mut values = values.into_iter();
    if operator == Operator::OneOf {
        return Comparison::OneOf(values.map(pattern).collect());
    }
    let operand = values.next().map_or(Operand::Quoted(String::new()), operand);
    match operator {
        Operator::OneOf | Operator::Is => Comparison::Is(operand),
        Operator::IsNot => Comparison::IsNot(operand),
        Operator::Ordered { order, or_equal } => {
            Comparison::Ordered { order, or_equal, than: operand }
        }
    }
}

fn moments(
    reader: &Reader<'_>,
    name: &str,
    operator: Operator,
    values: &[Value],
) -> Result<Test, FilterError> {
    if name == "id" {
        return ranges(reader, operator, values, |text| {
            ids(text).ok_or_else(|| {
                format!("`{text}` is not an entry id; one looks like `1706185200000-0`")
            })
        })
        .map(Test::Id);
    }
    let ranges = ranges(reader, operator, values, |text| {
        // Links mean the same for everybody: a page writes out the zone of whoever types.
        read_time(text, &Utc)
            .map(|time| (time.first_ms, time.last_ms))
            .map_err(|error| error.to_string())
    })?;
    Ok(if name == "time" { Test::Time(ranges.map(ids_of_times)) } else { Test::Timestamp(ranges) })
}

fn ranges<T: Discrete>(
    reader: &Reader<'_>,
    operator: Operator,
    values: &[Value],
    read: impl Fn(&str) -> Result<(T, T), String>,
) -> Result<Ranges<T>, FilterError> {
    let range = |value: &Value| -> Result<(T, T), String> {
        let Some((from, to)) = value.text.split_once("..") else {
            let (first, last) = read(&value.text)?;
            let before = first.prev().map(|last| (T::MIN, last));
            let after = last.next().map(|first| (first, T::MAX));
            let nothing = (T::MAX, T::MIN);
            return Ok(match operator {
                Operator::OneOf | Operator::Is | Operator::IsNot => (first, last),
                Operator::Ordered { order: Ordering::Less, or_equal: true } => (T::MIN, last),
                Operator::Ordered { order: Ordering::Less, .. } => before.unwrap_or(nothing),
                Operator::Ordered { or_equal: true, .. } => (first, T::MAX),
                Operator::Ordered { .. } => after.unwrap_or(nothing),
            });
        };
        if operator != Operator::OneOf {
            return Err(format!("a range such as `{}` stands behind `:`", value.text));
        }
        let first = if from.is_empty() { T::MIN } else { read(from)?.0 };
        let last = if to.is_empty() { T::MAX } else { read(to)?.1 };
        match first <= last {
            true => Ok((first, last)),
            false => Err(format!("`{}` ends before it begins", value.text)),
        }
    };
    let read =
        |value: &Value| range(value).map_err(|message| reader.fault(value.place.clone(), message));
    let ranges = Ranges::union(values.iter().map(read).collect::<Result<Vec<_>, _>>()?);
    Ok(if operator == Operator::IsNot { ranges.complement() } else { ranges })
}

/// A word, unless it looks as if something else was meant: a search that finds nothing would not say so.
fn word(reader: &mut Reader<'_>) -> Result<Test, FilterError> {
    let start = reader.at;
    let word = until_space(reader);
    if let Some((sign, _)) = OPERATORS.iter().find(|(sign, _)| word.starts_with(sign)) {
        let message = format!(
            "`{sign}` has nothing before it; write a comparison without white space, as in `data.total>100`, or put it in quotes to look for it"
        );
        return Err(reader.fault(start..start + sign.len(), message));
    }
    if let Some(name) = name_before_operator(word) {
        let message = format!(
            "`{name}` is no name that filters know; write `data.{name}` for a value of the data, `fields.{name}` for a field, or put all of it in quotes to look for it"
        );
        return Err(reader.fault(start..start + name.len(), message));
    }
    reader.at += word.len();
    Ok(Test::Words(Words::new(word)))
}

fn until_space<'t>(reader: &Reader<'t>) -> &'t str {
    reader.rest().split(char::is_whitespace).next().unwrap_or_default()
}
