//! Tests of the crate as others see it: rules in, payloads in, JSON out.

mod avro;
mod hostile;
mod message_pack_and_cbor;
mod protobuf;
mod rules;
mod wrappers;

use std::io::Write as _;
use std::path::Path;

use rewind_domain::payload::{DecodedPayload, PayloadError};
use rewind_domain::{Json, PayloadDecoder as _};

use crate::{Codecs, DecoderRule, RuleError, StreamCodec};

/// A file of rules.
#[derive(serde::Deserialize)]
struct File {
    decoders: Vec<DecoderRule>,
}

fn load(toml: &str, folder: &Path) -> Result<Codecs, RuleError> {
    let file: File = toml::from_str(toml).unwrap();
    Codecs::load(&file.decoders, folder)
}

/// What a stream `events:orders` is by a single rule, whose files are in `folder`.
fn ruled_in(folder: &Path, rule: &str) -> StreamCodec {
    let toml = format!("[[decoders]]\nstream = \"events:*\"\n{rule}");
    load(&toml, folder).unwrap().of(&"events:orders".into())
}

fn ruled(rule: &str) -> StreamCodec {
    ruled_in(Path::new("."), rule)
}

fn decode(codec: &StreamCodec, value: &[u8]) -> Option<Result<DecodedPayload, PayloadError>> {
    codec.concerns("data", value).then(|| codec.decode("data", value, None))?
}

/// The JSON of a value, and what it was read from.
fn read(codec: &StreamCodec, value: &[u8]) -> (String, String) {
    let payload = decode(codec, value).unwrap().unwrap();
    // The browser reads it again, within the bounds that it has.
    assert_eq!(Json::parse(&payload.json.to_string()).as_ref(), Ok(&payload.json));
    (payload.json.to_string(), payload.from)
}

fn refused(codec: &StreamCodec, value: &[u8]) -> String {
    decode(codec, value).unwrap().unwrap_err().message
}

fn detected(value: &[u8]) -> (String, String) {
    read(&Codecs::default().of(&"s".into()), value)
}

fn passed_over(value: &[u8]) -> bool {
    decode(&Codecs::default().of(&"s".into()), value).is_none()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn snappy(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = snap::write::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.into_inner().unwrap()
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes()
}
