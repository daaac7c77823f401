use proptest::prelude::*;

use super::*;

const ORDER: &[u8] = br#"{"total":1.10,"n":12345678901234567890}"#;

/// A wrapper, and its name.
type Wrap = (&'static str, fn(&[u8]) -> Vec<u8>);

const WRAPPERS: [Wrap; 6] = [
    ("gzip", gzip),
    ("zlib", zlib),
    ("zstd", zstd),
    ("lz4", lz4),
    ("snappy", snappy),
    ("base64", base64),
];

#[test]
fn json_in_any_wrapper_is_recognised() {
    for (name, wrap) in WRAPPERS {
        let (json, from) = detected(&wrap(ORDER));
        assert_eq!(json.as_bytes(), ORDER, "{name}");
        assert_eq!(from, format!("JSON, from {name}"));
    }
}

#[test]
fn wrappers_in_wrappers_are_taken_off_one_by_one() {
    let (json, from) = detected(&base64(&gzip(&zstd(ORDER))));
    assert_eq!(json.as_bytes(), ORDER);
    assert_eq!(from, "JSON, from zstd, from gzip, from base64");
}

#[test]
fn a_rule_names_what_is_taken_off() {
    let codec = ruled("as = ['base64', 'snappy', 'json']");
    let block = snap::raw::Encoder::new().compress_vec(ORDER).unwrap();
    assert_eq!(read(&codec, &base64(&block)).1, "JSON, from snappy, from base64");
}

#[test]
fn what_is_behind_named_wrappers_is_recognised() {
    let codec = ruled("as = 'confluent'");
    let framed = [&[0, 0, 0, 0, 7], ORDER].concat();
    assert_eq!(read(&codec, &framed).1, "JSON, from confluent");
    assert_eq!(
        refused(&codec, b"\x01abc"),
        "cannot be read as confluent: it does not begin with 0 at byte 0"
    );
}

#[test]
fn base64_is_read_in_both_alphabets_with_and_without_padding_and_in_lines() {
    let codec = ruled("as = ['base64', 'json']");
    // `?>` and `~` make for characters in which the alphabets differ.
    let text = base64("{\"a\":\"?>~ÿ?>~ÿ?>~ÿ\"}".as_bytes());
    let text = String::from_utf8(text).unwrap();
    let url_safe = text.replace('+', "-").replace('/', "_");
    assert_ne!(text, url_safe);
    let lines = format!("{}\r\n{}\n", &text[..10], &text[10..]);
    for text in [&url_safe, url_safe.trim_end_matches('='), text.trim_end_matches('='), &lines] {
        assert_eq!(read(&codec, text.as_bytes()).0, "{\"a\":\"?>~ÿ?>~ÿ?>~ÿ\"}", "{text}");
    }
}

#[test]
fn words_and_numbers_are_no_base64() {
    for text in ["OrderPaid", "1706185200000", "eyJhIjox", "aGVsbG8gd29ybGQ=", "W10", "true", "x^"]
    {
        assert!(passed_over(text.as_bytes()), "{text}");
    }
}

#[test]
fn json_text_is_nobody_elses() {
    let codec = Codecs::default().of(&"s".into());
    for text in ["{}", " [1]", "\"text\"", "{broken", ""] {
        assert!(!codec.concerns("data", text.as_bytes()), "{text}");
    }
    for text in ["null", "-1.5", "yes"] {
        assert!(passed_over(text.as_bytes()), "{text}");
    }
}

#[test]
fn what_is_cut_short_says_so() {
    for (name, wrap) in WRAPPERS.into_iter().take(5) {
        let whole = wrap(&ORDER.repeat(50));
        let codec = ruled(&format!("as = ['{name}', 'json']"));
        for length in [whole.len() - 1, whole.len() / 2, 12] {
            let message = refused(&codec, &whole[..length]);
            let expected = format!("cannot be read as {name}: ");
            assert!(message.starts_with(&expected), "{name} of {length}: {message}");
            assert!(message.contains(" at byte "), "{name} of {length}: {message}");
        }
    }
}

#[test]
fn compressed_text_that_is_no_json_says_where() {
    let codec = Codecs::default().of(&"s".into());
    assert_eq!(
        refused(&codec, &gzip(b"{\"a\": oops}")),
        "cannot be read as JSON, from gzip: expected a JSON value at line 1 column 7"
    );
    assert_eq!(
        refused(&codec, &gzip(b"\xff\xfe\xfd")),
        "cannot be read, from gzip: these bytes are in no format that can be recognised; a rule can name it"
    );
}

#[test]
fn a_wrong_checksum_is_noticed() {
    for (name, wrap) in WRAPPERS.into_iter().take(5).filter(|(name, _)| *name != "lz4") {
        let mut bytes = wrap(ORDER);
        // The checksum of snappy stands in front of its content, behind the magic bytes and the head of the chunk.
        let at = if name == "snappy" { 14 } else { bytes.len() - 5 };
        bytes[at] ^= 0x55;
        let codec = ruled(&format!("as = ['{name}', 'json']"));
        assert!(decode(&codec, &bytes).unwrap().is_err(), "{name}");
    }
}

proptest! {
    #[test]
    fn what_is_wrapped_comes_out_again(n: i64, text: String, order in prop::sample::subsequence((0..6).collect::<Vec<usize>>(), 0..4)) {
        let json = Json::object([("n", Json::parse(&n.to_string()).unwrap()), ("text", Json::string(text))]);
        let mut bytes = json.to_string().into_bytes();
        let mut names = vec!["'json'".to_owned()];
        for at in order {
            let (name, wrap) = WRAPPERS[at];
            bytes = wrap(&bytes);
            names.insert(0, format!("'{name}'"));
        }
        let codec = ruled(&format!("as = [{}]", names.join(",")));
        prop_assert_eq!(read(&codec, &bytes).0, json.to_string());
    }
}
