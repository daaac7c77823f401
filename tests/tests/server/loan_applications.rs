//! A real log: the loan applications of a Dutch bank (BPI Challenge 2012), where a copy of it is beside the repository.
//! Where there is none, a log of the same kind is made up.
//!
//! What the server answers is compared with states that are computed here in another way, from the file alone.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rewind_server::config::FoldConfig;
use rewind_server::transfer::import::{self, ImportOptions};
use rewind_tests::{TestApp, TestRedis};
use serde_json::{Map, Value, json};

const REAL_LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/bpic2012.ndjson.gz");

/// The folds that come with Rewind.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/folds");

/// One event as the file has it.
struct Logged {
    id: String,
    event_type: String,
    data: Map<String, Value>,
}

type Log = BTreeMap<String, Vec<Logged>>;

#[tokio::test]
async fn the_whole_log_is_imported_found_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, is_real) = log_file(folder.path());
    let log = read(&path);
    let entries: usize = log.values().map(Vec::len).sum();

    let redis = TestRedis::start().await;
    let options = ImportOptions { files: vec![path], quiet: true };
    let report = import::run(options, &redis.url()).await.unwrap();
    assert_eq!((report.added, report.streams), (entries as u64, log.len() as u64));

    let app = TestApp::start(&redis).await;
    let found = lengths(&app).await;
    let expected: BTreeMap<String, u64> =
        log.iter().map(|(stream, events)| (stream.clone(), events.len() as u64)).collect();
    assert_eq!(found.len(), expected.len());
    assert!(found == expected, "every stream has as many events as the file");

    for (stream, events) in log.iter().step_by(100) {
        check_states(&app, stream, events, &[0, 1, events.len() / 2, events.len()]).await;
    }
    if is_real {
        assert_eq!((entries, log.len()), (262_200, 13_087));
        let stream = "aggregate:LoanApplication:185548";
        let events = &log[stream];
        assert_eq!(events.len(), 175);
        check_states(&app, stream, events, &[0, 1, 2, 10, 57, 174, 175]).await;
    }
}

#[tokio::test]
async fn its_fold_agrees_with_an_independent_computation_for_every_application() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = log_file(folder.path());
    let log = read(&path);
    let redis = TestRedis::start().await;
    let options = ImportOptions { files: vec![path], quiet: true };
    import::run(options, &redis.url()).await.unwrap();
    let folds = FoldConfig { folder: Some(EXAMPLES.into()), ..FoldConfig::default() };
    let app = TestApp::start_with_folds(&redis, folds).await;
    for (stream, events) in &log {
        let answer = app.ok(&format!("/api/replay?stream={stream}")).await;
        assert_eq!(answer["state"], application(events), "{stream}");
        assert_eq!(answer["fold"], "LoanApplication.js");
    }
    // And at every version of the longest one.
    let (stream, events) = log.iter().max_by_key(|(_, events)| events.len()).unwrap();
    for version in 0..=events.len() {
        let answer = app.ok(&format!("/api/replay?stream={stream}&version={version}")).await;
        assert_eq!(answer["state"], application(&events[..version]), "{stream} at {version}");
    }
}

/// What an application comes to: each part found by itself, by looking through all events, rather than by keeping a state.
fn application(events: &[Logged]) -> Value {
    let activity = |event: &Logged| match event.event_type.rsplit_once('.') {
        Some((activity, _)) => activity.to_owned(),
        None => event.event_type.clone(),
    };
    let outcome = events.iter().rev().find_map(|event| match event.event_type.as_str() {
        "A_APPROVED" | "A_REGISTERED" | "A_ACTIVATED" => Some("approved"),
        "A_DECLINED" => Some("declined"),
        "A_CANCELLED" => Some("cancelled"),
        _ => None,
    });
    let amount = events.iter().rev().find_map(|event| event.data.get("amount_req")?.as_str());
    let amount = amount.map(|amount| amount.parse::<u64>().unwrap());
    let named = events.iter().filter_map(|event| event.data.get("resource")?.as_str());
    let mut resources: Vec<&str> = Vec::new();
    named.for_each(|resource| {
        if !resources.contains(&resource) {
            resources.push(resource);
        }
    });
    let work: BTreeSet<String> =
        events.iter().map(activity).filter(|activity| activity.starts_with("W_")).collect();
    // Work is open where the last that is told about it is not that it was completed.
    let open: Map<String, Value> = work
        .into_iter()
        .filter_map(|item| {
            let last = events.iter().rev().find(|event| activity(event) == item)?;
            let step = match last.event_type.rsplit_once('.')?.1 {
                "SCHEDULE" => "scheduled",
                "START" => "started",
                other => panic!("a step that the log does not have: {other}"),
            };
            Some((item, json!(step)))
        })
        .collect();
    json!({
        "activity": events.last().map(activity),
        "amount": amount,
        "outcome": outcome,
        "resources": resources,
        "open_work_items": open,
        "events": events.len(),
    })
}

