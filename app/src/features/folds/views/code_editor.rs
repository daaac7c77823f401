//! An editor for code: a plain text box whose text cannot be seen, above the same text in colour.

use leptos::ev::Targeted;
use leptos::html;
use leptos::prelude::*;
use rewind_domain::viewport::visible_rows;
use web_sys::{Event, HtmlTextAreaElement, KeyboardEvent};

use crate::features::folds::state::highlight::{Highlighted, Piece};
use crate::platform::frames::OncePerFrame;
use crate::platform::keyboard;
use crate::platform::resize::on_resize;
use crate::platform::text_area;
use crate::platform::typing;
use crate::ui::icon::{Glyph, Icon};

/// As high as `.code-line`.
const LINE_HEIGHT: i32 = 22;
/// Lines drawn beyond both edges, so that a turn of the wheel finds them there.
const OVERSCAN: usize = 12;
/// As high as the editor may be before its height is known: the first lines show at once.
const GUESSED_HEIGHT: f64 = 900.0;

/// A place in the code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    /// The line, counted from 1.
    pub(crate) line: u32,
    /// The column, in characters, counted from 1.
    pub(crate) column: u32,
}

/// What is wrong with the code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where, as far as that is known.
    pub(crate) spot: Option<Spot>,
    /// What.
    pub(crate) message: String,
}

/// An editor for JavaScript.
#[component]
pub(crate) fn CodeEditor(
    /// Tells it from other editors on the page.
    id: &'static str,
    /// What is edited, for those who do not see it.
    label: &'static str,
    /// The code.
    #[prop(into)]
    source: Signal<String>,
    /// What is wrong with it.
    #[prop(into)]
    problem: Signal<Option<Problem>>,
    /// A place to go to, whenever that is set.
    go_to: RwSignal<Option<Spot>>,
    /// Takes the code after each edit.
    #[prop(into)]
    on_edit: Callback<String>,
    /// Saves it.
    #[prop(into)]
    on_save: Callback<()>,
) -> impl IntoView {
    let area = NodeRef::<html::Textarea>::new();
    let scrolled = RwSignal::new((0, 0));
    let height = RwSignal::new(GUESSED_HEIGHT);
    let look = move || {
        if let Some(Some(area)) = area.try_get_untracked() {
            scrolled.try_set((area.scroll_left(), area.scroll_top()));
            height.try_set(f64::from(area.client_height()));
        }
    };
    on_resize(area, OncePerFrame::new(look));

    Effect::new(move || {
        let Some(area) = area.get() else { return };
        // Setting what was just typed would take the caret out of the hand of an input method.
        source.with(|source| {
            if area.value() != *source {
                area.set_value(source);
            }
        });
    });
    Effect::new(move || {
        let (Some(spot), Some(area)) = (go_to.get(), area.get()) else { return };
        show(&area, spot);
        look();
    });

    let typed = move |event: Targeted<Event, HtmlTextAreaElement>| {
        on_edit.run(event.target().value());
    };
    // Whoever got in with Tab has to get out again without a mouse.
    let is_leaving = StoredValue::new(false);
    let on_key = move |event: Targeted<KeyboardEvent, HtmlTextAreaElement>| {
        let was_leaving = is_leaving.get_value();
        let Some(key) = keyboard::typed(&event) else { return };
        if key != "Shift" {
            is_leaving.set_value(key == "Escape");
        }
        if key == "Tab" && was_leaving {
            return;
        }
        if keyboard::is_command(&event, "s") {
            event.prevent_default();
            on_save.run(());
            return;
        }
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let area = event.target();
        let (text, selection) = (area.value(), text_area::selection(&area));
        let edit = match (key.as_str(), event.shift_key()) {
            ("Tab", false) => Some(typing::indent(&text, selection)),
            ("Tab", true) => {
                // Even where nothing is indented, the focus stays.
                event.prevent_default();
                typing::outdent(&text, selection)
            }
            ("Enter", false) => Some(typing::new_line(&text, selection)),
            (bracket @ ("}" | "]" | ")"), _) => typing::closing_bracket(&text, selection, bracket),
            _ => None,
        };
        if let Some(edit) = edit {
            event.prevent_default();
            text_area::edit(&area, &edit);
        }
    };

    let highlighted = Memo::new(move |_| source.with(|source| Highlighted::of(source)));
    let line_count = Memo::new(move |_| highlighted.with(Highlighted::line_count));
    let range = Memo::new(move |_| {
        let (_, top) = scrolled.get();
        let line_height = f64::from(LINE_HEIGHT);
        visible_rows(line_count.get(), line_height, f64::from(top), height.get(), OVERSCAN)
    });
    let first = Memo::new(move |_| range.get().start);
    let places = Memo::new(move |_| range.get().len());
    let wrong_line = Memo::new(move |_| {
        let line = problem.with(|problem| problem.as_ref()?.spot.map(|spot| spot.line))?;
        usize::try_from(line).ok()?.checked_sub(1)
    });
    let message = Memo::new(move |_| {
        problem.with(|problem| problem.as_ref().map(|problem| problem.message.clone()))
    });
    // The lines above those that are drawn, less what is scrolled out of sight.
    let offset = move |top: i32| {
        let above = i32::try_from(first.get()).unwrap_or(i32::MAX).saturating_mul(LINE_HEIGHT);
        above.saturating_sub(top)
    };

    let number = move |place: usize| {
        let index = Memo::new(move |_| first.get() + place);
        let is_wrong = Memo::new(move |_| wrong_line.get() == Some(index.get()));
        view! {
            <div class="code-number" class:wrong=is_wrong>
                {move || (index.get() + 1).to_string()}
            </div>
        }
    };
    let line = move |place: usize| {
        let index = Memo::new(move |_| first.get() + place);
        let pieces =
            Memo::new(move |_| highlighted.with(|highlighted| highlighted.line(index.get())));
        let said = Memo::new(move |_| {
            wrong_line.get().filter(|line| *line == index.get()).and_then(|_| message.get())
        });
        let said_here = move || {
            let said = said.get().map(|said| said.lines().next().unwrap_or_default().to_owned());
            said.map(|said| view! { <span class="code-problem">{said}</span> })
        };
        view! {
            <div class="code-line" class:wrong=move || said.with(Option::is_some)>
                {move || pieces.get().into_iter().map(piece).collect_view()}
                {said_here}
            </div>
        }
    };

    let area_id = format!("{id}-text");
    let hint_id = format!("{id}-hint");
    let problem_id = format!("{id}-problem");
    // Room for line numbers of four digits, so that nothing moves when the tenth or hundredth line begins.
    let digits = Memo::new(move |_| line_count.get().to_string().len().max(4));
    view! {
        <div class="code-editor">
            <label class="sr-only" for=area_id.clone()>{label}</label>
            <div class="code-frame">
                <div class="code-gutter" aria-hidden="true" style:width=move || format!("{}ch", digits.get() + 2)>
                    <div
                        class="code-lines"
                        style:transform=move || format!("translateY({}px)", offset(scrolled.get().1))
                    >
                        <For each=move || 0..places.get() key=|place| *place children=number />
                    </div>
                </div>
                <div class="code-view">
                    <div class="code-colours" aria-hidden="true">
                        <div
                            class="code-lines"
                            style:transform=move || {
                                let (left, top) = scrolled.get();
                                format!("translate({}px, {}px)", -left, offset(top))
                            }
                        >
                            <For each=move || 0..places.get() key=|place| *place children=line />
                        </div>
                    </div>
                    <textarea
                        id=area_id
                        class="code-text"
                        data-testid=id
                        wrap="off"
                        spellcheck="false"
                        autocapitalize="off"
                        autocomplete="off"
                        translate="no"
                        aria-describedby=format!("{hint_id} {problem_id}")
                        aria-invalid=move || message.with(Option::is_some).then_some("true")
                        node_ref=area
                        on:input:target=typed
                        on:keydown:target=on_key
                        on:scroll=move |_| look()
                        on:blur=move |_| is_leaving.set_value(false)
                    ></textarea>
                </div>
            </div>
            <div class="code-foot">
                <div class="code-problem-said" id=problem_id role="status" data-testid=format!("{id}-problem")>
                    {move || problem.get().map(|problem| said_below(problem, go_to))}
                </div>
                <p class="code-hint" id=hint_id>
                    <kbd>"Tab"</kbd>
                    " indents; "
                    <kbd>"Esc"</kbd>
                    ", then "
                    <kbd>"Tab"</kbd>
                    " leaves the editor"
                </p>
            </div>
        </div>
    }
}

