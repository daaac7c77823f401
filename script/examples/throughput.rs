//! How many events a second a fold in JavaScript takes in, and what beginning one and reading states out costs.
//!
//! `cargo run --release -p rewind-script --example throughput`

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "it is there to print figures"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use rewind_domain::{EntryId, FieldSource as _, Fields, Fold, Json, RawEvent};
use rewind_script::{Expression, Limits, ScriptFold};

/// Rounds are short, so that the best of them is one in which nobody else had the processor.
const EVENTS: usize = 20_000;
const ROUNDS: usize = 40;

const TOTALS: &str = "
export default {
  initial: () => ({ count: 0, total: 0, items: {} }),
  on: {
    ItemAdded(state, { data }) {
      state.count++;
      state.total += data.price * data.quantity;
      const item = (state.items[data.sku] ??= { quantity: 0 });
      item.quantity += data.quantity;
    },
  },
};";

const COPIES: &str = "
export default {
  initial: () => ({ count: 0, total: 0 }),
  on: {
    ItemAdded: (state, { data }) => ({ ...state, count: state.count + 1, total: state.total + data.price, last: data.sku }),
  },
};";

fn main() {
    let events: Vec<Fields> = (0..20_000).map(|n| event(n, "49.95")).collect();
    let with_zeros: Vec<Fields> = (0..20_000).map(|n| event(n, "100.00")).collect();
    println!("payload: {} bytes", events[7].value("data").map_or(0, <[u8]>::len));

    let totals = ScriptFold::compile("totals.js", TOTALS, Limits::default()).unwrap();
    let copies = ScriptFold::compile("copies.js", COPIES, Limits::default()).unwrap();
    rate("totals and a map of items", &totals, &events);
    rate("the same, amounts such as 100.00", &totals, &with_zeros);
    rate("handlers that copy the state", &copies, &events);
    let none =
        ScriptFold::compile("none.js", "export default { on: { A() {} } }", Limits::default())
            .unwrap();
    rate("events that are skipped", &none, &events);
    rate("deep merge, for comparison", &rewind_domain::DeepMerge, &events);

    best("compile", 20, || {
        drop(ScriptFold::compile("totals.js", TOTALS, Limits::default()).unwrap());
    });
    best("begin", 2_000, || drop(totals.begin(None).unwrap()));
    best("begin, 20 events, state", 1_000, || {
        let mut folding = totals.begin(None).unwrap();
        apply(folding.as_mut(), &events[..20]);
        black_box(folding.state().unwrap());
    });

    let mut folding = totals.begin(None).unwrap();
    apply(folding.as_mut(), &events);
    let nodes = count(&folding.state().unwrap());
    let mut version = 100_000;
    let read = best("one event and the state after it", 20, || {
        version += 1;
        folding.apply(&RawEvent::new(EntryId::new(1, version), version, &events[3])).unwrap();
        black_box(folding.state().unwrap());
    });
    println!("  of {nodes} values: {:.0} ns each", read.as_nanos() as f64 / nodes as f64);
    let checkpoint = folding.checkpoint().unwrap();
    let resume = best("begin from a checkpoint with that state", 20, || {
        drop(totals.begin(Some(&checkpoint)).unwrap());
    });
    println!("  of {nodes} values: {:.0} ns each", resume.as_nanos() as f64 / nodes as f64);

    let expression =
        Expression::compile("state.total > 1e12 || version < 0", Limits::default()).unwrap();
    let mut merging = rewind_domain::DeepMerge.begin(None).unwrap();
    let mut evaluating = expression.begin().unwrap();
    let started = Instant::now();
    for (fields, version) in events.iter().cycle().take(EVENTS).zip(1..) {
        let event = RawEvent::new(EntryId::new(1, version), version, fields);
        merging.apply(&event).unwrap();
        assert!(!evaluating.is_true(&merging.state().unwrap(), &event).unwrap());
    }
    per_second("deep merge and an expression on its state", started.elapsed());
}

fn event(n: usize, price: &str) -> Fields {
    let data = format!(
        r#"{{"order_id":"ord-1234","customer_id":"c-55","sku":"SKU-{:04}","quantity":{},"price":{price},"currency":"EUR","note":"leave at the door","express":true}}"#,
        n % 100,
        n % 7 + 1,
    );
    Fields::from_iter([
        ("type", "ItemAdded"),
        ("timestamp", "1706185200000"),
        ("data", data.as_str()),
    ])
}

fn apply(folding: &mut dyn rewind_domain::Folding, events: &[Fields]) {
    for (fields, version) in events.iter().zip(1..) {
        folding
            .apply(&RawEvent::new(EntryId::new(1_706_185_200_000, version), version, fields))
            .unwrap();
    }
}

fn rate(what: &str, fold: &dyn Fold, events: &[Fields]) {
    let round = || {
        let mut folding = fold.begin(None).unwrap();
        let started = Instant::now();
        for (fields, version) in events.iter().cycle().take(EVENTS).zip(1..) {
            folding
                .apply(&RawEvent::new(EntryId::new(1_706_185_200_000, version), version, fields))
                .unwrap();
        }
        started.elapsed()
    };
    per_second(what, (0..ROUNDS).map(|_| round()).min().unwrap_or_default());
}

fn per_second(what: &str, elapsed: Duration) {
    println!("{what}: {:.2} million events/s", EVENTS as f64 / elapsed.as_secs_f64() / 1e6);
}

fn best(what: &str, times: u32, mut work: impl FnMut()) -> Duration {
    let round = |work: &mut dyn FnMut()| {
        let started = Instant::now();
        (0..times).for_each(|_| work());
        started.elapsed() / times
    };
    let best = (0..ROUNDS).map(|_| round(&mut work)).min().unwrap_or_default();
    println!("{what}: {:.1} µs", best.as_nanos() as f64 / 1e3);
    best
}

fn count(json: &Json) -> usize {
    1 + match json {
        Json::Array(items) => items.iter().map(count).sum(),
        Json::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}
