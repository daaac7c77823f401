//! Protobuf (<https://protobuf.dev/programming-guides/encoding/>), by the descriptors that `protoc` writes.
//!
//! Only descriptors are somebody else's: their messages hold a value for whatever the bytes promise, and a packed list
//! of a million flags is a million bytes.

use std::path::Path;
use std::sync::Arc;

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor};
use rewind_domain::Json;
use rewind_domain::json::Object;

use crate::bytes::{Bytes, unzigzag};
use crate::error::{CodecError, RuleFault};
use crate::files::Files;
use crate::meter::Meter;
use crate::values;

/// The member under which fields stand that the descriptor does not have.
const UNKNOWN: &str = "$unknown";

/// Reads a descriptor set.
pub(crate) fn descriptors(files: &mut Files, name: &Path) -> Result<DescriptorPool, RuleFault> {
    let bytes = files.read(name)?;
    DescriptorPool::decode(bytes.as_slice()).map_err(|error| RuleFault::BadFile {
        path: files.path(name),
        message: format!(
            "is no descriptor set: {error}; make one with `protoc --descriptor_set_out --include_imports`"
        ),
    })
}

/// Reads a message, which all of the bytes must be.
pub(crate) fn read(
    bytes: &[u8],
    message: &MessageDescriptor,
    meter: &mut Meter,
) -> Result<Json, CodecError> {
    let mut reader = Reader { bytes: Bytes::new(bytes), meter };
    let json = reader.message(message, End::At(bytes.len()), 0)?;
    reader.bytes.finish()?;
    Ok(json)
}

struct Reader<'b, 'm> {
    bytes: Bytes<'b>,
    meter: &'m mut Meter,
}

/// Where a message ends.
#[derive(Clone, Copy)]
enum End {
    /// At this byte.
    At(usize),
    /// With the end of the group of this number.
    Group(u32),
}

/// What stands before each value.
#[derive(Clone, Copy)]
struct Tag {
    field: u32,
    wire: u8,
}

const VARINT: u8 = 0;
const EIGHT_BYTES: u8 = 1;
const LENGTH: u8 = 2;
const GROUP: u8 = 3;
const GROUP_END: u8 = 4;
const FOUR_BYTES: u8 = 5;

impl Reader<'_, '_> {
    fn message(
        &mut self,
        message: &MessageDescriptor,
        end: End,
        depth: usize,
    ) -> Result<Json, CodecError> {
        self.meter.container(depth)?;
        let mut members = Object::default();
        while let Some(tag) = self.next(end)? {
            match message.get_field(tag.field) {
                Some(field) if fits(&field, tag.wire) => {
                    self.field(&field, tag, &mut members, depth + 1)?;
                }
                _ => self.unknown(tag, &mut members, depth + 1)?,
            }
        }
        self.add_defaults(message, &mut members, depth + 1)?;
        Ok(well_known(message.full_name(), &members).unwrap_or_else(|| values::object(members)))
    }

    fn next(&mut self, end: End) -> Result<Option<Tag>, CodecError> {
        let at = self.bytes.at();
        match end {
            End::At(end) if at == end => return Ok(None),
            End::At(end) if at > end => {
                return Err(CodecError::at(end, "a value reaches beyond its message"));
            }
            _ => {}
        }
        let key = self.bytes.varint()?;
        let wire = (key & 7) as u8;
        let field = u32::try_from(key >> 3).ok().filter(|field| *field > 0);
        let Some(field) = field else {
            return Err(CodecError::at(at, "there is no field of this number"));
        };
        match (wire, end) {
            (GROUP_END, End::Group(open)) if open == field => Ok(None),
            (GROUP_END, _) => Err(CodecError::at(at, "a group ends that did not begin")),
            (6 | 7, _) => Err(CodecError::at(at, format!("there is no wire type {wire}"))),
            _ => Ok(Some(Tag { field, wire })),
        }
    }

