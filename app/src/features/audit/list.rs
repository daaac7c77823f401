//! A list of what was done.

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::EntryId;

use super::row::Row;
use crate::address::AuditAddress;
use crate::api::query::{AuditQuery, Limit};
use crate::api::{AuditPage, AuditRow, functions};
use crate::features::operations::asking::Operating;
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How often the newest are asked for, in milliseconds.
const EVERY_MS: u64 = 2_000;

/// Lists operations of the audit log, the newest first.
#[component]
pub(crate) fn AuditList(
    /// Which of them.
    address: Memo<AuditAddress>,
) -> impl IntoView {
    let operating = Operating::expect();
    let query = move |before: Option<EntryId>| {
        let AuditAddress { stream, group, projection, kind, who } = address.get();
        AuditQuery { stream, group, projection, kind, who, before, limit: Limit::default() }
    };
    let remote: Remote<AuditQuery, AuditPage> = Remote::new(
        move || {
            operating.changes();
            Some(query(None))
        },
        functions::audit,
    );
    let older = RwSignal::new(Vec::<AuditRow>::new());
    let next_before = RwSignal::new(None::<EntryId>);
    keep_asking(remote, |_| EVERY_MS, move || older.with_untracked(|older| !older.is_empty()));
    Effect::new(move || {
        let Some(loaded) = remote.loaded() else { return };
        older.set(Vec::new());
        next_before.set(loaded.answer.next_before);
    });
    let rows = Memo::new(move |_| {
        let mut rows =
            remote.loaded().map(|loaded| loaded.answer.operations.clone()).unwrap_or_default();
        older.with(|older| rows.extend(older.iter().cloned()));
        rows
    });
    let problem = RwSignal::new(None::<String>);
    let load_more = move |_| {
        let query = untrack(|| query(next_before.get_untracked()));
        spawn_local(async move {
            match functions::audit(query).await {
                Ok(page) => {
                    older.try_update(|older| older.extend(page.operations));
                    next_before.try_set(page.next_before);
                    problem.try_set(None);
                }
                Err(error) => drop(problem.try_set(Some(error.message))),
            }
        });
    };
    let ids =
        Memo::new(move |_| rows.with(|rows| rows.iter().map(|row| row.entry).collect::<Vec<_>>()));
    let row = move |entry: EntryId| {
        let row = Memo::new(move |before: Option<&Option<AuditRow>>| {
            let now = rows.with(|rows| rows.iter().find(|row| row.entry == entry).cloned());
            now.or_else(|| before.cloned().flatten())
        });
        view! { <Row row /> }
    };
    let is_empty = Memo::new(move |_| ids.with(Vec::is_empty));
    let is_here = Memo::new(move |_| remote.loaded().is_some());
    let final_error = Memo::new(move |_| remote.final_error());
    let content = move || {
        match (final_error.get(), is_here.get(), is_empty.get()) {
        (Some(error), ..) => view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any(),
        (None, false, _) => view! { <Skeleton rows=10 /> }.into_any(),
        (None, true, true) => view! {
            <EmptyState title="Nothing was done">
                "Every change that is made from here is listed: who made it, what it was to do, and what came of it."
            </EmptyState>
        }
        .into_any(),
        (None, true, false) => view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="Operations">
                <table class="rows-table audit-table" data-testid="audit">
                    <thead>
                        <tr>
                            <th scope="col">"When"</th>
                            <th scope="col">"Who"</th>
                            <th scope="col">"Operation"</th>
                            <th scope="col">"What it was to do"</th>
                            <th scope="col">"What came of it"</th>
                            <th scope="col"><span class="sr-only">"Actions"</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || ids.get() key=|id| *id children=row />
                    </tbody>
                </table>
                <div class="list-foot">
                    <Show when=move || next_before.get().is_some()>
                        <button type="button" class="button" data-testid="audit-more" on:click=load_more>
                            "Load more"
                        </button>
                    </Show>
                    {move || problem.get().map(|why| view! { <span class="form-problem" role="alert">{text::sentence(&why)}</span> })}
                </div>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
        {content}
    }
}
