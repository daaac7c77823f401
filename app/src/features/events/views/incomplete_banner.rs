//! What a history lacks.

use leptos::prelude::*;
use rewind_domain::versions::Incomplete;

use crate::ui::icon::{Glyph, Icon};

/// Says what is missing, wherever versions or states are shown.
#[component]
pub(crate) fn IncompleteBanner(
    /// What is missing.
    #[prop(into)]
    incomplete: Signal<Option<Incomplete>>,
) -> impl IntoView {
    move || {
        incomplete.get().map(|incomplete| {
            view! {
                <div class="banner notice" role="note" data-testid="incomplete">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>"Incomplete. "</strong>
                        {incomplete.explanation()}
                    </span>
                </div>
            }
        })
    }
}
