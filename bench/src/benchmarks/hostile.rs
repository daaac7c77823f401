//! What plain reads take while others ask hostile questions.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};
use http_body_util::BodyExt as _;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::http_client::HttpClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::rewind::Memory;
use crate::rounds::timed;
use crate::stats::Summary;

/// How many hostile questions are asked at any moment.
const QUESTIONS: usize = 20;
/// How many times as long a plain read may take at p99 meanwhile.
const MAX_RATIO: f64 = 2.0;
/// How much memory one answer may take, in bytes.
const MAX_ANSWER_BYTES: f64 = 32e6;
/// The stream of events that are large.
const HEAVY_STREAM: &str = "events:heavy";
/// How many of them there are, and how large each is, in bytes.
const HEAVY_EVENTS: usize = 40;
const HEAVY_BYTES: usize = 10_000_000;
/// How many events a page of plain reading has.
const PAGE_EVENTS: usize = 100;
/// How long hostile questions are at work before anything is timed.
const RUN_UP: Duration = Duration::from_secs(1);
/// How long a hostile asker who was refused waits before it asks again: as a script would that takes no hint.
const IMPATIENCE: Duration = Duration::from_millis(20);

/// Measures a page of events with and without hostile questions, and what a page of large events takes of memory.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    fill(setting).await?;
    memory(setting, report).await?;
    latency(setting, report).await
}

async fn fill(setting: &Setting) -> Result<()> {
    let mut client = BareClient::connect(setting.redis.url()).await?;
    let text = "x".repeat(HEAVY_BYTES);
    for number in 0..HEAVY_EVENTS {
        let mut pipeline = redis::pipe();
        let id = data::entry_id(number);
        let payload = format!(r#"{{"text":"{text}"}}"#);
        pipeline.cmd("XADD").arg(HEAVY_STREAM).arg(id).arg("data").arg(payload).ignore();
        client.send(&pipeline).await?;
    }
    Ok(())
}

/// Answers about events that are together larger than all of the memory that an answer may take.
async fn memory(setting: &Setting, report: &mut Report) -> Result<()> {
    let of_all = format!("stream={HEAVY_STREAM}");
    let of_last = format!("{of_all}&id={}", data::entry_id(HEAVY_EVENTS - 1));
    for (what, path) in [
        ("a page", format!("/api/events?{of_all}&limit=1000")),
        ("the overview", "/api/overview".to_owned()),
        ("one event", format!("/api/event?{of_last}")),
        ("a search", format!("/api/find?{of_all}&filter=%22nothing+like+it%22")),
        ("an export", format!("/api/export?{of_all}&format=ndjson")),
        ("a state", format!("/api/replay?{of_all}&version=3")),
        ("an index", format!("/api/index?{of_all}")),
    ] {
        setting.rewind.forget_peak();
        let before = setting.rewind.memory()?;
        read(setting, &path).await?;
        let after = setting.rewind.memory()?;
        let what = format!("memory for {what} of {HEAVY_EVENTS} events of 10 MB");
        report.add(match before.zip(after) {
            Some((before, after)) => {
                Row::measured(&what, Unit::Size, growth(before, after), Some(MAX_ANSWER_BYTES))
            }
            None => Row::skipped(&what, "only Linux tells it in `/proc`"),
        });
    }
    Ok(())
}

/// Reads an answer and keeps none of it: its client is in this process, but what it takes is nobody's question.
async fn read(setting: &Setting, path: &str) -> Result<()> {
    let mut client = setting.rewind.client().await?;
    let mut body = client.open(path).await?.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

/// How much more was taken at most, in bytes. Exact up to 8 petabytes.
fn growth(before: Memory, after: Memory) -> f64 {
    after.peak.saturating_sub(before.resident) as f64
}

async fn latency(setting: &Setting, report: &mut Report) -> Result<()> {
    let (rounds, pages) = setting.effort.pick((5, 500), (3, 300));
    let mut client = setting.rewind.client().await?;
    let mut results = Vec::with_capacity(rounds);
    let mut number = 0;
    for _ in 0..rounds {
        let mut read = async |_| {
            number += 1;
            client.get(&page_path(number)).await.map(drop)
        };
        let quiet = timed(pages, &mut read).await?;
        let crowd = Crowd::start(setting.rewind.address())?;
        tokio::time::sleep(RUN_UP).await;
        let crowded = timed(pages, &mut read).await?;
        crowd.stop();
        results.push((crowded, quiet));
    }
    let p99 = Summary::of_percentile(&results, 99)?;
    let what = format!("plain read under {QUESTIONS} hostile questions, p99");
    report.add(Row::compared(&what, Unit::Time, &p99, Aim::Ratio(MAX_RATIO)));
    let p50 = Summary::of_percentile(&results, 50)?;
    let what = format!("plain read under {QUESTIONS} hostile questions, p50");
    report.add(Row::compared(&what, Unit::Time, &p50, Aim::None));
    Ok(())
}

fn page_path(number: usize) -> String {
    let (stream, after) = (data::LONG_STREAM, data::entry_id(data::place(number, PAGE_EVENTS)));
    format!("/api/events?stream={stream}&order=asc&limit={PAGE_EVENTS}&after={after}")
}

/// Those who ask hostile questions, on a thread of their own.
pub(super) struct Crowd {
    is_over: Arc<AtomicBool>,
}

impl Crowd {
    /// Begins to ask.
    pub(super) fn start(address: SocketAddr) -> Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let is_over_there = Arc::clone(&is_over);
        std::thread::spawn(move || {
            runtime.block_on(async {
                let mut askers = JoinSet::new();
                for number in 0..QUESTIONS {
                    askers.spawn(ask_again_and_again(address, number));
                }
                while !is_over_there.load(Ordering::Relaxed) {
                    tokio::time::sleep(IMPATIENCE).await;
                }
                askers.abort_all();
            });
        });
        Ok(Self { is_over })
    }

    /// Asks no more.
    pub(super) fn stop(self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}

/// Asks one kind of question until it is stopped. Whether it is answered or refused does not matter.
async fn ask_again_and_again(address: SocketAddr, number: usize) {
    loop {
        let _ = ask(address, number).await;
        tokio::time::sleep(IMPATIENCE).await;
    }
}

async fn ask(address: SocketAddr, number: usize) -> Result<()> {
    let mut client = HttpClient::connect(address).await?;
    let stream = data::LONG_STREAM;
    match number % 5 {
        0 => {
            let source = "for(;;)String(10n**300000n);";
            let trial = json!({ "stream": stream, "source": source });
            client.post("/api/try_fold", &trial).await.map(drop)
        }
        1 => {
            let filter = "%3DString(10n**300000n)%3D%3D1";
            let path = format!("/api/find?stream={stream}&filter={filter}");
            client.get(&path).await.map(drop)
        }
        2 => client.get(&format!("/api/events?stream={HEAVY_STREAM}&limit=1000")).await.map(drop),
        3 => {
            // Begins to read an export, and then reads nothing.
            let response =
                client.open(&format!("/api/export?stream={stream}&format=ndjson")).await?;
            let mut body = response.into_body();
            body.frame().await.context("an empty export")??;
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        }
        _ => {
            let mut half = TcpStream::connect(address).await?;
            half.write_all(b"POST /api/try_fold HTTP/1.1\r\nHost: localhost\r\nContent-Le").await?;
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        }
    }
}
