//! One operation of the audit log.

use leptos::prelude::*;

use crate::address::{EventsAddress, GroupAddress, OperatingAddress};
use crate::api::{AuditRow, HeardOf};
use crate::features::operations::asking::Operating;
use crate::ui::foreign_text::foreign;
use crate::ui::moment::Moment;
use crate::ui::text;

/// A row of the list. What came of the operation may still come.
#[component]
pub(super) fn Row(
    /// The operation.
    row: Memo<Option<AuditRow>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let Some(first) = row.get_untracked() else { return ().into_any() };
    let AuditRow {
        at_ms, who, is_verified, from, kind, sentence, stream, group, operation, ..
    } = first;
    let whence = from.map(|from| format!("from {from}")).unwrap_or_default();
    let unverified = (!is_verified).then(|| {
        view! { " " <span class="faint" title="No login says so">"(not verified)"</span> }
    });
    let outcome = move || {
        let row = row.get()?;
        Some(match (row.outcome, row.heard_of) {
            (Some(outcome), _) => {
                let took = text::brief_duration(outcome.took_ms);
                view! {
                    <span class=format!("outcome-word {}", outcome.status) data-testid="audit-status">{outcome.status.clone()}</span>
                    " "
                    {foreign(&outcome.message)}
                    " "
                    <span class="faint">{took}</span>
                }
                .into_any()
            }
            (None, Some(HeardOf { is_running: true, done, total, .. })) => {
                let far = format!("{} of {} so far", text::grouped(done), text::grouped(total));
                view! { <span class="outcome-word running" data-testid="audit-status">"running"</span> " " {far} }
                    .into_any()
            }
            (None, _) => view! {
                <span class="outcome-word unknown" data-testid="audit-status">"interrupted"</span>
                " No outcome was recorded: its server is gone."
            }
            .into_any(),
        })
    };
    let is_interrupted = Memo::new(move |_| {
        row.with(|row| {
            row.as_ref().is_some_and(|row| {
                row.outcome.is_none() && row.heard_of.as_ref().is_none_or(|heard| !heard.is_running)
            })
        })
    });
    let again = operation.map(|operation| {
        view! {
            <Show when=move || is_interrupted.get()>
                <button
                    type="button"
                    class="button"
                    data-testid="audit-finish"
                    on:click={
                        let operation = operation.clone();
                        move |_| operating.ask(operation.clone())
                    }
                >
                    "Finish it"
                </button>
            </Show>
        }
    });
    let link = match (stream, group) {
        (Some(stream), Some(group)) => {
            let group = OperatingAddress::Group(GroupAddress::of(stream, group));
            Some(view! { <a class="link" href=group.href() data-testid="audit-group">"Group"</a> })
        }
        (Some(stream), None) => Some(
            view! { <a class="link" href=EventsAddress::newest(stream).href() data-testid="audit-of-stream">"Stream"</a> },
        ),
        (None, _) => None,
    };
    let named = kind.replace('_', " ");
    view! {
        <tr data-testid="audit-row" data-kind=kind>
            <td><Moment ms=at_ms /></td>
            <td title=whence>{foreign(&who)}{unverified}</td>
            <td>{named}</td>
            <td class="data">{foreign(&sentence)}</td>
            <td class="data">{outcome}</td>
            <td class="row-actions">{link}{again}</td>
        </tr>
    }
    .into_any()
}
