//! The story goes on: events that happen now, one after the other, from where a sample ends.

use crate::sample::customer::{self, Customer};
use crate::sample::entry::Entry;
use crate::sample::log::{History, Log};
use crate::sample::order;
use crate::sample::random::Random;
use crate::sample::{FIRST_CUSTOMER, Sample};

/// The shop after the end of a sample.
pub(crate) struct Live {
    random: Random,
    log: Log,
    open: Vec<History>,
    customers: Vec<Customer>,
    next_order: u64,
    next_customer: u64,
}

impl Live {
    /// Goes on after `sample` and whatever was added since: `length_of` tells how many entries a
    /// stream has.
    pub(crate) fn resume<E>(
        sample: Sample,
        seed: u64,
        mut length_of: impl FnMut(&str) -> Result<u64, E>,
    ) -> Result<Self, E> {
        let mut live = Self {
            random: Random::new(seed),
            log: sample.log,
            open: Vec::new(),
            next_customer: FIRST_CUSTOMER + sample.customers.len() as u64,
            customers: sample.customers,
            next_order: sample.next_order,
        };
        // A story that an earlier run went on with is not known here from there on.
        for history in sample.open {
            if length_of(&history.stream)? == history.happened {
                live.open.push(history);
            }
        }
        while length_of(&order::stream(live.next_order))? > 0 {
            live.next_order += 1;
        }
        while length_of(&customer::stream(live.next_customer))? > 0 {
            live.next_customer += 1;
        }
        Ok(live)
    }

    /// What happens next, at this moment.
    pub(crate) fn next(&mut self, now_ms: u64) -> Vec<Entry> {
        // An order has seven events or so: at one new order in seven events, as many begin as end.
        let new_percent = match self.open.len() {
            0 => 100,
            1..=12 => 30,
            13..=60 => 14,
            _ => 5,
        };
        if self.random.chance(new_percent) {
            return self.begin(now_ms);
        }
        // What has begun lately is the more likely to go on.
        let [one, other] = [(); 2].map(|()| self.random.below(self.open.len()));
        let index = one.max(other);
        let entries = self.log.next_of(&mut self.open[index], now_ms);
        if self.open[index].planned.is_empty() {
            self.open.remove(index);
        }
        entries
    }

    /// Places an order, at times for a customer who registers with it.
    ///
    /// Both come into being here and now: a number that is taken without an entry would look free
    /// to the next run.
    fn begin(&mut self, now_ms: u64) -> Vec<Entry> {
        let mut entries = Vec::new();
        let mut customer = self.random.below(self.customers.len());
        if self.customers.is_empty() || self.random.chance(20) {
            let (new, mut history) =
                customer::register(&mut self.random, self.next_customer, now_ms);
            self.next_customer += 1;
            customer = self.customers.len();
            self.customers.push(new);
            entries.extend(self.log.next_of(&mut history, now_ms));
            self.open.extend(Some(history).filter(|history| !history.planned.is_empty()));
        }
        let bulk = self.random.chance(3);
        let customer = &self.customers[customer];
        let mut order = order::place(&mut self.random, self.next_order, customer, now_ms, bulk);
        self.next_order += 1;
        entries.extend(self.log.next_of(&mut order, now_ms));
        self.open.push(order);
        entries
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::sample::{SEED, generate, rules};

    const NOW_MS: u64 = 1_795_424_400_000;

    fn lengths(entries: &[Entry]) -> HashMap<String, u64> {
        let mut lengths = HashMap::new();
        for entry in entries {
            *lengths.entry(entry.stream.clone()).or_insert(0) += 1;
        }
        lengths
    }

    /// A run of the trickle over what is there, added to it.
    fn run(all: &mut Vec<Entry>, seed: u64, from_ms: u64) {
        let lengths = lengths(all);
        let length_of = |stream: &str| Ok::<_, ()>(lengths.get(stream).copied().unwrap_or(0));
        let mut live = Live::resume(generate(SEED, NOW_MS), seed, length_of).unwrap();
        for step in 0..2000 {
            let entries = live.next(from_ms + step * 900);
            assert!(!entries.is_empty());
            all.extend(entries);
        }
        assert!(live.open.len() < 120, "{} are open", live.open.len());
    }

    #[test]
    fn several_runs_after_each_other_keep_to_the_rules_and_to_the_order_of_ids() {
        let mut all = generate(SEED, NOW_MS).entries;
        run(&mut all, 1, NOW_MS + 50);
        run(&mut all, 2, NOW_MS + 10_000_000);
        rules::check(&all);
        let mut last = HashMap::new();
        for entry in &all {
            let id = (entry.id_ms, entry.id_seq);
            assert!(last.insert(&entry.stream, id).is_none_or(|before| before < id));
        }
    }

    #[test]
    fn the_first_run_goes_on_with_orders_of_the_sample() {
        let mut all = generate(SEED, NOW_MS).entries;
        let before = lengths(&all);
        run(&mut all, 1, NOW_MS + 50);
        let after = lengths(&all);
        let went_on = |(stream, length): &(&String, &u64)| {
            stream.starts_with("aggregate:Order:") && after[*stream] > **length
        };
        assert!(before.iter().filter(went_on).count() > 5);
    }

    #[test]
    fn a_server_that_does_not_tell_lengths_is_an_error() {
        assert!(Live::resume(generate(SEED, NOW_MS), 1, |_| Err::<u64, _>("away")).is_err());
    }
}
