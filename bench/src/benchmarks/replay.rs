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

/// How much longer than reading the entries a replay may take.
const MAX_RATIO: f64 = 1.5;

/// Measures a long aggregate and short ones.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut rewind = setting.rewind.client().await?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    check(&mut rewind, data::LONG_STREAM, data::LONG_EVENTS).await?;
    check(&mut rewind, &data::short_stream(0), data::SHORT_EVENTS).await?;

    let rounds = setting.effort.pick(9, 3);
    let long = interleaved(
        rounds,
        async |_| {
            let start = Instant::now();
            replay(&mut rewind, data::LONG_STREAM).await?;
            Ok(start.elapsed().as_secs_f64())
        },
        async |_| {
            let start = Instant::now();
            let entries = bare.drain(data::LONG_STREAM).await?;
            let elapsed = start.elapsed().as_secs_f64();
            if entries != data::LONG_EVENTS {
                bail!("the bare client read {entries} entries");
            }
            Ok(elapsed)
        },
    )
    .await?;
    let pairs: Vec<Pair> = long.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("replay of {} events", data::LONG_EVENTS);
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, Aim::Ratio(MAX_RATIO)));

    let (rounds, replays) = setting.effort.pick((10, 300), (3, 100));
    let short = interleaved(
        rounds,
        async |round| {
            let one = async |number| {
                replay(&mut rewind, &data::short_stream(round * replays + number)).await
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
    let what = format!("replay of {} events, p50", data::SHORT_EVENTS);
    let p50 = Summary::of_percentile(&short, 50)?;
    report.add(Row::compared(&what, Unit::Time, &p50, Aim::None));
    Ok(())
}

async fn replay(rewind: &mut HttpClient, stream: &str) -> Result<()> {
    rewind.get(&path(stream)).await?;
    Ok(())
}

fn path(stream: &str) -> String {
    format!("/api/replay?stream={stream}")
}

/// Makes sure that the replay is one, and warms up.
async fn check(rewind: &mut HttpClient, stream: &str, events: usize) -> Result<()> {
    let answer: Json = serde_json::from_slice(&rewind.get(&path(stream)).await?)?;
    if answer["version"] != events || !answer["state"]["customer"]["id"].is_string() {
        bail!("the replay of `{stream}` came to version {} of {events}", answer["version"]);
    }
    Ok(())
}