/// The real log where there is one, and whether it is.
fn log_file(folder: &Path) -> (PathBuf, bool) {
    if Path::new(REAL_LOG).exists() {
        (PathBuf::from(REAL_LOG), true)
    } else {
        println!("no copy of the loan log at {REAL_LOG}; testing with one that is made up");
        (made_up_log(folder), false)
    }
}

/// Compares what the server says about some versions with what follows from the file.
async fn check_states(app: &TestApp, stream: &str, events: &[Logged], versions: &[usize]) {
    for &version in versions {
        let answer = app.ok(&format!("/api/replay?stream={stream}&version={version}")).await;
        // The data of this log is flat, so the last value that was set to a name is its value.
        let state: Map<String, Value> =
            events[..version].iter().flat_map(|event| event.data.clone()).collect();
        assert_eq!(answer["state"], Value::Object(state), "{stream} at {version}");
        assert_eq!(answer["latest_version"], events.len());
        if let Some(event) = version.checked_sub(1).map(|last| &events[last]) {
            assert_eq!(
                (&answer["id"], &answer["type"]),
                (&json!(event.id), &json!(event.event_type))
            );
        }
    }
}

async fn lengths(app: &TestApp) -> BTreeMap<String, u64> {
    let mut lengths = BTreeMap::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = app.ok(&format!("/api/streams?limit=5000&cursor={cursor}")).await;
        for stream in page["streams"].as_array().unwrap() {
            let key = stream["key"].as_str().unwrap().to_owned();
            lengths.insert(key, stream["length"].as_u64().unwrap());
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return lengths,
        }
    }
}

fn read(path: &Path) -> Log {
    let mut log = Log::new();
    let file = BufReader::new(GzDecoder::new(std::fs::File::open(path).unwrap()));
    for line in file.lines() {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        log.entry(text(&line["stream"])).or_default().push(Logged {
            id: text(&line["id"]),
            event_type: text(&line["fields"]["type"]),
            data: serde_json::from_str(line["fields"]["data"].as_str().unwrap()).unwrap(),
        });
    }
    log
}

fn made_up_log(folder: &Path) -> PathBuf {
    let path = folder.join("loans.ndjson.gz");
    let mut file = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
    for application in 0..500_u64 {
        for step in 0..=application % 40 {
            let ms = 1_317_422_324_546 + application * 60_000 + step * 1_000;
            let data = match step {
                0 => json!({"resource": "112", "amount_req": (application * 10).to_string()}),
                _ => json!({"resource": (10_000 + (application * step) % 97).to_string()}),
            };
            let line = json!({
                "stream": format!("aggregate:LoanApplication:{application}"),
                "id": format!("{ms}-0"),
                "fields": {"type": made_up_type(application, step), "timestamp": ms.to_string(), "data": data.to_string()},
            });
            writeln!(file, "{line}").unwrap();
        }
    }
    file.finish().unwrap();
    path
}

fn made_up_type(application: u64, step: u64) -> &'static str {
    const TYPES: [&str; 9] = [
        "W_Call.SCHEDULE",
        "W_Call.START",
        "W_Call",
        "O_SENT",
        "W_Check file.START",
        "W_Check file",
        "A_DECLINED",
        "A_APPROVED",
        "A_CANCELLED",
    ];
    match step {
        0 => "A_SUBMITTED",
        _ => TYPES[usize::try_from((application * 7 + step * step) % 9).unwrap()],
    }
}
