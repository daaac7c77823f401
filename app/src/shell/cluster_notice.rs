//! That Redis is one node of a cluster.

use leptos::prelude::*;

use crate::api::About;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Says on every page that other nodes have keys that are not shown.
#[component]
pub(crate) fn ClusterNotice(
    /// What the server told about itself.
    #[prop(into)]
    about: Signal<Option<About>>,
    /// Whether the page says it itself.
    #[prop(into)]
    is_said: Signal<bool>,
) -> impl IntoView {
    let message = Memo::new(move |_| {
        let cluster = about.with(|about| about.as_ref()?.cluster.clone())?;
        let is_whole = cluster.nodes == Some(1);
        (!is_whole && !is_said.get()).then_some(cluster.message)
    });
    move || {
        message.get().map(|message| {
            view! {
                <p class="banner notice" role="note" data-testid="cluster">
                    <Icon glyph=Glyph::Warning />
                    <span>{text::sentence(&message)}</span>
                </p>
            }
        })
    }
}
