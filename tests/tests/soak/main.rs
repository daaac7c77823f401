//! Live events while everything breaks.
//!
//! Writers add events to 200 streams. Meanwhile Redis and the server are killed and started again, connections are cut in the middle
//! of frames, viewers read slowly or stand still, and streams are trimmed. In the end the log of every viewer must hold what Redis
//! holds, once and in order; and of what was added and is gone, everything that it does not hold must lie within a gap
//! that it was told.
//!
//! Takes some seconds; with `REWIND_SOAK_MINUTES` set, that long (`cargo xtask soak`).

mod log;
mod truth;
mod viewer;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::future::join_all;
use rewind_tests::{CuttingProxy, Random, RewindProcess, TestRedis};

use truth::Truth;
use viewer::{Habit, Viewer};

/// How many streams there are.
const STREAMS: u64 = 200;
/// How many add to them at once.
const WRITERS: u64 = 4;
/// How long it takes where nobody wants it longer.
const USUAL: Duration = Duration::from_secs(8);
/// How long things work between two faults.
const CALM: Duration = Duration::from_millis(900);
/// After how many bytes connections are cut: in the middle of the first frames, and of later ones.
const CUTS: (u64, u64) = (300, 400_000);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_viewer_gets_every_event_once_or_is_told_which_are_gone() {
    let mut redis = TestRedis::start_persistent().await;
    let mut server = RewindProcess::start(&redis);
    let proxy = CuttingProxy::start(server.address(), CUTS, 1).await;
    let truth = Arc::new(Truth::default());
    let is_over = Arc::new(AtomicBool::new(false));

    let all: Vec<String> = (0..STREAMS).map(stream_name).collect();
    let some = |from: usize| all[from..from + 50].to_vec();
    let (direct, cut) = (server.address(), proxy.address());
    let viewers = [
        Viewer::of_category(direct, Habit::Steady),
        Viewer::of_category(cut, Habit::Steady),
        Viewer::of_category(cut, Habit::Slow),
        Viewer::of_category(direct, Habit::Stalling),
        Viewer::of_streams(direct, some(0), Habit::Steady),
        Viewer::of_streams(cut, some(0), Habit::Steady),
        Viewer::of_streams(cut, some(50), Habit::Slow),
        Viewer::of_streams(direct, some(100), Habit::Stalling),
        Viewer::of_streams(cut, vec![stream_name(199)], Habit::Steady),
        Viewer::of_category(cut, Habit::Steady).filtered(),
        Viewer::of_streams(cut, some(150), Habit::Slow).filtered(),
    ];
    let mut open = Vec::new();
    for mut viewer in viewers {
        viewer.begin().await;
        let (all, is_over) = (all.clone(), Arc::clone(&is_over));
        open.push(tokio::spawn(async move { viewer.watch(&all, &is_over).await }));
    }
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let (url, truth, is_over) =
                (redis.url_text(), Arc::clone(&truth), Arc::clone(&is_over));
            tokio::spawn(async move { writer::write(&url, n, &truth, &is_over).await })
        })
        .collect();

    let mut random = Random::new(7);
    let until = Instant::now() + duration();
    let mut faults = 0;
    while Instant::now() < until {
        tokio::time::sleep(CALM).await;
        match faults % 3 {
            0 => {
                redis.kill();
                redis.start_again().await;
            }
            1 => {
                server.kill();
                trim(&redis, &mut random).await;
                server.start_again();
            }
            _ => trim(&redis, &mut random).await,
        }
        faults += 1;
    }
    is_over.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap();
    }
    writer::write_last(&redis.url_text(), &all, &truth).await;

    let held = truth::held(&redis, &all).await;
    let logs = join_all(open).await;
    for log in logs {
        log.unwrap().check(&truth, &held);
    }
    let (added, unsure) = truth.counts();
    eprintln!("{added} events added, {unsure} perhaps, {faults} faults");
}

fn stream_name(n: u64) -> String {
    format!("soak:{n}")
}

fn duration() -> Duration {
    let minutes = std::env::var("REWIND_SOAK_MINUTES").ok();
    minutes.map_or(USUAL, |text| {
        let minutes: u64 = text.parse().expect("`REWIND_SOAK_MINUTES` is a number of minutes");
        Duration::from_secs(minutes * 60)
    })
}

/// Trims some streams to a few entries.
async fn trim(redis: &TestRedis, random: &mut Random) {
    let mut pipeline = redis::pipe();
    for _ in 0..20 {
        let stream = stream_name(random.below(STREAMS));
        pipeline.cmd("XTRIM").arg(stream).arg("MAXLEN").arg(random.below(3) + 1).ignore();
    }
    pipeline.exec_async(&mut redis.connection().await).await.unwrap();
}
