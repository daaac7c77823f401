//! Values by their schema.

use std::sync::Arc;

use rewind_domain::Json;
use rewind_domain::json::Object;

use super::schema::{Schema, Type, TypeId};
use crate::bytes::Bytes;
use crate::decimal;
use crate::error::CodecError;
use crate::meter::Meter;
use crate::values;

/// Reads a value, which all of the bytes must be.
pub(crate) fn read(bytes: &[u8], schema: &Schema, meter: &mut Meter) -> Result<Json, CodecError> {
    let mut reader = Reader { bytes: Bytes::new(bytes), schema, meter };
    let json = reader.value(schema.root(), 0)?;
    reader.bytes.finish()?;
    Ok(json)
}

struct Reader<'b, 's, 'm> {
    bytes: Bytes<'b>,
    schema: &'s Schema,
    meter: &'m mut Meter,
}

impl<'b> Reader<'b, '_, '_> {
    fn value(&mut self, id: TypeId, depth: usize) -> Result<Json, CodecError> {
        self.meter.values(1)?;
        let at = self.bytes.at();
        let schema = self.schema;
        match schema.get(id) {
            Type::Null => Ok(Json::Null),
            Type::Boolean => match self.bytes.byte()? {
                0 => Ok(Json::Bool(false)),
                1 => Ok(Json::Bool(true)),
                byte => Err(CodecError::at(at, format!("0x{byte:02x} is neither true nor false"))),
            },
            Type::Long => Ok(values::signed(self.bytes.zigzag()?)),
            Type::Float => Ok(values::single(f32::from_le_bytes(self.bytes.array()?))),
            Type::Double => Ok(values::double(f64::from_le_bytes(self.bytes.array()?))),
            Type::Bytes => {
                let content = self.content()?;
                values::binary(content, depth, self.meter)
            }
            Type::Text => {
                let content = self.content()?;
                values::text(content, depth, self.meter)
            }
            Type::Fixed(size) => values::binary(self.bytes.take(*size)?, depth, self.meter),
            Type::Decimal { size, scale } => {
                let content = match size {
                    Some(size) => self.bytes.take(*size)?,
                    None => self.content()?,
                };
                if content.len() > decimal::MAX_NUMBER_BYTES {
                    return values::binary(content, depth, self.meter);
                }
                let digits = decimal::signed_digits(content);
                Ok(values::number(&decimal::scaled(&digits, scale.saturating_neg())))
            }
            Type::Enum(symbols) => {
                let place = self.bytes.zigzag()?;
                let symbol = usize::try_from(place).ok().and_then(|place| symbols.get(place));
                symbol.map(|symbol| Json::String(Arc::clone(symbol))).ok_or_else(|| {
                    CodecError::at(at, format!("the schema has no symbol {place} there"))
                })
            }
            Type::Union(branches) => {
                let place = self.bytes.zigzag()?;
                let branch = usize::try_from(place).ok().and_then(|place| branches.get(place));
                let branch = branch.ok_or_else(|| {
                    CodecError::at(at, format!("the schema has no branch {place} there"))
                })?;
                // No deeper in JSON, but here.
                self.meter.container(depth)?;
                self.value(*branch, depth + 1)
            }
            Type::Record(fields) => {
                self.meter.container(depth)?;
                let mut members = Object::default();
                for (name, of) in fields {
                    members.insert(Arc::clone(name), self.value(*of, depth + 1)?);
                }
                Ok(values::object(members))
            }
            Type::Array(of) => {
                self.meter.container(depth)?;
                let mut items = Vec::new();
                self.blocks(|reader| {
                    items.push(reader.value(*of, depth + 1)?);
                    Ok(())
                })?;
                Ok(Json::array(items))
            }
            Type::Map(of) => {
                self.meter.container(depth)?;
                let mut members = Object::default();
                self.blocks(|reader| {
                    let name = reader.content()?;
                    let name = values::key(&values::text(name, depth + 1, reader.meter)?);
                    members.insert(name, reader.value(*of, depth + 1)?);
                    Ok(())
                })?;
                Ok(values::object(members))
            }
        }
    }

    /// Reads the items of an array or map, which come in blocks, a count before each; 0 ends them. The size of a block in bytes
    /// follows a negative count.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        loop {
            let count = self.bytes.zigzag()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.bytes.varint()?;
            }
            for _ in 0..count.unsigned_abs() {
                item(self)?;
            }
        }
    }

    fn content(&mut self) -> Result<&'b [u8], CodecError> {
        let at = self.bytes.at();
        let length = u64::try_from(self.bytes.zigzag()?)
            .map_err(|_| CodecError::at(at, "a length is below zero"))?;
        self.bytes.take_u64(length)
    }
}
