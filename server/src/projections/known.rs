//! The names of the projections in the database, looked for when somebody asks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rewind_store::{Store, StoreError};
use tokio::sync::watch;

/// How long names are told without looking again: a walk through the keyspace for each question would be too many.
const HOLDS: Duration = Duration::from_secs(5);
/// How long a question waits for a walk that is under way. In a large database it is told what was found before.
const PATIENCE: Duration = Duration::from_millis(900);

/// The names of projections. Clones are the same.
#[derive(Clone)]
pub struct KnownProjections {
    store: Store,
    shared: Arc<Mutex<Shared>>,
}

/// The names of projections, as far as they are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// They, in order.
    pub(crate) names: Vec<String>,
    /// Whether all of the keyspace was looked at for them.
    pub(crate) is_complete: bool,
}

#[derive(Default)]
struct Shared {
    found: Names,
    looked: Option<Instant>,
    /// The walk that is under way, and what comes of it.
    walk: Option<watch::Receiver<Option<Result<(), StoreError>>>>,
}

impl KnownProjections {
    /// Those in this store.
    pub fn new(store: Store) -> Self {
        Self { store, shared: Arc::default() }
    }

    /// The names, as of a moment ago.
    ///
    /// # Errors
    /// Where Redis cannot be read.
    pub(crate) async fn names(&self) -> Result<Names, StoreError> {
        let mut walk = {
            let mut shared = self.shared();
            if shared.looked.is_some_and(|looked| looked.elapsed() < HOLDS) {
                return Ok(shared.found.clone());
            }
            match &shared.walk {
                Some(walk) => walk.clone(),
                None => {
                    let walk = self.walk();
                    shared.walk = Some(walk.clone());
                    walk
                }
            }
        };
        let ended = tokio::time::timeout(PATIENCE, walk.wait_for(Option::is_some)).await;
        if let Ok(Ok(outcome)) = ended
            && let Some(Err(error)) = &*outcome
        {
            return Err(error.clone());
        }
        Ok(self.shared().found.clone())
    }

    fn walk(&self) -> watch::Receiver<Option<Result<(), StoreError>>> {
        let (ended, walk) = watch::channel(None);
        let this = self.clone();
        tokio::spawn(async move {
            let found = this.store.projections().await;
            let mut shared = this.shared();
            shared.walk = None;
            let outcome = found.map(|names| {
                shared.found = Names { names, is_complete: true };
                shared.looked = Some(Instant::now());
            });
            drop(shared);
            // Whoever asked may have gone.
            let _ = ended.send(Some(outcome));
        });
        walk
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
