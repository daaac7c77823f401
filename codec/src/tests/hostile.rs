//! Values made to do harm.

use proptest::prelude::*;
use rewind_domain::event::DecodeErrorCode;

use super::*;
use crate::MAX_VALUES;

/// The gzip of a gibibyte of zeros, in 64 members.
fn gzip_of_a_gibibyte() -> Vec<u8> {
    gzip(&vec![0; 16 << 20]).repeat(64)
}

/// A zstd frame of this many blocks, each of them a byte and that it is repeated 128 KiB times.
fn zstd_bomb(blocks: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38];
    for block in 0..blocks {
        let is_last = u32::from(block + 1 == blocks);
        let head = (128 << 10) << 3 | 1 << 1 | is_last;
        frame.extend_from_slice(&head.to_le_bytes()[..3]);
        frame.push(b' ');
    }
    frame
}

fn is_too_large(value: &[u8]) -> bool {
    let codec = Codecs::default().of(&"s".into());
    decode(&codec, value).unwrap().is_err_and(|error| error.code == DecodeErrorCode::TooLarge)
}

#[test]
fn what_unpacks_to_too_much_is_given_up() {
    let gibibyte = gzip_of_a_gibibyte();
    let zstd = zstd_bomb(2_500);
    assert!(zstd.len() <= 10_006);
    let lz4 = lz4(&vec![b' '; 20 << 20]);
    let snappy = snappy(&vec![b' '; 20 << 20]);
    let zlib = zlib(&vec![b' '; 20 << 20]);
    for (name, bomb) in
        [("gzip", &gibibyte), ("zstd", &zstd), ("lz4", &lz4), ("snappy", &snappy), ("zlib", &zlib)]
    {
        assert!(is_too_large(bomb), "{name}");
        assert!(is_too_large(&gzip(bomb)), "{name} in gzip");
    }
    let codec = Codecs::default().of(&"s".into());
    assert_eq!(
        refused(&codec, &gibibyte),
        "cannot be read as gzip: it unpacks to more than 16777216 bytes"
    );
}

#[test]
fn a_block_that_promises_too_much_is_not_begun() {
    let codec = ruled("as = 'snappy'");
    let message = refused(&codec, b"\xff\xff\xff\xff\x0f\x00");
    assert_eq!(message, "cannot be read as snappy: it unpacks to more than 16777216 bytes");
}

