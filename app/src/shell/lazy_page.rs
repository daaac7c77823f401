//! A page in a file of its own, fetched when it is first shown or once there is nothing else to do.

use std::future::Future;

use leptos::prelude::*;

use crate::api::query::NoQuery;
use crate::api::{ApiError, ErrorCode, functions};
use crate::platform::location;
use crate::platform::remote::Remote;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;

/// Draws a page, given what it is about.
pub(crate) type Draw<P> = fn(P) -> AnyView;

/// A page that is about `P`, and may still be on the server.
pub(crate) struct LazyPage<P: 'static> {
    is_wanted: RwSignal<bool>,
    fetched: Remote<(), Draw<P>>,
}

impl<P> Clone for LazyPage<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for LazyPage<P> {}

impl<P: Clone + Send + 'static> LazyPage<P> {
    /// A page that this fetches, once it is wanted.
    pub(crate) fn new<F, E>(fetch: impl Fn() -> F + Clone + 'static) -> Self
    where
        F: Future<Output = Result<Draw<P>, E>> + 'static,
    {
        let is_wanted = RwSignal::new(false);
        let fetched = Remote::new(
            move || is_wanted.get().then_some(()),
            move |()| {
                let fetching = fetch();
                async move {
                    match fetching.await {
                        Ok(draw) => Ok(draw),
                        Err(_) => Err(why_missing().await),
                    }
                }
            },
        );
        Self { is_wanted, fetched }
    }

    /// Fetches the page, unless it is here or on its way.
    pub(crate) fn fetch(self) {
        if !self.is_wanted.get_untracked() {
            self.is_wanted.set(true);
        } else if untrack(|| self.fetched.final_error().is_some()) {
            self.fetched.ask_again();
        }
    }

    /// The page; until it is here, that it is on its way, or why it does not come.
    pub(crate) fn show(self, about: P) -> AnyView {
        self.fetch();
        let draw = Memo::new(move |_| self.fetched.loaded().map(|loaded| loaded.answer));
        let shown = move || match draw.get() {
            Some(draw) => draw(about.clone()),
            None => view! { <Missing page=self /> }.into_any(),
        };
        shown.into_any()
    }
}

/// Stands in place of a page until it is here.
#[component]
fn Missing<P: Clone + Send + 'static>(page: LazyPage<P>) -> impl IntoView {
    let content = move || {
        let Some(error) = page.fetched.error() else {
            return view! { <Skeleton rows=10 /> }.into_any();
        };
        // What passes is tried again by itself.
        let reload = (!error.code.is_passing()).then(|| {
            view! {
                <button
                    type="button"
                    class="button primary"
                    data-testid="reload"
                    on:click=move |_| location::reload()
                >
                    <Icon glyph=Glyph::Reload />
                    "Reload Rewind"
                </button>
            }
        });
        view! {
            <ErrorPanel error retry=move |()| page.fetched.ask_again()>
                {reload}
            </ErrorPanel>
        }
        .into_any()
    };
    view! { <div class="page">{content}</div> }
}

/// Why a page was not to be had. The files of the front end go together: a server that is there and does not have one of
/// them has those of another build.
async fn why_missing() -> ApiError {
    match functions::about(NoQuery {}).await {
        Err(error) => error,
        Ok(_) => ApiError::new(
            ErrorCode::PartMissing,
            "the server is there but did not send it, most likely because it was updated after Rewind was opened \
             here; reload to get what belongs together",
        ),
    }
}
