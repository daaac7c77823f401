//! New events: published to a stream, or appended to an aggregate at the version that was seen.

mod foreseen;
mod form;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::caller::Permission;
use rewind_domain::stream_key::StreamKind;

use crate::address::{EventsAddress, PublishAddress};
use crate::api::query::{EventQuery, IndexQuery, ReplayQuery, Until};
use crate::api::{ErrorCode, ReplayAnswer, functions};
use crate::features::operations::asking::Operating;
use crate::features::publish::foreseen::Foreseen;
use crate::features::publish::form::Form;
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::title::title;
use crate::ui::aggregates::Aggregates;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// How often it is looked whether the aggregate has changed, in milliseconds.
const EVERY_MS: u64 = 2_000;

/// A form for a new event.
#[component]
pub(crate) fn PublishPage(
    /// To which stream, and like which event.
    address: PublishAddress,
) -> impl IntoView {
    let PublishAddress { stream, from } = address;
    let named = format!("New event of {stream} · Rewind");
    title(move || named.clone());
    let form = RwSignal::new(Form::default());
    let copied = from.map(|from| {
        let query =
            EventQuery { stream: from.stream.unwrap_or_else(|| stream.clone()), id: from.id };
        let remote = Remote::new(move || Some(query.clone()), functions::event);
        Effect::new(move || {
            if let Some(loaded) = remote.loaded() {
                form.set(Form::like(&loaded.answer.event));
            }
        });
        remote
    });
    let key = stream.clone();
    let is_aggregate = Memo::new(move |_| Aggregates::kind(&key) == StreamKind::Aggregate);
    let copy_error = move || {
        let error = copied.and_then(|remote| remote.final_error())?;
        Some(
            view! { <ErrorPanel error retry=move |()| copied.into_iter().for_each(Remote::ask_again) /> },
        )
    };
    let events = EventsAddress::newest(stream.clone()).href();
    let (of_form, of_state) = (stream.clone(), stream.clone());
    let seen = RwSignal::new(None::<u64>);
    view! {
        <div class="page publish-page">
            <header class="stream-head-bar">
                <div class="stream-title">
                    <nav class="crumbs" aria-label="Where this goes">
                        <a href=events data-testid="crumb-publish-stream"><KeyText stream /></a>
                    </nav>
                    <h1>{move || if is_aggregate.get() { "Append an event" } else { "Publish an event" }}</h1>
                </div>
            </header>
            {copy_error}
            <div class="publish-panes">
                <EventForm stream=of_form form is_aggregate seen />
                <Show when=move || is_aggregate.get()>
                    <State stream=of_state.clone() form seen />
                </Show>
            </div>
        </div>
    }
}

