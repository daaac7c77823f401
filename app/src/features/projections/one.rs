//! One projection, and what is in it.

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::Json;
use rewind_domain::caller::Permission;
use rewind_domain::operations::Operation;

use crate::address::{AuditAddress, EventsAddress, EventsOf, OperatingAddress, ProjectionAddress};
use crate::api::query::{Limit, ProjectionQuery};
use crate::api::{
    ProjectionActivity, ProjectionAnswer, ProjectionFailure, ProjectionRow, ProjectionStatus,
    functions,
};
use crate::features::operations::asking::Operating;
use crate::features::projections::activity::Activity;
use crate::platform::clock::Now;
use crate::platform::location::{History, Location};
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::rights::Rights;
use crate::platform::title::title;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::json_tree::JsonTree;
use crate::ui::skeleton::Skeleton;
use crate::ui::state::tree_state::TreeState;
use crate::ui::text;

/// How often it is asked for, in milliseconds.
const EVERY_MS: u64 = 2_000;
/// How many characters of a row are shown.
const ROW_CHARS: usize = 400;

/// Shows a projection: what it is doing, its state or its table, and what can be done with it.
#[component]
pub(crate) fn ProjectionPage(
    /// Its name.
    name: String,
    /// What of it is looked at.
    address: Memo<ProjectionAddress>,
) -> impl IntoView {
    let named = format!("{name} · Rewind");
    title(move || named.clone());
    let operating = Operating::expect();
    let asked = name.clone();
    let query = move |cursor: String| ProjectionQuery {
        name: asked.clone(),
        search: address.with(|address| address.search.clone()),
        cursor,
        limit: Limit::default(),
    };
    let first = query.clone();
    let remote: Remote<ProjectionQuery, ProjectionAnswer> = Remote::new(
        move || {
            operating.changes();
            Some(first(String::new()))
        },
        functions::projection,
    );
    let later = RwSignal::new(Vec::<ProjectionRow>::new());
    let next_cursor = RwSignal::new(None::<String>);
    keep_asking(remote, |_| EVERY_MS, move || later.with_untracked(|later| !later.is_empty()));
    Effect::new(move || {
        let Some(loaded) = remote.loaded() else { return };
        later.set(Vec::new());
        next_cursor.set(loaded.answer.next_cursor.clone());
    });
    let answer = Memo::new(move |_| remote.loaded().map(|loaded| loaded.answer.clone()));
    let projection =
        Memo::new(move |_| answer.with(|answer| Some(answer.as_ref()?.projection.clone())));
    let problem = RwSignal::new(None::<String>);
    let load_more = Callback::new(move |()| {
        let query = untrack(|| query(next_cursor.get_untracked().unwrap_or_default()));
        spawn_local(async move {
            match functions::projection(query).await {
                Ok(page) => {
                    later.try_update(|later| later.extend(page.rows));
                    next_cursor.try_set(page.next_cursor);
                    problem.try_set(None);
                }
                Err(error) => drop(problem.try_set(Some(error.message))),
            }
        });
    });
    let is_table = Memo::new(move |_| {
        projection.with(|one| one.as_ref().is_some_and(|one| one.kind.as_deref() == Some("table")))
    });
    let final_error = Memo::new(move |_| remote.final_error());
    let is_here = Memo::new(move |_| answer.with(Option::is_some));
    let of = name.clone();
    let content = move || match (final_error.get(), is_here.get()) {
        (Some(error), _) => {
            view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any()
        }
        (None, false) => view! { <Skeleton rows=8 /> }.into_any(),
        (None, true) => {
            let name = of.clone();
            view! {
                <Figures projection />
                <Failure name projection />
                <Show when=move || is_table.get() fallback=move || view! { <State answer /> }>
                    <Table answer address later next_cursor load_more problem />
                </Show>
            }
            .into_any()
        }
    };
    let log = AuditAddress { projection: name.clone(), ..AuditAddress::default() };
    view! {
        <div class="page projection-page">
            <header class="stream-head-bar">
                <div class="stream-title">
                    <nav class="crumbs" aria-label="Where this projection is"><a href="/projections" data-testid="crumb-projections">"Projections"</a></nav>
                    <div class="stream-name">
                        <h1 data-testid="projection-title">{foreign(&name)}</h1>
                        <Activity projection />
                    </div>
                </div>
                <div class="head-actions">
                    <a class="link" href=OperatingAddress::Audit(log).href() data-testid="projection-audit">"What was done"</a>
                    <Actions name projection />
                </div>
            </header>
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {content}
        </div>
    }
}

