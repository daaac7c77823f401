//! Payloads that are no JSON text, wherever events are answered with.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use reqwest::StatusCode;
use rewind_server::config::{FoldConfig, RedisOptions};
use rewind_tests::{LiveLine, TestApp, TestRedis};
use serde_json::Value;
use tempfile::TempDir;

/// A number that a 64-bit float cannot hold.
const N: i64 = 9_007_199_254_740_993;
const JSON: &str = r#"{"n":9007199254740993}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
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

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

fn message_pack() -> Vec<u8> {
    [&b"\x81\xa1n\xcf"[..], &N.to_be_bytes()].concat()
}

fn cbor() -> Vec<u8> {
    [&b"\xa1\x61n\x1b"[..], &N.to_be_bytes()].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn avro() -> Vec<u8> {
    varint(2 * N as u64)
}

fn protobuf() -> Vec<u8> {
    [vec![0x08], varint(N as u64)].concat()
}

/// What `protoc --descriptor_set_out` writes for `syntax = "proto3"; package shop; message Paid { uint64 n = 1; }`.
fn descriptor_set() -> Vec<u8> {
    let part =
        |field: u8, content: &[u8]| [&[field << 3 | 2, content.len() as u8], content].concat();
    let n = [part(1, b"n"), b"\x18\x01\x20\x01\x28\x04".to_vec()].concat();
    let message = [part(1, b"Paid"), part(2, &n)].concat();
    let file =
        [part(1, b"shop.proto"), part(2, b"shop"), part(4, &message), part(12, b"proto3")].concat();
    part(1, &file)
}

const RULES: &str = "
[[decoders]]
stream = '*:protobuf'
as = 'protobuf'
descriptor = 'shop.desc'
message = { Paid = 'shop.Paid' }
[[decoders]]
stream = '*:avro'
as = ['confluent', 'avro']
schema = 'paid.avsc'
[[decoders]]
stream = '*:blob'
field = 'blob'
as = ['base64', 'cbor']
[[decoders]]
stream = '*:raw'
as = 'raw'
";

/// A server by [`RULES`], as its configuration file and a fold say.
async fn start(redis: &TestRedis, fold: Option<&str>) -> (TestApp, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("shop.desc"), descriptor_set()).unwrap();
    let schema = r#"{"type":"record","name":"Paid","fields":[{"name":"n","type":"long"}]}"#;
    std::fs::write(at("paid.avsc"), schema).unwrap();
    std::fs::write(at("rewind.toml"), RULES).unwrap();
    let options = RedisOptions { config: Some(at("rewind.toml")), ..RedisOptions::default() };
    let codecs = options.resolve().unwrap().codecs;
    let mut folds = FoldConfig::default();
    if let Some(source) = fold {
        std::fs::write(at("Order.js"), source).unwrap();
        folds.folder = Some(Path::to_owned(folder.path()));
    }
    (TestApp::start_with_codecs(redis, folds, codecs).await, folder)
}

async fn add(redis: &TestRedis, stream: &str, id: &str, field: &str, value: &[u8]) {
    let mut command = redis::cmd("XADD");
    command.arg(stream).arg(id).arg("type").arg("Paid").arg(field).arg(value);
    let _: String = command.query_async(&mut redis.connection().await).await.unwrap();
}

/// A stream for each format, with one event that sets `n`.
async fn one_of_each(redis: &TestRedis) -> Vec<(String, &'static str)> {
    let json = JSON.as_bytes();
    let framed_avro = [&b"\0\0\0\0\x07"[..], &avro()].concat();
    let base64_of = |bytes: &[u8]| {
        // Made by the format itself: it is how raw fields come as JSON.
        let fields: rewind_domain::Fields = [(&b"b"[..], bytes)].into_iter().collect();
        let json = serde_json::to_value(&fields).unwrap();
        json["b"]["$base64"].as_str().unwrap().as_bytes().to_vec()
    };
    let mut streams = Vec::new();
    for (name, field, value, decoded) in [
        ("gzip", "data", gzip(json), "JSON, from gzip"),
        ("zlib", "data", zlib(json), "JSON, from zlib"),
        ("zstd", "data", zstd(json), "JSON, from zstd"),
        ("lz4", "data", lz4(json), "JSON, from lz4"),
        ("snappy", "data", snappy(json), "JSON, from snappy"),
        ("base64", "payload", base64_of(&gzip(json)), "JSON, from gzip, from base64"),
        ("msgpack", "data", message_pack(), "MessagePack"),
        ("gzipped-msgpack", "body", gzip(&message_pack()), "MessagePack, from gzip"),
        ("cbor", "data", cbor(), "CBOR"),
        ("protobuf", "data", protobuf(), "Protobuf"),
        ("avro", "data", framed_avro, "Avro, from confluent"),
        ("blob", "blob", base64_of(&cbor()), "CBOR, from base64"),
    ] {
        let stream = format!("aggregate:Order:{name}");
        add(redis, &stream, "1-0", field, &value).await;
        streams.push((stream, decoded));
    }
    streams
}

