//! The event that a filter is asked about, of which no more is read than asked for.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::path::Place;
use crate::json::{Scalar, Step, Trail, as_index, select, trail};
use crate::{Event, Json, RawEvent};

/// An event, and what was read of it so far.
pub(super) struct Subject<'s, 'e> {
    pub(super) event: &'s RawEvent<'e>,
    payload: OnceCell<Option<&'e str>>,
    decoded: OnceCell<Box<Event>>,
}

/// Where keys lead in the data.
pub(super) struct Reached<'a> {
    /// How many of them lead somewhere.
    pub(super) steps: usize,
    /// The value there.
    pub(super) value: Scalar<'a>,
}

impl<'s, 'e> Subject<'s, 'e> {
    pub(super) fn new(event: &'s RawEvent<'e>) -> Self {
        Self { event, payload: OnceCell::new(), decoded: OnceCell::new() }
    }

    /// Whether one of the values at a place passes the test.
    pub(super) fn any(&self, place: &Place, test: impl Fn(&Scalar<'_>) -> bool) -> bool {
        match place {
            Place::Type => self.event_type().is_some_and(|name| test(&Scalar::String(name))),
            Place::Field(name) => {
                let fields = self.event.fields();
                let is_meant = |(key, _): &(&[u8], &[u8])| *key == name.as_bytes();
                (0..fields.count())
                    .filter_map(|at| fields.pair(at))
                    .filter(is_meant)
                    .any(|(_, value)| test(&Scalar::String(String::from_utf8_lossy(value))))
            }
            Place::Data(path) => match self.payload().and_then(|text| select(text, path)) {
                Some(found) => found.into_iter().any(|text| test(&Scalar::of_text(text))),
                None => any_in(&self.decoded().data, path, &test),
            },
        }
    }

    /// The type, wherever it is told.
    pub(super) fn event_type(&self) -> Option<Cow<'_, str>> {
        self.event.type_field().or_else(|| self.decoded().event_type.as_deref().map(Cow::Borrowed))
    }

    /// Follows keys into the data as far as they lead.
    pub(super) fn reach(&self, keys: &[Box<str>]) -> Reached<'_> {
        match self.payload().and_then(|text| trail(text, keys)) {
            Some(Trail { steps, value }) => Reached { steps, value: Scalar::of_text(value) },
            None => reach_in(&self.decoded().data, keys),
        }
    }

    /// The data, where it is not in the fields as text but was read from them by a decoder.
    pub(super) fn unpacked(&self) -> Option<&Json> {
        let event = self.event.asks_decoder().then(|| self.decoded())?;
        event.decoded.as_ref().map(|_| &event.data)
    }

    /// The text that promises to be the data.
    fn payload(&self) -> Option<&'e str> {
        *self.payload.get_or_init(|| self.event.payload_text())
    }

    /// The event with all that it means, which is what counts where the promise is not kept or nothing is promised.
    fn decoded(&self) -> &Event {
        self.decoded.get_or_init(|| Box::new(self.event.decode()))
    }
}

fn any_in(value: &Json, path: &[Step], test: &impl Fn(&Scalar<'_>) -> bool) -> bool {
    let Some((step, rest)) = path.split_first() else { return test(&Scalar::of(value)) };
    match (step, value) {
        (Step::Key(key), _) => value.get(key).is_some_and(|value| any_in(value, rest, test)),
        (Step::Index(index), Json::Array(items)) => {
            items.get(*index).is_some_and(|value| any_in(value, rest, test))
        }
        (Step::Each, Json::Array(items)) => items.iter().any(|value| any_in(value, rest, test)),
        _ => false,
    }
}

fn reach_in<'a>(mut value: &'a Json, keys: &[Box<str>]) -> Reached<'a> {
    for (steps, key) in keys.iter().enumerate() {
        let next = match value {
            Json::Array(items) => as_index(key).and_then(|index| items.get(index)),
            _ => value.get(key),
        };
        let Some(next) = next else { return Reached { steps, value: Scalar::of(value) } };
        value = next;
    }
    Reached { steps: keys.len(), value: Scalar::of(value) }
}
