use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::{Label, Type};
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, FileDescriptorSet, MessageOptions,
};
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, Value};
use tempfile::TempDir;

use super::*;

fn field(name: &str, number: i32, of: Type, label: Label) -> FieldDescriptorProto {
    let mut field = FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        ..FieldDescriptorProto::default()
    };
    field.set_type(of);
    field.set_label(label);
    field
}

fn of(mut field: FieldDescriptorProto, type_name: &str) -> FieldDescriptorProto {
    field.type_name = Some(type_name.to_owned());
    field
}

/// ```proto
/// syntax = "proto3";
/// package shop;
/// enum State { NEW = 0; PAID = 1; }
/// message OrderPaid {
///   uint64 number = 1;
///   sint64 balance = 2;
///   double total = 3;
///   string note = 4;
///   bytes receipt = 5;
///   State state = 6;
///   repeated int32 codes = 7;
///   map<string, OrderPaid> parts = 8;
///   google.protobuf.Timestamp at = 9;
///   google.protobuf.Int64Value tip = 10;
///   OrderPaid before = 11;
///   repeated string tags = 12;
/// }
/// ```
fn files() -> FileDescriptorSet {
    use Label::{Optional, Repeated};
    let well_known = |name: &str, fields| DescriptorProto {
        name: Some(name.to_owned()),
        field: fields,
        ..DescriptorProto::default()
    };
    let entry = DescriptorProto {
        options: Some(MessageOptions { map_entry: Some(true), ..MessageOptions::default() }),
        ..well_known(
            "PartsEntry",
            vec![
                field("key", 1, Type::String, Optional),
                of(field("value", 2, Type::Message, Optional), ".shop.OrderPaid"),
            ],
        )
    };
    let order = DescriptorProto {
        nested_type: vec![entry],
        ..well_known(
            "OrderPaid",
            vec![
                field("number", 1, Type::Uint64, Optional),
                field("balance", 2, Type::Sint64, Optional),
                field("total", 3, Type::Double, Optional),
                field("note", 4, Type::String, Optional),
                field("receipt", 5, Type::Bytes, Optional),
                of(field("state", 6, Type::Enum, Optional), ".shop.State"),
                field("codes", 7, Type::Int32, Repeated),
                of(field("parts", 8, Type::Message, Repeated), ".shop.OrderPaid.PartsEntry"),
                of(field("at", 9, Type::Message, Optional), ".google.protobuf.Timestamp"),
                of(field("tip", 10, Type::Message, Optional), ".google.protobuf.Int64Value"),
                of(field("before", 11, Type::Message, Optional), ".shop.OrderPaid"),
                field("tags", 12, Type::String, Repeated),
            ],
        )
    };
    let value = |name: &str, number| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    let state = EnumDescriptorProto {
        name: Some("State".to_owned()),
        value: vec![value("NEW", 0), value("PAID", 1)],
        ..EnumDescriptorProto::default()
    };
    let google = FileDescriptorProto {
        name: Some("google.proto".to_owned()),
        package: Some("google.protobuf".to_owned()),
        syntax: Some("proto3".to_owned()),
        message_type: vec![
            well_known(
                "Timestamp",
                vec![
                    field("seconds", 1, Type::Int64, Optional),
                    field("nanos", 2, Type::Int32, Optional),
                ],
            ),
            well_known("Int64Value", vec![field("value", 1, Type::Int64, Optional)]),
        ],
        ..FileDescriptorProto::default()
    };
    let shop = FileDescriptorProto {
        name: Some("shop.proto".to_owned()),
        package: Some("shop".to_owned()),
        syntax: Some("proto3".to_owned()),
        dependency: vec!["google.proto".to_owned()],
        message_type: vec![order],
        enum_type: vec![state],
        ..FileDescriptorProto::default()
    };
    FileDescriptorSet { file: vec![google, shop] }
}

/// A folder with the descriptor set `shop.desc`.
pub(super) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.desc"), files().encode_to_vec()).unwrap();
    folder
}

fn codec() -> StreamCodec {
    let rule = "as = 'protobuf'\ndescriptor = 'shop.desc'\nmessage = 'shop.OrderPaid'";
    ruled_in(folder().path(), rule)
}

fn order() -> DynamicMessage {
    let pool = DescriptorPool::from_file_descriptor_set(files()).unwrap();
    DynamicMessage::new(pool.get_message_by_name("shop.OrderPaid").unwrap())
}

const DEFAULTS: &str = r#""number":0,"balance":0,"total":0.0,"note":"","receipt":{"$base64":""},"state":"NEW","codes":[],"parts":{},"tags":[]"#;

#[test]
fn a_message_is_read_by_its_descriptor() {
    let mut order = order();
    let inner = order.clone();
    order.set_field_by_name("number", Value::U64(u64::MAX));
    order.set_field_by_name("balance", Value::I64(i64::MIN));
    order.set_field_by_name("total", Value::F64(49.9));
    order.set_field_by_name("note", Value::String("thanks".to_owned()));
    order.set_field_by_name("receipt", Value::Bytes(vec![0xff, 0].into()));
    order.set_field_by_name("state", Value::EnumNumber(1));
    order.set_field_by_name("codes", Value::List(vec![Value::I32(-1), Value::I32(7)]));
    order.set_field_by_name("tags", Value::List(vec![Value::String("a".to_owned())]));
    let parts = [(MapKey::String("w".to_owned()), Value::Message(inner))];
    order.set_field_by_name("parts", Value::Map(parts.into_iter().collect()));
    let (json, from) = read(&codec(), &order.encode_to_vec());
    assert_eq!(from, "Protobuf");
    assert_eq!(
        json,
        format!(
            r#"{{"number":18446744073709551615,"balance":-9223372036854775808,"total":49.9,"note":"thanks","receipt":{{"$base64":"/wA="}},"state":"PAID","codes":[-1,7],"parts":{{"w":{{{DEFAULTS}}}}},"tags":["a"]}}"#
        )
    );
}

