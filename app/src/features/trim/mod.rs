//! Trimming a stream: which of its oldest entries go, and who would lose something.

mod choice;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::Permission;
use rewind_domain::operations::Operation;

use crate::address::{AuditAddress, EventsAddress, OperatingAddress};
use crate::api::functions;
use crate::api::query::PreviewQuery;
use crate::features::operations::asking::Operating;
use crate::features::operations::views::preview::PreviewView;
use crate::features::trim::choice::{Choice, TrimKind};
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::title::title;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// Shows what trimming would do while one chooses, and does it.
#[component]
pub(crate) fn TrimPage(
    /// The stream.
    stream: StreamKey,
) -> impl IntoView {
    let named = format!("Trim {stream} · Rewind");
    title(move || named.clone());
    let operating = Operating::expect();
    let choice = RwSignal::new(Choice::default());
    let read = Memo::new(move |_| choice.with(Choice::read));
    let key = stream.clone();
    let operation = Memo::new(move |_| {
        let by = read.get().ok()?;
        let about = choice.with(|choice| choice.about);
        Some(Operation::Trim { stream: key.clone(), by, about })
    });
    // What stands there changes while one types; what was previewed last stays until the next is here.
    let preview = Remote::new(
        move || {
            operating.changes();
            operation.get().map(|operation| PreviewQuery { operation })
        },
        functions::preview,
    );
    let key = stream.clone();
    let obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Trim, &key));
    let key = stream.clone();
    let delete_obstacle = Memo::new(move |_| Rights::obstacle_on(Permission::Delete, &key));
    let choose = move |event| {
        let name = event_target_value(&event);
        let kind = TrimKind::ALL.into_iter().find(|kind| kind.name() == name).unwrap_or_default();
        choice.update(|choice| {
            *choice = Choice { kind, value: kind.example().to_owned(), ..choice.clone() }
        });
    };
    let options =
        TrimKind::ALL.map(|kind| view! { <option value=kind.name()>{kind.label()}</option> });
    let content = move || {
        if let Err(why) = read.get() {
            return view! { <p class="form-problem" role="alert" data-testid="trim-problem">{text::sentence(&why)}</p> }.into_any();
        }
        if let Some(error) = preview.final_error() {
            return view! { <ErrorPanel error retry=move |()| preview.ask_again() /> }.into_any();
        }
        match preview.loaded() {
            Some(loaded) => view! { <PreviewView preview=loaded.answer.clone() /> }.into_any(),
            None => ().into_any(),
        }
    };
    let is_off = Memo::new(move |_| {
        let is_refused = preview.loaded().is_none_or(|loaded| loaded.answer.refusal.is_some());
        operation.get().is_none() || is_refused || preview.final_error().is_some()
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if let Some(operation) = operation.get_untracked().filter(|_| !is_off.get_untracked()) {
            operating.ask(operation);
        }
    };
    let events = EventsAddress::newest(stream.clone()).href();
    let log = AuditAddress { stream: Some(stream.clone()), ..AuditAddress::default() };
    let whole = stream.clone();
    view! {
        <div class="page trim-page">
            <header class="stream-head-bar">
                <div class="stream-title">
                    <nav class="crumbs" aria-label="Which stream">
                        <a href=events data-testid="crumb-trim-stream"><KeyText stream /></a>
                    </nav>
                    <h1>"Trim"</h1>
                </div>
                <div class="head-actions">
                    <a class="link" href=OperatingAddress::Audit(log).href() data-testid="trim-audit">"What was done"</a>
                    <button
                        type="button"
                        class="button"
                        data-testid="delete-stream"
                        title=move || delete_obstacle.get()
                        aria-disabled=move || delete_obstacle.get().is_some().then_some("true")
                        on:click=move |_| operating.ask(Operation::DeleteStream { stream: whole.clone() })
                    >
                        "Delete the stream"
                    </button>
                </div>
            </header>
            <ErrorBanner error=Signal::derive(move || preview.passing_error()) />
            <form class="form trim-form" on:submit=submit>
                <div class="form-row">
                    <label class="select">
                        "Keep"
                        <select data-testid="trim-kind" on:change=choose>{options}</select>
                    </label>
                    <Show when=move || choice.with(|choice| !choice.kind.example().is_empty())>
                        <label>
                            {move || choice.with(|choice| choice.kind.value_label())}
                            <input
                                type="text"
                                data-testid="trim-value"
                                prop:value=move || choice.with(|choice| choice.value.clone())
                                on:input=move |event| choice.update(|choice| choice.value = event_target_value(&event))
                            />
                        </label>
                    </Show>
                    <label class="check">
                        <input
                            type="checkbox"
                            data-testid="trim-about"
                            prop:checked=move || choice.with(|choice| choice.about)
                            on:change=move |event| choice.update(|choice| choice.about = event_target_checked(&event))
                        />
                        "Whole blocks only: costs less, keeps more"
                    </label>
                </div>
                {content}
                {move || obstacle.get().map(|why| view! { <p class="form-problem" data-testid="trim-obstacle">{text::sentence(&why)}</p> })}
                <button type="submit" class="button primary danger" data-testid="trim-look" disabled=move || is_off.get()>
                    "Trim…"
                </button>
            </form>
        </div>
    }
}
