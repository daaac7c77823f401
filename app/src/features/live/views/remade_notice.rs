//! That a stream was made again under a page.

use leptos::prelude::*;
use rewind_domain::StreamKey;

use crate::ui::icon::{Glyph, Icon};
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// Says that streams were deleted and made again since the page was opened. Nothing is drawn while there are none.
#[component]
pub(crate) fn RemadeNotice(
    /// The streams.
    #[prop(into)]
    streams: Signal<Vec<StreamKey>>,
) -> impl IntoView {
    let notice = move || {
        let streams = streams.get();
        let [first, rest @ ..] = &streams[..] else { return None };
        let others = (!rest.is_empty())
            .then(|| format!(" and {}", text::counted(rest.len() as u64, "other", "others")));
        let was = if rest.is_empty() { "was" } else { "were" };
        let has = if rest.is_empty() { "it has" } else { "they have" };
        Some(view! {
            <p class="banner" data-testid="remade">
                <Icon glyph=Glyph::History />
                <span>
                    <KeyText stream=first.clone() />
                    {others}
                    {format!(" {was} deleted and made again. This page shows what {has} now.")}
                </span>
            </p>
        })
    };
    view! { <div role="status">{notice}</div> }
}
