//! The state of an aggregate, against merely reading the same entries.

use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::Value as Json;

use super::Setting;
use crate::bare::{self, BareClient};
use crate::data;
use crate::http_client::HttpClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::{interleaved, timed};
use crate::stats::{Pair, Summary};

/// How much longer than reading the entries a first replay may take with the default fold.
const MAX_RATIO: f64 = 1.0;
/// How much longer it may take with a fold in JavaScript.
const MAX_SCRIPTED_RATIO: f64 = 1.6;
/// How much longer than reading its entries opening a short aggregate may take.
const MAX_SHORT_RATIO: f64 = 3.0;
/// How long a jump to any version may take after the first replay, in seconds.
const MAX_SEEK_SECS: f64 = 0.02;
/// A stream that is copied, so that each replay is the first one of its stream.
const ORIGINAL: &str = "bench:million";

/// Measures very long aggregates and short ones.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut rewind = setting.rewind.client().await?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream(&mut bare, ORIGINAL, data::MILLION).await?;

    let default = ("the default fold", "Bench", Aim::Ratio(MAX_RATIO));
    let scripted = ("a fold in JavaScript", data::SCRIPTED_TYPE, Aim::Ratio(MAX_SCRIPTED_RATIO));
    for (name, aggregate_type, aim) in [default, scripted] {
        let last =
            first_replays(setting, &mut rewind, &mut bare, report, name, aggregate_type, aim)
                .await?;
        seeks(setting, &mut rewind, report, name, &last).await?;
        bare.delete(&last).await?;
    }
    bare.delete(ORIGINAL).await?;
    short(setting, &mut rewind, &mut bare, report).await
}

fn million(aggregate_type: &str, round: usize) -> String {
    format!("aggregate:{aggregate_type}:million-{round}")
}

/// Each round replays a stream that was never replayed before. The stream of the last round stays, and its name is given.
async fn first_replays(
    setting: &Setting,
    rewind: &mut HttpClient,
    bare: &mut BareClient,
    report: &mut Report,
    fold: &str,
    aggregate_type: &str,
    aim: Aim,
) -> Result<String> {
    let rounds = setting.effort.pick(5, 2);
    let mut arranging = bare.clone();
    for round in 0..rounds {
        arranging.copy(ORIGINAL, &million(aggregate_type, round)).await?;
    }
    let results = interleaved(
        rounds,
        async |round| {
            let start = Instant::now();
            let answer = replay(rewind, &million(aggregate_type, round)).await?;
            let elapsed = start.elapsed().as_secs_f64();
            if answer["version"] != data::MILLION || answer["state"]["customer"].is_null() {
                bail!("the replay came to version {} of {}", answer["version"], data::MILLION);
            }
            Ok(elapsed)
        },
        async |round| {
            let start = Instant::now();
            let entries = bare.drain(&million(aggregate_type, round)).await?;
            let elapsed = start.elapsed().as_secs_f64();
            if entries != data::MILLION {
                bail!("the bare client read {entries} entries");
            }
            Ok(elapsed)
        },
    )
    .await?;
    for round in 0..rounds - 1 {
        arranging.delete(&million(aggregate_type, round)).await?;
    }
    let pairs: Vec<Pair> =
        results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("first replay of {} events, {fold}", data::MILLION);
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, aim));
    Ok(million(aggregate_type, rounds - 1))
}

/// Jumps to versions all over a stream that was replayed before.
async fn seeks(
    setting: &Setting,
    rewind: &mut HttpClient,
    report: &mut Report,
    fold: &str,
    stream: &str,
) -> Result<()> {
    let seeks = setting.effort.pick(1_000, 200);
    for (call, what) in [("replay", "state"), ("window", "window")] {
        let samples = timed(seeks, async |number| {
            let version = data::version(number);
            rewind.get(&format!("/api/{call}?stream={stream}&version={version}")).await?;
            Ok(())
        })
        .await?;
        let what = format!("{what} at any version after it, {fold}, p99");
        let p99 = samples.percentile(99)?;
        report.add(Row::measured(&what, Unit::Time, p99, Some(MAX_SEEK_SECS)));
    }
    Ok(())
}

/// Opens short aggregates, each time another one.
async fn short(
    setting: &Setting,
    rewind: &mut HttpClient,
    bare: &mut BareClient,
    report: &mut Report,
) -> Result<()> {
    let answer = replay(rewind, &data::short_stream(0)).await?;
    if answer["version"] != data::SHORT_EVENTS {
        bail!("the replay of a short stream came to version {}", answer["version"]);
    }
    let (rounds, replays) = setting.effort.pick((10, 300), (3, 100));
    let results = interleaved(
        rounds,
        async |round| {
            let one = async |number| {
                let stream = data::short_stream(round * replays + number);
                rewind.get(&format!("/api/window?stream={stream}")).await?;
                Ok(())
            };
            timed(replays, one).await
        },
        async |round| {
            let one = async |number| {
                let entries = bare.all(&data::short_stream(round * replays + number)).await?;
                match bare::entry_count(&entries) {
                    data::SHORT_EVENTS => Ok(()),
                    entries => bail!("the bare client read {entries} entries"),
                }
            };
            timed(replays, one).await
        },
    )
    .await?;
    let what = format!("opening an aggregate of {} events, p50", data::SHORT_EVENTS);
    let p50 = Summary::of_percentile(&results, 50)?;
    report.add(Row::compared(&what, Unit::Time, &p50, Aim::Ratio(MAX_SHORT_RATIO)));
    Ok(())
}

async fn replay(rewind: &mut HttpClient, stream: &str) -> Result<Json> {
    Ok(serde_json::from_slice(&rewind.get(&format!("/api/replay?stream={stream}")).await?)?)
}
