//! Searching a stream, against merely reading its entries.

use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::Value as Json;

use super::Setting;
use super::index::index;
use crate::bare::BareClient;
use crate::data;
use crate::http_client::HttpClient;
use crate::report::{Aim, Report, Row, Unit};
use crate::rounds::interleaved;
use crate::stats::{Pair, Summary};

/// The stream that is searched.
const STREAM: &str = "bench:find";

/// A filter, what it is an example of, and how much longer than reading the entries a search by it may take.
struct Search {
    what: &'static str,
    /// As it stands in a URL.
    filter: &'static str,
    most: f64,
    /// Whether the index spares most of the reading.
    is_indexed: bool,
}

const SEARCHES: [Search; 4] = [
    Search { what: "a field filter", filter: "data.total%3E9990", most: 0.7, is_indexed: false },
    Search {
        what: "JavaScript that is answered natively",
        filter: "%3Devent.data.total%3E9990",
        most: 1.2,
        is_indexed: false,
    },
    Search {
        what: "JavaScript in the engine",
        filter: "%3Devent.data.currency.length%3E3",
        most: 1.2,
        is_indexed: false,
    },
    Search {
        what: "a type that one block in a hundred has",
        filter: "type%3ARare",
        most: 0.05,
        is_indexed: true,
    },
];

/// Measures each of them.
pub(super) async fn run(setting: &Setting, report: &mut Report) -> Result<()> {
    let mut rewind = setting.rewind.client().await?;
    let mut bare = BareClient::connect(setting.redis.url()).await?;
    data::fill_stream_with_rare(&mut bare, STREAM, data::MILLION).await?;
    for search in &SEARCHES {
        if search.is_indexed {
            index(&mut rewind, STREAM, data::MILLION).await?;
        }
        measure(setting, &mut rewind, &mut bare, report, search).await?;
    }
    bare.delete(STREAM).await
}

async fn measure(
    setting: &Setting,
    rewind: &mut HttpClient,
    bare: &mut BareClient,
    report: &mut Report,
    search: &Search,
) -> Result<()> {
    let rounds = setting.effort.pick(5, 2);
    let results = interleaved(
        rounds,
        async |_| {
            let start = Instant::now();
            find(rewind, search).await?;
            Ok(start.elapsed().as_secs_f64())
        },
        async |_| {
            let start = Instant::now();
            let entries = bare.drain(STREAM).await?;
            if entries != data::MILLION {
                bail!("the bare client read {entries} entries");
            }
            Ok(start.elapsed().as_secs_f64())
        },
    )
    .await?;
    let pairs: Vec<Pair> =
        results.into_iter().map(|(rewind, bare)| Pair { rewind, bare }).collect();
    let what = format!("searching {} events by {}", data::MILLION, search.what);
    report.add(Row::compared(&what, Unit::Time, &Summary::of(&pairs)?, Aim::Ratio(search.most)));
    Ok(())
}

/// Searches all of the stream.
async fn find(rewind: &mut HttpClient, search: &Search) -> Result<()> {
    let Search { what, filter, .. } = search;
    let path = format!("/api/find?stream={STREAM}&limit=10000&filter={filter}");
    let answer = rewind.get(&path).await?;
    let answer = String::from_utf8_lossy(&answer);
    let last = answer.lines().rev().find_map(|line| line.strip_prefix("data: "));
    let done: Json = serde_json::from_str(last.context("a search without an end")?)?;
    let seen = done["looked_at"].as_u64().zip(done["skipped"].as_u64());
    let seen = seen.map_or(0, |(looked_at, skipped)| looked_at + skipped);
    if done["reason"] != "exhausted" || seen != data::MILLION as u64 {
        bail!("searching by {what} came to an end with {done}");
    }
    Ok(())
}
