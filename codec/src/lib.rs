//! Payloads that are no JSON text.
//!
//! Writers pack their events into MessagePack or Protobuf, compress them, or wrap them in base64 to get them through something
//! that only takes text. [`Codecs`] knows which streams do what, from rules, and recognises by itself what can be told from the
//! bytes alone. It implements [`rewind_domain::PayloadDecoder`], so that pages, live events and replays all see what is inside.
//!
//! A value goes through *steps* that unwrap it, and then through a *format* that makes JSON of it. Numbers keep their digits;
//! bytes are `{"$base64": "…"}`. The readers of formats are written here, on top of [`Meter`], because what
//! arrives may be hostile: a value of a few bytes must not become gigabytes, whatever the format promises.

mod avro;
mod bytes;
mod cbor;
mod codecs;
mod decimal;
mod detect;
mod error;
mod files;
mod finding;
mod format;
mod limits;
mod message_pack;
mod meter;
mod protobuf;
mod rule;
mod step;
mod values;

pub use codecs::{CodecParcel, Codecs, StreamCodec};
pub use error::RuleError;
pub use limits::{MAX_BYTES, MAX_VALUES};
pub use rule::{DecoderRule, MessageChoice, Names};

#[cfg(doc)]
use meter::Meter;

#[cfg(test)]
mod tests;
