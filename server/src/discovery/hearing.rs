//! What Redis says about keys that change, between walks: a stream that comes into being is found at once.
//!
//! While every change is heard of, and a walk was made since that began, the list of streams has all that there are.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use rewind_domain::StreamKey;

use super::Shared;
use rewind_store::{ChangeFeed, Hearing, StoreError};

/// How many keys wait at most until it is known whether they are streams. Where there are more, a walk finds them.
const MAX_TO_CHECK: usize = 20_000;
/// How many keys are remembered that are no streams, so that they are not looked at whenever they change.
const MAX_OTHERS: usize = 50_000;
/// How long to wait before Redis is asked again to tell of changes: after the connection was lost, and after it refused.
const AFTER_LOSS: Duration = Duration::from_secs(1);
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// What was heard.
#[derive(Default)]
pub(super) struct Heard {
    /// Since when every change has been heard of; `None` while that is not so.
    told_since: Option<Instant>,
    /// Keys of which it is not known yet whether they are streams.
    to_check: VecDeque<StreamKey>,
    waiting: HashSet<StreamKey>,
    /// Keys that are no streams.
    others: HashSet<StreamKey>,
    /// The number of the last question that wants all that changed before it to be known.
    wanted: u64,
    /// The number of the question for which keys are being looked at.
    settling: Option<u64>,
    /// The last question for which that was done.
    settled: u64,
}

impl Heard {
    pub(super) fn told_since(&self) -> Option<Instant> {
        self.told_since
    }

    /// That from now on every change is heard of.
    pub(super) fn begin(&mut self, now: Instant) {
        *self = Self {
            told_since: Some(now),
            wanted: self.wanted,
            settled: self.settled,
            ..Self::default()
        };
    }

    /// That changes may have been missed.
    pub(super) fn lose(&mut self) {
        *self = Self { wanted: self.wanted, settled: self.settled, ..Self::default() };
    }

    /// Takes note of a key that changed, and that is no stream that is known.
    pub(super) fn hear(&mut self, key: StreamKey) {
        if self.others.contains(&key) || self.waiting.contains(&key) {
            return;
        }
        if self.to_check.len() >= MAX_TO_CHECK {
            // What is missed now is found by the next walk.
            self.begin(Instant::now());
            return;
        }
        self.waiting.insert(key.clone());
        self.to_check.push_back(key);
    }

    /// The next keys to look at.
    pub(super) fn take(&mut self, count: usize) -> Vec<StreamKey> {
        self.to_check.drain(..count.min(self.to_check.len())).collect()
    }

    pub(super) fn has_some(&self) -> bool {
        !self.to_check.is_empty()
    }

    /// Takes note of what was looked at.
    pub(super) fn checked(&mut self, key: &StreamKey, is_stream: bool) {
        self.waiting.remove(key);
        if !is_stream {
            if self.others.len() >= MAX_OTHERS {
                self.others.clear();
            }
            self.others.insert(key.clone());
        }
    }

    /// Wants all that changed until now to be known, which is so once [`Heard::is_settled`] says so of this number.
    pub(super) fn want(&mut self) -> u64 {
        self.wanted += 1;
        self.wanted
    }

    /// Whether Redis is to be asked for what it has not told yet.
    pub(super) fn wants_to_settle(&self) -> bool {
        self.told_since.is_some() && self.settling.is_none() && self.settled < self.wanted
    }

    /// The number of the last question so far.
    pub(super) fn wanted(&self) -> u64 {
        self.wanted
    }

    /// That everything was heard that changed before this question.
    pub(super) fn settle(&mut self, wanted: u64) {
        self.settling = Some(wanted);
        self.settle_if_done();
    }

    /// Whether all keys were looked at that changed before a question.
    pub(super) fn settle_if_done(&mut self) {
        if self.waiting.is_empty()
            && let Some(wanted) = self.settling.take()
        {
            self.settled = self.settled.max(wanted);
        }
    }

    pub(super) fn is_settled(&self, wanted: u64) -> bool {
        self.told_since.is_some() && self.settled >= wanted
    }
}

/// The connection on which Redis tells.
#[derive(Default)]
pub(super) struct Ear {
    signals: Option<ChangeFeed>,
    /// When to ask for one again.
    ask_at: Option<Instant>,
}

impl Ear {
    /// Takes in what changed.
    pub(super) async fn hear(&mut self, shared: &Shared) {
        if self.signals.is_none() && shared.state().is_hearing_wanted {
            self.connect(shared).await;
        }
        let Some(signals) = &mut self.signals else { return };
        let mut state = shared.state();
        match signals.take() {
            Some(changed) => changed.into_iter().for_each(|key| state.changed(key)),
            None => state.anything_changed(Instant::now()),
        }
    }

    /// Waits until all that changed until now has been heard of.
    pub(super) async fn settle(&mut self, shared: &Shared) {
        let wanted = shared.state().heard.wanted();
        let Some(signals) = &mut self.signals else { return };
        if let Err(error) = signals.settle().await {
            tracing::debug!(%error, "changes are not heard of any more");
            self.signals = None;
            self.ask_at = Some(Instant::now() + AFTER_LOSS);
            shared.state().heard.lose();
            return;
        }
        self.hear(shared).await;
        shared.state().heard.settle(wanted);
    }

    async fn connect(&mut self, shared: &Shared) {
        let now = Instant::now();
        if self.ask_at.is_some_and(|at| now < at) {
            return;
        }
        let signals: Result<ChangeFeed, StoreError> = shared.store.signals(&"".into()).await;
        match signals {
            Ok(signals) if signals.hearing() == Hearing::Told => {
                shared.state().heard.begin(Instant::now());
                self.signals = Some(signals);
            }
            Ok(_) => self.ask_at = Some(now + AFTER_REFUSAL),
            Err(error) => {
                let wait = if error.is_passing() { AFTER_LOSS } else { AFTER_REFUSAL };
                self.ask_at = Some(now + wait);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_settled_once_all_keys_that_changed_before_it_were_looked_at() {
        let mut heard = Heard::default();
        assert_eq!(heard.want(), 1);
        // Where Redis tells nothing, nothing is ever known to be all.
        assert!(!heard.wants_to_settle() && !heard.is_settled(1));
        heard.begin(Instant::now());
        assert!(heard.wants_to_settle());
        heard.hear("a".into());
        heard.hear("a".into());
        heard.settle(heard.wanted());
        assert!(!heard.wants_to_settle() && !heard.is_settled(1));
        assert_eq!(heard.take(9), ["a".into()]);
        heard.checked(&"a".into(), false);
        heard.settle_if_done();
        assert!(heard.is_settled(1) && !heard.is_settled(heard.wanted() + 1));
        // What is no stream is not looked at again.
        heard.hear("a".into());
        assert!(!heard.has_some());
        heard.lose();
        assert!(!heard.is_settled(1));
    }
}
