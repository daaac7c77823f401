//! A trickle of live events into the private Redis while Rewind runs, so that there is something
//! to watch.

use std::io;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::resp::{Connection, Reply};
use crate::sample::{self, Live, Random};

/// Between two events: seldom enough to read along.
const SHORTEST_PAUSE_MS: u64 = 500;
/// Between two events: often enough to see that the page is alive.
const LONGEST_PAUSE_MS: u64 = 3000;

/// Writes until it is dropped.
pub(crate) struct Trickle {
    /// Nothing is sent: that it is gone ends the thread, also in the middle of a pause.
    running: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Trickle {
    /// Starts to go on with the sample that ended at `sample_now_ms`.
    pub(crate) fn start(socket: &Path, sample_now_ms: u64) -> Self {
        let (running, dropped) = mpsc::channel();
        let socket = socket.to_owned();
        // Nothing depends on the trickle: when Redis is away it ends, and whoever runs Rewind
        // hears about Redis from those who need it.
        let thread = thread::spawn(move || drop(write(&socket, sample_now_ms, &dropped)));
        Self { running: Some(running), thread: Some(thread) }
    }
}

impl Drop for Trickle {
    fn drop(&mut self) {
        self.running = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(socket: &Path, sample_now_ms: u64, dropped: &Receiver<()>) -> io::Result<()> {
    let mut redis = Connection::open(socket)?;
    let length_of = |stream: &str| match redis.call(&["XLEN", stream])? {
        Reply::Integer(length) => Ok(length),
        other => Err(io::Error::other(format!("XLEN answers {other:?}"))),
    };
    let started_ms = sample::now_ms();
    let sample = sample::generate(sample::SEED, sample_now_ms);
    let mut live = Live::resume(sample, started_ms, length_of)?;
    let mut random = Random::new(started_ms);
    loop {
        let pause_ms = random.between(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS);
        let waited = dropped.recv_timeout(Duration::from_millis(pause_ms));
        if waited != Err(RecvTimeoutError::Timeout) {
            return Ok(());
        }
        for entry in live.next(sample::now_ms()) {
            let command = entry.command();
            // A refusal concerns this entry only, such as one from before the clock was put back.
            redis.call(&command.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
    }
}