fn piece(piece: Piece) -> AnyView {
    match piece.kind {
        Some(kind) => view! { <span class=kind.class()>{piece.text}</span> }.into_any(),
        None => piece.text.into_any(),
    }
}

/// What is wrong, in full, and the way to where it is.
fn said_below(problem: Problem, go_to: RwSignal<Option<Spot>>) -> AnyView {
    let Problem { spot, message } = problem;
    let whole = message.clone();
    let place = spot.map(|spot| {
        let Spot { line, column } = spot;
        view! {
            <button
                type="button"
                class="link"
                title="Go there"
                data-testid="problem-line"
                on:click=move |_| go_to.set(Some(spot))
            >
                {format!("Line {line}, column {column}")}
            </button>
            ": "
        }
    });
    view! {
        <Icon glyph=Glyph::Warning />
        <span title=whole>{place} {message}</span>
    }
    .into_any()
}

/// Puts the caret there, and the line into the middle of what is seen.
fn show(area: &HtmlTextAreaElement, spot: Spot) {
    let place = typing::place_at(&area.value(), spot.line, spot.column);
    // Fails for no element that exists.
    let _ = area.focus();
    text_area::select(area, &(place..place));
    let top = i32::try_from(spot.line.saturating_sub(1)).unwrap_or(i32::MAX);
    let top = top.saturating_mul(LINE_HEIGHT);
    if top < area.scroll_top() || top + LINE_HEIGHT > area.scroll_top() + area.client_height() {
        area.set_scroll_top(top - area.client_height() / 2);
    }
    area.set_scroll_left(0);
}
