use proptest::prelude::*;
use rewind_domain::json::MAX_DEPTH;

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn message_pack(text: &str) -> String {
    read(&ruled("as = 'msgpack'"), &hex(text)).0
}

fn cbor(text: &str) -> String {
    read(&ruled("as = 'cbor'"), &hex(text)).0
}

#[test]
fn message_pack_has_a_json_form_for_all_that_there_is() {
    for (bytes, json) in [
        ("c0", "null"),
        ("cf ffffffffffffffff", "18446744073709551615"),
        ("d3 8000000000000000", "-9223372036854775808"),
        ("cb 3fb999999999999a", "0.1"),
        ("ca 3dcccccd", "0.1"),
        ("c4 02 ff00", r#"{"$base64":"/wA="}"#),
        ("a2 ff00", r#"{"$base64":"/wA="}"#),
        ("82 01 02 c3 04", r#"{"1":2,"true":4}"#),
        ("81 91 01 02", r#"{"[1]":2}"#),
        ("d6 ff 65b25370", "\"2024-01-25T12:26:24Z\""),
        ("c7 0c ff 00000001 0000000000000000", "\"1970-01-01T00:00:00.000000001Z\""),
        ("d4 05 2a", r#"{"$ext":5,"$value":{"$base64":"Kg=="}}"#),
    ] {
        assert_eq!(message_pack(bytes), json, "{bytes}");
    }
}

/// From appendix A of RFC 8949.
#[test]
fn cbor_has_a_json_form_for_all_that_there_is() {
    for (bytes, json) in [
        ("1bffffffffffffffff", "18446744073709551615"),
        ("3bffffffffffffffff", "-18446744073709551616"),
        ("c249010000000000000000", "18446744073709551616"),
        ("c349010000000000000000", "-18446744073709551617"),
        ("f90001", "5.9604645e-8"),
        ("f93e00", "1.5"),
        ("f9fbff", "-65504.0"),
        ("f97c00", "\"Infinity\""),
        ("f97e00", "\"NaN\""),
        ("fa47c35000", "100000.0"),
        ("fb3ff199999999999a", "1.1"),
        ("f7", "null"),
        ("f820", r#"{"$simple":32}"#),
        ("c1 1a514b67b0", "1363896240"),
        ("d818 456449455446", r#"{"$tag":24,"$value":{"$base64":"ZElFVEY="}}"#),
        ("c4 82 21 19 6ab3", "273.15"),
        ("5f 42 0102 43 030405 ff", r#"{"$base64":"AQIDBAU="}"#),
        ("7f 65 7374726561 64 6d696e67 ff", "\"streaming\""),
        ("9f 01 82 02 03 9f 04 05 ff ff", "[1,[2,3],[4,5]]"),
        ("bf 61 61 01 61 62 9f 02 03 ff ff", r#"{"a":1,"b":[2,3]}"#),
        ("a2 01 02 03 04", r#"{"1":2,"3":4}"#),
        ("d9d9f7 a1 61 61 01", r#"{"a":1}"#),
    ] {
        assert_eq!(cbor(bytes), json, "{bytes}");
    }
}

#[test]
fn objects_and_arrays_are_recognised() {
    assert_eq!(detected(&hex("81 a1 61 01")), (r#"{"a":1}"#.into(), "MessagePack".into()));
    assert_eq!(detected(&hex("a1 61 61 01")), (r#"{"a":1}"#.into(), "CBOR".into()));
    assert_eq!(detected(&gzip(&hex("81 a1 61 01"))).1, "MessagePack, from gzip");
}

#[test]
fn what_may_be_anything_is_not_recognised() {
    for bytes in [
        // A number, a text, an object with a number for a key, and an object with something behind it.
        "cf ffffffffffffffff",
        "d9 01 ff",
        "81 01 02",
        "81 a1 61 01 01",
        "a1 01 02",
        "ff fe",
        "ff d8 ff e0 00 10 4a 46 49 46",
    ] {
        assert!(passed_over(&hex(bytes)), "{bytes}");
    }
}

#[test]
fn a_value_that_is_broken_says_where() {
    let (message_pack, cbor) = (ruled("as = 'msgpack'"), ruled("as = 'cbor'"));
    for (codec, bytes, message) in [
        (
            &message_pack,
            "82 a1 61 01",
            "cannot be read as MessagePack: it ends too early at byte 4",
        ),
        (&message_pack, "c1", "cannot be read as MessagePack: 0xc1 stands for nothing at byte 0"),
        (
            &message_pack,
            "01 02 03",
            "cannot be read as MessagePack: 2 bytes follow the value at byte 1",
        ),
        (&cbor, "82 01", "cannot be read as CBOR: it ends too early at byte 2"),
        (&cbor, "1c", "cannot be read as CBOR: 0x1c stands for nothing at byte 0"),
        (&cbor, "ff", "cannot be read as CBOR: an end without a beginning at byte 0"),
        (
            &cbor,
            "5f 61 61 ff",
            "cannot be read as CBOR: a piece of a string is something else at byte 1",
        ),
    ] {
        assert_eq!(refused(codec, &hex(bytes)), message, "{bytes}");
    }
}

#[test]
fn depth_is_bounded_and_the_bound_itself_is_fine() {
    for (rule, array, nil) in [("as = 'msgpack'", 0x91, 0xc0), ("as = 'cbor'", 0x81, 0xf6)] {
        let codec = ruled(rule);
        let nested = |depth: usize| [vec![array; depth], vec![nil]].concat();
        assert!(read(&codec, &nested(MAX_DEPTH)).0.ends_with("]]"));
        let message = refused(&codec, &nested(MAX_DEPTH + 1));
        assert!(message.ends_with("it nests deeper than 128 levels"), "{message}");
        assert!(decode(&codec, &vec![array; 1_000_000]).unwrap().is_err());
    }
    // Bytes are an object in JSON, which counts.
    let bytes = [vec![0x81; MAX_DEPTH], vec![0x40]].concat();
    assert!(decode(&ruled("as = 'cbor'"), &bytes).unwrap().is_err());
}

/// A value, and what it should become.
fn value() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has only these", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn as_message_pack(value: &serde_json::Value) -> rmpv::Value {
    use serde_json::Value;
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (_, Some(number)) => number.into(),
            _ => number.as_f64().unwrap().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => rmpv::Value::Array(items.iter().map(as_message_pack).collect()),
        Value::Object(members) => {
            let pairs =
                members.iter().map(|(key, value)| (key.as_str().into(), as_message_pack(value)));
            rmpv::Value::Map(pairs.collect())
        }
    }
}

/// Whether both are the same, numbers by what they are worth.
fn is_same(json: &Json, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match (json, value) {
        (Json::Number(digits), Value::Number(number)) if number.is_f64() => {
            digits.as_str().parse().ok() == number.as_f64()
        }
        (Json::Array(items), Value::Array(values)) => {
            items.len() == values.len()
                && items.iter().zip(values).all(|(item, value)| is_same(item, value))
        }
        (Json::Object(members), Value::Object(values)) => {
            members.len() == values.len()
                && values.iter().all(|(key, value)| {
                    members.get(key.as_str()).is_some_and(|member| is_same(member, value))
                })
        }
        (json, value) => serde_json::from_str(&json.to_string()).ok().as_ref() == Some(value),
    }
}

proptest! {
    #[test]
    fn message_pack_of_another_writer_is_read(value in value()) {
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &as_message_pack(&value)).unwrap();
        let json = read(&ruled("as = 'msgpack'"), &bytes).0;
        prop_assert!(is_same(&Json::parse(&json).unwrap(), &value), "{json}");
    }

    #[test]
    fn cbor_of_another_writer_is_read(value in value()) {
        let mut bytes = Vec::new();
        ciborium::into_writer(&value, &mut bytes).unwrap();
        let json = read(&ruled("as = 'cbor'"), &bytes).0;
        prop_assert!(is_same(&Json::parse(&json).unwrap(), &value), "{json}");
    }

    #[test]
    fn message_pack_objects_are_recognised_as_what_they_are(members in prop::collection::btree_map("[a-z_]{1,12}", value(), 1..8)) {
        let value = serde_json::Value::Object(members.into_iter().collect());
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &as_message_pack(&value)).unwrap();
        let (json, from) = detected(&bytes);
        prop_assert_eq!(from, "MessagePack");
        prop_assert!(is_same(&Json::parse(&json).unwrap(), &value), "{json}");
    }
}
