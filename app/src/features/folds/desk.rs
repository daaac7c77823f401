//! What is on the desk: the fold that is saved, and the one that is being written.

use std::sync::Arc;

use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::StreamKey;

use crate::api::query::bounds::MAX_WINDOW_VERSIONS;
use crate::api::query::{FoldQuery, SaveFoldQuery, Until, WindowQuery};
use crate::api::{ApiError, ErrorCode, FoldAnswer, fold_tag, functions};
use crate::features::folds::state::template::template;
use crate::platform::draft::{Draft, to_editor, to_file};
use crate::platform::drafts::Drafts;
use crate::platform::remote::Remote;

/// A fold that is saved, and one that is being written in its place.
#[derive(Clone, Copy)]
pub(super) struct Desk {
    key: StoredValue<StreamKey>,
    drafts: Drafts,
    answer: Remote<(), FoldAnswer>,
    /// The types of events that a fold which is still to be written could have handlers for.
    types: Remote<(), Vec<String>>,
    saved: RwSignal<Option<Arc<FoldAnswer>>>,
    /// What was saved when the writing began.
    base: RwSignal<Option<String>>,
    discarded: RwSignal<Option<String>>,
    /// What is being written.
    pub(super) text: RwSignal<String>,
    /// Whether there is something to be written in.
    pub(super) is_ready: RwSignal<bool>,
    /// What became of saving it.
    pub(super) saving: RwSignal<Saving>,
    /// Goes up whenever something else is saved than before.
    pub(super) revision: RwSignal<u32>,
    /// Whether there is something that is not saved.
    pub(super) is_unsaved: Memo<bool>,
    /// Whether something else was saved since the writing began.
    pub(super) has_moved: Memo<bool>,
    /// Whether nothing is saved yet.
    pub(super) is_new: Memo<bool>,
    /// Whether the server saves folds for this stream.
    pub(super) is_editable: Memo<bool>,
    /// Whether saving would change anything.
    pub(super) can_be_saved: Memo<bool>,
    /// Whether what was thrown away last can be had back.
    pub(super) has_discarded: Memo<bool>,
    /// The name of the file that the fold is or will be.
    pub(super) file_name: Memo<String>,
}

/// What became of saving.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Saving {
    /// Nothing was saved of what is written.
    #[default]
    None,
    /// It is being saved.
    Busy,
    /// It was saved.
    Done,
    /// It could not be saved.
    Failed(ApiError),
}

impl Desk {
    pub(super) fn new(stream: &StreamKey) -> Self {
        let key = stream.clone();
        let saved = RwSignal::new(None::<Arc<FoldAnswer>>);
        let base = RwSignal::new(None::<String>);
        let text = RwSignal::new(String::new());
        let is_ready = RwSignal::new(false);
        let discarded = RwSignal::new(None::<String>);
        let saving = RwSignal::new(Saving::None);
        let is_new = Memo::new(move |_| {
            saved.with(|saved| saved.as_ref().is_some_and(|saved| saved.source.is_none()))
        });
        let types = Remote::new(move || is_new.get().then_some(()), {
            let key = key.clone();
            move |()| fetch_types(key.clone())
        });
        let is_unsaved = Memo::new(move |_| {
            let start = base.with(|base| start(base.as_deref(), saved, types));
            is_ready.get() && text.with(|text| Some(text) != start.as_ref())
        });
        let is_editable = Memo::new(move |_| {
            let saved = saved.get();
            // Folds are saved by type, and topics have none.
            saved.is_some_and(|saved| saved.is_editable && saved.aggregate_type.is_some())
        });
        let desk = Self {
            key: StoredValue::new(key.clone()),
            drafts: Drafts::expect(),
            answer: Remote::new(
                || Some(()),
                move |()| functions::fold(FoldQuery { stream: key.clone() }),
            ),
            types,
            saved,
            base,
            discarded,
            text,
            is_ready,
            saving,
            revision: RwSignal::new(0),
            is_unsaved,
            has_moved: Memo::new(move |_| {
                let saved = saved.get();
                is_ready.get() && saved.is_some_and(|saved| base.with(|base| *base != saved.source))
            }),
            is_new,
            is_editable,
            can_be_saved: Memo::new(move |_| {
                is_editable.get() && is_ready.get() && (is_unsaved.get() || is_new.get())
            }),
            has_discarded: Memo::new(move |_| discarded.with(Option::is_some)),
            file_name: Memo::new(move |_| file_name(saved.get().as_deref())),
        };
        Effect::new(move || {
            if let Some(loaded) = desk.answer.loaded() {
                desk.arrive(loaded.answer.clone());
            }
        });
        Effect::new(move || {
            let is_known = desk.saved.with(Option::is_some)
                && (!desk.is_new.get()
                    || desk.types.loaded().is_some()
                    || desk.types.final_error().is_some());
            if is_known && !desk.is_ready.get_untracked() {
                desk.begin();
            }
        });
        // Who comes back to this window may have saved the file with another program meanwhile.
        let focus = window_event_listener(ev::focus, move |_| desk.answer.ask_again());
        on_cleanup(move || focus.remove());
        desk
    }

