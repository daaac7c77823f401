use super::*;

#[test]
fn the_first_rule_for_stream_and_field_counts() {
    let toml = "
        [[decoders]]
        stream = 'events:raw'
        as = 'raw'
        [[decoders]]
        stream = 'events:*'
        as = 'cbor'
        [[decoders]]
        stream = 'events:*'
        field = 'blob'
        as = 'msgpack'
        [[decoders]]
        stream = '*'
        as = 'msgpack'";
    let codecs = load(toml, Path::new(".")).unwrap();
    let from = |stream: &str, field: &str| {
        let codec = codecs.of(&stream.into());
        codec
            .concerns(field, b"\x01")
            .then(|| codec.decode(field, b"\x01", None))??
            .ok()
            .map(|payload| payload.from)
    };
    assert_eq!(from("events:orders", "data").as_deref(), Some("CBOR"));
    assert_eq!(from("events:orders", "blob").as_deref(), Some("MessagePack"));
    assert_eq!(from("others", "data").as_deref(), Some("MessagePack"));
    assert_eq!(from("events:raw", "data"), None);
    assert_eq!(codecs.of(&"events:orders".into()).fields(), ["data", "blob"]);
}

#[test]
fn raw_switches_recognising_off() {
    let value = gzip(b"{}");
    assert!(decode(&ruled("as = 'raw'"), &value).is_none());
    assert!(decode(&ruled("as = 'json'"), &value).unwrap().is_err());
}

#[test]
fn json_text_in_a_stream_of_something_else_is_still_json() {
    assert_eq!(decode(&ruled("as = 'msgpack'"), b"{\"a\":1}"), None);
    assert!(decode(&ruled("as = 'msgpack'"), b"{\"a\":").unwrap().is_err());
}

#[test]
fn a_rule_that_cannot_be_followed_is_refused_by_number_and_reason() {
    let folder = super::protobuf::folder();
    std::fs::write(folder.path().join("bad.avsc"), "{}").unwrap();
    let bad_desc = folder.path().join("bad.desc");
    std::fs::write(&bad_desc, "no").unwrap();
    for (rule, error) in [
        ("as = 'xml'", "`xml` is no decoder; there are json"),
        ("as = []", "`as` names no decoder"),
        ("as = ['json', 'gzip']", "`JSON` gives a value, so nothing can follow it"),
        ("as = ['raw', 'json']", "`raw` stands alone"),
        ("as = ['gzip', 'raw']", "`raw` stands alone"),
        ("as = ['gzip', 'gzip', 'gzip', 'gzip', 'gzip']", "`as` has more than 4 wrappers"),
        ("as = 'avro'", "`avro` needs `schema`"),
        ("as = 'protobuf'\nmessage = 'a'", "`protobuf` needs `descriptor`"),
        ("as = 'protobuf'\ndescriptor = 'shop.desc'", "`protobuf` needs `message`"),
        ("as = 'cbor'\nschema = 'a'", "`schema` is only for `avro`"),
        ("as = 'cbor'\nmessage = 'a'", "`message` is only for `protobuf`"),
        ("as = 'avro'\nschema = 'none.avsc'", "none.avsc` cannot be read: "),
        (
            "as = 'avro'\nschema = 'bad.avsc'",
            "bad.avsc` is no Avro schema: an object has no `type`",
        ),
        (
            "as = 'protobuf'\ndescriptor = 'bad.desc'\nmessage = 'a'",
            "bad.desc` is no descriptor set: ",
        ),
        (
            "as = 'protobuf'\ndescriptor = 'shop.desc'\nmessage = { Paid = 'shop.Paid' }",
            "shop.desc` has no message `shop.Paid`; it has `google.protobuf.Timestamp`, `google.protobuf.Int64Value`, `shop.OrderPaid`",
        ),
    ] {
        let toml =
            format!("[[decoders]]\nstream = '*'\nas = 'raw'\n[[decoders]]\nstream = '*'\n{rule}");
        let message = load(&toml, folder.path()).unwrap_err().to_string();
        assert!(message.starts_with("decoder rule 2: ") && message.contains(error), "{message}");
    }
}
