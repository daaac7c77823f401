//! Events as scripts see them.

use std::borrow::Cow;

use rewind_domain::{EntryId, Event, RawEvent};
use rquickjs::{Ctx, IntoJs as _, Object, String as JsString, Value, function::Args};

use crate::digits::Spellings;
use crate::engine::Wholes;
use crate::error::Fault;
use crate::payload::{self, Stop, Top};
use crate::values::{Notes, Writer, floats};

/// An event of which as much is known as is needed to find its handler.
pub(crate) struct Seen<'e> {
    raw: RawEvent<'e>,
    pub(crate) event_type: Option<Cow<'e, str>>,
    content: Content<'e>,
}

enum Content<'e> {
    /// The text that promises to be JSON.
    Promised(&'e str),
    /// The event with all that it means.
    Decoded(Box<Event>),
}

impl<'e> Seen<'e> {
    pub(crate) fn of(raw: &RawEvent<'e>) -> Self {
        // Nearly all events name their type beside a sound payload, and need not be decoded as a whole.
        if let Some(text) = raw.payload_text()
            && let Some(event_type) = raw.type_field()
        {
            let content = Content::Promised(text);
            return Self { raw: *raw, event_type: Some(event_type), content };
        }
        Self::decoded(raw)
    }

    /// The event decoded, which is what counts where there is doubt.
    pub(crate) fn decoded(raw: &RawEvent<'e>) -> Self {
        let mut event = raw.decode();
        let event_type = event.event_type.take().map(Cow::Owned);
        Self { raw: *raw, event_type, content: Content::Decoded(Box::new(event)) }
    }

    /// Whether its data could be read. Of a promise that is not known yet.
    pub(crate) fn has_data(&self) -> bool {
        match &self.content {
            Content::Promised(_) => true,
            Content::Decoded(event) => event.has_data(),
        }
    }

    fn timestamp_ms(&self) -> i64 {
        match &self.content {
            Content::Promised(_) => self.raw.timestamp_ms(),
            Content::Decoded(event) => event.timestamp_ms,
        }
    }

    fn decode_error(&self) -> Option<String> {
        match &self.content {
            Content::Decoded(event) if !event.has_data() => {
                event.decode_error.as_ref().map(ToString::to_string)
            }
            _ => None,
        }
    }

    /// The data as a value of the engine, and whether it carries tables of digits; `None` if it has to be decoded after all.
    pub(crate) fn data<'js>(
        &self,
        ctx: &Ctx<'js>,
        top: Top<'_>,
        wholes: &mut Wholes,
        mut spellings: Learning<'_>,
    ) -> Result<Option<(Value<'js>, bool)>, Fault> {
        let mut found = Vec::new();
        match &self.content {
            Content::Promised(text) => {
                let value = match payload::read(ctx, text, top, wholes, &mut found) {
                    Ok(value) => value,
                    Err(Stop::Unsure) => return Ok(None),
                    Err(Stop::Engine(error)) => return Err((*error).into()),
                };
                if !spellings.need_tables(&found) {
                    return Ok(Some((value, false)));
                }
                match rewind_domain::Json::parse(text) {
                    Ok(data) => written(ctx, &data, spellings.get()).map(Some),
                    Err(_) => Ok(None),
                }
            }
            Content::Decoded(event) => {
                floats(&event.data, &mut found);
                spellings.need_tables(&found);
                written(ctx, &event.data, spellings.get()).map(Some)
            }
        }
    }

    /// Puts data, id, version and time among the arguments of a function.
    pub(crate) fn push<'js>(&self, args: &mut Args<'js>, data: Value<'js>) -> rquickjs::Result<()> {
        let ctx = args.ctx().clone();
        let mut id = IdText { bytes: [0; 41] };
        args.push_arg(data)?;
        args.push_arg(id.of(self.raw.id))?;
        args.push_arg(match self.raw.known_version() {
            Some(version) => number(&ctx, version),
            None => undefined(&ctx)?,
        })?;
        // A time is less than 2⁵³ for a quarter of a million years.
        #[expect(clippy::cast_precision_loss)]
        args.push_arg(self.timestamp_ms() as f64)
    }

    /// Puts the type, the raw fields, where wanted, and why the data could not be read among the arguments of a function.
    pub(crate) fn push_rest<'js>(
        &self,
        args: &mut Args<'js>,
        with_fields: bool,
    ) -> rquickjs::Result<()> {
        let ctx = args.ctx().clone();
        args.push_arg(self.type_value(&ctx)?)?;
        args.push_arg(with_fields.then(|| self.fields(&ctx)).transpose()?)?;
        args.push_arg(self.decode_error())
    }

    /// The raw fields as texts; of those that repeat the first.
    fn fields<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
        let object = Object::new(ctx.clone())?;
        let fields = self.raw.fields();
        for (name, value) in (0..fields.count()).rev().filter_map(|at| fields.pair(at)) {
            object.set(&*String::from_utf8_lossy(name), &*String::from_utf8_lossy(value))?;
        }
        Ok(object)
    }

    /// The type as a value of the engine.
    fn type_value<'js>(&self, ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
        match &self.event_type {
            Some(event_type) => {
                JsString::from_str(ctx.clone(), event_type).map(JsString::into_value)
            }
            None => Ok(Value::new_null(ctx.clone())),
        }
    }
}

