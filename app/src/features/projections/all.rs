//! All projections.

use leptos::prelude::*;

use crate::address::{OperatingAddress, ProjectionAddress};
use crate::api::query::NoQuery;
use crate::api::{ProjectionStatus, ProjectionsAnswer, functions};
use crate::features::operations::asking::Operating;
use crate::features::projections::activity::Activity;
use crate::platform::polling::keep_asking;
use crate::platform::remote::Remote;
use crate::platform::title::title;
use crate::ui::empty_state::EmptyState;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::moment::Ago;
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How often the list is asked for, in milliseconds.
const EVERY_MS: u64 = 2_000;

/// Lists the projections that Rewind runs, and those that it only sees.
#[component]
pub(crate) fn ProjectionsPage() -> impl IntoView {
    title(|| "Projections · Rewind".to_owned());
    let operating = Operating::expect();
    let remote: Remote<NoQuery, ProjectionsAnswer> = Remote::new(
        move || {
            operating.changes();
            Some(NoQuery {})
        },
        functions::projections,
    );
    keep_asking(remote, |_| EVERY_MS, || false);
    let all = Memo::new(move |_| {
        remote.loaded().map(|loaded| loaded.answer.projections.clone()).unwrap_or_default()
    });
    let names = Memo::new(move |_| {
        all.with(|all| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>())
    });
    let row = move |name: String| {
        let of = name.clone();
        let projection = Memo::new(move |before: Option<&Option<ProjectionStatus>>| {
            let now = all.with(|all| all.iter().find(|one| one.name == of).cloned());
            now.or_else(|| before.cloned().flatten())
        });
        view! { <Row name projection /> }
    };
    let is_empty = Memo::new(move |_| names.with(Vec::is_empty));
    let is_here = Memo::new(move |_| remote.loaded().is_some());
    let final_error = Memo::new(move |_| remote.final_error());
    let content = move || {
        match (final_error.get(), is_here.get(), is_empty.get()) {
        (Some(error), ..) => view! { <ErrorPanel error retry=move |()| remote.ask_again() /> }.into_any(),
        (None, false, _) => view! { <Skeleton rows=6 /> }.into_any(),
        (None, true, true) => view! {
            <EmptyState title="No projections">
                "A projection keeps what follows from events: a state, or a table. Start Rewind with --projections DIR to have it run the JavaScript files of a folder."
            </EmptyState>
        }
        .into_any(),
        (None, true, false) => view! {
            <div class="table-scroll" tabindex="0" role="region" aria-label="Projections">
                <table class="rows-table" data-testid="projections">
                    <thead>
                        <tr>
                            <th scope="col">"Projection"</th>
                            <th scope="col">"Activity"</th>
                            <th scope="col">"Streams"</th>
                            <th scope="col" class="number">"Lag"</th>
                            <th scope="col" class="number">"Events /s"</th>
                            <th scope="col">"Checkpoint"</th>
                            <th scope="col">"Of"</th>
                            <th scope="col">"Note"</th>
                        </tr>
                    </thead>
                    <tbody>
                        <For each=move || names.get() key=Clone::clone children=row />
                    </tbody>
                </table>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <div class="page projections-page">
            <div class="toolbar">
                <h1>"Projections"</h1>
            </div>
            <ErrorBanner error=Signal::derive(move || remote.passing_error()) />
            {content}
        </div>
    }
}

#[component]
fn Row(name: String, projection: Memo<Option<ProjectionStatus>>) -> impl IntoView {
    let href = OperatingAddress::Projection(ProjectionAddress::of(name.clone())).href();
    let read = move |read: fn(&ProjectionStatus) -> String| {
        move || projection.with(|projection| projection.as_ref().map(read).unwrap_or_default())
    };
    let age = move || {
        let ms = projection.with(|projection| projection.as_ref()?.checkpoint_ms)?;
        i64::try_from(ms).ok().map(|ms| view! { <Ago ms /> })
    };
    let shown = foreign(&name);
    let streams = move || foreign(&read(streams)());
    let note = move || foreign(&read(note)());
    view! {
        <tr data-testid="projection" data-name=name>
            <th scope="row"><a href=href data-testid="projection-page">{shown}</a></th>
            <td><Activity projection /></td>
            <td class="data">{streams}</td>
            <td class="number">{read(|one| one.lag.map_or_else(|| "–".to_owned(), text::grouped))}</td>
            <td class="number">{read(|one| format!("{:.1}", one.rate))}</td>
            <td class="id">{read(|one| one.checkpoint.map_or_else(|| "–".to_owned(), |id| id.to_string()))}</td>
            <td>{age}</td>
            <td class="data">{note}</td>
        </tr>
    }
}

fn streams(projection: &ProjectionStatus) -> String {
    projection.streams.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn note(projection: &ProjectionStatus) -> String {
    let ProjectionStatus { error, notice, unavailable, rebuild, .. } = projection;
    let rebuild = rebuild.as_ref().map(|rebuild| {
        let left =
            rebuild.lag.map(|lag| format!(", {} left", text::grouped(lag))).unwrap_or_default();
        format!("is built again: {} events{left}", text::grouped(rebuild.events))
    });
    error.clone().or(unavailable.clone()).or(rebuild).or(notice.clone()).unwrap_or_default()
}