    fn field(
        &mut self,
        field: &FieldDescriptor,
        tag: Tag,
        members: &mut Object,
        depth: usize,
    ) -> Result<(), CodecError> {
        let name = field.name();
        if field.is_map() || field.is_list() {
            self.meter.container(depth)?;
        }
        if field.is_map() {
            let (key, value) = self.map_entry(field, depth)?;
            let map = members.entry(name.into()).or_insert_with(Json::empty_object);
            if let Json::Object(map) = map {
                Arc::make_mut(map).insert(key, value);
            }
            return Ok(());
        }
        if !field.is_list() {
            let value = self.value(&field.kind(), tag, depth)?;
            members.insert(name.into(), value);
            return Ok(());
        }
        let list = members.entry(name.into()).or_insert_with(|| Json::array([]));
        let Json::Array(items) = list else { return Ok(()) };
        let items = Arc::make_mut(items);
        if tag.wire != LENGTH || wire_of(&field.kind()) == LENGTH {
            items.push(self.value(&field.kind(), tag, depth + 1)?);
            return Ok(());
        }
        // Packed: numbers one behind the other.
        let end = self.end_of_content()?;
        let each = Tag { wire: wire_of(&field.kind()), ..tag };
        while self.bytes.at() < end {
            items.push(self.value(&field.kind(), each, depth + 1)?);
        }
        if self.bytes.at() > end {
            return Err(CodecError::at(end, "a number reaches beyond its list"));
        }
        Ok(())
    }

    fn map_entry(
        &mut self,
        field: &FieldDescriptor,
        depth: usize,
    ) -> Result<(Arc<str>, Json), CodecError> {
        let end = self.end_of_content()?;
        let Kind::Message(entry) = field.kind() else {
            return Err(CodecError::at(self.bytes.at(), "a map without entries"));
        };
        let (mut key, mut value) = (None, None);
        while let Some(tag) = self.next(End::At(end))? {
            match entry.get_field(tag.field) {
                Some(part) if fits(&part, tag.wire) => {
                    let read = self.value(&part.kind(), tag, depth + 1)?;
                    if tag.field == 1 { key = Some(read) } else { value = Some(read) }
                }
                // An entry has no place for anything else.
                _ => self.skip(tag, depth + 1)?,
            }
        }
        let default =
            |field: FieldDescriptor, reader: &mut Self| reader.default(&field.kind(), depth + 1);
        let key = match key {
            Some(key) => key,
            None => default(entry.map_entry_key_field(), self)?,
        };
        let value = match value {
            Some(value) => value,
            None => default(entry.map_entry_value_field(), self)?,
        };
        Ok((values::key(&key), value))
    }

    fn value(&mut self, kind: &Kind, tag: Tag, depth: usize) -> Result<Json, CodecError> {
        self.meter.values(1)?;
        Ok(match kind {
            Kind::Double => values::double(f64::from_le_bytes(self.bytes.array()?)),
            Kind::Float => values::single(f32::from_le_bytes(self.bytes.array()?)),
            Kind::Int32 | Kind::Int64 => values::signed(self.bytes.varint()?.cast_signed()),
            Kind::Uint32 | Kind::Uint64 => values::unsigned(self.bytes.varint()?),
            Kind::Sint32 | Kind::Sint64 => values::signed(unzigzag(self.bytes.varint()?)),
            Kind::Fixed32 => values::unsigned(u32::from_le_bytes(self.bytes.array()?).into()),
            Kind::Fixed64 => values::unsigned(u64::from_le_bytes(self.bytes.array()?)),
            Kind::Sfixed32 => values::signed(i32::from_le_bytes(self.bytes.array()?).into()),
            Kind::Sfixed64 => values::signed(i64::from_le_bytes(self.bytes.array()?)),
            Kind::Bool => Json::Bool(self.bytes.varint()? != 0),
            Kind::Enum(names) => {
                let number = self.bytes.varint()?.cast_signed();
                let known = i32::try_from(number).ok().and_then(|number| names.get_value(number));
                known.map_or_else(|| values::signed(number), |value| Json::string(value.name()))
            }
            Kind::String => {
                let length = self.bytes.varint()?;
                values::text(self.bytes.take_u64(length)?, depth, self.meter)?
            }
            Kind::Bytes => {
                let length = self.bytes.varint()?;
                values::binary(self.bytes.take_u64(length)?, depth, self.meter)?
            }
            Kind::Message(message) => {
                let end = match tag.wire {
                    GROUP => End::Group(tag.field),
                    _ => End::At(self.end_of_content()?),
                };
                self.message(message, end, depth)?
            }
        })
    }

    /// Where the content ends whose length stands here.
    fn end_of_content(&mut self) -> Result<usize, CodecError> {
        let length = self.bytes.varint()?;
        let mut ahead = self.bytes;
        ahead.take_u64(length)?;
        Ok(ahead.at())
    }

