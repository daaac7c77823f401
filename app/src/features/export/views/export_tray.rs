//! How far the exports are that the browser saves.

use leptos::prelude::*;

use crate::api::export::{ExportPhase, Ticket};
use crate::features::export::state::exports::Export;
use crate::platform::press::Press;
use crate::ui::text;

/// Shows how far each export is, and ends those that are not wanted any more. Takes no room while there is none.
#[component]
pub(crate) fn ExportTray(
    /// All of them.
    #[prop(into)]
    exports: Signal<Vec<Export>>,
    /// Ends one.
    #[prop(into)]
    on_cancel: Callback<Ticket>,
    /// Speaks no more of one.
    #[prop(into)]
    on_dismiss: Callback<Ticket>,
) -> impl IntoView {
    let tickets = Memo::new(move |_| {
        exports.with(|all| all.iter().map(|export| export.ticket.clone()).collect::<Vec<_>>())
    });
    view! {
        <section class="exports" aria-label="Exports" aria-live="polite">
            <For each=move || tickets.get() key=ToString::to_string let:ticket>
                <ExportRow ticket exports on_cancel on_dismiss />
            </For>
        </section>
    }
}

#[component]
fn ExportRow(
    ticket: Ticket,
    exports: Signal<Vec<Export>>,
    on_cancel: Callback<Ticket>,
    on_dismiss: Callback<Ticket>,
) -> impl IntoView {
    let of = ticket.clone();
    let export = Memo::new(move |_| {
        exports.with(|all| all.iter().find(|export| export.ticket == of).cloned())
    });
    let of_export = move |read: fn(&Export) -> String| {
        export.with(|export| export.as_ref().map(read).unwrap_or_default())
    };
    let share = Memo::new(move |_| export.with(|export| export.as_ref()?.share()));
    let is_over = Memo::new(move |_| export.with(|e| e.as_ref().is_none_or(Export::is_over)));
    let press = Press::new();
    let phase = move || export.with(|export| export.as_ref().map(|e| phase_name(e.phase())));
    let failures = move || {
        let failures = export.with(|export| export.as_ref()?.failures().cloned())?;
        let events = text::counted(failures.count, "event", "events");
        Some(view! {
            <p class="export-failures" data-testid="export-failures">
                {format!(
                    "The filter failed on {events}, which are left out. The first is {} in `{}`: {}",
                    failures.first_id,
                    failures.first_stream,
                    text::sentence(&failures.message),
                )}
            </p>
        })
    };
    let unread = move || {
        let unread = export.with(|export| export.as_ref()?.unread())?;
        Some(view! { <p class="export-failures" data-testid="export-unread">{unread}</p> })
    };
    view! {
        <article class="export" data-testid="export-row" data-phase=phase>
            <div class="export-text">
                <p>
                    <strong>{move || of_export(|export| export.file.clone())}</strong>
                    " "
                    {move || of_export(|export| export.title().to_owned())}
                </p>
                <progress
                    aria-label="Events looked at"
                    class:hidden=move || share.get().is_none()
                    max=move || share.get().map_or(1, |(_, total)| total.max(1)).to_string()
                    value=move || share.get().map_or(0, |(looked_at, _)| looked_at).to_string()
                ></progress>
                <p class="export-details" aria-live="off" data-testid="export-details">
                    {move || of_export(Export::details)}
                </p>
                {unread}
                {failures}
            </div>
            // One button, so that the keyboard stays on it when the export ends. It does what it said when it was pressed.
            <button
                type="button"
                class="button"
                data-testid=move || if is_over.get() { "export-dismiss" } else { "export-cancel" }
                on:pointerdown=move |_| press.begin(is_over.get_untracked())
                on:click=move |_| {
                    let Some(is_over) = press.end(is_over.get_untracked()) else { return };
                    let act = if is_over { on_dismiss } else { on_cancel };
                    act.run(ticket.clone());
                }
            >
                {move || if is_over.get() { "Dismiss" } else { "Cancel" }}
            </button>
        </article>
    }
}

const fn phase_name(phase: ExportPhase) -> &'static str {
    match phase {
        ExportPhase::Waiting => "waiting",
        ExportPhase::Running => "running",
        ExportPhase::Complete => "complete",
        ExportPhase::Cancelled => "cancelled",
        ExportPhase::Failed => "failed",
    }
}