#[component]
fn EventForm(
    stream: StreamKey,
    form: RwSignal<Form>,
    is_aggregate: Memo<bool>,
    seen: RwSignal<Option<u64>>,
) -> impl IntoView {
    let operating = Operating::expect();
    let types = {
        let query = IndexQuery::new(stream.clone());
        Remote::new(move || Some(query.clone()), functions::index)
    };
    let known = move || {
        let loaded = types.loaded()?;
        let names = loaded.answer.types.iter().filter_map(|count| count.r#type.clone());
        Some(names.map(|name| view! { <option value=name></option> }).collect_view())
    };
    let problem = RwSignal::new(None::<String>);
    let key = stream.clone();
    let obstacle = Memo::new(move |_| {
        let permission = if is_aggregate.get() { Permission::Append } else { Permission::Publish };
        Rights::obstacle_on(permission, &key)
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let version = if is_aggregate.get_untracked() { seen.get_untracked() } else { None };
        if is_aggregate.get_untracked() && version.is_none() {
            problem.set(Some("the version of the aggregate is not known yet".to_owned()));
            return;
        }
        match form.with_untracked(|form| form.operation(&stream, version)) {
            Ok(operation) => {
                problem.set(None);
                operating.ask(operation);
            }
            Err(why) => problem.set(Some(why)),
        }
    };
    let field = move |label: &'static str,
                      test_id: &'static str,
                      read: fn(&Form) -> &String,
                      write: fn(&mut Form) -> &mut String| {
        view! {
            <label>
                {label}
                <input
                    type="text"
                    data-testid=test_id
                    prop:value=move || form.with(|form| read(form).clone())
                    on:input=move |event| form.update(|form| *write(form) = event_target_value(&event))
                />
            </label>
        }
    };
    let data_problem = Memo::new(move |_| form.with(Form::data_problem));
    view! {
        <form class="form publish-form" on:submit=submit>
            <label>
                "Type"
                <input
                    type="text"
                    list="known-types"
                    placeholder="order.paid"
                    data-testid="publish-type"
                    prop:value=move || form.with(|form| form.event_type.clone())
                    on:input=move |event| form.update(|form| form.event_type = event_target_value(&event))
                />
            </label>
            <datalist id="known-types">{known}</datalist>
            <label class="publish-data">
                "Data, as JSON"
                <textarea
                    rows="14"
                    spellcheck="false"
                    placeholder="{}"
                    data-testid="publish-data"
                    aria-invalid=move || data_problem.get().is_some().then_some("true")
                    prop:value=move || form.with(|form| form.data.clone())
                    on:input=move |event| form.update(|form| form.data = event_target_value(&event))
                ></textarea>
            </label>
            {move || data_problem.get().map(|why| view! { <p class="form-problem" role="alert" data-testid="publish-data-problem">{text::sentence(&why)}</p> })}
            <div class="form-row">
                {field("Correlation id", "publish-correlation", |form| &form.correlation_id, |form| &mut form.correlation_id)}
                {field("Causation id", "publish-causation", |form| &form.causation_id, |form| &mut form.causation_id)}
                {field("User id", "publish-user", |form| &form.user_id, |form| &mut form.user_id)}
            </div>
            <Show when=move || !is_aggregate.get()>
                {field("Keep about so many of the newest entries (all if empty)", "publish-max-len", |form| &form.max_len, |form| &mut form.max_len)}
            </Show>
            {move || problem.get().or_else(|| obstacle.get()).map(|why| view! { <p class="form-problem" role="alert" data-testid="publish-problem">{text::sentence(&why)}</p> })}
            <button type="submit" class="button primary" data-testid="publish-look">"Look at it"</button>
        </form>
    }
}

/// The aggregate as it is, and as it would be.
#[component]
fn State(stream: StreamKey, form: RwSignal<Form>, seen: RwSignal<Option<u64>>) -> impl IntoView {
    let operating = Operating::expect();
    let query = ReplayQuery::new(stream.clone(), Until::Latest);
    let remote: Remote<ReplayQuery, ReplayAnswer> = Remote::new(
        move || {
            operating.changes();
            Some(query.clone())
        },
        functions::replay,
    );
    keep_asking(remote, |_| EVERY_MS, || false);
    let now = Memo::new(move |_| remote.loaded().map(|loaded| loaded.answer.clone()));
    // What one has seen stays what one has seen, until one says that one has seen more.
    let base = RwSignal::new(None::<ReplayAnswer>);
    Effect::new(move || {
        let Some(now) = now.get() else { return };
        if base.with_untracked(Option::is_none) {
            seen.set(Some(now.version));
            base.set(Some(now));
        }
    });
    // There is no such aggregate yet: its first event makes it.
    Effect::new(move || {
        if remote.final_error().is_some_and(|error| error.code == ErrorCode::StreamNotFound) {
            seen.set(Some(0));
        }
    });
    let rebase = move |_| {
        if let Some(now) = now.get_untracked() {
            seen.set(Some(now.version));
            base.set(Some(now));
        }
    };
    let is_new = Memo::new(move |_| {
        remote.final_error().is_some_and(|error| error.code == ErrorCode::StreamNotFound)
    });
    let error = move || {
        let error = remote.final_error().filter(|error| error.code != ErrorCode::StreamNotFound)?;
        Some(view! { <ErrorPanel error retry=move |()| remote.ask_again() /> })
    };
    view! {
        <section class="publish-state" aria-label="The state before and after">
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {error}
            <Show when=move || is_new.get()>
                <p class="preview-facts" data-testid="publish-new">"There is no such aggregate yet: this makes its first version."</p>
            </Show>
            <Foreseen stream form base now on_rebase=rebase />
        </section>
    }
}