    /// Why there is nothing on the desk.
    pub(super) fn failure(self) -> Option<ApiError> {
        self.answer.final_error().filter(|_| self.saved.with(Option::is_none))
    }

    /// Why it takes longer.
    pub(super) fn passing_error(self) -> Option<ApiError> {
        self.answer.passing_error()
    }

    /// Looks once more what is saved.
    pub(super) fn ask_again(self) {
        self.answer.ask_again();
    }

    /// Why the file that is saved is no fold.
    pub(super) fn saved_problem(self) -> Option<String> {
        self.saved.with(|saved| saved.as_ref()?.problem.as_ref().map(ToString::to_string))
    }

    /// What the saved fold is called: its file, or how it goes without one.
    pub(super) fn saved_name(self) -> String {
        match self.is_new.get() {
            true => self.saved.with(|saved| {
                saved.as_ref().map(|saved| format!("the default fold ({})", saved.name))
            }),
            false => Some(format!("{} as saved", self.file_name.get())),
        }
        .unwrap_or_default()
    }

    /// Whether folds of this stream's type can be saved anywhere.
    pub(super) fn has_type(self) -> bool {
        self.saved.with(|saved| saved.as_ref().is_some_and(|saved| saved.aggregate_type.is_some()))
    }

    /// What is written, as it is to stand in the file.
    pub(super) fn file_text(self) -> String {
        self.text
            .with_untracked(|text| self.base.with_untracked(|base| to_file(text, base.as_deref())))
    }

    /// Takes what was written.
    pub(super) fn edit(self, text: String) {
        self.discarded.set(None);
        self.saving.set(Saving::None);
        self.text.set(text);
        self.keep();
    }

    /// Goes back to what is saved. What was written can be had back until the next edit.
    pub(super) fn revert(self) {
        let written = self.text.get_untracked();
        self.saving.set(Saving::None);
        self.start_over();
        self.discarded.set(Some(written));
        self.answer.ask_again();
    }

    /// Takes back what was thrown away last.
    pub(super) fn restore(self) {
        if let Some(written) = self.discarded.get_untracked() {
            self.edit(written);
        }
    }

    /// Goes on with what is written, though something else was saved meanwhile.
    pub(super) fn keep_writing(self) {
        let source = self.saved.with_untracked(|saved| saved.as_ref()?.source.clone());
        self.base.set(source);
        self.keep();
    }

    /// Saves what is written, unless something else was saved meanwhile.
    pub(super) fn save(self) {
        if !self.can_be_saved.get_untracked() || self.saving.get_untracked() == Saving::Busy {
            return;
        }
        self.saving.set(Saving::Busy);
        let (key, name) = (self.key.get_value(), self.draft_name());
        let (base, text) = (self.base.get_untracked(), self.file_text());
        let drafts = self.drafts;
        spawn_local(async move {
            let outcome = save(key, base, text.clone()).await;
            // Whatever became of the page, what is saved is no draft any more.
            let written = to_editor(&text);
            if let Ok(Outcome::Saved(_)) = &outcome
                && drafts.get(&name).is_some_and(|draft| draft.text == written)
            {
                drafts.forget(&name);
            }
            if self.saving.try_get_untracked().is_none() {
                return;
            }
            match outcome {
                Ok(Outcome::Saved(fold)) => {
                    self.base.set(fold.source.clone());
                    self.note_saved(fold);
                    self.keep();
                    self.saving.set(Saving::Done);
                }
                Ok(Outcome::Moved(fold)) => {
                    self.note_saved(fold);
                    self.saving.set(Saving::None);
                }
                Err(error) => self.saving.set(Saving::Failed(error)),
            }
        });
    }

    fn arrive(self, fold: FoldAnswer) {
        let is_clean = self.is_ready.get_untracked() && !self.is_unsaved.get_untracked();
        self.note_saved(fold);
        if is_clean && self.has_moved.get_untracked() {
            self.start_over();
        }
    }

