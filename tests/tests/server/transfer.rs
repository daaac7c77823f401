//! `rewind import` and `rewind export`

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::write::GzEncoder;
use rewind_server::config::{ReadConfig, RedisOptions};
use rewind_server::transfer::export::{self, ExportOptions};
use rewind_server::transfer::import::{self, ImportOptions};
use rewind_tests::{Random, TestRedis, eventually, rewind_binary};
use std::io::{Read as _, Write as _};

const ORDERS: &str = concat!(
    r#"{"stream":"aggregate:Order:1","id":"1-0","fields":{"type":"OrderCreated","data":"{\"total\":1.10}"}}"#,
    "\n",
    r#"{"stream":"aggregate:Order:1","id":"2-0","fields":[["tag","a"],["tag","b"]]}"#,
    "\n",
    r#"{"stream":"aggregate:Order:2","id":"2-1","fields":{"raw":{"$base64":"/wA="}}}"#,
    "\n",
);

fn write(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn imported(redis: &TestRedis, path: PathBuf) -> Result<(u64, u64), String> {
    let options = ImportOptions { files: vec![path], quiet: true };
    let report = import::run(options, &redis.url()).await.map_err(|error| error.to_string())?;
    Ok((report.added, report.already_there))
}

async fn exported(redis: &TestRedis, path: PathBuf, streams: &[&str]) -> Result<(), String> {
    export_with(&ReadConfig::of(redis.url()), options(path, streams)).await
}

fn options(path: PathBuf, streams: &[&str]) -> ExportOptions {
    ExportOptions {
        filter: None,
        streams: streams.iter().map(|stream| stream.parse().unwrap()).collect(),
        prefix: None,
        output: Some(path),
        format: None,
        columns: String::new(),
        quiet: true,
    }
}

async fn export_with(config: &ReadConfig, options: ExportOptions) -> Result<(), String> {
    export::run(options, config).await.map(|_| ()).map_err(|error| error.to_string())
}

async fn length(redis: &TestRedis, stream: &str) -> u64 {
    redis::from_redis_value(redis.run(&format!("XLEN {stream}")).await).unwrap()
}

#[tokio::test]
async fn what_was_imported_is_exported_as_it_was() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(imported(&redis, write(folder.path(), "orders.ndjson", ORDERS)).await, Ok((3, 0)));
    let out = folder.path().join("out.ndjson");
    exported(&redis, out.clone(), &["aggregate:Order:1", "aggregate:Order:2"]).await.unwrap();
    assert_eq!(std::fs::read_to_string(out).unwrap(), ORDERS);
}

#[tokio::test]
async fn importing_again_adds_nothing_twice() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "orders.ndjson", ORDERS);
    assert_eq!(imported(&redis, path.clone()).await, Ok((3, 0)));
    assert_eq!(imported(&redis, path).await, Ok((0, 3)));
    assert_eq!(length(&redis, "aggregate:Order:1").await, 2);
}

#[tokio::test]
async fn compressed_files_go_both_ways() {
    let redis = TestRedis::start().await;
    redis.add_many("s", 2_500).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.ndjson.gz");
    exported(&redis, path.clone(), &["s"]).await.unwrap();
    assert_eq!(&std::fs::read(&path).unwrap()[..2], b"\x1f\x8b");
    let other = TestRedis::start().await;
    assert_eq!(imported(&other, path).await, Ok((2_500, 0)));
    assert_eq!(length(&other, "s").await, 2_500);
}

#[tokio::test]
async fn a_bad_line_is_named_and_all_before_it_is_kept() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut text: String = (1..=16)
        .map(|n| format!("{{\"stream\":\"s\",\"id\":\"{n}-0\",\"fields\":{{\"n\":\"{n}\"}}}}\n"))
        .collect();
    text.push_str("{\"stream\":\"s\",\"id\":\"17\",\"fields\":{\"n\":\"17\"}}\n");
    text.push_str("{\"stream\":\"s\",\"id\":\"18-0\",\"fields\":{\"n\":\"18\"}}\n");
    let error = imported(&redis, write(folder.path(), "orders.ndjson", &text)).await.unwrap_err();
    assert!(
        error.contains("orders.ndjson")
            && error.contains(":17")
            && error.contains("`17` is not an entry id"),
        "{error}"
    );
    assert_eq!(length(&redis, "s").await, 16);
}

