//! Playing a history: the cursor moves on by itself, and stops at the end.

use std::time::Duration;

use leptos::prelude::*;

use crate::features::travel::state::speed::Speed;
use crate::features::travel::traveller::Traveller;

/// Whether a history is played, and how fast.
#[derive(Clone, Copy)]
pub(super) struct Playing {
    /// Whether it is.
    pub(super) is_on: RwSignal<bool>,
    /// How fast.
    pub(super) speed: RwSignal<Speed>,
    traveller: Traveller,
    /// The last version that is played.
    end: Memo<Option<u64>>,
}

impl Playing {
    pub(super) fn new(traveller: Traveller) -> Self {
        let end = Memo::new(move |_| {
            traveller.facts.with(|facts| {
                let facts = facts.as_ref()?;
                // What comes behind a failure has no states to be played.
                let stopped = facts.stopped.as_ref().map(|stopped| stopped.version);
                Some(stopped.unwrap_or(facts.latest))
            })
        });
        let playing = Self {
            is_on: RwSignal::new(false),
            speed: RwSignal::new(Speed::default()),
            traveller,
            end,
        };
        Effect::new(move || {
            if !playing.is_on.get() {
                return;
            }
            let (version, speed) = (traveller.version.get(), playing.speed.get());
            let Some(end) = end.get() else { return };
            if version >= end {
                playing.is_on.set(false);
                return;
            }
            let next = playing.next_version(version);
            let wait = playing.wait(version, next, speed);
            let pending = set_timeout_with_handle(move || traveller.go(next), wait);
            on_cleanup(move || {
                if let Ok(pending) = pending {
                    pending.clear();
                }
            });
        });
        playing
    }

    /// Plays, from the start where it stands at the end; or pauses.
    pub(super) fn toggle(self) {
        let is_on = !self.is_on.get_untracked();
        let (first, _) = self.traveller.bounds();
        let end = self.end.get_untracked().unwrap_or(u64::MAX);
        if is_on && self.traveller.version.get_untracked() >= end {
            self.traveller.go(first);
        }
        self.is_on.set(is_on);
    }

    /// Stands still, since someone moves by hand.
    pub(super) fn pause(self) {
        if self.is_on.get_untracked() {
            self.is_on.set(false);
        }
    }

    /// Plays faster or slower.
    pub(super) fn change_speed(self, is_faster: bool) {
        self.speed.update(|speed| *speed = speed.stepped(is_faster));
    }

    /// Numbers skip where entries were trimmed away.
    fn next_version(self, version: u64) -> u64 {
        let steps = self.traveller.steps();
        let next = steps.partition_point(|step| step.version <= version);
        steps.get(next).map_or(version + 1, |step| step.version)
    }

    fn wait(self, version: u64, next: u64, speed: Speed) -> Duration {
        let steps = self.traveller.steps();
        let time = |version: u64| {
            let at = steps.binary_search_by_key(&version, |step| step.version).ok()?;
            Some(steps.get(at)?.timestamp_ms)
        };
        // Before the first event and beyond the window no time is known.
        let (shown, next) = time(version).zip(time(next)).unwrap_or_default();
        speed.pace().wait(shown, next)
    }
}