    fn note_saved(self, fold: FoldAnswer) {
        let is_other = self
            .saved
            .with_untracked(|saved| saved.as_ref().is_none_or(|saved| saved.source != fold.source));
        self.saved.set(Some(Arc::new(fold)));
        if is_other {
            self.revision.update(|revision| *revision += 1);
        }
    }

    /// Begins with what was left unsaved, or else with what is saved.
    fn begin(self) {
        let name = self.draft_name();
        let source = self.saved.with_untracked(|saved| saved.as_ref()?.source.clone());
        let is_saved =
            |draft: &Draft| source.as_deref().map(to_editor).as_ref() == Some(&draft.text);
        match self.drafts.get(&name).filter(|draft| !is_saved(draft)) {
            Some(draft) => {
                self.base.set(draft.base);
                self.text.set(draft.text);
            }
            None => self.start_over(),
        }
        self.is_ready.set(true);
    }

    fn start_over(self) {
        let source = self.saved.with_untracked(|saved| saved.as_ref()?.source.clone());
        let text = untrack(|| start(source.as_deref(), self.saved, self.types));
        self.base.set(source);
        self.text.set(text.unwrap_or_default());
        self.drafts.forget(&self.draft_name());
    }

    /// Keeps what is written through reloads.
    fn keep(self) {
        let name = self.draft_name();
        match self.is_unsaved.get_untracked() {
            true => {
                let draft =
                    Draft { base: self.base.get_untracked(), text: self.text.get_untracked() };
                self.drafts.keep(&name, draft);
            }
            false => self.drafts.forget(&name),
        }
    }

    /// Aggregates of one type have one fold, and so one draft.
    fn draft_name(self) -> String {
        let of_type = self.saved.with_untracked(|saved| saved.as_ref()?.aggregate_type.clone());
        match of_type {
            Some(aggregate_type) => format!("fold.type.{aggregate_type}"),
            None => format!("fold.stream.{}", self.key.get_value()),
        }
    }
}

/// What is written before anyone has written anything: what is saved, or else the template, once that is known.
fn start(
    source: Option<&str>,
    saved: RwSignal<Option<Arc<FoldAnswer>>>,
    types: Remote<(), Vec<String>>,
) -> Option<String> {
    if let Some(source) = source {
        return Some(to_editor(source));
    }
    let aggregate_type = saved.with(|saved| saved.as_ref()?.aggregate_type.clone());
    let template = |types: &[String]| template(aggregate_type.as_deref(), types);
    match types.loaded() {
        Some(loaded) => Some(template(&loaded.answer)),
        None => types.final_error().map(|_| template(&[])),
    }
}

fn file_name(fold: Option<&FoldAnswer>) -> String {
    let of_type = |fold: &FoldAnswer| fold.aggregate_type.as_ref().map(|name| format!("{name}.js"));
    let name = fold.and_then(|fold| fold.file.clone().or_else(|| of_type(fold)));
    name.unwrap_or_else(|| "fold.js".to_owned())
}

/// What came of saving.
enum Outcome {
    Saved(FoldAnswer),
    /// Nothing was saved, since this stands there by now.
    Moved(FoldAnswer),
}

async fn save(stream: StreamKey, base: Option<String>, text: String) -> Result<Outcome, ApiError> {
    let tag = base.as_deref().map(fold_tag).unwrap_or_default();
    match functions::save_fold(SaveFoldQuery {
        stream: stream.clone(),
        source: text,
        tag: Some(tag),
    })
    .await
    {
        Ok(fold) => Ok(Outcome::Saved(fold)),
        Err(error) if error.code == ErrorCode::FoldChanged => {
            let mut now = functions::fold(FoldQuery { stream }).await?;
            // What the server has read a moment before may be older than what stood in the way.
            if let Some(current) = error.current {
                (now.source, now.tag) = (current.source, current.tag);
            }
            Ok(Outcome::Moved(now))
        }
        Err(error) => Err(error),
    }
}

/// The types of the first events of a stream and of the last ones, each once, as they came.
async fn fetch_types(stream: StreamKey) -> Result<Vec<String>, ApiError> {
    let window = |stream: StreamKey, around: Until| {
        functions::window(WindowQuery::new(stream, around).with_limit(MAX_WINDOW_VERSIONS))
    };
    let last = window(stream.clone(), Until::Latest).await?;
    let mut steps = Vec::new();
    if last.window.base_version > last.first_version {
        steps = window(stream, Until::Version(last.first_version)).await?.window.steps;
    }
    steps.extend(last.window.steps);
    let mut types = Vec::new();
    for event_type in steps.into_iter().filter_map(|step| step.event_type) {
        if !types.contains(&event_type) {
            types.push(event_type);
        }
    }
    Ok(types)
}
