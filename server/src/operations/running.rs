//! Operations that are under way, and those that ended lately.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rewind_app::api::OperationStatus;
use rewind_domain::operations::{Operation, Outcome, OutcomeStatus, Preview};
use tokio::sync::watch;

/// How many operations can be under way at the same time: each takes a turn on the one connection for writes.
const MAX_UNDER_WAY: usize = 16;
/// How many that have ended are remembered, so that whoever asks again is told what came of theirs.
const MAX_REMEMBERED: usize = 1_000;
/// How many of them are listed.
const MAX_LISTED: usize = 50;

/// What is under way or ended lately, the newest last.
#[derive(Default)]
pub(super) struct Running {
    entries: Mutex<VecDeque<Arc<Entry>>>,
    /// How many ended, by kind and outcome.
    tally: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
}

/// One operation.
pub(super) struct Entry {
    status: OperationStatus,
    operation: Operation,
    done: AtomicU64,
    passed_over: AtomicU64,
    is_cancelled: AtomicBool,
    ended: watch::Sender<Option<(Outcome, Option<String>)>>,
}

/// An id for an operation whose caller gave none: when and where it began. No two processes make the same.
pub(super) fn new_id() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{:x}-{:x}-{count:x}", since.as_nanos(), std::process::id())
}

impl Running {
    /// Takes an operation in; `None` if too many are under way, or there is one of this id.
    pub(super) fn begin(
        &self,
        id: &str,
        operation: &Operation,
        preview: &Preview,
        who: String,
    ) -> Option<Arc<Entry>> {
        let mut all = self.all();
        let under_way = all.iter().filter(|entry| entry.is_under_way()).count();
        if under_way >= MAX_UNDER_WAY || all.iter().any(|entry| entry.status.id == id) {
            return None;
        }
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let entry = Arc::new(Entry {
            status: OperationStatus {
                id: id.to_owned(),
                kind: operation.kind().to_owned(),
                sentence: preview.sentence.clone(),
                stream: operation.stream().cloned(),
                group: operation.group().cloned(),
                who,
                began_ms: i64::try_from(began.as_millis()).unwrap_or(i64::MAX),
                outcome: Outcome {
                    status: OutcomeStatus::Running,
                    message: String::new(),
                    done: 0,
                    passed_over: 0,
                    total: preview.count,
                    ids: Vec::new(),
                    version: None,
                },
                audit_problem: None,
            },
            operation: operation.clone(),
            done: AtomicU64::new(0),
            passed_over: AtomicU64::new(0),
            is_cancelled: AtomicBool::new(false),
            ended: watch::Sender::new(None),
        });
        all.push_back(Arc::clone(&entry));
        while all.len() > MAX_REMEMBERED {
            let Some(oldest) = all.iter().position(|entry| !entry.is_under_way()) else { break };
            all.remove(oldest);
        }
        Some(entry)
    }

    /// Leaves out an operation that was not begun after all.
    pub(super) fn forget(&self, id: &str) {
        self.all().retain(|entry| entry.status.id != id);
    }

    pub(super) fn find(&self, id: &str) -> Option<Arc<Entry>> {
        self.all().iter().find(|entry| entry.status.id == id).cloned()
    }

    /// The newest, the very newest first.
    pub(super) fn list(&self) -> Vec<OperationStatus> {
        self.all().iter().rev().take(MAX_LISTED).map(|entry| entry.status()).collect()
    }

    fn all(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that have not ended.
    pub(super) fn under_way(&self) -> Vec<Arc<Entry>> {
        self.all().iter().filter(|entry| entry.is_under_way()).cloned().collect()
    }

    /// Counts one that has ended.
    pub(super) fn tally(&self, kind: &'static str, status: OutcomeStatus) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        *tally.entry((kind, status.name())).or_default() += 1;
    }

    /// How many ended, by kind and outcome.
    pub(super) fn figures(&self) -> Vec<(&'static str, &'static str, u64)> {
        let tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.iter().map(|((kind, outcome), count)| (*kind, *outcome, *count)).collect()
    }
}

impl Entry {
    pub(super) fn id(&self) -> &str {
        &self.status.id
    }

    /// Who asked for it.
    pub(super) fn who(&self) -> &str {
        &self.status.who
    }

    pub(super) fn operation(&self) -> &Operation {
        &self.operation
    }

    /// Whether this is the same operation.
    pub(super) fn is_of(&self, operation: &Operation) -> bool {
        self.operation == *operation
    }

    /// How many things it is about.
    pub(super) fn total(&self) -> u64 {
        self.status.outcome.total
    }

    /// How many things were changed so far, and how many left alone.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.passed_over.load(Ordering::Relaxed))
    }

    /// Notes that more was changed, and left alone.
    pub(super) fn count(&self, done: u64, passed_over: u64) {
        self.done.fetch_add(done, Ordering::Relaxed);
        self.passed_over.fetch_add(passed_over, Ordering::Relaxed);
    }

    pub(super) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn end(&self, outcome: Outcome, audit_problem: Option<String>) {
        self.ended.send_replace(Some((outcome, audit_problem)));
    }

    /// How far it is.
    pub(super) fn status(&self) -> OperationStatus {
        let mut status = self.status.clone();
        match &*self.ended.borrow() {
            Some((outcome, audit_problem)) => {
                status.outcome = outcome.clone();
                status.audit_problem.clone_from(audit_problem);
            }
            None => (status.outcome.done, status.outcome.passed_over) = self.counts(),
        }
        status
    }

    /// The same, once it has ended or this much time is over.
    pub(super) async fn status_within(&self, patience: Duration) -> OperationStatus {
        let mut ended = self.ended.subscribe();
        let _ = tokio::time::timeout(patience, ended.wait_for(Option::is_some)).await;
        self.status()
    }

    fn is_under_way(&self) -> bool {
        self.ended.borrow().is_none()
    }
}