async fn text(app: &TestApp, path: &str) -> String {
    let response = app.request(path).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    response.text().await.unwrap()
}

#[tokio::test]
async fn each_format_is_decoded_on_pages_with_all_digits_and_says_what_it_was() {
    let redis = TestRedis::start().await;
    let streams = one_of_each(&redis).await;
    let (app, _folder) = start(&redis, None).await;
    for (stream, decoded) in streams {
        let page = text(&app, &format!("/api/events?stream={stream}")).await;
        assert!(page.contains(&format!(r#""data":{JSON}"#)), "{stream}: {page}");
        assert!(page.contains(&format!(r#""decoded":"{decoded}""#)), "{stream}: {page}");
        assert!(!page.contains("decode_error"), "{stream}: {page}");
    }
}

#[tokio::test]
async fn each_format_is_folded_by_merging_and_by_a_script() {
    const SUMS: &str = "export default { on: { Paid(state, { data }) { state.n = data.n; state.more = data.n + 1n; } } };";
    let redis = TestRedis::start().await;
    let streams = one_of_each(&redis).await;
    let (merging, _folder) = start(&redis, None).await;
    let (scripted, _folder) = start(&redis, Some(SUMS)).await;
    for (stream, _) in streams {
        let path = format!("/api/replay?stream={stream}");
        let merged = text(&merging, &path).await;
        assert!(merged.contains(&format!(r#""state":{JSON}"#)), "{stream}: {merged}");
        let folded = text(&scripted, &path).await;
        let state = r#""state":{"n":9007199254740993,"more":9007199254740994}"#;
        assert!(folded.contains(state), "{stream}: {folded}");
    }
}

#[tokio::test]
async fn plain_json_says_nothing_of_decoding() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Paid", JSON).await;
    let (app, _folder) = start(&redis, None).await;
    let page = text(&app, "/api/events?stream=s").await;
    assert!(page.contains(&format!(r#""data":{JSON}"#)) && !page.contains("decoded"), "{page}");
}

#[tokio::test]
async fn a_payload_that_does_not_decode_says_why_and_where() {
    let redis = TestRedis::start().await;
    let broken = gzip(JSON.as_bytes());
    add(&redis, "s", "1-0", "data", &broken[..broken.len() - 4]).await;
    add(&redis, "aggregate:Order:protobuf", "1-0", "data", b"\x08").await;
    add(&redis, "aggregate:Order:raw", "1-0", "data", &gzip(b"{}")).await;
    let (app, _folder) = start(&redis, None).await;
    for (stream, code, message) in [
        ("s", "not_decodable", "cannot be read as gzip: it ends too early at byte "),
        (
            "aggregate:Order:protobuf",
            "not_decodable",
            "cannot be read as Protobuf: it ends too early at byte 1",
        ),
        ("aggregate:Order:raw", "not_utf8", "is not UTF-8: byte 0x8b at offset 1"),
    ] {
        let page = app.ok(&format!("/api/events?stream={stream}")).await;
        let error = &page["events"][0]["decode_error"];
        assert_eq!(error["code"], code, "{error}");
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
        let replay = app.ok(&format!("/api/replay?stream={stream}")).await;
        assert_eq!(replay["incomplete"]["undecodable"]["count"], 1, "{replay}");
    }
}

#[tokio::test]
async fn values_that_unpack_to_too_much_are_given_up_and_others_are_read() {
    let redis = TestRedis::start().await;
    let bomb = gzip(&vec![b' '; 17 << 20]);
    for n in 1..=20 {
        add(&redis, "s", &format!("{n}-0"), "data", &bomb).await;
    }
    redis.add("s", "21-0", "Paid", JSON).await;
    let (app, _folder) = start(&redis, None).await;
    let page = app.ok("/api/events?stream=s").await;
    let events = page["events"].as_array().unwrap();
    assert_eq!(events[0]["data"].to_string(), JSON);
    for event in &events[1..] {
        assert_eq!(event["decode_error"]["code"], "too_large", "{event}");
    }
    let replay = app.ok("/api/replay?stream=s").await;
    assert_eq!(replay["incomplete"]["undecodable"]["count"], 20, "{replay}");
}

#[tokio::test]
async fn live_events_are_decoded_and_cut_in_whatever_way_they_arrive() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis, None).await;
    let mut named = app.live("stream=a:s").await;
    named.next_named("status").await;
    let mut category = app.live("category=a").await;
    category.next_named("status").await;
    let beginning = category.last_id.clone();
    let large = format!(r#"{{"text":"{}"}}"#, "x".repeat(100_000));
    add(&redis, "a:s", "*", "data", &gzip(&message_pack())).await;
    add(&redis, "a:s", "*", "data", &gzip(large.as_bytes())).await;

    let named_later = app.live("stream=a:s&after=0-0").await;
    let later = app.request("/api/live?category=a").header("last-event-id", beginning);
    let category_later = LiveLine::open(later).await;
    for (way, mut line) in [
        ("by name", named),
        ("in a category", category),
        ("by name, later", named_later),
        ("in a category, later", category_later),
    ] {
        let event = line.next_named("entry").await.data["event"].take();
        assert_eq!(event["decoded"], "MessagePack, from gzip", "{way}");
        assert_eq!(event["data"]["n"].to_string(), N.to_string(), "{way}");
        let event = line.next_named("entry").await.data["event"].take();
        assert_eq!(event["decoded"], "JSON, from gzip", "{way}");
        assert_eq!(event["cut"]["data"]["bytes"], large.len(), "{way}: {event}");
    }
}

#[tokio::test]
async fn each_stream_of_a_category_is_decoded_by_its_own_rule() {
    let redis = TestRedis::start().await;
    let (app, _folder) = start(&redis, None).await;
    let mut line = app.live("category=a").await;
    line.next_named("status").await;
    for stream in ["a:raw", "a:protobuf", "a:s"] {
        let payload = if stream == "a:protobuf" { protobuf() } else { message_pack() };
        add(&redis, stream, "*", "data", &payload).await;
    }
    let mut decoded = BTreeMap::new();
    while decoded.len() < 3 {
        let mut entry = line.next_named("entry").await.data;
        let stream = entry["stream"].as_str().unwrap().to_owned();
        decoded.insert(stream, entry["event"]["decoded"].take());
    }
    assert_eq!(decoded["a:raw"], Value::Null);
    assert_eq!(decoded["a:s"], "MessagePack");
    assert_eq!(decoded["a:protobuf"], "Protobuf");
}

#[tokio::test]
async fn single_events_jumps_and_related_events_are_decoded_too() {
    let redis = TestRedis::start().await;
    add(&redis, "s", "1-0", "data", &gzip(&message_pack())).await;
    let (app, _folder) = start(&redis, None).await;
    for path in ["/api/event?stream=s&id=1-0", "/api/events?stream=s&version=1"] {
        let answer = text(&app, path).await;
        assert!(answer.contains(&format!(r#""data":{JSON}"#)), "{answer}");
        assert!(answer.contains(r#""decoded":"MessagePack, from gzip""#), "{answer}");
    }
    let typed = gzip(br#"{"type":"Inner","correlation_id":"c"}"#);
    for id in ["1-0", "2-0"] {
        let mut command = redis::cmd("XADD");
        command.arg("t").arg(id).arg("data").arg(&typed);
        let _: String = command.query_async(&mut redis.connection().await).await.unwrap();
    }
    let related = app.ok("/api/related?stream=t&id=1-0").await;
    assert_eq!(related["total"], 2, "{related}");
    assert_eq!(related["events"][1]["type"], "Inner", "{related}");
}

#[tokio::test]
async fn types_in_payloads_are_counted() {
    let redis = TestRedis::start().await;
    for (id, payload) in [("1-0", br#"{"type":"A"}"#), ("2-0", br#"{"type":"B"}"#)] {
        let mut command = redis::cmd("XADD");
        command.arg("s").arg(id).arg("data").arg(gzip(payload));
        let _: String = command.query_async(&mut redis.connection().await).await.unwrap();
    }
    let (app, _folder) = start(&redis, None).await;
    let index = app.ok("/api/index?stream=s").await;
    let counted = serde_json::json!([{"type": "A", "count": 1}, {"type": "B", "count": 1}]);
    assert_eq!(index["types"], counted);
}

#[tokio::test]
async fn a_filter_looks_in_payloads() {
    let redis = TestRedis::start().await;
    redis.add("s", "1-0", "Paid", r#"{"n":1}"#).await;
    add(&redis, "s", "2-0", "data", &message_pack()).await;
    add(&redis, "s", "3-0", "data", &gzip(br#"{"city":"Utrecht","type":"Inner"}"#)).await;
    let (app, _folder) = start(&redis, None).await;
    for (filter, id, decoded) in [
        ("data.n:9007199254740993", "2-0", "MessagePack"),
        ("%3Devent.data.n+%3D%3D%3D+9007199254740993n", "2-0", "MessagePack"),
        ("data.city:Utrecht", "3-0", "JSON, from gzip"),
        ("utrecht", "3-0", "JSON, from gzip"),
    ] {
        let path = format!("/api/find?stream=s&filter={filter}");
        let mut line = LiveLine::open(app.request(&path)).await;
        let event = line.next_named("found").await.data["event"].take();
        assert_eq!((&event["id"], &event["decoded"]), (&id.into(), &decoded.into()), "{filter}");
        let done = line.next_named("done").await.data;
        assert_eq!((&done["found"], &done["failures"]), (&1.into(), &().into()), "{filter}");
    }
}
