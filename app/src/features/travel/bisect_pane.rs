//! Where things went wrong: the versions at which an expression turns true or false.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use rewind_domain::travel::ReplayError;

use super::Travel;
use crate::address::Point;
use crate::api::query::BisectQuery;
use crate::api::{ApiError, BisectAnswer, ErrorCode, functions};
use crate::features::travel::views::transition_list::TransitionList;
use crate::platform::location::History;
use crate::platform::remote::Remote;
use crate::ui::error_panel::ErrorPanel;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// The box for the expression.
pub(super) const EXPRESSION_ID: &str = "expression";

#[component]
pub(super) fn BisectPane(travel: Travel) -> impl IntoView {
    let traveller = travel.traveller;
    let expression =
        Memo::new(move |_| traveller.options.with(|options| options.expression.clone()));
    let key = traveller.stream();
    let answer = Remote::new(
        move || Some(expression.get()).filter(|expression| !expression.is_empty()),
        move |expression| functions::bisect(BisectQuery { stream: key.clone(), expression }),
    );
    let input = NodeRef::<html::Input>::new();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(input) = input.get() else { return };
        let typed = input.value().trim().to_owned();
        if typed == expression.get_untracked() {
            answer.ask_again();
        } else {
            traveller.look(History::Push, |options| options.expression = typed);
        }
    };
    let unusable = Memo::new(move |_| {
        answer.final_error().filter(|error| error.code == ErrorCode::ExpressionInvalid)
    });
    let problem = move || {
        unusable.get().map(|error| {
            let expression = expression.get();
            view! { <Problem expression error /> }
        })
    };
    let result = move || {
        if expression.with(String::is_empty) {
            return view! { <Hint /> }.into_any();
        }
        if unusable.with(Option::is_some) {
            return ().into_any();
        }
        if let Some(error) = answer.final_error() {
            return view! { <ErrorPanel error retry=move |()| answer.ask_again() /> }.into_any();
        }
        let loaded = answer.loaded().filter(|loaded| loaded.question == expression.get());
        match loaded {
            Some(loaded) => view! { <Answer travel answer=loaded.answer.clone() /> }.into_any(),
            None => view! { <Skeleton rows=4 /> }.into_any(),
        }
    };
    view! {
        <form class="pane-bar bisect-form" on:submit=submit>
            <label class="sr-only" for=EXPRESSION_ID>"Expression over state, event and version"</label>
            <input
                type="text"
                id=EXPRESSION_ID
                class="expression"
                node_ref=input
                placeholder="state.total < 0"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                data-testid="expression"
                prop:value=expression
                aria-invalid=move || unusable.with(Option::is_some).then_some("true")
                aria-describedby="expression-problem"
            />
            <button type="submit" class="button primary" data-testid="bisect">"Find"</button>
        </form>
        <div id="expression-problem" role="alert">{problem}</div>
        <div class="pane-scroll" role="region" aria-label="Result" tabindex="0">{result}</div>
    }
}

/// What is wrong with an expression, and where.
#[component]
fn Problem(expression: String, error: ApiError) -> impl IntoView {
    let place = error.column.map(|column| {
        // What is missing at the end may be noticed only behind it.
        let lines: Vec<&str> = expression.lines().collect();
        let line = error.line.unwrap_or(1).max(1) as usize - 1;
        let (text, at) = match lines.get(line) {
            Some(text) => (*text, column.max(1) as usize - 1),
            None => lines.last().map_or(("", 0), |text| (*text, text.chars().count())),
        };
        (text.to_owned(), at)
    });
    let at = place.as_ref().map(|(_, at)| format!(" (column {})", at + 1));
    let place = place.map(|(text, at)| {
        let shown = format!("{text}\n{}^", " ".repeat(at));
        view! { <pre class="problem-place" aria-hidden="true">{shown}</pre> }
    });
    view! {
        <div class="problem" data-testid="expression-problem">
            {place}
            <p>{error.message} {at}</p>
        </div>
    }
}

#[component]
fn Hint() -> impl IntoView {
    view! {
        <div class="pane-note" data-testid="bisect-hint">
            <p>"Find the version at which something became true, and the event that caused it. JavaScript over:"</p>
            <dl class="keys">
                <dt><code>"state"</code></dt>
                <dd>"the state at each version"</dd>
                <dt><code>"event"</code></dt>
                <dd>"the event that made it"</dd>
                <dt><code>"version"</code></dt>
                <dd>"its number"</dd>
            </dl>
            <p>
                <code>"state.total < 0"</code>
                ", "
                <code>"state.items?.length > 100"</code>
                ", "
                <code>"state.status === 'paid' && !state.payment"</code>
            </p>
        </div>
    }
}

#[component]
fn Answer(travel: Travel, answer: BisectAnswer) -> impl IntoView {
    let traveller = travel.traveller;
    let go = move |version: u64| traveller.jump(Point::Version(version));
    let until = text::grouped(answer.until);
    let verdict = match answer.first_true {
        Some(version) => {
            let now = match answer.is_true {
                true => format!("still true at version {until}"),
                false => format!("false again at version {until}"),
            };
            view! {
                <p class="verdict" data-testid="first-true">
                    "First true at "
                    <button type="button" class="link" data-testid="first-true-version" on:click=move |_| go(version)>
                        {format!("version {}", text::grouped(version))}
                    </button>
                    ", "
                    {now}
                    "."
                </p>
            }
            .into_any()
        }
        None => view! {
            <p class="verdict" data-testid="never-true">
                {format!("Never true, up to version {until}.")}
            </p>
        }
        .into_any(),
    };
    let was_true = answer.was_true.then(|| {
        view! { <p class="pane-note">"It was true before the first event."</p> }
    });
    let failures = answer.failures.map(|failures| {
        let count = text::counted(failures.count, "version", "versions");
        let first = failures.first_version;
        view! {
            <p class="pane-note warning" data-testid="expression-failures">
                <Icon glyph=Glyph::Warning />
                <span>
                    {format!("It failed at {count}, which count as false; first at ")}
                    <button type="button" class="link" data-testid="failed-version" on:click=move |_| go(first)>
                        {format!("version {}", text::grouped(first))}
                    </button>
                    ": "
                    {failures.message}
                </span>
            </p>
        }
    });
    let stopped = answer.stopped.map(|stopped: ReplayError| {
        let version = stopped.version;
        view! {
            <p class="pane-note warning">
                <Icon glyph=Glyph::Warning />
                <span>
                    "The fold stopped at "
                    <button type="button" class="link" data-testid="stopped-version" on:click=move |_| go(version)>
                        {format!("version {}", text::grouped(version))}
                    </button>
                    "; nothing is known from there on."
                </span>
            </p>
        }
    });
    let shown = answer.transitions.len() as u64;
    let rest = (answer.total > shown).then(|| {
        let rest = text::grouped(answer.total - shown);
        view! { <p class="pane-note">{format!("and {rest} more turns.")}</p> }
    });
    view! {
        <div class="bisect-answer">
            {verdict}
            {was_true}
            {failures}
            {stopped}
            <TransitionList transitions=answer.transitions shown=traveller.version on_go=go />
            {rest}
        </div>
    }
}
