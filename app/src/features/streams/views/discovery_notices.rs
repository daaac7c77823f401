//! What keeps the list of streams from being whole.

use leptos::prelude::*;

use crate::api::{DiscoveryProblem, DiscoveryStatus};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Says what Redis does not let this user do and what would, and what was left out.
#[component]
pub(crate) fn DiscoveryNotices(
    /// How the search for streams stands.
    #[prop(into)]
    status: Signal<Option<DiscoveryStatus>>,
) -> impl IntoView {
    let problems = Memo::new(move |_| {
        let problems = status.with(|status| status.as_ref().map(|status| status.problems.clone()));
        let mut problems = problems.unwrap_or_default();
        // What passes is said elsewhere, for the page as a whole.
        problems.retain(|problem| !problem.code.is_passing());
        problems
    });
    let cut_at = Memo::new(move |_| status.with(|status| status.as_ref()?.cut_at));
    let cut = move || {
        cut_at.get().map(|streams| {
            view! {
                <div class="banner notice" role="note" data-testid="catalog-cut">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>"Not all streams are listed. "</strong>
                        {format!("There are more than the {} that there is room for; a stream that is missing can be searched for by its whole key.", text::grouped(streams))}
                    </span>
                </div>
            }
        })
    };
    view! {
        {move || problems.get().into_iter().map(problem).collect_view()}
        {cut}
    }
}

fn problem(problem: DiscoveryProblem) -> impl IntoView {
    let DiscoveryProblem { message, command, rule, .. } = problem;
    let effect = match command.as_deref() {
        Some("SCAN") => {
            " Streams cannot be looked for; type the whole key of one into the box above to open it."
        }
        Some(_) => " Consumer groups, and what was trimmed, cannot be told.",
        None => "",
    };
    let what = match command {
        Some(command) => view! {
            "Redis does not let this user run " <code>{command}</code> "."
        }
        .into_any(),
        None => text::sentence(&message).into_any(),
    };
    let help = rule.map(|rule| {
        view! { " The ACL rule " <code>{rule}</code> " would allow it." }
    });
    view! {
        <div class="banner notice" role="note" data-testid="discovery-problem">
            <Icon glyph=Glyph::Warning />
            <span><strong>{what}</strong>{effect}{help}</span>
        </div>
    }
}
