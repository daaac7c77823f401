//! Formats: what makes JSON of a value once nothing is around it any more.

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;
use rewind_domain::Json;

use crate::avro::{self, Schema};
use crate::detect;
use crate::error::CodecError;
use crate::finding::Finding;
use crate::meter::Meter;
use crate::{cbor, message_pack, protobuf};

/// A format, with what it takes to read it.
#[derive(Clone, Debug)]
pub(crate) enum Format {
    /// Whatever can be recognised.
    Any,
    Json,
    MessagePack,
    Cbor,
    Protobuf(Messages),
    Avro(Arc<Schema>),
}

/// Which Protobuf message a value is.
#[derive(Clone, Debug)]
pub(crate) enum Messages {
    /// Always the same one.
    One(MessageDescriptor),
    /// That of the type of the event, else the other one.
    ByType { types: HashMap<String, MessageDescriptor>, other: Option<MessageDescriptor> },
}

impl Format {
    /// What it is called.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Any => None,
            Self::Json => Some("JSON"),
            Self::MessagePack => Some("MessagePack"),
            Self::Cbor => Some("CBOR"),
            Self::Protobuf(_) => Some("Protobuf"),
            Self::Avro(_) => Some("Avro"),
        }
    }

    /// Reads a value, which all of the bytes must be. Nothing where that is left to others; see [`detect::detect`].
    pub(crate) fn read(
        &self,
        bytes: &[u8],
        event_type: Option<&str>,
        finding: &mut Finding,
        meter: &mut Meter,
    ) -> Result<Option<Json>, CodecError> {
        finding.format = self.name();
        match self {
            Self::Any => return detect::detect(bytes, finding, meter),
            Self::Json => detect::json(bytes, meter),
            Self::MessagePack => message_pack::read(bytes, meter),
            Self::Cbor => cbor::read(bytes, meter),
            Self::Protobuf(messages) => protobuf::read(bytes, messages.of(event_type)?, meter),
            Self::Avro(schema) => avro::read(bytes, schema, meter),
        }
        .map(Some)
    }
}

impl Messages {
    fn of(&self, event_type: Option<&str>) -> Result<&MessageDescriptor, CodecError> {
        match self {
            Self::One(message) => Ok(message),
            Self::ByType { types, other } => {
                let named = event_type.and_then(|event_type| types.get(event_type));
                named.or(other.as_ref()).ok_or_else(|| match event_type {
                    Some(event_type) => CodecError::NoMessage(event_type.to_owned()),
                    None => CodecError::NoType,
                })
            }
        }
    }
}
