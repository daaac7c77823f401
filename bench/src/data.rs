//! The data: the same in each run.

use std::fmt::Write as _;

use anyhow::Result;
use redis::Pipeline;

use crate::bare::BareClient;
use crate::redis_server::RedisServer;

/// A long aggregate.
pub(crate) const LONG_STREAM: &str = "aggregate:Bench:1";
/// How many events it has.
pub(crate) const LONG_EVENTS: usize = 100_000;
/// How many events a very long aggregate has.
pub(crate) const MILLION: usize = 1_000_000;
/// How many short aggregates there are: as many as make a list of streams that fills a screen many times.
pub(crate) const SHORT_STREAMS: usize = 2_000;
/// How many events each of them has.
pub(crate) const SHORT_EVENTS: usize = 20;

/// The type of the aggregates that are folded by a script.
pub(crate) const SCRIPTED_TYPE: &str = "Scripted";
/// That script: totals, and a map of items.
pub(crate) const SCRIPTED_FOLD: &str = include_str!("scripted.js");

/// When the first event happened, in Unix milliseconds.
const FIRST_MS: u64 = 1_700_000_000_000;
/// How far events are apart.
const STEP_MS: u64 = 1_000;
/// How many entries are written in one go.
const BATCH: usize = 1_000;
/// How far apart positions are that are asked for one after the other, so that no two of them share what Redis or the
/// machine has just looked at.
const STRIDE: usize = 61_803;

const TYPES: [&str; 5] = ["OrderCreated", "ItemAdded", "ItemRemoved", "OrderPaid", "OrderShipped"];

/// The key of a short aggregate; any number will do.
pub(crate) fn short_stream(number: usize) -> String {
    format!("aggregate:Order:{}", 10_000 + number % SHORT_STREAMS)
}

/// The id of an entry, counted from 0.
pub(crate) fn entry_id(index: usize) -> String {
    format!("{}-0", FIRST_MS + index as u64 * STEP_MS)
}

/// An entry of the long stream behind which there is a page of this many; successive numbers give distant places.
pub(crate) fn place(number: usize, page: usize) -> usize {
    (number * STRIDE) % (LONG_EVENTS - page)
}

/// A version of a very long aggregate; successive numbers give distant ones.
pub(crate) fn version(number: usize) -> usize {
    version_of(MILLION, number)
}

/// A version of a stream of this many events.
pub(crate) fn version_of(events: usize, number: usize) -> usize {
    (number * STRIDE) % events + 1
}

/// The payload of an event, about 150 bytes of JSON. Their members repeat, as those of real events do.
pub(crate) fn payload(random: &mut Random) -> String {
    let (customer, sku, quantity) = (random.below(50_000), random.below(400), random.below(9) + 1);
    let (cents, total) = (random.below(10_000), random.below(1_000_000));
    let mut text = String::with_capacity(160);
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        r#"{{"customer":{{"id":"c-{customer:05}","tier":"gold"}},"item":{{"sku":"SKU-{sku:04}","quantity":{quantity},"price":{}.{:02}}},"total":{}.{:02},"currency":"EUR","channel":"web"}}"#,
        cents / 100,
        cents % 100,
        total / 100,
        total % 100,
    );
    text
}

/// Writes everything.
pub(crate) async fn fill(redis: &RedisServer) -> Result<()> {
    let mut client = BareClient::connect(redis.url()).await?;
    let mut random = Random::default();
    let long = (0..LONG_EVENTS).map(|index| (LONG_STREAM.to_owned(), index));
    let short = (0..SHORT_STREAMS)
        .flat_map(|number| (0..SHORT_EVENTS).map(move |index| (short_stream(number), index)));
    write(&mut client, long.chain(short), &mut random).await
}

/// Writes one stream of this many events.
pub(crate) async fn fill_stream(
    client: &mut BareClient,
    stream: &str,
    events: usize,
) -> Result<()> {
    let entries = (0..events).map(|index| (stream.to_owned(), index));
    write(client, entries, &mut Random::default()).await
}

/// The same, with an event of another type in one block of a hundred of those that the index has.
pub(crate) async fn fill_stream_with_rare(
    client: &mut BareClient,
    stream: &str,
    events: usize,
) -> Result<()> {
    const BLOCK: usize = 1_024;
    let mut random = Random::default();
    let mut pipeline = redis::pipe();
    for index in 0..events {
        let event_type = match index % (100 * BLOCK) {
            0 => "Rare",
            _ => TYPES[index % TYPES.len()],
        };
        add(&mut pipeline, stream, index, event_type, &mut random);
        if pipeline.len() == BATCH || index + 1 == events {
            client.send(&pipeline).await?;
            pipeline.clear();
        }
    }
    Ok(())
}

async fn write(
    client: &mut BareClient,
    entries: impl Iterator<Item = (String, usize)>,
    random: &mut Random,
) -> Result<()> {
    let mut pipeline = redis::pipe();
    for (stream, index) in entries {
        add(&mut pipeline, &stream, index, TYPES[index % TYPES.len()], random);
        if pipeline.len() == BATCH {
            client.send(&pipeline).await?;
            pipeline.clear();
        }
    }
    if pipeline.is_empty() { Ok(()) } else { client.send(&pipeline).await }
}

fn add(pipeline: &mut Pipeline, stream: &str, index: usize, event_type: &str, random: &mut Random) {
    let time = FIRST_MS + index as u64 * STEP_MS;
    pipeline
        .cmd("XADD")
        .arg(stream)
        .arg(entry_id(index))
        .arg("type")
        .arg(event_type)
        .arg("timestamp")
        .arg(time)
        .arg("data")
        .arg(payload(random))
        .ignore();
}

/// Numbers that look random and are the same in each run (SplitMix64).
#[derive(Default)]
pub(crate) struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_json_of_about_150_bytes_and_the_same_each_time() {
        let payloads = || {
            let mut random = Random::default();
            (0..1_000).map(|_| payload(&mut random)).collect::<Vec<_>>()
        };
        for payload in payloads() {
            assert!((140..=160).contains(&payload.len()), "{}: {payload}", payload.len());
            assert!(serde_json::from_str::<serde_json::Value>(&payload).unwrap().is_object());
        }
        assert_eq!(payloads(), payloads());
    }

    #[test]
    fn places_lie_all_over_the_stream_and_leave_room_for_a_page() {
        let mut thirds = [0; 3];
        for number in 0..300 {
            let place = place(number, 100);
            assert!(place + 100 < LONG_EVENTS);
            thirds[place * 3 / LONG_EVENTS] += 1;
        }
        assert!(thirds.iter().all(|count| (80..120).contains(count)), "{thirds:?}");
    }
}