#[test]
fn messages_that_stand_for_something_simpler_are_that() {
    // at { seconds: 1706185200, nanos: 500000000 }, tip {}
    let bytes = b"\x4a\x0c\x08\xf0\xa3\xc9\xad\x06\x10\x80\xca\xb5\xee\x01\x52\x00";
    let json = Json::parse(&read(&codec(), bytes).0).unwrap();
    assert_eq!(json.get("at").unwrap().to_string(), "\"2024-01-25T12:20:00.5Z\"");
    assert_eq!(json.get("tip").unwrap().to_string(), "0");
}

#[test]
fn fields_that_the_descriptor_does_not_have_are_kept() {
    // 99: 5 twice; 98: "x"; 97: a group with a number in it; 1 as eight bytes, which is no number of that kind
    let bytes =
        b"\x98\x06\x05\x98\x06\x05\x92\x06\x01x\x8b\x06\x08\x01\x8c\x06\x09\x01\0\0\0\0\0\0\0";
    let json = Json::parse(&read(&codec(), bytes).0).unwrap();
    assert_eq!(
        json.get("$unknown").unwrap().to_string(),
        r#"{"99":[5,5],"98":[{"$base64":"eA=="}],"97":[{"$base64":"CAGMBg=="}],"1":[1]}"#
    );
}

#[test]
fn lists_of_numbers_may_be_packed_or_not() {
    for bytes in [&b"\x3a\x02\x01\x02"[..], b"\x38\x01\x38\x02", b"\x3a\x01\x01\x38\x02"] {
        let json = Json::parse(&read(&codec(), bytes).0).unwrap();
        assert_eq!(json.get("codes").unwrap().to_string(), "[1,2]", "{bytes:?}");
    }
}

#[test]
fn a_message_that_is_broken_says_where() {
    for (bytes, message) in [
        (&b"\x22\x05ab"[..], "it ends too early at byte 4"),
        (b"\x00\x01", "there is no field of this number at byte 0"),
        (b"\x0f", "there is no wire type 7 at byte 0"),
        (b"\x0c", "a group ends that did not begin at byte 0"),
        (b"\x5a\x01\x08\x05", "a value reaches beyond its message at byte 3"),
        (
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
            "a number has more than 64 bits at byte 1",
        ),
    ] {
        assert_eq!(refused(&codec(), bytes), format!("cannot be read as Protobuf: {message}"));
    }
}

#[test]
fn the_message_can_depend_on_the_type_of_the_event() {
    let rule = "as = 'protobuf'\ndescriptor = 'shop.desc'\nmessage = { Paid = 'shop.OrderPaid', Ticked = 'google.protobuf.Timestamp' }";
    let codec = ruled_in(folder().path(), rule);
    let json = |event_type| codec.decode("data", b"\x08\x01", event_type).unwrap();
    assert_eq!(json(Some("Ticked")).unwrap().json.to_string(), "\"1970-01-01T00:00:01Z\"");
    assert!(json(Some("Paid")).unwrap().json.get("note").is_some());
    assert_eq!(
        json(Some("Sent")).unwrap_err().message,
        "cannot be read as Protobuf: the rule names no message for events of type `Sent`"
    );
    assert!(json(None).is_err());
}

#[test]
fn a_frame_around_a_message_is_taken_off_with_the_place_of_the_message() {
    let rule =
        "as = ['confluent', 'protobuf']\ndescriptor = 'shop.desc'\nmessage = 'shop.OrderPaid'";
    let codec = ruled_in(folder().path(), rule);
    for frame in [&b"\0\0\0\0\x07\x00"[..], b"\0\0\0\0\x07\x04\x02\x00"] {
        let (json, from) = read(&codec, &[frame, b"\x08\x05"].concat());
        assert_eq!(from, "Protobuf, from confluent");
        assert!(json.starts_with(r#"{"number":5,"#), "{json}");
    }
}

#[test]
fn numbers_of_another_writer_have_their_digits() {
    let codec = codec();
    let empty = order();
    proptest!(|(number: u64, balance: i64, total: f64, codes: Vec<i32>)| {
        let mut order = empty.clone();
        order.set_field_by_name("number", Value::U64(number));
        order.set_field_by_name("balance", Value::I64(balance));
        order.set_field_by_name("total", Value::F64(total));
        let list = codes.iter().copied().map(Value::I32).collect();
        order.set_field_by_name("codes", Value::List(list));
        let json = Json::parse(&read(&codec, &order.encode_to_vec()).0).unwrap();
        prop_assert_eq!(json.get("number").unwrap().to_string(), number.to_string());
        prop_assert_eq!(json.get("balance").unwrap().to_string(), balance.to_string());
        if total.is_finite() {
            let digits = json.get("total").unwrap().to_string();
            prop_assert_eq!(digits.parse::<f64>().unwrap(), total);
        }
        let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
        prop_assert_eq!(json.get("codes").unwrap().to_string(), format!("[{}]", codes.join(",")));
    });
}