#[component]
fn Actions(name: String, projection: Memo<Option<ProjectionStatus>>) -> impl IntoView {
    let operating = Operating::expect();
    let obstacle = Memo::new(move |_| Rights::obstacle(Permission::Projections));
    let is_paused = Memo::new(move |_| {
        projection.with(|one| one.as_ref().is_some_and(|one| one.paused.is_some()))
    });
    let button = move |label: &'static str, test_id: &'static str, operation: Operation| {
        view! {
            <button
                type="button"
                class="button"
                data-testid=test_id
                title=move || obstacle.get()
                aria-disabled=move || obstacle.get().is_some().then_some("true")
                on:click=move |_| operating.ask(operation.clone())
            >
                {label}
            </button>
        }
    };
    let (pause, resume, rebuild, reset) = (name.clone(), name.clone(), name.clone(), name);
    view! {
        {move || match is_paused.get() {
            true => button("Resume", "projection-resume", Operation::ResumeProjection { projection: resume.clone() }),
            false => button("Pause", "projection-pause", Operation::PauseProjection { projection: pause.clone() }),
        }}
        {button("Rebuild", "projection-rebuild", Operation::RebuildProjection { projection: rebuild })}
        {button("Reset", "projection-reset", Operation::ResetProjection { projection: reset })}
    }
}

#[component]
fn Figures(projection: Memo<Option<ProjectionStatus>>) -> impl IntoView {
    let read = move |read: fn(&ProjectionStatus) -> String| {
        move || projection.with(|projection| projection.as_ref().map(read).unwrap_or_default())
    };
    let or_dash = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), text::grouped);
    let age = move || {
        let ms = projection.with(|one| one.as_ref()?.checkpoint_ms);
        let ms = ms.and_then(|ms| i64::try_from(ms).ok());
        ms.map_or_else(|| "–".to_owned(), |ms| text::ago(Now::get(), ms))
    };
    let rebuild = move || {
        let rebuild = projection.with(|one| one.as_ref()?.rebuild.clone())?;
        let left =
            rebuild.lag.map(|lag| format!(" · {} left", text::grouped(lag))).unwrap_or_default();
        let events = text::counted(rebuild.events, "event", "events");
        Some(
            view! { <p class="overview-note" data-testid="rebuild">{format!("It is built again beside this: {events}{left}")}</p> },
        )
    };
    view! {
        <dl class="figures group-figures">
            <div class="figure"><dt>"Lag"</dt><dd><b>{move || projection.with(|one| or_dash(one.as_ref().and_then(|one| one.lag)))}</b></dd></div>
            <div class="figure"><dt>"Events"</dt><dd><b data-testid="projection-events">{read(|one| text::grouped(one.events))}</b></dd></div>
            <div class="figure"><dt>"Events /s"</dt><dd><b>{read(|one| format!("{:.1}", one.rate))}</b></dd></div>
            <div class="figure"><dt title="Gone before it could read them">"Missed"</dt><dd><b>{read(|one| text::grouped(one.missed))}</b></dd></div>
            <div class="figure"><dt>"Checkpoint"</dt><dd><b class="id">{read(|one| one.checkpoint.map_or_else(|| "–".to_owned(), |id| id.to_string()))}</b></dd></div>
            <div class="figure"><dt title="When that event was made">"As of"</dt><dd><b>{age}</b></dd></div>
            <div class="figure"><dt>"Run by"</dt><dd><b>{read(|one| if one.is_here { "this server".to_owned() } else { one.runner.clone().unwrap_or_else(|| "nobody".to_owned()) })}</b></dd></div>
        </dl>
        {rebuild}
    }
}

