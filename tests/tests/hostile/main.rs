//! Plain questions while many others ask hostile ones.
//!
//! Hostile people send whatever parameters, bodies, scripts and filters may harm a server, send half of a request, read little of an answer,
//! and leave. All the while somebody asks plain questions, whose answers are known, and has to get them. In the end nothing of all this
//! is left, and the server ends when it is told to though requests are open.
//!
//! Takes some seconds; with `REWIND_HOSTILE_MINUTES` set, that long (`cargo xtask hostile`).

mod asker;
mod data;
mod values;
mod witness;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rewind_tests::{RewindProcess, TestRedis};

use witness::Witness;

/// How many ask hostile questions at a time.
const ASKERS: u64 = 12;
/// How long it takes where nobody wants it longer.
const USUAL: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plain_questions_are_answered_while_hostile_ones_are_asked() {
    let redis = TestRedis::start().await;
    data::fill(&redis).await;
    let server = RewindProcess::start(&redis);
    let address = server.address();
    let (is_over, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));

    let mut witness = Witness::new(address).await;
    let askers: Vec<_> = (0..ASKERS)
        .map(|n| {
            let (is_over, asked) = (Arc::clone(&is_over), Arc::clone(&asked));
            tokio::spawn(asker::ask_all(address, seed() + n, is_over, asked))
        })
        .collect();
    let until = Instant::now() + duration();
    while Instant::now() < until {
        witness.ask().await;
        let ended = askers.iter().filter(|asker| asker.is_finished()).count();
        assert_eq!(ended, 0, "an answer was none that it may be");
    }
    is_over.store(true, Ordering::SeqCst);
    for asker in askers {
        asker.await.unwrap();
    }
    witness.ask().await;
    witness::nothing_is_left(&redis).await;
    eprintln!("{} hostile questions, {} plain ones", asked.load(Ordering::SeqCst), witness.asked());
}

fn duration() -> Duration {
    let minutes = std::env::var("REWIND_HOSTILE_MINUTES").ok();
    minutes.map_or(USUAL, |text| {
        let minutes: u64 = text.parse().expect("`REWIND_HOSTILE_MINUTES` is a number of minutes");
        Duration::from_secs(minutes * 60)
    })
}

/// Where the random questions begin: the same each time, unless `REWIND_HOSTILE_SEED` says otherwise.
fn seed() -> u64 {
    let seed = std::env::var("REWIND_HOSTILE_SEED").ok();
    seed.map_or(1, |text| text.parse().expect("`REWIND_HOSTILE_SEED` is a number"))
}
