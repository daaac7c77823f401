//! Progress, shown on a terminal while an import or export runs and gone afterwards.

use std::borrow::Cow;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words;

/// How often it moves while nothing happens, to show that the program is alive.
const TICK: Duration = Duration::from_millis(120);

/// A progress bar on stderr, or `None` if that is no terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
}

/// What the bar's length measures.
#[derive(Clone, Copy)]
pub(crate) enum Measure {
    /// Bytes of all files, compressed as they are.
    Bytes(u64),
    /// Entries.
    Entries(u64),
    /// Nobody knows how much there is.
    Unknown,
}

impl Progress {
    pub(crate) fn new(measure: Measure, quiet: bool) -> Self {
        let target =
            if quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let length = match measure {
            Measure::Bytes(length) | Measure::Entries(length) => Some(length),
            Measure::Unknown => None,
        };
        let template = match length {
            Some(_) => "{bar:30} {percent:>3} %  {wide_msg}",
            None => "{spinner} {wide_msg}",
        };
        let bar = ProgressBar::with_draw_target(length, target);
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸ "));
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self { bar }
    }

    /// How far it is, by the bar's measure, and how many entries that makes.
    pub(crate) fn advance(&self, position: u64, entries: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let millis = u64::try_from(self.bar.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        let rate = words::grouped(entries.saturating_mul(1_000) / millis);
        self.bar.set_position(position);
        self.say(format!("{}, {rate}/s", words::entries(entries)));
    }

    pub(crate) fn say(&self, message: impl Into<Cow<'static, str>>) {
        self.bar.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
