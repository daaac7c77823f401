//! The payload of an event, from JSON text straight into values of the engine.
//!
//! This is what a replay spends most of its time with, so no value of our own is made on the way. What is JSON is for
//! [`rewind_domain::Json`] to say: this reader gives up wherever it is not sure, and the caller takes the other way.

use rewind_domain::Json;
use rewind_domain::json::MAX_DEPTH;
use rquickjs::{Array, Atom, Ctx, Object, Persistent, String as JsString, Value};

use crate::digits::{Float, Numeral, classify};
use crate::engine::{Wholes, big_int};

/// Why there is no value.
pub(crate) enum Stop {
    /// The text is no JSON, as far as can be told here.
    Unsure,
    /// The engine could not. Boxed, as errors are large and values come and go through results all the time.
    Engine(Box<rquickjs::Error>),
}

impl From<rquickjs::Error> for Stop {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

/// A key that objects often have, as the engine knows it.
pub(crate) struct UsualKey {
    pub(crate) text: Box<str>,
    pub(crate) atom: Persistent<Atom<'static>>,
}

/// What is known of the object at the top.
#[derive(Clone, Copy)]
pub(crate) struct Top<'a> {
    /// Keys that it may have, in that order.
    pub(crate) usual: &'a [UsualKey],
    /// The members that are wanted; the others are passed over. All where nothing is said.
    pub(crate) wanted: Option<&'a [Box<str>]>,
}

/// Reads a text. Gives the numbers that are no small integers as well.
pub(crate) fn read<'js, 't>(
    ctx: &Ctx<'js>,
    text: &'t str,
    top: Top<'_>,
    wholes: &mut Wholes,
    floats: &mut Vec<Float<'t>>,
) -> Result<Value<'js>, Stop> {
    let mut reader = Reader { ctx, text, bytes: text.as_bytes(), at: 0, top, wholes, floats };
    reader.skip_space();
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.at < reader.bytes.len() { Err(Stop::Unsure) } else { Ok(value) }
}

struct Reader<'a, 't, 'js> {
    ctx: &'a Ctx<'js>,
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    top: Top<'a>,
    wholes: &'a mut Wholes,
    floats: &'a mut Vec<Float<'t>>,
}

