//! Indexing a stream, against merely reading its entries, and jumps that the index makes possible.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use rewind_domain::EntryId;
use rewind_domain::block_index::BlockIndex;
use rewind_domain::entry_digest::EntryDigest;
use serde_json::Value as Json;

use super::Setting;
use crate::bare::BareClient;
use crate::data;
use crate::http_client::HttpClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::{interleaved, timed};
use crate::stats::{Pair, Summary};

/// How much longer than reading the entries indexing them may take.
const MAX_RATIO: f64 = 0.5;
/// How long a page that begins at any version may take, in seconds.
const MAX_JUMP_SECS: f64 = 0.005;
/// What the index of ten million entries may take, in bytes.
const MAX_BYTES: f64 = 2e6;
/// How many types these entries have.
const TYPES: u64 = 12;
/// Ten million.
const TEN_MILLION: usize = 10 * data::MILLION;
/// A stream that is copied, so that each is indexed for the first time.
const ORIGINAL: &str = "bench:index";
/// Between two looks at how far an index is.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How many events a page has.
const PAGE: usize = 100;

/// Measures indexing, jumps and memory.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut rewind = setting.rewind.client().await?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, ORIGINAL, data::MILLION).await?;
    let last = first_indexes(setting, &mut rewind, &mut bare, report).await?;
    bare.delete(ORIGINAL).await?;
    jumps(setting, &mut rewind, report, &last, data::MILLION).await?;
    bare.delete(&last).await?;
    if setting.is_large {
        data::fill_stream(&mut bare, ORIGINAL, TEN_MILLION).await?;
        index(&mut rewind, ORIGINAL, TEN_MILLION).await?;
        jumps(setting, &mut rewind, report, ORIGINAL, TEN_MILLION).await?;
        bare.delete(ORIGINAL).await?;
    }
    memory(report);
    Ok(())
}

fn copy_of(round: usize) -> String {
    format!("{ORIGINAL}:{round}")
}

/// Each round indexes a stream that was never indexed before. The stream of the last round stays, and its name is given.
async fn first_indexes(
    setting: &Setting,
    rewind: &mut HttpClient,
    bare: &mut BareClient,
    report: &mut Report,
) -> Result<String> {
    let rounds = setting.effort.pick(5, 2);
    let mut arranging = bare.clone();
    for round in 0..rounds {
        arranging.copy(ORIGINAL, &copy_of(round)).await?;
    }
    let results = interleaved(
        rounds,
        async |round| {
            let start = Instant::now();
            index(rewind, &copy_of(round), data::MILLION).await?;
            Ok(start.elapsed().as_secs_f64())
        },
        async |round| {
            let start = Instant::now();
            let entries = bare.drain(&copy_of(round)).await?;
            let elapsed = start.elapsed().as_secs_f64();
            if entries != data::MILLION {
                bail!("the bare client read {entries} entries");
            }
            Ok(elapsed)
        },
    )
    .await?;
    for round in 0..rounds - 1 {
        arranging.delete(&copy_of(round)).await?;
    }
    let pairs: Vec<Pair> =
        results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("indexing {} events", data::MILLION);
    let aim = Aim::Ratio(MAX_RATIO);
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, aim));
    Ok(copy_of(rounds - 1))
}

/// Has a stream indexed.
pub(super) async fn index(rewind: &mut HttpClient, stream: &str, events: usize) -> Result<()> {
    loop {
        let answer = rewind.get(&format!("/api/index?stream={stream}&buckets=1")).await?;
        let answer: Json = serde_json::from_slice(&answer)?;
        if answer["is_complete"] == true {
            if answer["indexed"] != events {
                bail!("the index has {} of {events} events", answer["indexed"]);
            }
            return Ok(());
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Reads pages that begin all over a stream that is indexed.
async fn jumps(
    setting: &Setting,
    rewind: &mut HttpClient,
    report: &mut Report,
    stream: &str,
    events: usize,
) -> Result<()> {
    let jumps = setting.effort.pick(1_000, 200);
    let samples = timed(jumps, async |number| {
        let version = data::version_of(events, number);
        let page = format!("/api/events?stream={stream}&limit={PAGE}&version={version}");
        rewind.get(&page).await?;
        Ok(())
    })
    .await?;
    for (percent, most) in [(50, None), (99, Some(MAX_JUMP_SECS))] {
        let what = format!("a page at any version of {events}, p{percent}");
        report.add(Row::measured(&what, Unit::Time, samples.percentile(percent)?, most));
    }
    Ok(())
}

/// What an index takes, by its own account.
fn memory(report: &mut Report) {
    let mut index = BlockIndex::default();
    for n in 0..TEN_MILLION as u64 {
        let event_type = format!("Type{}", n % TYPES);
        index.append(EntryId::new(n, 0), Some(&event_type), EntryDigest(n));
    }
    let what = format!("memory of an index of {TEN_MILLION} events, computed");
    let bytes = u32::try_from(index.byte_size()).map_or(f64::INFINITY, f64::from);
    report.add(Row::measured(&what, Unit::Size, bytes, Some(MAX_BYTES)));
}