#[tokio::test]
async fn an_entry_that_cannot_go_where_it_belongs_stops_the_import() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    redis.add("aggregate:Order:1", "1-0", "SomethingElse", "{}").await;
    let error = imported(&redis, write(folder.path(), "orders.ndjson", ORDERS)).await.unwrap_err();
    assert!(error.contains(":1") && error.contains("1-0"), "{error}");
    assert_eq!(length(&redis, "aggregate:Order:1").await, 1);

    redis.run("FLUSHALL").await;
    redis.run("SET aggregate:Order:2 text").await;
    let error = imported(&redis, write(folder.path(), "orders.ndjson", ORDERS)).await.unwrap_err();
    assert!(error.contains(":3"), "{error}");
}

#[tokio::test]
async fn a_file_that_was_cut_off_is_told_from_one_that_ended() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(ORDERS.as_bytes()).unwrap();
    let whole = gzip.finish().unwrap();
    let path = folder.path().join("cut.ndjson.gz");
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    let error = imported(&redis, path).await.unwrap_err();
    assert!(error.contains("cut.ndjson.gz"), "{error}");
    let error = imported(&redis, folder.path().join("none.ndjson")).await.unwrap_err();
    assert!(error.contains("none.ndjson"), "{error}");
}

#[tokio::test]
async fn exporting_what_is_not_there_says_so_and_leaves_no_file() {
    let redis = TestRedis::start().await;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.ndjson");
    let error = exported(&redis, out.clone(), &["nope"]).await.unwrap_err();
    assert!(error.contains("nope"), "{error}");
    assert!(!out.exists());
}

/// Packed as MessagePack: `{"total": 250}`.
const PACKED: &[u8] = &[0x81, 0xa5, b't', b'o', b't', b'a', b'l', 0xcc, 250];

#[tokio::test]
async fn tables_and_arrays_have_decoded_events_and_the_name_of_the_file_tells_which() {
    let redis = TestRedis::start().await;
    redis.add("orders", "1-0", "Paid", r#"{"total":5,"a,b":{"c":"x"}}"#).await;
    let mut packed = redis::cmd("XADD");
    packed.arg("orders").arg("2-0").arg("type").arg("Paid").arg("data").arg(PACKED);
    let _: String = packed.query_async(&mut redis.connection().await).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = ReadConfig::of(redis.url());
    let path = folder.path().join("out.csv");
    let columns = r#"data.total,data["a,b"].c"#.to_owned();
    let filter = Some("data.total>1".to_owned());
    let table = ExportOptions { columns, filter, ..options(path.clone(), &["orders"]) };
    export_with(&config, table).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], r#"stream,id,time,type,data.total,"data[""a,b""].c""#);
    assert!(lines[1].ends_with("Paid,5,x"), "{}", lines[1]);
    assert!(lines[2].ends_with("Paid,250,"), "{}", lines[2]);

    let path = folder.path().join("out.json");
    export_with(&config, options(path.clone(), &["orders"])).await.unwrap();
    let all: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let totals: Vec<_> =
        all.as_array().unwrap().iter().map(|event| &event["event"]["data"]["total"]).collect();
    assert_eq!(totals, [5, 250]);
}

