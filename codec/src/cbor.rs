//! CBOR (RFC 8949).

use rewind_domain::Json;
use rewind_domain::json::Object;

use crate::bytes::Bytes;
use crate::decimal;
use crate::error::CodecError;
use crate::meter::Meter;
use crate::values;

/// The tag that says of a whole document that it is CBOR.
const SELF_DESCRIBED: u64 = 55_799;

/// Reads a value, which all of the bytes must be.
pub(crate) fn read(bytes: &[u8], meter: &mut Meter) -> Result<Json, CodecError> {
    Reader::new(bytes, meter).document()
}

/// Reads bytes that may be CBOR or not. They are taken for it if they are an object or array with nothing behind it, and all
/// keys inside are plain texts.
pub(crate) fn recognise(bytes: &[u8], meter: &mut Meter) -> Result<Option<Json>, CodecError> {
    if !matches!(bytes, [0x80..=0xbf, ..] | [0xd9, 0xd9, 0xf7, ..]) {
        return Ok(None);
    }
    let mut reader = Reader::new(bytes, meter);
    match reader.document() {
        Ok(json) => Ok(Some(json).filter(|_| reader.has_plain_keys)),
        Err(error) if error.is_bound() => Err(error),
        Err(_) => Ok(None),
    }
}

struct Reader<'b, 'm> {
    bytes: Bytes<'b>,
    meter: &'m mut Meter,
    has_plain_keys: bool,
}

/// What an item begins with.
struct Head {
    major: u8,
    /// Nothing where the length is not said beforehand.
    argument: Option<u64>,
    /// The lower five bits.
    low: u8,
}

impl<'b, 'm> Reader<'b, 'm> {
    fn new(bytes: &'b [u8], meter: &'m mut Meter) -> Self {
        Self { bytes: Bytes::new(bytes), meter, has_plain_keys: true }
    }

    fn document(&mut self) -> Result<Json, CodecError> {
        let json = self.value(0)?;
        self.bytes.finish()?;
        Ok(json)
    }

    fn head(&mut self) -> Result<Head, CodecError> {
        let at = self.bytes.at();
        let first = self.bytes.byte()?;
        let (major, low) = (first >> 5, first & 0x1f);
        let argument = match low {
            0..=23 => Some(low.into()),
            24..=27 => Some(self.bytes.big_endian(1 << (low - 24))?),
            31 if matches!(major, 2..=5 | 7) => None,
            _ => return Err(CodecError::at(at, format!("0x{first:02x} stands for nothing"))),
        };
        Ok(Head { major, argument, low })
    }

    fn value(&mut self, depth: usize) -> Result<Json, CodecError> {
        self.meter.values(1)?;
        let at = self.bytes.at();
        let Head { major, argument, low } = self.head()?;
        match (major, argument) {
            (0, Some(number)) => Ok(values::unsigned(number)),
            (1, Some(number)) => {
                Ok(values::number(&decimal::negated_digits(&number.to_be_bytes())))
            }
            (2, length) => {
                let content = self.content(2, length)?;
                values::binary(&content, depth, self.meter)
            }
            (3, length) => {
                let content = self.content(3, length)?;
                values::text(&content, depth, self.meter)
            }
            (4, length) => self.array(length, depth),
            (5, length) => self.object(length, depth),
            (6, Some(tag)) => self.tagged(tag, depth),
            (7, Some(bits)) => self.simple(low, bits, depth),
            (7, None) => Err(CodecError::at(at, "an end without a beginning")),
            _ => Err(CodecError::at(at, "it stands for nothing")),
        }
    }

    /// The bytes of a string, in one piece or in pieces until an end.
    fn content(&mut self, major: u8, length: Option<u64>) -> Result<Vec<u8>, CodecError> {
        if let Some(length) = length {
            return self.bytes.take_u64(length).map(<[u8]>::to_vec);
        }
        let mut content = Vec::new();
        while !self.eat_end() {
            let at = self.bytes.at();
            match self.head()? {
                Head { major: piece, argument: Some(length), .. } if piece == major => {
                    content.extend_from_slice(self.bytes.take_u64(length)?);
                }
                _ => return Err(CodecError::at(at, "a piece of a string is something else")),
            }
        }
        Ok(content)
    }