#[test]
fn wrappers_cannot_go_on_for_ever() {
    let mut bytes = b"{}".to_vec();
    for _ in 0..5 {
        bytes = gzip(&bytes);
    }
    assert!(is_too_large(&bytes));
    // The second member of the file is a value of its own to the reader.
    assert_eq!(detected(&[gzip(b"{\"a\""), gzip(b":1}")].concat()).0, r#"{"a":1}"#);
}

#[test]
fn the_number_of_values_is_bounded() {
    let json = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert!(is_too_large(&gzip(json.as_bytes())));
    let mut message_pack = vec![0xdd];
    message_pack.extend_from_slice(&(1_u32 << 20).to_be_bytes());
    message_pack.resize(5 + (1 << 20), 0xc0);
    assert!(is_too_large(&message_pack));
    let mut cbor = vec![0x9a];
    cbor.extend_from_slice(&(1_u32 << 20).to_be_bytes());
    cbor.resize(5 + (1 << 20), 0xf6);
    assert!(is_too_large(&cbor));
    let codec = Codecs::default().of(&"s".into());
    for (name, bytes) in [("MessagePack", &message_pack), ("CBOR", &cbor)] {
        let expected = format!("cannot be read as {name}: it holds more than {MAX_VALUES} values");
        assert_eq!(refused(&codec, bytes), expected);
    }
}

#[test]
fn values_that_are_kept_together_have_to_share_the_room() {
    let codec = Codecs::default().of(&"s".into()).with_room(1 << 20);
    let large = gzip(format!("[\"{}\"]", " ".repeat(1 << 20)).as_bytes());
    assert!(decode(&codec, &large).unwrap().is_ok());
    let error = decode(&codec, &large).unwrap().unwrap_err();
    assert_eq!(error.code, DecodeErrorCode::TooLarge);
    assert!(error.message.starts_with("was not decoded"), "{}", error.message);
    // What is read without decoding anything still is.
    assert_eq!(decode(&codec, b"OrderPaid"), None);
}

#[test]
fn one_that_promises_many_items_in_few_bytes_takes_no_room_for_them() {
    for bytes in [
        &b"\xdd\xff\xff\xff\xff\xc0"[..],
        b"\xdf\xff\xff\xff\xff\xa1a\xc0",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\xf6",
    ] {
        assert!(passed_over(bytes));
    }
}

/// Bytes that go further than chance would lead them: those of something sound, some of them changed.
fn nearly(sound: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = sound.len();
    (prop::collection::vec((0..length, any::<u8>()), 0..4), 0..=length).prop_map(
        move |(changes, end)| {
            let mut bytes = sound.clone();
            changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
            bytes.truncate(end);
            bytes
        },
    )
}

const JSON: &[u8] = br#"{"a":[1,2,{"b":null}],"c":"text that is longer, text that is longer"}"#;

fn of_any_kind() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        nearly(gzip(JSON)),
        nearly(zlib(JSON)),
        nearly(zstd(JSON)),
        nearly(lz4(JSON)),
        nearly(snappy(JSON)),
        nearly(base64(&gzip(JSON))),
        nearly(b"\x83\xa1a\x93\x01\x02\xcf\0\0\0\0\0\0\0\x01\xa1b\xc4\x02ab\xa1c\xd6\xff\0\0\0\0".to_vec()),
        nearly(b"\xa3\x61a\x83\x01\x02\xc2\x42\x01\0\x61b\x5f\x41a\xff\x61c\xbf\x61d\xf9\x3c\0\xff".to_vec()),
        nearly(b"\x08\x05\x22\x03abc\x3a\x02\x01\x02\x42\x07\x0a\x01w\x12\x02\x08\x01\x4a\x02\x08\x01\x9b\x06\x9c\x06".to_vec()),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_a_value_or_an_error_by_detection(bytes in of_any_kind()) {
        prop_assert!(survives(&Codecs::default().of(&"s".into()), &bytes));
    }

    #[test]
    fn any_bytes_are_a_value_or_an_error_by_any_rule(
        bytes in of_any_kind(),
        name in prop::sample::select(vec!["base64", "gzip", "zlib", "zstd", "lz4", "snappy", "confluent", "json", "msgpack", "cbor"]),
    ) {
        let codec = ruled(&format!("as = '{name}'"));
        prop_assert!(survives(&codec, &bytes));
    }
}

/// Whether whatever comes of these bytes is read again as it is.
fn survives(codec: &StreamCodec, bytes: &[u8]) -> bool {
    match decode(codec, bytes) {
        Some(Ok(payload)) => Json::parse(&payload.json.to_string()).as_ref() == Ok(&payload.json),
        Some(Err(_)) | None => true,
    }
}

#[test]
fn any_bytes_are_a_message_or_an_error() {
    let folder = super::protobuf::folder();
    let rule = "as = 'protobuf'\ndescriptor = 'shop.desc'\nmessage = 'shop.OrderPaid'";
    let codec = ruled_in(folder.path(), rule);
    proptest!(|(bytes in of_any_kind())| prop_assert!(survives(&codec, &bytes)));
}

#[test]
fn any_bytes_fit_a_schema_or_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let schema = r#"{"type":"record","name":"R","fields":[
        {"name":"u","type":["null","R","string",{"type":"array","items":"R"},{"type":"map","values":"bytes"}]},
        {"name":"n","type":"long"}]}"#;
    std::fs::write(folder.path().join("s.avsc"), schema).unwrap();
    let codec = ruled_in(folder.path(), "as = 'avro'\nschema = 's.avsc'");
    proptest!(|(bytes in prop::collection::vec(0..20_u8, 0..60))| prop_assert!(survives(&codec, &bytes)));
}