#[tokio::test]
async fn columns_without_a_table_are_refused() {
    let redis = TestRedis::start().await;
    redis.add("orders", "1-0", "Paid", "{}").await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.json");
    let columns = "data.total".to_owned();
    let wrong = ExportOptions { columns, ..options(path.clone(), &["orders"]) };
    let error = export_with(&ReadConfig::of(redis.url()), wrong).await.unwrap_err();
    assert!(error.contains("csv"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn aggregates_in_topics_are_exported_by_the_rules_of_the_configuration() {
    let redis = TestRedis::start().await;
    for (n, order) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
        let data = format!(r#"{{"order":"{order}","n":{n}}}"#);
        redis.add("events:orders", &format!("{n}-0"), "Paid", &data).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[topics]]\ntype = 'Order'\nstream = 'events:orders'\nby = 'data.order'\n";
    let config = write(folder.path(), "rewind.toml", rules);
    let config = RedisOptions { config: Some(config), ..RedisOptions::default() };
    let config = ReadConfig { redis_url: redis.url(), ..config.resolve().unwrap() };
    let path = folder.path().join("out.ndjson");
    let streams = ["events:orders#Order:a", "events:orders#Order:b", "events:orders"];
    export_with(&config, options(path.clone(), &streams)).await.unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        format!("{} {}", line["stream"].as_str().unwrap(), line["id"].as_str().unwrap())
    });
    let expected = [
        "events:orders 1-0",
        "events:orders 2-0",
        "events:orders 3-0",
        "events:orders 4-0",
        "events:orders#Order:a 1-0",
        "events:orders#Order:a 3-0",
        "events:orders#Order:b 2-0",
    ];
    assert_eq!(lines.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn an_aggregate_of_which_a_topic_has_no_event_does_not_exist() {
    let redis = TestRedis::start().await;
    redis.add("events:orders", "1-0", "Paid", r#"{"order":"a","n":1}"#).await;
    let folder = tempfile::tempdir().unwrap();
    let rules = "[[topics]]\ntype = 'Order'\nstream = 'events:orders'\nby = 'data.order'\n";
    let config = Some(write(folder.path(), "rewind.toml", rules));
    let config = RedisOptions { config, ..RedisOptions::default() }.resolve().unwrap();
    let config = ReadConfig { redis_url: redis.url(), ..config };
    let path = folder.path().join("out.ndjson");
    let streams = ["events:orders#Order:a", "events:orders#Order:typo"];
    let error = export_with(&config, options(path.clone(), &streams)).await.unwrap_err();
    assert_eq!(error, "stream `events:orders#Order:typo` does not exist");
    assert!(!path.exists());
    // One that is there and has nothing that is meant is no error.
    let filter = Some("data.n>1".to_owned());
    let one = ExportOptions { filter, ..options(path.clone(), &streams[..1]) };
    export_with(&config, one).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "");

    let prefix = Some("events:orders#Order:".into());
    let all = ExportOptions { prefix, ..options(path, &[]) };
    let error = export_with(&config, all).await.unwrap_err();
    assert!(error.contains("`events:orders`") && error.contains("`data.order`"), "{error}");
}

/// `rewind export`, as it is called.
fn export_command(redis: &TestRedis) -> Command {
    let mut command = Command::new(rewind_binary());
    command.arg("export").env("REWIND_REDIS_URL", redis.url_text()).env("REWIND_QUIET", "true");
    command
}

#[tokio::test]
async fn the_command_writes_what_it_is_told_to_standard_output() {
    let redis = TestRedis::start().await;
    redis.add("orders", "1-0", "Paid", r#"{"total":5}"#).await;
    redis.add("orders", "2-0", "Placed", r#"{"total":7}"#).await;
    let export = |arguments: &[&str]| {
        let output = export_command(&redis).arg("orders").args(arguments).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let table = ["--columns", "data.total", "--filter", "type:Paid"];
    let expected =
        "stream,id,time,type,data.total\r\norders,1-0,1970-01-01T00:00:00.001Z,Paid,5\r\n";
    assert_eq!(export(&table), (true, expected.to_owned()));
    let (is_done, lines) = export(&[]);
    assert_eq!((is_done, lines.lines().count()), (true, 2));
    assert_eq!(export(&["--format", "xml"]), (false, String::new()));
}

#[cfg(unix)]
#[tokio::test]
async fn an_export_that_is_interrupted_ends_and_what_was_written_does_not_pass_for_the_whole() {
    // More than a pipe holds, however well it is compressed.
    const ENTRIES: usize = 4_000;
    let redis = TestRedis::start().await;
    let mut random = Random::new(5);
    let mut pipeline = redis::pipe();
    for _ in 0..ENTRIES {
        let noise: String = (0..10).map(|_| format!("{:016x}", random.below(u64::MAX))).collect();
        pipeline.cmd("XADD").arg("s").arg("*").arg("noise").arg(noise).ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("out.ndjson.gz");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let mut command = export_command(&redis);
    command.arg("s").arg("--output").arg(&pipe).stderr(Stdio::piped());
    let mut exporting = command.spawn().unwrap();
    let mut reader = flate2::read::GzDecoder::new(std::fs::File::open(&pipe).unwrap());
    let mut begin = [0; 100];
    reader.read_exact(&mut begin).unwrap();
    // Nobody reads on, so it cannot come to its end; asked again, it does not wait for that either.
    let ended = eventually("the export has ended", || {
        let interrupt = ["-INT", &exporting.id().to_string()];
        assert!(Command::new("kill").args(interrupt).status().unwrap().success());
        std::future::ready(exporting.try_wait().unwrap())
    });
    assert!(!ended.await.success());
    let mut said = String::new();
    exporting.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("interrupted"), "{said}");
    let error = reader.read_to_string(&mut String::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}