/// A version as a number.
pub(crate) fn number<'js>(ctx: &Ctx<'js>, version: u64) -> Value<'js> {
    match i32::try_from(version) {
        Ok(version) => Value::new_int(ctx.clone(), version),
        // No stream has 2⁵³ entries.
        #[expect(clippy::cast_precision_loss)]
        Err(_) => Value::new_float(ctx.clone(), version as f64),
    }
}

fn written<'js>(
    ctx: &Ctx<'js>,
    data: &rewind_domain::Json,
    spellings: Option<&Spellings>,
) -> Result<(Value<'js>, bool), Fault> {
    let (notes, none) = (Notes::default(), Spellings::default());
    let mut writer = Writer::new(ctx, spellings.unwrap_or(&none), &notes);
    if spellings.is_none() {
        writer = writer.without_digits();
    }
    let value = writer.value(data)?;
    Ok((value, writer.has_tables))
}

/// Whether the digits of an event matter, and what is known of digits then.
pub(crate) enum Learning<'s> {
    /// It is made part of a history, which learns from it.
    From(&'s mut Spellings),
    /// It is only looked at.
    Nothing,
}

impl Learning<'_> {
    /// Learns from these numbers; tells whether some of them will not be spelled as they are without a table.
    fn need_tables(&mut self, numbers: &[crate::digits::Float<'_>]) -> bool {
        match self {
            Self::From(spellings) if !numbers.is_empty() => {
                spellings.learn(numbers);
                numbers.iter().any(|number| !spellings.covers(number))
            }
            _ => false,
        }
    }

    fn get(&self) -> Option<&Spellings> {
        match self {
            Self::From(spellings) => Some(spellings),
            Self::Nothing => None,
        }
    }
}

/// Room for the text of an id, which every event needs once.
struct IdText {
    bytes: [u8; 41],
}

impl IdText {
    fn of(&mut self, id: EntryId) -> &str {
        let mut at = self.put(self.bytes.len(), id.seq());
        at -= 1;
        self.bytes[at] = b'-';
        at = self.put(at, id.ms());
        std::str::from_utf8(&self.bytes[at..]).unwrap_or_default()
    }

    /// Writes a number so that it ends here; tells where it starts.
    fn put(&mut self, end: usize, mut number: u64) -> usize {
        let mut at = end;
        loop {
            at -= 1;
            self.bytes[at] = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            if number == 0 {
                return at;
            }
        }
    }
}

/// Lets an expression or a handler be called with `undefined` for what it does not use.
pub(crate) fn undefined<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Value<'js>> {
    ().into_js(ctx)
}
