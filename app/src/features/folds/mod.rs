//! The workbench: a fold is written beside what it makes of an aggregate.

mod desk;
mod event_view;
mod notices;
mod place;
mod result_view;
pub(crate) mod state;
mod trial;
pub(crate) mod views;

use crate::platform::title::title;
use leptos::prelude::*;
use rewind_domain::StreamKey;

use self::desk::{Desk, Saving};
use self::notices::Notices;
use self::place::Place;
use self::result_view::ResultView;
use self::trial::Trial;
use crate::address::{FoldAddress, Point, TravelAddress};
use crate::features::folds::views::code_editor::CodeEditor;
use crate::platform::download;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::stream_head::{Lens, StreamHead};
use crate::ui::text;
use crate::ui::version_slider::VersionSlider;

/// Edits the fold of an aggregate's type, and shows at once what comes of it.
#[component]
pub(crate) fn WorkbenchPage(
    /// The stream whose events are folded.
    stream: StreamKey,
    /// At which version.
    #[prop(into)]
    address: Signal<FoldAddress>,
) -> impl IntoView {
    let desk = Desk::new(&stream);
    let place = Place::new(&stream, address);
    let trial = Trial::new(&stream, desk, place);
    title({
        let name = stream.name();
        move || {
            let mark = if desk.is_unsaved.get() { "● " } else { "" };
            format!("{mark}{} · {name} · Rewind", desk.file_name.get())
        }
    });
    let go_to = RwSignal::new(None);
    let failure = Memo::new(move |_| place.failure().or_else(|| desk.failure()));
    let passing = Signal::derive(move || trial.passing_error().or_else(|| desk.passing_error()));
    let is_loading = Memo::new(move |_| trial.is_loading());
    let travel = {
        let stream = stream.clone();
        move || {
            let point = Point::Version(place.versions.get().shown);
            TravelAddress::at(stream.clone(), point).href()
        }
    };
    let versions = move || {
        place
            .is_known
            .get()
            .then(|| text::counted(place.versions.get().last, "version", "versions"))
    };

    let retry = move |()| {
        place.ask_again();
        desk.ask_again();
    };
    let head = stream.clone();
    let body = move || {
        if let Some(error) = failure.get() {
            return view! {
                <ErrorPanel error retry=retry>
                    <a class="button" href="/streams" data-testid="all-streams">"All streams"</a>
                </ErrorPanel>
            }
            .into_any();
        }
        let stream = stream.clone();
        let travel = travel.clone();
        view! {
            <div class="toolbar version-toolbar">
                <VersionSlider
                    versions=place.versions
                    on_go=move |version| place.go(version)
                    on_jump=move |point| place.jump(point)
                >
                    ""
                </VersionSlider>
                <a class="button" href=travel data-testid="to-travel" title="The states by the saved fold">
                    <Icon glyph=Glyph::Travel />
                    <span>"Time travel"</span>
                </a>
            </div>
            <div class="loading-bar" class:on=is_loading aria-hidden="true"></div>
            <ErrorBanner error=passing />
            <div class="bench-body">
                <section class="bench-fold" aria-label="Fold">
                    <FoldHead desk />
                    <Notices desk />
                    <Show when=move || desk.is_ready.get() fallback=|| view! { <Skeleton rows=12 /> }>
                        <CodeEditor
                            id="fold-source"
                            label="Source of the fold, in JavaScript"
                            source=desk.text
                            problem=trial.problem
                            go_to
                            on_edit=move |text| desk.edit(text)
                            on_save=move |()| desk.save()
                        />
                    </Show>
                </section>
                <ResultView stream desk place trial go_to />
            </div>
        }
        .into_any()
    };
    view! {
        <div class="page bench-page">
            <StreamHead stream=head lens=Lens::Fold>
                {versions}
            </StreamHead>
            {body}
        </div>
    }
}

/// The name of the file, and what can be done with what is written.
#[component]
fn FoldHead(desk: Desk) -> impl IntoView {
    let is_busy = Memo::new(move |_| desk.saving.with(|saving| *saving == Saving::Busy));
    let save = move || {
        desk.is_editable.get().then(|| {
            view! {
                <button
                    type="button"
                    class="button primary"
                    title="Save into the folder of folds (Ctrl S)"
                    data-testid="fold-save"
                    disabled=move || is_busy.get() || !desk.can_be_saved.get()
                    on:click=move |_| desk.save()
                >
                    <Icon glyph=Glyph::Save />
                    {move || if is_busy.get() { "Saving" } else { "Save" }}
                </button>
            }
        })
    };
    let saved = move || desk.saving.with(|saving| (*saving == Saving::Done).then_some("Saved"));
    view! {
        <header class="bench-head">
            <h2 class="bench-file" data-testid="fold-file">{desk.file_name}</h2>
            <Show when=move || desk.is_unsaved.get()>
                <span class="badge" data-testid="fold-unsaved">"Unsaved"</span>
            </Show>
            <span class="bench-saved" role="status" data-testid="fold-saved">{saved}</span>
            <span class="toolbar-gap"></span>
            <button
                type="button"
                class="button"
                title="Take back all that is not saved"
                data-testid="fold-revert"
                disabled=move || !desk.is_unsaved.get()
                on:click=move |_| desk.revert()
            >
                <Icon glyph=Glyph::Revert />
                <span>{move || if desk.is_new.get() { "Start over" } else { "Revert to saved" }}</span>
            </button>
            <button
                type="button"
                class="button"
                data-testid="fold-download"
                on:click=move |_| {
                    download::save_text(&desk.file_name.get_untracked(), "text/javascript", &desk.file_text());
                }
            >
                <Icon glyph=Glyph::Download />
                <span>"Download as file"</span>
            </button>
            {save}
        </header>
    }
}