    fn array(&mut self, length: Option<u64>, depth: usize) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        // Not as many as it says are made room for, but as many as come.
        let mut items = Vec::new();
        let mut left = length;
        while self.has_more(&mut left) {
            items.push(self.value(depth + 1)?);
        }
        Ok(Json::array(items))
    }

    fn object(&mut self, length: Option<u64>, depth: usize) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        let mut members = Object::default();
        let mut left = length;
        while self.has_more(&mut left) {
            let key = self.value(depth + 1)?;
            self.has_plain_keys &= values::is_plain_key(&key);
            members.insert(values::key(&key), self.value(depth + 1)?);
        }
        Ok(values::object(members))
    }

    /// Whether another item comes: this many are left, or the end was not there yet.
    fn has_more(&mut self, left: &mut Option<u64>) -> bool {
        match left {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => !self.eat_end(),
        }
    }

    fn eat_end(&mut self) -> bool {
        let is_end = self.bytes.peek() == Some(0xff);
        // It was just seen to be there.
        let _ = is_end && self.bytes.byte().is_ok();
        is_end
    }

    fn tagged(&mut self, tag: u64, depth: usize) -> Result<Json, CodecError> {
        match tag {
            2 | 3 => self.big_number(tag, depth),
            4 => self.decimal_fraction(depth),
            // Times, and what a text or bytes are: they can be seen from the value itself.
            0 | 1 | 21..=23 | 32..=36 | SELF_DESCRIBED => self.nested(depth),
            _ => {
                self.meter.container(depth)?;
                let value = self.value(depth + 1)?;
                Ok(tagged(tag, value))
            }
        }
    }

    /// The value behind a tag. It is no deeper in JSON, but it is here.
    fn nested(&mut self, depth: usize) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        self.value(depth + 1)
    }

    fn big_number(&mut self, tag: u64, depth: usize) -> Result<Json, CodecError> {
        let at = self.bytes.at();
        let content = match self.head()? {
            Head { major: 2, argument, .. } => self.content(2, argument)?,
            _ => return Err(CodecError::at(at, "a big number is something else")),
        };
        if content.len() > decimal::MAX_NUMBER_BYTES {
            self.meter.container(depth)?;
            let value = values::binary(&content, depth + 1, self.meter)?;
            return Ok(tagged(tag, value));
        }
        Ok(values::number(&match tag {
            2 => decimal::digits(&content),
            _ => decimal::negated_digits(&content),
        }))
    }

    /// An array of an exponent of ten and a whole number.
    fn decimal_fraction(&mut self, depth: usize) -> Result<Json, CodecError> {
        let at = self.bytes.at();
        self.meter.container(depth)?;
        let value = self.value(depth + 1)?;
        let Json::Array(parts) = &value else {
            return Err(CodecError::at(at, "a decimal fraction is something else"));
        };
        match parts.as_slice() {
            [Json::Number(exponent), Json::Number(digits)] => match exponent.as_str().parse() {
                Ok(exponent) => Ok(values::number(&decimal::scaled(digits.as_str(), exponent))),
                Err(_) => Ok(tagged(4, value)),
            },
            _ => Ok(tagged(4, value)),
        }
    }

    fn simple(&mut self, low: u8, bits: u64, depth: usize) -> Result<Json, CodecError> {
        let narrow = |bits: u64| u32::try_from(bits).unwrap_or_default();
        Ok(match low {
            20 => Json::Bool(false),
            21 => Json::Bool(true),
            22 | 23 => Json::Null,
            25 => values::single(half(u16::try_from(bits).unwrap_or_default())),
            26 => values::single(f32::from_bits(narrow(bits))),
            27 => values::double(f64::from_bits(bits)),
            _ => {
                self.meter.container(depth)?;
                Json::object([("$simple", values::unsigned(bits))])
            }
        })
    }
}

fn tagged(tag: u64, value: Json) -> Json {
    Json::object([("$tag", values::unsigned(tag)), ("$value", value)])
}

/// A number of half precision.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let fraction = u32::from(bits & 0x3ff);
    match exponent {
        // Too small for an exponent of its own: this many times 2⁻²⁴.
        0 => f32::from_bits(sign | (f32::from(bits & 0x3ff) * 2f32.powi(-24)).to_bits()),
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}
