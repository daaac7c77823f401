//! What came of trying the fold: where it stops, which versions differ, and the state.

use leptos::prelude::*;
use rewind_domain::travel::ReplayError;
use rewind_domain::{Change, Pointer, StreamKey};

use crate::api::{ErrorCode, TrialAnswer, VersionRun};
use crate::features::folds::desk::Desk;
use crate::features::folds::event_view::EventView;
use crate::features::folds::place::Place;
use crate::features::folds::trial::Trial;
use crate::features::folds::views::code_editor::Spot;
use crate::features::folds::views::run_list::RunList;
use crate::ui::copy_button::CopyButton;
use crate::ui::empty_state::EmptyState;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::json_tree::JsonTree;
use crate::ui::skeleton::Skeleton;
use crate::ui::state::changes::Changes;
use crate::ui::state::shared::{Document, Same};
use crate::ui::state::tree_state::TreeState;
use crate::ui::text::{self, sentence};

/// What the fold makes of the stream, at a version and over all of them.
#[component]
pub(super) fn ResultView(
    /// The stream.
    stream: StreamKey,
    /// The fold.
    desk: Desk,
    /// The version.
    place: Place,
    /// What came of it.
    trial: Trial,
    /// Leads to a place in the fold.
    go_to: RwSignal<Option<Spot>>,
) -> impl IntoView {
    let is_tried = Memo::new(move |_| trial.loaded().is_some());
    let runs = Memo::new(move |_| {
        trial.loaded().map(|loaded| loaded.answer.differing.clone()).unwrap_or_default()
    });
    let shown = Memo::new(move |_| place.versions.get().shown);
    view! {
        <section class="bench-result" aria-label="What comes of it">
            <div class="bench-status" role="status">
                {move || stopped(trial, place, go_to)}
                {move || place.not_found().map(|error| said(sentence(&error.message)))}
            </div>
            <div class="bench-outcome" class:stale=move || trial.refusal.with(Option::is_some)>
                <div class="bench-differing">
                    <div role="status">
                        {move || refusal(trial).unwrap_or_else(|| differing(desk, trial))}
                    </div>
                    <RunList runs shown on_go=move |version| place.go(version) />
                </div>
                <EventView stream place />
                <Show when=move || is_tried.get() fallback=|| view! { <Skeleton rows=6 /> }>
                    <State desk place trial />
                </Show>
            </div>
        </section>
    }
}

/// The state at the version, with what differs marked.
#[component]
fn State(desk: Desk, place: Place, trial: Trial) -> impl IntoView {
    let answer = move || trial.loaded();
    let version = Memo::new(move |_| answer().map_or(0, |loaded| loaded.answer.version));
    let document =
        Memo::new(move |_| answer().and_then(|loaded| loaded.answer.state.clone()).map(Document));
    let changes = Memo::new(move |_| {
        let changes = answer().map(|loaded| loaded.answer.changes.clone()).unwrap_or_default();
        if changes.is_empty() { Changes::None } else { Changes::Diff(Same::new(changes)) }
    });
    let has_state = Memo::new(move |_| document.with(Option::is_some));
    let tree = RwSignal::new(TreeState::default());
    let reveal = RwSignal::new(None::<Pointer>);
    // Each press leads to the next one.
    let next = StoredValue::new(0_usize);
    Effect::new(move || {
        changes.track();
        next.set_value(0);
    });
    let show_next = move || {
        let path = changes.with_untracked(|changes| {
            let changes: &[Change] = changes.as_slice();
            let at = next.get_value() % changes.len().max(1);
            next.set_value(at + 1);
            changes.get(at).map(|change| change.path.clone())
        });
        reveal.set(path);
    };
    let marked = move || {
        let count = changes.with(|changes| changes.as_slice().len());
        (count > 0).then(|| {
            let count = text::counted(count as u64, "difference", "differences");
            let than = format!("from the state by {}", desk.saved_name());
            view! {
                <button
                    type="button"
                    class="button quiet"
                    title=format!("Show the next difference {than}")
                    data-testid="fold-next-difference"
                    on:click=move |_| show_next()
                >
                    {count}
                    <Icon glyph=Glyph::Next />
                </button>
            }
        })
    };
    let json = Signal::derive(move || document.get().unwrap_or_default().0);
    view! {
        <header class="bench-state-head">
            <h3>
                "State at version "
                <span data-testid="fold-version">{move || text::grouped(version.get())}</span>
            </h3>
            <span class="toolbar-gap"></span>
            {marked}
            <Show when=move || has_state.get()>
                <CopyButton
                    label="Copy state"
                    is_labelled=true
                    text=move || json.with_untracked(|json| format!("{json:#}"))
                />
            </Show>
        </header>
        {move || match has_state.get() {
            true => view! {
                <JsonTree id="fold-state" label="State by the fold that is being written" document=json changes state=tree reveal />
            }
            .into_any(),
            false => view! { <NoState place trial /> }.into_any(),
        }}
    }
}

