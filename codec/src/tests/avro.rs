use apache_avro::types::Value;
use apache_avro::{Decimal, Schema, to_avro_datum};
use proptest::prelude::*;

use super::*;

const ORDER: &str = r#"{"type":"record","name":"Order","namespace":"shop","fields":[
    {"name":"number","type":"long"},
    {"name":"note","type":["null","string"]},
    {"name":"total","type":{"type":"bytes","logicalType":"decimal","precision":40,"scale":2}},
    {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"]}},
    {"name":"codes","type":{"type":"array","items":"int"}},
    {"name":"parts","type":{"type":"map","values":"double"}},
    {"name":"receipt","type":{"type":"fixed","name":"Receipt","size":2}},
    {"name":"before","type":["null","Order"]}]}"#;

fn codec(schema: &str) -> StreamCodec {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("s.avsc"), schema).unwrap();
    ruled_in(folder.path(), "as = 'avro'\nschema = 's.avsc'")
}

fn order(number: i64, note: Option<&str>, codes: &[i32], before: Option<Value>) -> Value {
    let branch = |value: Option<Value>| match value {
        None => Value::Union(0, Box::new(Value::Null)),
        Some(value) => Value::Union(1, Box::new(value)),
    };
    let total = Decimal::from((-4990_i64).to_be_bytes());
    Value::Record(vec![
        ("number".into(), Value::Long(number)),
        ("note".into(), branch(note.map(|note| Value::String(note.into())))),
        ("total".into(), Value::Decimal(total)),
        ("state".into(), Value::Enum(1, "PAID".into())),
        ("codes".into(), Value::Array(codes.iter().copied().map(Value::Int).collect())),
        ("parts".into(), Value::Map([("w".to_owned(), Value::Double(0.1))].into())),
        ("receipt".into(), Value::Fixed(2, vec![0xff, 0])),
        ("before".into(), branch(before)),
    ])
}

fn written(schema: &str, value: Value) -> Vec<u8> {
    to_avro_datum(&Schema::parse_str(schema).unwrap(), value).unwrap()
}

#[test]
fn a_record_of_another_writer_is_read_by_its_schema() {
    let value = order(i64::MAX, Some("thanks"), &[-1, 7], Some(order(0, None, &[], None)));
    let (json, from) = read(&codec(ORDER), &written(ORDER, value));
    assert_eq!(from, "Avro");
    assert_eq!(
        json,
        r#"{"number":9223372036854775807,"note":"thanks","total":-49.90,"state":"PAID","codes":[-1,7],"parts":{"w":0.1},"receipt":{"$base64":"/wA="},"before":{"number":0,"note":null,"total":-49.90,"state":"PAID","codes":[],"parts":{"w":0.1},"receipt":{"$base64":"/wA="},"before":null}}"#
    );
}

#[test]
fn blocks_may_say_their_size() {
    let codec = codec(r#"{"type":"array","items":"int"}"#);
    assert_eq!(read(&codec, &[0x03, 0x04, 0x02, 0x04, 0x00]).0, "[1,2]");
    assert_eq!(read(&codec, &[0x02, 0x02, 0x02, 0x04, 0x00]).0, "[1,2]");
}

#[test]
fn a_value_that_does_not_fit_the_schema_says_where() {
    for (schema, bytes, message) in [
        ("\"long\"", &b""[..], "it ends too early at byte 0"),
        ("\"long\"", b"\x02\x02", "1 bytes follow the value at byte 1"),
        ("\"boolean\"", b"\x02", "0x02 is neither true nor false at byte 0"),
        ("\"string\"", b"\x01", "a length is below zero at byte 0"),
        (r#"["null","int"]"#, b"\x04", "the schema has no branch 2 there at byte 0"),
        (
            r#"{"type":"enum","name":"E","symbols":["A"]}"#,
            b"\x02",
            "the schema has no symbol 1 there at byte 0",
        ),
        (
            r#"{"type":"array","items":"null"}"#,
            b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f\x00",
            "it holds more than 250000 values",
        ),
        (
            r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#,
            b"",
            "it nests deeper than 128 levels",
        ),
    ] {
        let expected = format!("cannot be read as Avro: {message}");
        let codec = codec(schema);
        assert_eq!(codec.decode("data", bytes, None).unwrap().unwrap_err().message, expected);
    }
}

#[test]
fn numbers_and_texts_of_another_writer_are_as_they_were() {
    let (codec, schema) = (codec(ORDER), Schema::parse_str(ORDER).unwrap());
    proptest!(|(number: i64, note: String, codes: Vec<i32>)| {
        let value = order(number, Some(&note), &codes, None);
        let bytes = to_avro_datum(&schema, value).unwrap();
        let json = Json::parse(&read(&codec, &bytes).0).unwrap();
        prop_assert_eq!(json.get("number").unwrap().to_string(), number.to_string());
        prop_assert_eq!(json.get("note").unwrap().as_str().unwrap(), note);
        let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
        prop_assert_eq!(json.get("codes").unwrap().to_string(), format!("[{}]", codes.join(",")));
    });
}
