//! The audit log: what was done to the event store, by whom, and what came of it.

mod list;
mod row;

use leptos::prelude::*;
use rewind_domain::operations::Operation;

use crate::address::{AuditAddress, EventsAddress, OperatingAddress};
use crate::platform::location::{History, Location};
use crate::platform::title::title;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};

pub(crate) use list::AuditList;

/// The stream that holds it.
const AUDIT: &str = "rewind:audit";

/// Lists what was done.
#[component]
pub(crate) fn AuditPage(
    /// Which of it.
    address: Memo<AuditAddress>,
) -> impl IntoView {
    title(|| "Audit · Rewind".to_owned());
    let location = Location::expect();
    let go = move |address: AuditAddress| {
        location.go(&OperatingAddress::Audit(address).href(), History::Replace);
    };
    let kinds = Operation::KINDS.map(|kind| {
        view! { <option value=kind selected=move || address.get().kind == kind>{kind.replace('_', " ")}</option> }
    });
    let chips = move || {
        let AuditAddress { stream, group, projection, .. } = address.get();
        let chip = |label: &'static str, name: String, without: AuditAddress| {
            view! {
                <span class="filter-chip">
                    {label} " " {foreign(&name)}
                    <a href=OperatingAddress::Audit(without).href() data-testid="audit-without" aria-label=format!("Without {label}")>
                        <Icon glyph=Glyph::Close />
                    </a>
                </span>
            }
        };
        let now = address.get();
        [
            stream.map(|stream| {
                chip("Stream", stream.to_string(), AuditAddress { stream: None, ..now.clone() })
            }),
            group.map(|group| {
                chip("Group", group.to_string(), AuditAddress { group: None, ..now.clone() })
            }),
            (!projection.is_empty()).then(|| {
                let without = AuditAddress { projection: String::new(), ..now.clone() };
                chip("Projection", projection.clone(), without)
            }),
        ]
    };
    view! {
        <div class="page audit-page">
            <div class="toolbar">
                <h1>"Audit"</h1>
                {chips}
                <label class="select inline-field">
                    "Operation"
                    <select
                        data-testid="audit-kind"
                        on:change=move |event| go(AuditAddress { kind: event_target_value(&event), ..address.get_untracked() })
                    >
                        <option value="" selected=move || address.get().kind.is_empty()>"all"</option>
                        {kinds}
                    </select>
                </label>
                <label class="search">
                    <Icon glyph=Glyph::Search />
                    <input
                        type="search"
                        placeholder="Who"
                        aria-label="Who did it"
                        data-testid="audit-who"
                        prop:value=move || address.get().who
                        on:input=move |event| go(AuditAddress { who: event_target_value(&event), ..address.get_untracked() })
                    />
                </label>
                <span class="toolbar-gap"></span>
                <a class="link" href=EventsAddress::newest(AUDIT.into()).href() data-testid="audit-stream">"As a stream"</a>
            </div>
            <AuditList address />
        </div>
    }
}