impl<'t, 'js> Reader<'_, 't, 'js> {
    fn value(&mut self, depth: usize) -> Result<Value<'js>, Stop> {
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Value::new_bool(self.ctx.clone(), true)),
            Some(b'f') => self.literal("false", Value::new_bool(self.ctx.clone(), false)),
            Some(b'n') => self.literal("null", Value::new_null(self.ctx.clone())),
            _ => Err(Stop::Unsure),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value<'js>, Stop> {
        self.open(depth)?;
        let object = Object::new(self.ctx.clone())?;
        if self.eat(b'}') {
            return Ok(object.into_value());
        }
        let mut usual = if depth == 0 { self.top.usual.iter() } else { [].iter() };
        loop {
            let start = self.string_start()?;
            let end = self.plain_end();
            if self.eat(b'"') {
                let key = &self.text[start..end];
                if !self.is_wanted(key, depth) {
                    self.colon()?;
                    self.pass(depth + 1)?;
                    if self.is_object_over()? {
                        return Ok(object.into_value());
                    }
                    continue;
                }
                let value = self.member(depth)?;
                match usual.next() {
                    Some(usual) if *usual.text == *key => {
                        object.set(usual.atom.clone().restore(self.ctx)?, value)?;
                    }
                    _ => object.set(key, value)?,
                }
            } else {
                let key = self.escaped(start)?;
                let value = self.member(depth)?;
                object.set(key.as_str().unwrap_or_default(), value)?;
            }
            if self.is_object_over()? {
                return Ok(object.into_value());
            }
        }
    }

    fn is_wanted(&self, key: &str, depth: usize) -> bool {
        depth > 0 || self.top.wanted.is_none_or(|wanted| wanted.iter().any(|name| **name == *key))
    }

    /// Whether an object ends behind the member that was read.
    fn is_object_over(&mut self) -> Result<bool, Stop> {
        self.skip_space();
        if self.eat(b'}') {
            return Ok(true);
        }
        self.comma()?;
        Ok(false)
    }

    fn member(&mut self, depth: usize) -> Result<Value<'js>, Stop> {
        self.colon()?;
        self.value(depth + 1)
    }

    fn colon(&mut self) -> Result<(), Stop> {
        self.skip_space();
        if !self.eat(b':') {
            return Err(Stop::Unsure);
        }
        self.skip_space();
        Ok(())
    }

    /// Passes over a value, as sure as where it is read that it is one.
    fn pass(&mut self, depth: usize) -> Result<(), Stop> {
        match self.peek() {
            Some(b'{') => {
                self.open(depth)?;
                if self.eat(b'}') {
                    return Ok(());
                }
                loop {
                    self.pass_string()?;
                    self.colon()?;
                    self.pass(depth + 1)?;
                    if self.is_object_over()? {
                        return Ok(());
                    }
                }
            }
            Some(b'[') => {
                self.open(depth)?;
                if self.eat(b']') {
                    return Ok(());
                }
                loop {
                    self.pass(depth + 1)?;
                    self.skip_space();
                    if self.eat(b']') {
                        return Ok(());
                    }
                    self.comma()?;
                }
            }
            Some(b'"') => self.pass_string(),
            Some(b'-' | b'0'..=b'9') => self.number_text().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => Err(Stop::Unsure),
        }
    }

    fn pass_string(&mut self) -> Result<(), Stop> {
        let start = self.string_start()?;
        self.plain_end();
        if self.eat(b'"') { Ok(()) } else { self.escaped(start).map(drop) }
    }

    fn array(&mut self, depth: usize) -> Result<Value<'js>, Stop> {
        self.open(depth)?;
        let array = Array::new(self.ctx.clone())?;
        if self.eat(b']') {
            return Ok(array.into_value());
        }
        let mut length = 0;
        loop {
            let value = self.value(depth + 1)?;
            array.set(length, value)?;
            length += 1;
            self.skip_space();
            if self.eat(b']') {
                return Ok(array.into_value());
            }
            self.comma()?;
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), Stop> {
        if depth >= MAX_DEPTH {
            return Err(Stop::Unsure);
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    fn comma(&mut self) -> Result<(), Stop> {
        if !self.eat(b',') {
            return Err(Stop::Unsure);
        }
        self.skip_space();
        Ok(())
    }

    fn literal(&mut self, word: &str, value: Value<'js>) -> Result<Value<'js>, Stop> {
        self.word(word)?;
        Ok(value)
    }

    fn word(&mut self, word: &str) -> Result<(), Stop> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Stop::Unsure);
        }
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<Value<'js>, Stop> {
        let start = self.string_start()?;
        let end = self.plain_end();
        let string = if self.eat(b'"') {
            JsString::from_str(self.ctx.clone(), &self.text[start..end])?
        } else {
            let text = self.escaped(start)?;
            JsString::from_str(self.ctx.clone(), text.as_str().unwrap_or_default())?
        };
        Ok(string.into_value())
    }

    fn string_start(&mut self) -> Result<usize, Stop> {
        if self.eat(b'"') { Ok(self.at) } else { Err(Stop::Unsure) }
    }

    /// Goes to what does not stand for itself in a string.
    fn plain_end(&mut self) -> usize {
        let mut rest = &self.bytes[self.at..];
        while let Some((eight, after)) = rest.split_first_chunk() {
            let special = special_bytes(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return self.at;
            }
            self.at += 8;
            rest = after;
        }
        let is_plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        self.at += rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len());
        self.at
    }

    /// The string that starts here, which has escapes or is none.
    fn escaped(&mut self, start: usize) -> Result<Json, Stop> {
        loop {
            match self.peek() {
                Some(b'\\') => self.at += 2,
                Some(b'"') => {
                    self.at += 1;
                    return self
                        .text
                        .get(start - 1..self.at)
                        .and_then(|text| Json::parse(text).ok())
                        .ok_or(Stop::Unsure);
                }
                Some(_) => self.at += 1,
                None => return Err(Stop::Unsure),
            }
        }
    }

    /// Goes over a number.
    fn number_text(&mut self) -> Result<&'t str, Stop> {
        let start = self.at;
        self.eat(b'-');
        let whole = self.digits();
        if whole == 0 || (whole > 1 && self.bytes[self.at - whole] == b'0') {
            return Err(Stop::Unsure);
        }
        if self.eat(b'.') && self.digits() == 0 {
            return Err(Stop::Unsure);
        }
        if self.eat(b'e') || self.eat(b'E') {
            if !self.eat(b'+') {
                self.eat(b'-');
            }
            if self.digits() == 0 {
                return Err(Stop::Unsure);
            }
        }
        Ok(&self.text[start..self.at])
    }

    fn number(&mut self) -> Result<Value<'js>, Stop> {
        let text = self.number_text()?;
        match classify(text) {
            Numeral::Plain(value) => Ok(Value::new_int(self.ctx.clone(), value)),
            Numeral::Float { value, is_usual } => {
                self.floats.push(Float { text, value, is_usual });
                Ok(self.wholes.float(self.ctx, value)?)
            }
            Numeral::Big => Ok(big_int(self.ctx, text)?),
        }
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }
}

/// Marks those of eight bytes that do not stand for themselves in a string: control characters, `"` and `\`. What is behind the
/// first mark may be marked without a reason.
fn special_bytes(bytes: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let is_zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    let control = bytes.wrapping_sub(ONES * 0x20) & !bytes;
    let quote = is_zero(bytes ^ (ONES * 0x22));
    let backslash = is_zero(bytes ^ (ONES * 0x5c));
    (control | quote | backslash) & HIGH
}
