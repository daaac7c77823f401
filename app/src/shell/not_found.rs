//! Addresses that lead nowhere.

use crate::platform::title::title;
use leptos::prelude::*;

use crate::api::{ApiError, ErrorCode};
use crate::ui::error_panel::ErrorPanel;

/// There is nothing here.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    title(|| "Not found · Rewind".to_owned());
    view! {
        <div class="page centered">
            <div class="empty" data-testid="not-found">
                <p class="empty-mark" aria-hidden="true">"∅"</p>
                <h1>"There is no page at this address"</h1>
                <p>"The link may have lost a part on its way. Streams, events and versions all start from the list."</p>
                <p>
                    <a class="button primary" href="/streams" data-testid="all-streams">"All streams"</a>
                </p>
            </div>
        </div>
    }
}

/// There is a page here, but its parameters cannot be read.
#[component]
pub(crate) fn UnreadablePage(
    /// What is wrong.
    reason: String,
) -> impl IntoView {
    title(|| "Unreadable link · Rewind".to_owned());
    view! {
        <div class="page centered">
            <ErrorPanel error=ApiError::new(ErrorCode::BadParameter, reason)>
                <a class="button primary" href="/streams" data-testid="all-streams">"All streams"</a>
            </ErrorPanel>
        </div>
    }
}