    /// Keeps a field that the descriptor does not have, or has with another type.
    fn unknown(&mut self, tag: Tag, members: &mut Object, depth: usize) -> Result<(), CodecError> {
        self.meter.container(depth)?;
        let value = match tag.wire {
            VARINT => values::unsigned(self.bytes.varint()?),
            EIGHT_BYTES => values::unsigned(u64::from_le_bytes(self.bytes.array()?)),
            FOUR_BYTES => values::unsigned(u32::from_le_bytes(self.bytes.array()?).into()),
            LENGTH => {
                let length = self.bytes.varint()?;
                values::binary(self.bytes.take_u64(length)?, depth + 2, self.meter)?
            }
            _ => {
                let start = self.bytes.at();
                self.skip(tag, depth + 1)?;
                values::binary(self.bytes.since(start), depth + 2, self.meter)?
            }
        };
        let unknown = members.entry(UNKNOWN.into()).or_insert_with(Json::empty_object);
        let Json::Object(fields) = unknown else { return Ok(()) };
        let list = Arc::make_mut(fields)
            .entry(tag.field.to_string().into())
            .or_insert_with(|| Json::array([]));
        if let Json::Array(items) = list {
            self.meter.container(depth + 1)?;
            Arc::make_mut(items).push(value);
        }
        Ok(())
    }

    fn skip(&mut self, tag: Tag, depth: usize) -> Result<(), CodecError> {
        match tag.wire {
            VARINT => drop(self.bytes.varint()?),
            EIGHT_BYTES => drop(self.bytes.take(8)?),
            FOUR_BYTES => drop(self.bytes.take(4)?),
            LENGTH => {
                let length = self.bytes.varint()?;
                self.bytes.take_u64(length)?;
            }
            _ => {
                self.meter.container(depth)?;
                while let Some(inside) = self.next(End::Group(tag.field))? {
                    self.skip(inside, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    /// Fields whose absence means their default: a reader in any language sees that, so it is shown.
    fn add_defaults(
        &mut self,
        message: &MessageDescriptor,
        members: &mut Object,
        depth: usize,
    ) -> Result<(), CodecError> {
        for field in message.fields() {
            if field.supports_presence() || members.contains_key(field.name()) {
                continue;
            }
            self.meter.container(depth)?;
            let value = match () {
                () if field.is_map() => Json::empty_object(),
                () if field.is_list() => Json::array([]),
                () => self.default(&field.kind(), depth)?,
            };
            members.insert(field.name().into(), value);
        }
        Ok(())
    }

    fn default(&mut self, kind: &Kind, depth: usize) -> Result<Json, CodecError> {
        Ok(match kind {
            Kind::Double | Kind::Float => values::double(0.0),
            Kind::Bool => Json::Bool(false),
            Kind::String => Json::string(""),
            Kind::Bytes => values::binary(&[], depth, self.meter)?,
            Kind::Enum(names) => Json::string(names.default_value().name()),
            Kind::Message(message) => {
                let here = self.bytes.at();
                self.message(message, End::At(here), depth)?
            }
            _ => values::unsigned(0),
        })
    }
}

/// The wire type that a kind has by itself.
fn wire_of(kind: &Kind) -> u8 {
    match kind {
        Kind::Double | Kind::Fixed64 | Kind::Sfixed64 => EIGHT_BYTES,
        Kind::Float | Kind::Fixed32 | Kind::Sfixed32 => FOUR_BYTES,
        Kind::String | Kind::Bytes | Kind::Message(_) => LENGTH,
        _ => VARINT,
    }
}

fn fits(field: &FieldDescriptor, wire: u8) -> bool {
    let own = if field.is_group() { GROUP } else { wire_of(&field.kind()) };
    // Lists of numbers come packed or not, whatever the descriptor says.
    wire == own || (wire == LENGTH && field.is_list())
}

/// Messages that everybody has, and that stand for something simpler.
fn well_known(name: &str, members: &Object) -> Option<Json> {
    if members.contains_key(UNKNOWN) {
        return None;
    }
    match name.strip_prefix("google.protobuf.")? {
        "Timestamp" => {
            let digits = |name: &str| match members.get(name)? {
                Json::Number(number) => Some(number.as_str()),
                _ => None,
            };
            values::moment(digits("seconds")?.parse().ok()?, digits("nanos")?.parse().ok()?)
        }
        "DoubleValue" | "FloatValue" | "Int64Value" | "UInt64Value" | "Int32Value"
        | "UInt32Value" | "BoolValue" | "StringValue" | "BytesValue" => {
            members.get("value").cloned()
        }
        _ => None,
    }
}
