//! What the numbers were measured on.

use std::fmt;
use std::fs;
use std::thread;

/// What has to be known to compare numbers with those of another run.
pub(crate) struct Facts {
    /// The day.
    pub(crate) date: String,
    /// Which Rewind.
    pub(crate) rewind: String,
    /// Which Redis.
    pub(crate) redis: String,
    /// How busy the machine was with other things.
    pub(crate) load_before: Option<String>,
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, rewind, redis, load_before } = self;
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let cpu = cpu_model().unwrap_or_else(|| std::env::consts::ARCH.to_owned());
        write!(f, "{date} · {rewind} · {redis} · {cpu}, {cores} cores")?;
        if let Some(kernel) = read("/proc/sys/kernel/osrelease") {
            write!(f, " · Linux {}", kernel.trim())?;
        }
        match load_before {
            Some(load) => write!(f, " · load before the run: {load}"),
            None => Ok(()),
        }
    }
}

/// How many programs wanted to run at once during the last minute. Numbers from a busy machine are worth less.
pub(crate) fn load_average() -> Option<String> {
    read("/proc/loadavg")?.split_whitespace().next().map(str::to_owned)
}

fn cpu_model() -> Option<String> {
    let info = read("/proc/cpuinfo")?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, model)| model.trim().to_owned())
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok()
}
