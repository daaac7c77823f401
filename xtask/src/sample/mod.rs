//! The sample: some weeks in the life of a small web shop, so that there is something to explore
//! before one's own events are connected.
//!
//! It is in the default layout, and depends on nothing but a seed and a moment. Folded by deep
//! merge its orders and customers show a sensible state at every version: items are an object by
//! SKU, an item that is taken out stays with quantity 0, and the total is right at each step.

use std::io::{self, BufWriter, ErrorKind, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Args;

pub(crate) use entry::Entry;
pub(crate) use live::Live;
pub(crate) use random::Random;

use customer::Customer;
use log::{History, Log};

mod catalogue;
mod clock;
mod customer;
mod entry;
mod json;
mod live;
mod log;
mod order;
mod random;
#[cfg(test)]
mod rules;

/// The seed of the sample that `cargo xtask run` fills in.
pub(crate) const SEED: u64 = 7117;

const DAYS: u64 = 35;
const ORDERS: usize = 420;
/// Orders of companies, with many changes each: something to travel through.
const BULK_ORDERS: usize = 9;
/// Orders of the last half hour, so that even at night the newest events are new.
const FRESH_ORDERS: usize = 4;

/// Numbers look like those of a shop that has been open for a while.
const FIRST_ORDER: u64 = 10_001;
const FIRST_CUSTOMER: u64 = 501;

/// What `cargo xtask sample` takes.
#[derive(Args)]
pub(crate) struct SampleArgs {
    /// Another seed makes another sample
    #[arg(long, default_value_t = SEED)]
    seed: u64,
    /// The moment at which the sample ends, in milliseconds since 1970 [default: now]
    #[arg(long)]
    now: Option<u64>,
}

/// A sample, and where its story stands at the end.
pub(crate) struct Sample {
    /// What has happened, in order.
    pub(crate) entries: Vec<Entry>,
    /// What is still under way.
    open: Vec<History>,
    customers: Vec<Customer>,
    next_order: u64,
    log: Log,
}

/// Writes a sample to standard output.
pub(crate) fn print(args: &SampleArgs) -> Result<()> {
    let sample = generate(args.seed, args.now.unwrap_or_else(now_ms));
    match write(&sample.entries, io::stdout().lock()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes entries as `rewind import` reads them.
pub(crate) fn write(entries: &[Entry], to: impl Write) -> io::Result<()> {
    let mut to = BufWriter::new(to);
    for entry in entries {
        writeln!(to, "{}", entry.line())?;
    }
    to.flush()
}

/// The sample of this seed that ends at `now_ms`.
pub(crate) fn generate(seed: u64, now_ms: u64) -> Sample {
    let mut random = Random::new(seed);
    let mut customers: Vec<Customer> = Vec::new();
    let mut histories = Vec::new();
    let mut next_order = FIRST_ORDER;
    for (start_ms, bulk) in order_starts(&mut random, now_ms) {
        let returning = customers.len() > 10 && random.chance(68);
        let index = if returning { random.below(customers.len()) } else { customers.len() };
        if !returning {
            let number = FIRST_CUSTOMER + customers.len() as u64;
            let registered_ms = start_ms - random.between(40, 900) * clock::SECOND;
            let (customer, history) = customer::register(&mut random, number, registered_ms);
            customers.push(customer);
            histories.push(history);
        }
        let customer = &customers[index];
        histories.push(order::place(&mut random, next_order, customer, start_ms, bulk));
        next_order += 1;
    }
    let (log, entries, open) = play(histories, now_ms);
    Sample { entries, open, customers, next_order, log }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() * 1000 + u64::from(since.subsec_millis())
}

/// When each order is placed, in order, and whether it is a large one.
fn order_starts(random: &mut Random, now_ms: u64) -> Vec<(u64, bool)> {
    let first_ms = now_ms.saturating_sub(DAYS * clock::DAY);
    let mut starts = Vec::new();
    while starts.len() < ORDERS {
        let moment_ms = random.between(first_ms, now_ms);
        if random.below(clock::BUSIEST) < clock::busyness(moment_ms) {
            starts.push(moment_ms);
        }
    }
    starts.extend((0..FRESH_ORDERS).map(|_| now_ms - random.between(1, 30) * clock::MINUTE));
    starts.sort_unstable();
    // Spread evenly, and so that the oldest of them are finished.
    let every = starts.len() / BULK_ORDERS;
    starts.into_iter().enumerate().map(|(n, ms)| (ms, n % every == every / 2)).collect()
}

/// Lets everything that is planned up to `now_ms` happen, in order of time.
fn play(mut histories: Vec<History>, now_ms: u64) -> (Log, Vec<Entry>, Vec<History>) {
    let mut due = Vec::new();
    for (index, history) in histories.iter().enumerate() {
        due.extend(
            history
                .planned
                .iter()
                .map(|fact| fact.at_ms)
                .filter(|&at| at <= now_ms)
                .map(|at| (at, index)),
        );
    }
    // Stable: two facts of one history keep their order.
    due.sort_by_key(|&(at_ms, _)| at_ms);
    let mut log = Log::default();
    let mut entries = Vec::new();
    for (at_ms, index) in due {
        entries.extend(log.next_of(&mut histories[index], at_ms));
    }
    histories.retain(|history| !history.planned.is_empty());
    (log, entries, histories)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// A Monday morning.
    const NOW_MS: u64 = 1_795_424_400_000;

    #[test]
    fn the_same_seed_and_moment_give_the_same_sample_and_another_seed_another() {
        let lines = |seed, now| {
            let mut lines = Vec::new();
            write(&generate(seed, now).entries, &mut lines).unwrap();
            lines
        };
        assert!(lines(1, NOW_MS) == lines(1, NOW_MS));
        assert!(lines(1, NOW_MS) != lines(2, NOW_MS));
    }

    #[test]
    fn it_has_a_few_thousand_events_over_five_weeks_that_end_now() {
        for seed in 0..8 {
            let entries = generate(seed, NOW_MS).entries;
            assert!((3000..6000).contains(&entries.len()), "{} events", entries.len());
            let (first, last) = (&entries[0], &entries[entries.len() - 1]);
            assert!(NOW_MS - first.id_ms > (DAYS - 2) * clock::DAY);
            assert!(last.id_ms <= NOW_MS && NOW_MS - last.id_ms < 31 * clock::MINUTE);
        }
    }

    #[test]
    fn entries_come_in_order_of_time_and_ids_increase_within_each_stream() {
        let entries = generate(SEED, NOW_MS).entries;
        assert!(entries.is_sorted_by_key(|entry| entry.id_ms));
        let mut last = HashMap::new();
        for entry in &entries {
            let id = (entry.id_ms, entry.id_seq);
            assert!(last.insert(&entry.stream, id).is_none_or(|before| before < id));
            assert_eq!(entry.field("timestamp"), Some(&*entry.id_ms.to_string()));
        }
    }

    #[test]
    fn most_orders_are_short_and_some_are_long() {
        let mut lengths = HashMap::new();
        for entry in generate(SEED, NOW_MS).entries {
            if entry.stream.starts_with("aggregate:Order:") {
                *lengths.entry(entry.stream).or_insert(0) += 1;
            }
        }
        let count = |range: std::ops::RangeInclusive<i32>| {
            lengths.values().filter(|length| range.contains(length)).count()
        };
        assert!(count(40..=150) >= BULK_ORDERS - 2, "{} long ones", count(40..=150));
        assert!(count(3..=12) * 10 >= lengths.len() * 8, "{} short ones", count(3..=12));
        assert!(lengths.values().all(|&length| length <= 150));
    }

    #[test]
    fn every_type_of_event_occurs_often_enough_to_be_found() {
        let mut counts = HashMap::new();
        for entry in generate(SEED, NOW_MS).entries {
            *counts.entry(entry.field("type").unwrap().to_owned()).or_insert(0) += 1;
        }
        for kind in [
            "OrderCreated",
            "ItemAdded",
            "ItemRemoved",
            "OrderPaid",
            "OrderShipped",
            "OrderDelivered",
            "OrderCancelled",
            "OrderRefunded",
            "CustomerRegistered",
            "AddressChanged",
            "EmailChanged",
            "NewsletterSubscribed",
            "order.created",
            "order.paid",
            "order.shipped",
            "order.delivered",
            "order.cancelled",
            "order.refunded",
        ] {
            assert!(counts.get(kind).is_some_and(|&count| count >= 5), "{kind}: {counts:?}");
        }
    }

    #[test]
    fn nights_are_quieter_than_evenings() {
        let mut by_hour = [0; 24];
        for entry in generate(SEED, NOW_MS).entries {
            if entry.field("type") == Some("OrderCreated") {
                by_hour[clock::hour(entry.id_ms)] += 1;
            }
        }
        assert!(by_hour[18..22].iter().sum::<i32>() > 5 * by_hour[1..5].iter().sum::<i32>());
    }

    #[test]
    fn orders_keep_to_the_rules_of_the_business() {
        for seed in 0..8 {
            rules::check(&generate(seed, NOW_MS).entries);
        }
    }
}
