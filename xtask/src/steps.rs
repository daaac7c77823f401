//! Steps: what the person at the terminal sees of the work, and how long each part took.
//!
//! A step that has nothing to do is one line; a step that works says first what it is going to do.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{env, io};

use anyhow::{Context as _, Result};

/// What a step that builds took elsewhere where nothing had been built before: half of the processor time that was
/// measured in November 2026, since two idle cores do two seconds of it in one.
const FIRST_TIMES: [(&str, Duration); 3] = [
    ("Bundler", Duration::from_secs(70)),
    ("Front end (quick)", Duration::from_secs(85)),
    ("Server (quick)", Duration::from_secs(100)),
];

/// The steps of one command, in the order in which they ended. Some may run side by side.
pub(crate) struct Steps {
    started: Instant,
    finished: Mutex<Vec<Finished>>,
    /// Whether nothing was built before.
    is_first_time: AtomicBool,
    style: Style,
}

/// A step under way.
pub(crate) struct Step {
    name: String,
    outcome: String,
    /// How long it took elsewhere, where it does now what it did there.
    took_elsewhere: Option<Duration>,
    style: Style,
}

struct Finished {
    name: String,
    passed: bool,
    took: Duration,
}

#[derive(Clone, Copy)]
struct Style {
    colour: bool,
}

impl Steps {
    /// No step yet; the clock starts.
    pub(crate) fn new() -> Self {
        let colour = io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none();
        Self {
            started: Instant::now(),
            finished: Mutex::default(),
            is_first_time: AtomicBool::new(false),
            style: Style { colour },
        }
    }

    /// Says what will be built where nothing was built before, and how long that took elsewhere.
    pub(crate) fn announce(&self, names: &[&str]) {
        self.is_first_time.store(true, Ordering::Relaxed);
        let known = names.iter().filter_map(|name| Some((*name, first_time(name)?)));
        let (names, times): (Vec<_>, Vec<_>) = known.unzip();
        let parts = std::iter::zip(&names, &times)
            .map(|(name, time)| format!("{} {}", name.to_lowercase(), seconds(*time)));
        eprintln!(
            "{} The first time everything is built. On two idle cores that takes about {}: {}.",
            self.style.strong("▸"),
            seconds(times.iter().sum()),
            parts.collect::<Vec<_>>().join(", ")
        );
    }

    /// Does `work` as the step `name`; an error says which step it was.
    pub(crate) fn run<T>(
        &self,
        name: &str,
        work: impl FnOnce(&mut Step) -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let is_first_time = self.is_first_time.load(Ordering::Relaxed);
        let mut step = Step {
            name: name.to_owned(),
            outcome: "done".to_owned(),
            took_elsewhere: first_time(name).filter(|_| is_first_time),
            style: self.style,
        };
        let result = work(&mut step);
        let took = started.elapsed();
        if result.is_ok() {
            eprintln!(
                "{} {name}: {} {}",
                self.style.good("✓"),
                step.outcome,
                self.style.faint(&format!("({})", seconds(took)))
            );
        } else {
            eprintln!("{} {name} failed after {}", self.style.bad("✗"), seconds(took));
        }
        let finished = Finished { name: step.name, passed: result.is_ok(), took };
        self.finished.lock().unwrap_or_else(PoisonError::into_inner).push(finished);
        result.with_context(|| format!("step \"{name}\""))
    }

    /// All steps with their durations, as a table.
    pub(crate) fn table(&self) -> String {
        let total = "total";
        let finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        let width = finished.iter().map(|step| step.name.chars().count()).max().unwrap_or(0);
        let width = width.max(total.len());
        let mut table = String::new();
        for step in finished.iter() {
            let mark = if step.passed { self.style.good("✓") } else { self.style.bad("✗") };
            let took = seconds(step.took);
            // Writing into a string cannot fail.
            let _ = writeln!(table, "{mark} {:width$}  {took:>10}", step.name);
        }
        let _ = write!(table, "  {total:width$}  {:>10}", seconds(self.started.elapsed()));
        table
    }
}

impl Step {
    /// Says what is about to happen, before something that takes a while.
    pub(crate) fn say(&self, what: &str) {
        eprintln!("{} {}: {what}", self.style.strong("▸"), self.name);
    }

    /// Says that the step builds now, and how long that takes if nothing was built before.
    pub(crate) fn say_what_comes(&self) {
        match self.took_elsewhere {
            Some(took) => self
                .say(&format!("compiling, which takes about {} on two idle cores", seconds(took))),
            None => self.say("compiling"),
        }
    }

    /// What the closing line of the step will say.
    pub(crate) fn outcome(&mut self, outcome: impl Into<String>) {
        self.outcome = outcome.into();
    }
}

impl Style {
    fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    fn bad(self, text: &str) -> String {
        self.paint("31", text)
    }

    fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn first_time(name: &str) -> Option<Duration> {
    FIRST_TIMES.iter().find(|(step, _)| *step == name).map(|(_, took)| *took)
}

fn seconds(duration: Duration) -> String {
    let whole = duration.as_secs();
    if whole < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_table_lists_each_step_and_marks_the_one_that_failed() {
        let mut steps = Steps::new();
        steps.style.colour = false;
        steps.run("Format", |_| Ok(())).unwrap();
        let failed = steps.run("Lints", |_| -> Result<()> { bail!("`x` is unused") });
        assert_eq!(format!("{:#}", failed.unwrap_err()), "step \"Lints\": `x` is unused");
        let table = steps.table();
        assert_eq!(table.lines().count(), 3);
        assert!(table.contains("✓ Format") && table.contains("✗ Lints"), "{table}");
    }

    #[test]
    fn durations_read_as_seconds_and_then_as_minutes() {
        assert_eq!(seconds(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(seconds(Duration::from_secs(259)), "4 min 19 s");
    }
}