/// Why there is no state, and where there is one.
#[component]
fn NoState(place: Place, trial: Trial) -> impl IntoView {
    move || {
        let stopped = trial.loaded()?.answer.stopped.clone()?;
        let before = stopped.version.checked_sub(1);
        let before = before.filter(|before| *before >= place.versions.get().first);
        let version = text::grouped(stopped.version);
        Some(view! {
            <EmptyState title=format!("There is no state from version {version} on")>
                "The fold stopped there."
                {before.map(|before| view! {
                    " "
                    <button type="button" class="link" data-testid="fold-last-state" on:click=move |_| place.go(before)>
                        {format!("The last state is that of version {}", text::grouped(before))}
                    </button>
                })}
            </EmptyState>
        })
    }
}

/// Why what is written is no fold. It stands where otherwise the comparison does, so that nothing moves while someone types.
fn refusal(trial: Trial) -> Option<AnyView> {
    let error = trial.refusal.get()?;
    let is_fold = error.code == ErrorCode::FoldInvalid;
    let line = error.line.map(|line| format!("Line {line}: ")).unwrap_or_default();
    let message = sentence(&error.message);
    let rest = trial.loaded().map(|_| {
        view! { <span class="sr-only">" What follows came of the text before."</span> }
    });
    let retry = (!is_fold).then(|| {
        view! {
            " "
            <button type="button" class="link" data-testid="fold-try-again" on:click=move |_| trial.ask_again()>"Try again"</button>
        }
    });
    Some(
        view! {
            <p class="bench-refused" data-testid="fold-refused">
                <Icon glyph=Glyph::Warning />
                <span>
                    <strong>{if is_fold { "No fold yet. " } else { "It could not be tried. " }}</strong>
                    {line}
                    {message}
                    {rest}
                    {retry}
                </span>
            </p>
        }
        .into_any(),
    )
}

/// Where the fold stops.
fn stopped(trial: Trial, place: Place, go_to: RwSignal<Option<Spot>>) -> Option<AnyView> {
    let ReplayError { version, event_type, error, .. } = trial.stopped.get()?;
    let at_event = event_type.map(|event_type| format!(" ({event_type})")).unwrap_or_default();
    let at_line = trial.problem.get().and_then(|problem| problem.spot).map(|spot| {
        view! {
            " · "
            <button type="button" class="link" data-testid="fold-stopped-line" on:click=move |_| go_to.set(Some(spot))>
                {format!("line {}", spot.line)}
            </button>
        }
    });
    Some(
        view! {
            <div class="banner warning" data-testid="fold-stopped">
                <Icon glyph=Glyph::Warning />
                <span>
                    "Stopped at "
                    <button type="button" class="link" data-testid="fold-stopped-version" on:click=move |_| place.go(version)>
                        {format!("version {}", text::grouped(version))}
                    </button>
                    {at_event}
                    {at_line}
                    ": "
                    {foreign(&error.message)}
                </span>
            </div>
        }
        .into_any(),
    )
}

fn said(text: String) -> AnyView {
    view! {
        <div class="banner warning">
            <Icon glyph=Glyph::Warning />
            <span>{text}</span>
        </div>
    }
    .into_any()
}

fn differing(desk: Desk, trial: Trial) -> AnyView {
    let said = match trial.loaded() {
        Some(loaded) => compared(desk, &loaded.answer),
        // As high as what will take its place.
        None => "\u{a0}".to_owned(),
    };
    view! { <p data-testid="fold-differing">{said}</p> }.into_any()
}

/// How many versions differ from those by the saved fold.
fn compared(desk: Desk, answer: &TrialAnswer) -> String {
    let saved = desk.saved_name();
    if let Some(problem) = desk.saved_problem() {
        return format!("There is nothing to compare with: {saved} is no fold: {problem}.");
    }
    let mut said = match answer.differing_total {
        0 => format!("No version differs from {saved}"),
        total => {
            let total_text = text::counted(total, "version differs", "versions differ");
            format!("{total_text} from {saved}")
        }
    };
    if let Some(stopped) = &answer.saved_stopped {
        said.push_str(&format!(", which stops at version {}", text::grouped(stopped.version)));
    }
    said.push('.');
    if let Some(rest) = not_all(answer) {
        said.push(' ');
        said.push_str(&rest);
    }
    said
}

fn count(run: &VersionRun) -> u64 {
    run.to.saturating_sub(run.from).saturating_add(1)
}

/// What the list of differing versions lacks.
fn not_all(answer: &TrialAnswer) -> Option<String> {
    if answer.compared_until < answer.latest_version {
        let (until, latest) = (answer.compared_until, answer.latest_version);
        let (until, latest) = (text::grouped(until), text::grouped(latest));
        return Some(format!("Versions up to {until} of {latest} were compared."));
    }
    let listed: u64 = answer.differing.iter().map(count).sum();
    (listed < answer.differing_total).then(|| "The first of them:".to_owned())
}