/// At which event it stopped, and the ways on.
#[component]
fn Failure(name: String, projection: Memo<Option<ProjectionStatus>>) -> impl IntoView {
    let operating = Operating::expect();
    let stopped = Memo::new(move |_| {
        projection.with(|one| {
            let one = one.as_ref().filter(|one| one.activity == ProjectionActivity::Failed)?;
            Some((one.error.clone().unwrap_or_default(), one.failure.clone()))
        })
    });
    move || {
        let (error, failure) = stopped.get()?;
        let event = failure.map(|ProjectionFailure { stream, id, line, .. }| {
            let list = EventsAddress::of(EventsOf::Stream(stream.clone()));
            let href = list.with_event(Some(id)).href();
            let place = line.map(|line| format!(" (line {line})")).unwrap_or_default();
            let skip = Operation::SkipEvent { projection: name.clone(), stream, id };
            view! {
                <a class="link" href=href data-testid="failed-event">{format!("The event {id}{place}")}</a>
                <button type="button" class="button" data-testid="projection-skip" on:click=move |_| operating.ask(skip.clone())>
                    "Skip this event"
                </button>
            }
        });
        Some(view! {
            <div class="preview-refusal" role="alert" data-testid="projection-failure">
                <Icon glyph=Glyph::Warning />
                <span>{foreign(&error)}</span>
                {event}
            </div>
        })
    }
}

#[component]
fn State(answer: Memo<Option<ProjectionAnswer>>) -> impl IntoView {
    let state = Memo::new(move |_| answer.with(|answer| answer.as_ref()?.state.clone()));
    let document = Signal::derive(move || state.get().unwrap_or(Json::Null));
    let tree = RwSignal::new(TreeState::default());
    let text = Memo::new(move |_| answer.with(|answer| answer.as_ref()?.state_text.clone()));
    let bytes = Memo::new(move |_| {
        answer.with(|answer| answer.as_ref().map_or(0, |answer| answer.state_bytes))
    });
    move || {
        match (state.with(Option::is_some), text.get()) {
        (true, _) => view! {
            <div class="projection-state" data-testid="projection-state">
                <JsonTree id="projection-state" label="The state of the projection" document state=tree />
            </div>
        }
        .into_any(),
        (false, Some(beginning)) => view! {
            <p class="preview-facts">{format!("Only the beginning of {} is shown.", text::byte_size(bytes.get()))}</p>
            <pre class="projection-text">{foreign(&beginning)}</pre>
        }
        .into_any(),
        (false, None) => view! { <EmptyState title="No state yet">"It has handled no event that changes it, or keeps its state elsewhere."</EmptyState> }.into_any(),
    }
    }
}

#[component]
fn Table(
    answer: Memo<Option<ProjectionAnswer>>,
    address: Memo<ProjectionAddress>,
    later: RwSignal<Vec<ProjectionRow>>,
    next_cursor: RwSignal<Option<String>>,
    load_more: Callback<()>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let location = Location::expect();
    let rows = Memo::new(move |_| {
        let mut rows = answer
            .with(|answer| answer.as_ref().map(|answer| answer.rows.clone()))
            .unwrap_or_default();
        later.with(|later| rows.extend(later.iter().cloned()));
        rows
    });
    let total = move || answer.with(|answer| answer.as_ref().map_or(0, |answer| answer.rows_total));
    let row = |row: ProjectionRow| {
        let shown = row.row.map(|row| row.preview(ROW_CHARS)).or(row.text).unwrap_or_default();
        let key = foreign(&row.key);
        view! {
            <tr data-testid="projection-row" data-key=row.key>
                <th scope="row">{key}</th>
                <td class="data"><code>{foreign(&shown)}</code></td>
            </tr>
        }
    };
    view! {
        <div class="toolbar">
            <label class="search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search"
                    placeholder="Part of a key or row"
                    aria-label="Search rows"
                    data-testid="projection-search"
                    prop:value=move || address.get().search
                    on:input=move |event| {
                        let address = ProjectionAddress { search: event_target_value(&event), ..address.get_untracked() };
                        location.go(&OperatingAddress::Projection(address).href(), History::Replace);
                    }
                />
            </label>
            <span class="panel-note" data-testid="rows-total">{move || text::counted(total(), "row", "rows")}</span>
        </div>
        <div class="table-scroll" tabindex="0" role="region" aria-label="Rows">
            <table class="rows-table" data-testid="projection-rows">
                <thead><tr><th scope="col">"Key"</th><th scope="col">"Row"</th></tr></thead>
                <tbody>
                    <For each=move || rows.get() key=|row| (row.key.clone(), row.row.as_ref().map(ToString::to_string)) children=row />
                </tbody>
            </table>
            <div class="list-foot">
                <Show when=move || next_cursor.get().is_some()>
                    <button type="button" class="button" data-testid="rows-more" on:click=move |_| load_more.run(())>"Load more"</button>
                </Show>
                {move || problem.get().map(|why| view! { <span class="form-problem" role="alert">{text::sentence(&why)}</span> })}
            </div>
        </div>
    }
}
