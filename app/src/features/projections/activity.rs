//! What a projection is doing, in a word.

use leptos::prelude::*;

use crate::api::{ProjectionActivity, ProjectionStatus};

/// The word, its meaning, and the class of its colour.
fn words(activity: ProjectionActivity) -> (&'static str, &'static str, &'static str) {
    match activity {
        ProjectionActivity::CatchingUp => ("catching up", "It handles what there is", "running"),
        ProjectionActivity::Following => {
            ("following", "It has handled everything, and waits for more", "done")
        }
        ProjectionActivity::Failed => ("failed", "It stopped at an error", "failed"),
        ProjectionActivity::Paused => ("paused", "Somebody paused it", "cancelled"),
        ProjectionActivity::Stopped => ("stopped", "Nobody runs it", "cancelled"),
        ProjectionActivity::Abandoned => {
            ("abandoned", "Whoever ran it was not heard of for too long", "failed")
        }
        ProjectionActivity::Unknown => {
            ("not told", "Another program keeps it, and does not tell", "faint")
        }
    }
}

/// What a projection is doing.
#[component]
pub(super) fn Activity(
    /// The projection.
    #[prop(into)]
    projection: Signal<Option<ProjectionStatus>>,
) -> impl IntoView {
    move || {
        projection.with(|projection| {
            let (word, title, class) = words(projection.as_ref()?.activity);
            Some(view! { <span class=format!("outcome-word {class}") title=title data-testid="activity">{word}</span> })
        })
    }
}
