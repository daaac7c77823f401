//! Handlers of this program: by type, for typed data or whole events, with old shapes brought up to date before them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;

use rewind_domain::{Event, RawEvent};
use serde::de::DeserializeOwned;

/// How often in a row an event may be brought up to date: more often than any type ever changes its shape.
const MAX_UPCASTS: u32 = 32;

/// What a projection does with events. `C` is what it changes: a state, a row, or [`Changes`](super::Changes).
///
/// Events of types without a handler are passed over. A handler that returns an error stops the projection before its event.
/// Handlers see nothing but their arguments, so that the same events always give the same state.
pub struct Handlers<C> {
    by_type: HashMap<String, Handler<C>>,
    any: Option<Handler<C>>,
    upcasts: HashMap<String, Box<dyn Fn(Event) -> Event + Send + Sync>>,
}

type Handler<C> = Box<dyn Fn(&mut C, &Seen<'_>) -> Result<(), String> + Send + Sync>;

/// What a handler returns: nothing, or whether it could do its work.
pub trait Outcome {
    /// The same as a result, with the error as text.
    ///
    /// # Errors
    /// If the handler could not do its work.
    fn into_result(self) -> Result<(), String>;
}

impl Outcome for () {
    fn into_result(self) -> Result<(), String> {
        Ok(())
    }
}

impl<E: Display> Outcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// An event as it was stored, or brought up to date.
pub(crate) enum Seen<'e> {
    Stored(RawEvent<'e>),
    Upcast(Box<Event>),
}

impl<C> Default for Handlers<C> {
    fn default() -> Self {
        Self { by_type: HashMap::new(), any: None, upcasts: HashMap::new() }
    }
}

impl<C: 'static> Handlers<C> {
    /// No handlers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One handler for all events.
    #[must_use]
    pub fn fold<R: Outcome>(handler: impl Fn(&mut C, &Event) -> R + Send + Sync + 'static) -> Self {
        Self::new().any(handler)
    }

    /// One handler for all events as a program's own type, as [`typed`](crate::typed) reads it. An event that is none of that type
    /// stops the projection; an enum has `#[serde(other)]` for those that it does not know.
    #[must_use]
    pub fn typed<T: DeserializeOwned, R: Outcome>(
        handler: impl Fn(&mut C, T) -> R + Send + Sync + 'static,
    ) -> Self {
        Self::new().any(move |context: &mut C, event: &Event| {
            let event = crate::typed::<T>(event).map_err(|error| error.to_string())?;
            handler(context, event).into_result()
        })
    }

    /// The same with a handler for the data of events of this type. Data that serde does not make a `T` of stops the projection.
    #[must_use]
    pub fn on<T: DeserializeOwned, R: Outcome>(
        self,
        event_type: &str,
        handler: impl Fn(&mut C, T) -> R + Send + Sync + 'static,
    ) -> Self {
        self.with(event_type, move |context, event| handler(context, event.data()?).into_result())
    }

    /// The same with a handler for whole events of this type.
    #[must_use]
    pub fn on_event<R: Outcome>(
        self,
        event_type: &str,
        handler: impl Fn(&mut C, &Event) -> R + Send + Sync + 'static,
    ) -> Self {
        self.with(event_type, move |context, event| handler(context, &event.whole()).into_result())
    }

    /// The same with a handler for the events that have no other.
    #[must_use]
    pub fn any<R: Outcome>(
        mut self,
        handler: impl Fn(&mut C, &Event) -> R + Send + Sync + 'static,
    ) -> Self {
        let handle =
            move |context: &mut C, event: &Seen<'_>| handler(context, &event.whole()).into_result();
        self.any = Some(Box::new(handle));
        self
    }

    /// The same, with events of this type brought up to date before any handler sees them: what the function returns may have
    /// another type and other data, and is itself brought up to date where its type is an old one too.
    #[must_use]
    pub fn upcast(
        mut self,
        event_type: &str,
        change: impl Fn(Event) -> Event + Send + Sync + 'static,
    ) -> Self {
        self.upcasts.insert(event_type.to_owned(), Box::new(change));
        self
    }

    fn with(
        mut self,
        event_type: &str,
        handler: impl Fn(&mut C, &Seen<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.by_type.insert(event_type.to_owned(), Box::new(handler));
        self
    }

    /// The event as handlers see it.
    pub(crate) fn up_to_date<'e>(&self, event: RawEvent<'e>) -> Seen<'e> {
        let seen = Seen::Stored(event);
        if self.upcasts.is_empty() {
            return seen;
        }
        let is_old = |name: &str| self.upcasts.contains_key(name);
        if !seen.event_type().as_deref().is_some_and(is_old) {
            return seen;
        }
        let mut event = event.decode();
        for _ in 0..MAX_UPCASTS {
            let Some(change) = event.event_type.as_deref().and_then(|name| self.upcasts.get(name))
            else {
                break;
            };
            let before = event.event_type.clone();
            event = change(event);
            if event.event_type == before {
                break;
            }
        }
        Seen::Upcast(Box::new(event))
    }

    /// Has the event handled; whether there is a handler for it.
    pub(crate) fn handle(&self, context: &mut C, event: &Seen<'_>) -> Result<bool, String> {
        let event_type = event.event_type();
        let of_type = event_type.as_deref().and_then(|name| self.by_type.get(name));
        match of_type.or(self.any.as_ref()) {
            Some(handler) => handler(context, event).map(|()| true),
            None => Ok(false),
        }
    }
}

impl Seen<'_> {
    pub(crate) fn event_type(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Stored(event) => event.type_name(),
            Self::Upcast(event) => event.event_type.as_deref().map(Cow::Borrowed),
        }
    }

    pub(crate) fn whole(&self) -> Cow<'_, Event> {
        match self {
            Self::Stored(event) => Cow::Owned(event.decode()),
            Self::Upcast(event) => Cow::Borrowed(event),
        }
    }

    fn data<T: DeserializeOwned>(&self) -> Result<T, String> {
        // Nearly all events have sound JSON text, which is read without being made a value first.
        if let Self::Stored(event) = self
            && let Some(text) = event.payload_text()
            && let Ok(data) = serde_json::from_str(text)
        {
            return Ok(data);
        }
        let event = self.whole();
        match &event.decode_error {
            Some(error) if !event.has_data() => {
                return Err(format!("its data cannot be read: {error}"));
            }
            _ => {}
        }
        serde_json::from_str(&event.data.to_string())
            .map_err(|error| format!("its data does not fit: {error}"))
    }
}
