//! The JSON schemas of types that write their JSON themselves.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::catalog::Category;
use crate::glob::Glob;
use crate::{EntryId, Fields, Json, Number, StreamKey};

macro_rules! schemas {
    ($($name:ident: $schema:tt)*) => {$(
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schemas! {
    EntryId: {
        "description": "The id of an entry: milliseconds and a number that counts within them",
        "type": "string",
        "pattern": "^[0-9]+-[0-9]+$",
    }
    StreamKey: {"description": "The key of a stream, with other bytes than text as `\\xff`", "type": "string"}
    Category: {"description": "What keys begin with, and a colon", "type": "string"}
    Glob: {"description": "A pattern of keys", "type": "string"}
    Fields: {"description": "Names and values, in their order"}
    Json: {"description": "Any JSON value"}
    Number: {"description": "A number with all its digits", "type": "number"}
}
