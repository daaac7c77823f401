//! Answers of the server that stay on screen while the next one is fetched.
//!
//! A `Resource` has its newest answer or none. A page that must neither flicker while it reloads nor go blank while
//! Redis restarts needs the last good answer *and* what is going on now, and has to try again by itself.

use std::future::Future;
use std::sync::Arc;

use leptos::prelude::*;
use leptos::reactive::spawn_local_scoped_with_cancellation;

use crate::api::ApiError;
use crate::platform::availability::Availability;
use crate::platform::clock;
use crate::platform::retries::Retries;

/// The answer to a question that may change.
pub(crate) struct Remote<K: 'static, T: 'static> {
    loaded: RwSignal<Option<Arc<Loaded<K, T>>>>,
    error: RwSignal<Option<ApiError>>,
    is_loading: RwSignal<bool>,
    again: Trigger,
    availability: Option<Availability>,
}

/// An answer, and what was asked.
#[derive(Debug, PartialEq)]
pub(crate) struct Loaded<K, T> {
    /// What was asked.
    pub(crate) question: K,
    /// What was answered.
    pub(crate) answer: T,
}

impl<K, T> Clone for Remote<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K, T> Copy for Remote<K, T> {}

impl<K, T> Remote<K, T>
where
    K: Clone + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    /// Asks whenever the question changes; asks nothing while there is none. A failure that may pass is
    /// tried again until it has passed or something else is asked.
    pub(crate) fn new<F>(
        question: impl Fn() -> Option<K> + 'static,
        fetch: impl Fn(K) -> F + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        let remote = Self {
            loaded: RwSignal::new(None),
            error: RwSignal::new(None),
            is_loading: RwSignal::new(true),
            again: Trigger::new(),
            availability: Availability::find(),
        };
        Effect::new(move || {
            remote.again.track();
            let question = question();
            remote.is_loading.set(question.is_some());
            match question {
                Some(question) => {
                    spawn_local_scoped_with_cancellation(remote.load(question, fetch.clone()));
                }
                None => remote.error.set(None),
            }
        });
        remote
    }

    /// The last answer, perhaps to the question before.
    pub(crate) fn loaded(self) -> Option<Arc<Loaded<K, T>>> {
        self.loaded.get()
    }

    /// The last answer, without following what becomes of it.
    pub(crate) fn loaded_untracked(self) -> Option<Arc<Loaded<K, T>>> {
        self.loaded.get_untracked()
    }

    /// Why there is no answer yet.
    pub(crate) fn error(self) -> Option<ApiError> {
        self.error.get()
    }

    /// Why there will be none, so that an old answer must not stand in its place.
    pub(crate) fn final_error(self) -> Option<ApiError> {
        self.error.get().filter(|error| !error.code.is_passing())
    }

    /// Why it takes longer.
    pub(crate) fn passing_error(self) -> Option<ApiError> {
        self.error.get().filter(|error| error.code.is_passing())
    }

    /// Whether an answer is on its way.
    pub(crate) fn is_loading(self) -> bool {
        self.is_loading.get()
    }

    /// Asks the same once more.
    pub(crate) fn ask_again(self) {
        self.again.notify();
    }

    async fn load<F>(self, question: K, fetch: impl Fn(K) -> F)
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut retries = Retries::default();
        loop {
            match fetch(question.clone()).await {
                Ok(answer) => {
                    self.loaded.set(Some(Arc::new(Loaded { question, answer })));
                    self.error.set(None);
                    break;
                }
                Err(error) => {
                    let is_passing = error.code.is_passing();
                    if let Some(availability) = self.availability {
                        availability.failed(&error);
                    }
                    self.error.set(Some(error));
                    if !is_passing {
                        break;
                    }
                }
            }
            let wait_ms = retries.next_ms(clock::random());
            match self.availability {
                Some(availability) => availability.wait(wait_ms).await,
                None => clock::sleep(wait_ms).await,
            }
        }
        self.is_loading.set(false);
    }
}
