//! Evaluating an expression as JavaScript would.

use std::borrow::Cow;

use super::value::Value;
use super::{Expr, Member, Verdict};
use crate::filter::subject::Subject;
use crate::json::{Scalar, as_index};

/// What is known of the event.
#[derive(Clone, Copy)]
pub(super) enum Known<'k, 's, 'e> {
    Event(&'k Subject<'s, 'e>),
    /// Its type, or that it has none, and nothing else.
    Type(Option<&'k str>),
}

pub(super) fn verdict(expr: &Expr, known: Known<'_, '_, '_>) -> Verdict {
    match value(expr, known) {
        Some(value) if value.is_truthy() => Verdict::Yes,
        Some(_) => Verdict::No,
        None => Verdict::Ask,
    }
}

/// The value of an expression, if it is certain.
fn value<'v>(expr: &'v Expr, known: Known<'v, '_, '_>) -> Option<Value<'v>> {
    Some(match expr {
        Expr::Undefined => Value::Undefined,
        Expr::Null => Value::Null,
        Expr::Bool(value) => Value::Bool(*value),
        Expr::Number(value) => Value::Number(*value),
        Expr::String(text) => Value::String(Cow::Borrowed(text)),
        Expr::Member(member) => return member_value(member, known),
        Expr::Not(inner) => Value::Bool(!value(inner, known)?.is_truthy()),
        Expr::And(all) => return first_that(all, known, false),
        Expr::Or(any) => return first_that(any, known, true),
        Expr::Compare(how, sides) => {
            let (left, right) = (value(&sides.0, known)?, value(&sides.1, known)?);
            Value::Bool(left.compare(*how, &right)?)
        }
    })
}

/// The first value that counts as true, or as false; else the last one.
fn first_that<'v>(exprs: &'v [Expr], known: Known<'v, '_, '_>, is_true: bool) -> Option<Value<'v>> {
    let mut last = Value::Undefined;
    for expr in exprs {
        last = value(expr, known)?;
        if last.is_truthy() == is_true {
            break;
        }
    }
    Some(last)
}

fn member_value<'v>(member: &'v Member, known: Known<'v, '_, '_>) -> Option<Value<'v>> {
    let subject = match (known, member) {
        (Known::Type(event_type), Member::Type) => {
            return Some(event_type.map_or(Value::Null, |name| Value::String(Cow::Borrowed(name))));
        }
        (Known::Type(_), _) => return None,
        (Known::Event(subject), _) => subject,
    };
    Some(match member {
        Member::Type => subject.event_type().map_or(Value::Null, Value::String),
        Member::Id => Value::String(subject.event.id.to_string().into()),
        // As scripts have them: no stream has 2⁵³ entries, and no time is that far away.
        #[expect(clippy::cast_precision_loss)]
        Member::Version => Value::Number(subject.event.known_version()? as f64),
        #[expect(clippy::cast_precision_loss)]
        Member::Timestamp => Value::Number(subject.event.timestamp_ms() as f64),
        Member::Data { keys, is_optional } => return data_value(subject, keys, is_optional),
    })
}

fn data_value<'v>(
    subject: &'v Subject<'_, '_>,
    keys: &[Box<str>],
    is_optional: &[bool],
) -> Option<Value<'v>> {
    let reached = subject.reach(keys);
    let (Some(key), Some(stops_at_nothing)) =
        (keys.get(reached.steps), is_optional.get(reached.steps))
    else {
        return Some(Value::of(reached.value));
    };
    // The key leads nowhere: what it is asked of decides what that means.
    match reached.value {
        Scalar::Null if *stops_at_nothing => Some(Value::Undefined),
        Scalar::Array if as_index(key).is_none() => None,
        Scalar::Array | Scalar::Object => match is_optional.get(reached.steps + 1) {
            // A member that is missing is `undefined`, and asking that for another one throws.
            Some(false) => None,
            Some(true) | None => Some(Value::Undefined),
        },
        _ => None,
    }
}
