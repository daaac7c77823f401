//! How far behind a group is.

use leptos::prelude::*;

use crate::api::GroupLag;
use crate::ui::text;

/// How many entries a group was not given yet, or at most, with the reason why that is not known exactly.
#[component]
pub(crate) fn LagFigure(
    /// The group.
    #[prop(into)]
    group: Signal<Option<GroupLag>>,
) -> impl IntoView {
    move || {
        let group = group.get()?;
        Some(match (group.lag, group.unknown_because) {
            (Some(lag), _) => {
                view! { <span class:behind={lag > 0} data-testid="lag">{text::grouped(lag)}</span> }
                    .into_any()
            }
            (None, because) => {
                let because = because.unwrap_or_default();
                let spoken = because.clone();
                let most = group
                    .lag_at_most
                    .map_or("unknown".to_owned(), |most| format!("≤ {}", text::grouped(most)));
                view! {
                    <span class="faint" title=because data-testid="lag">
                        {most}
                        <span class="sr-only">": " {spoken}</span>
                    </span>
                }
                .into_any()
            }
        })
    }
}
