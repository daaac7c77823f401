//! MessagePack (<https://github.com/msgpack/msgpack/blob/master/spec.md>).

use rewind_domain::Json;
use rewind_domain::json::Object;

use crate::bytes::Bytes;
use crate::error::CodecError;
use crate::meter::Meter;
use crate::values;

/// The type of extension that is a time.
const TIMESTAMP: i8 = -1;

/// Reads a value, which all of the bytes must be.
pub(crate) fn read(bytes: &[u8], meter: &mut Meter) -> Result<Json, CodecError> {
    Reader::new(bytes, meter).document()
}

/// Reads bytes that may be MessagePack or not. They are taken for it if they are an object or array with nothing behind it,
/// and all keys inside are texts.
pub(crate) fn recognise(bytes: &[u8], meter: &mut Meter) -> Result<Option<Json>, CodecError> {
    if !matches!(bytes.first(), Some(0x80..=0x9f | 0xdc..=0xdf)) {
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

impl<'b, 'm> Reader<'b, 'm> {
    fn new(bytes: &'b [u8], meter: &'m mut Meter) -> Self {
        Self { bytes: Bytes::new(bytes), meter, has_plain_keys: true }
    }

    fn document(&mut self) -> Result<Json, CodecError> {
        let json = self.value(0)?;
        self.bytes.finish()?;
        Ok(json)
    }

    fn value(&mut self, depth: usize) -> Result<Json, CodecError> {
        self.meter.values(1)?;
        let at = self.bytes.at();
        let first = self.bytes.byte()?;
        match first {
            0x00..=0x7f => Ok(values::unsigned(first.into())),
            0x80..=0x8f => self.object((first & 0x0f).into(), depth),
            0x90..=0x9f => self.array((first & 0x0f).into(), depth),
            0xa0..=0xbf => self.text((first & 0x1f).into(), depth),
            0xc0 => Ok(Json::Null),
            0xc1 => Err(CodecError::at(at, "0xc1 stands for nothing")),
            0xc2 => Ok(Json::Bool(false)),
            0xc3 => Ok(Json::Bool(true)),
            0xc4..=0xc6 => {
                let length = self.length(first - 0xc4)?;
                values::binary(self.bytes.take_u64(length)?, depth, self.meter)
            }
            0xc7..=0xc9 => {
                let length = self.length(first - 0xc7)?;
                self.extension(length, depth)
            }
            0xca => Ok(values::single(f32::from_be_bytes(self.bytes.array()?))),
            0xcb => Ok(values::double(f64::from_be_bytes(self.bytes.array()?))),
            0xcc..=0xcf => Ok(values::unsigned(self.length(first - 0xcc)?)),
            0xd0 => Ok(values::signed(i8::from_be_bytes(self.bytes.array()?).into())),
            0xd1 => Ok(values::signed(i16::from_be_bytes(self.bytes.array()?).into())),
            0xd2 => Ok(values::signed(i32::from_be_bytes(self.bytes.array()?).into())),
            0xd3 => Ok(values::signed(i64::from_be_bytes(self.bytes.array()?))),
            0xd4..=0xd8 => self.extension(1 << (first - 0xd4), depth),
            0xd9..=0xdb => {
                let length = self.length(first - 0xd9)?;
                self.text(length, depth)
            }
            0xdc | 0xdd => {
                let length = self.length(first - 0xdc + 1)?;
                self.array(length, depth)
            }
            0xde | 0xdf => {
                let length = self.length(first - 0xde + 1)?;
                self.object(length, depth)
            }
            0xe0..=0xff => Ok(values::signed(i8::from_be_bytes([first]).into())),
        }
    }

    /// A number of 1, 2, 4 or 8 bytes, given as a power of two.
    fn length(&mut self, power: u8) -> Result<u64, CodecError> {
        self.bytes.big_endian(1 << power)
    }

    fn text(&mut self, length: u64, depth: usize) -> Result<Json, CodecError> {
        values::text(self.bytes.take_u64(length)?, depth, self.meter)
    }

    fn array(&mut self, length: u64, depth: usize) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        // Not as many as it says are made room for, but as many as come.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(self.value(depth + 1)?);
        }
        Ok(Json::array(items))
    }

    fn object(&mut self, length: u64, depth: usize) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        let mut members = Object::default();
        for _ in 0..length {
            let key = self.value(depth + 1)?;
            self.has_plain_keys &= values::is_plain_key(&key);
            members.insert(values::key(&key), self.value(depth + 1)?);
        }
        Ok(values::object(members))
    }

    fn extension(&mut self, length: u64, depth: usize) -> Result<Json, CodecError> {
        let kind = i8::from_be_bytes(self.bytes.array()?);
        let content = self.bytes.take_u64(length)?;
        if kind == TIMESTAMP
            && let Some(moment) = timestamp(content)
        {
            return Ok(moment);
        }
        self.meter.container(depth)?;
        let content = values::binary(content, depth + 1, self.meter)?;
        Ok(Json::object([("$ext", values::signed(kind.into())), ("$value", content)]))
    }
}

fn timestamp(content: &[u8]) -> Option<Json> {
    match content {
        [_, _, _, _] => values::moment(u32::from_be_bytes(content.try_into().ok()?).into(), 0),
        [_, _, _, _, _, _, _, _] => {
            let both = u64::from_be_bytes(content.try_into().ok()?);
            let seconds = both & ((1 << 34) - 1);
            values::moment(i64::try_from(seconds).ok()?, u32::try_from(both >> 34).ok()?)
        }
        _ => {
            let (nanos, seconds) = content.split_at_checked(4)?;
            let nanos = u32::from_be_bytes(nanos.try_into().ok()?);
            values::moment(i64::from_be_bytes(seconds.try_into().ok()?), nanos)
        }
    }
}
