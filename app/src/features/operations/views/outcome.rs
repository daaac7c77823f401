//! How far an operation is, or what it came to.

use leptos::prelude::*;
use rewind_domain::operations::OutcomeStatus;

use crate::address::{AuditAddress, OperatingAddress};
use crate::api::OperationStatus;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;

/// Shows an operation that was begun.
#[component]
pub(crate) fn OutcomeView(
    /// The operation.
    status: OperationStatus,
    /// Ends it.
    #[prop(into)]
    on_cancel: Callback<()>,
) -> impl IntoView {
    let outcome = status.outcome;
    let is_running = outcome.status == OutcomeStatus::Running;
    let of = format!(
        "{} of {}",
        text::grouped(outcome.done + outcome.passed_over),
        text::grouped(outcome.total)
    );
    let message = match outcome.status {
        OutcomeStatus::Running => format!("{of} done. It goes on when this is closed."),
        _ => outcome.message.clone(),
    };
    let (class, glyph) = match outcome.status {
        OutcomeStatus::Done => ("outcome done", Glyph::Check),
        OutcomeStatus::Running => ("outcome running", Glyph::Reload),
        OutcomeStatus::Cancelled | OutcomeStatus::Failed | OutcomeStatus::Unknown => {
            ("outcome failed", Glyph::Warning)
        }
    };
    let log = AuditAddress {
        stream: status.stream.clone(),
        group: status.group.clone(),
        kind: status.kind.clone(),
        ..AuditAddress::default()
    };
    let bar = is_running.then(|| {
        view! {
            <progress
                max=outcome.total.max(1).to_string()
                prop:value=(outcome.done + outcome.passed_over).to_string()
                aria-label=of.clone()
            ></progress>
            <button type="button" class="button" data-testid="operation-cancel" on:click=move |_| on_cancel.run(())>
                "End it"
            </button>
        }
    });
    let problem = status.audit_problem.map(|problem| {
        view! { <p class="preview-refusal">{format!("Its outcome is not in the audit log: {problem}")}</p> }
    });
    view! {
        <div class=class role="status" data-testid="outcome" data-status=outcome.status.name()>
            <Icon glyph />
            <span class="outcome-message">{foreign(&message)}</span>
            {bar}
        </div>
        {problem}
        <p class="preview-facts">
            <a class="link" href=OperatingAddress::Audit(log).href() data-testid="outcome-audit">"In the audit log"</a>
        </p>
    }
}
