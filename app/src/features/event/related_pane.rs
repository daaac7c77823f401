//! The events of the same story.

use leptos::prelude::*;
use rewind_domain::{EntryId, StreamKey};

use crate::address::EventsAddress;
use crate::address::event_ref::EventPane;
use crate::api::functions;
use crate::api::query::RelatedQuery;
use crate::api::related::LookedAt;
use crate::features::event::state::story::Story;
use crate::features::event::views::story_tree::StoryTree;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// How many streams that were read in part are listed; who wants to know of more asks the API.
const MAX_PARTS: usize = 20;

/// What is asked, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Ask {
    /// What is next to the event.
    First,
    /// What is in further streams.
    Further(String),
    /// What is further from the event, in one stream.
    Deeper(StreamKey),
}

/// The story as a tree, what was looked through for it, and ways to look further.
#[component]
pub(super) fn RelatedPane(
    stream: StreamKey,
    id: EntryId,
    address: Signal<EventsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let ask = RwSignal::new(Ask::First);
    let story = RwSignal::new(None::<Story>);
    let key = stream;
    let answers = Remote::new(
        move || Some(ask.get()),
        move |ask| {
            let (cursor, within) = match ask {
                Ask::First => (None, None),
                Ask::Further(cursor) => (cursor.parse().ok(), None),
                Ask::Deeper(stream) => (None, Some(stream)),
            };
            functions::related(RelatedQuery { stream: key.clone(), id, cursor, within })
        },
    );
    Effect::new(move || {
        let Some(loaded) = answers.loaded() else { return };
        let answer = loaded.answer.clone();
        story.update(|story| match story {
            Some(story) => story.add(answer, matches!(loaded.question, Ask::Deeper(_))),
            None => *story = Some(Story::new(answer)),
        });
    });

    let href_to = move |(to, id): (StreamKey, EntryId)| {
        let here = address.get_untracked();
        let is_here = here.of.single().is_none_or(|stream| *stream == to);
        let list = if is_here { here } else { EventsAddress::newest(to.clone()) };
        list.with_event_of(&to, id).with_pane(EventPane::Related).href()
    };
    let rows =
        Memo::new(move |_| story.with(|story| story.as_ref().map(Story::rows).unwrap_or_default()));
    let is_waiting = Memo::new(move |_| story.with(Option::is_none));
    let is_alone = Memo::new(move |_| rows.with(|rows| rows.len() < 2));
    let head = move || {
        story.with(|story| {
            let story = story.as_ref()?;
            Some(match (story.correlation(), is_alone.get()) {
                (Some(correlation), _) => {
                    let correlation = correlation.to_owned();
                    view! {
                        <p class="story-head">
                            <span class="faint">"Correlation "</span>
                            <code>{correlation}</code>
                        </p>
                    }
                    .into_any()
                }
                (None, true) => view! {
                    <p class="pane-note" data-testid="no-story">
                        {format!("This event names no story ({}), and none that was found names it.", story.names())}
                    </p>
                }
                .into_any(),
                (None, false) => ().into_any(),
            })
        })
    };
    let content = move || {
        if let Some(error) = answers.final_error() {
            return view! { <ErrorPanel error retry=move |()| answers.ask_again() /> }.into_any();
        }
        match is_waiting.get() {
            true => view! { <Skeleton rows=5 /> }.into_any(),
            false => view! {
                <StoryTree
                    rows
                    href=href_to
                    on_open=move |to| location.go(&href_to(to), History::Push)
                />
                <Effort story=story on_ask=move |next| ask.set(next) is_busy=Signal::derive(move || answers.is_loading()) />
            }
            .into_any(),
        }
    };
    view! {
        <section class="related" aria-label="Related events" data-testid="related">
            <ErrorBanner error=Signal::derive(move || answers.passing_error()) />
            {head}
            {content}
        </section>
    }
}

/// What was looked through, and what was not.
#[component]
fn Effort(
    story: RwSignal<Option<Story>>,
    #[prop(into)] on_ask: Callback<Ask>,
    #[prop(into)] is_busy: Signal<bool>,
) -> impl IntoView {
    move || {
        story.with(|story| {
            let story = story.as_ref()?;
            let left_out = story.left_out();
            let left_out = (left_out > 0).then(|| {
                let events = text::counted(left_out, "more event", "more events");
                view! { <p>{format!("{events} of this story are further away in time and not shown.")}</p> }
            });
            let unlisted = story.unlisted().map(|why| {
                view! { <p class="warning">{format!("Other streams could not be looked for. {}", text::sentence(why))}</p> }
            });
            let further = story.next_cursor().map(|cursor| {
                let cursor = cursor.to_owned();
                view! {
                    <button
                        type="button"
                        class="button"
                        data-testid="related-further"
                        disabled=is_busy
                        on:click=move |_| on_ask.run(Ask::Further(cursor.clone()))
                    >
                        "Look in more streams"
                    </button>
                }
            });
            let parts = story.parts();
            let count = parts.len();
            let rest = count.saturating_sub(MAX_PARTS);
            let listed =
                parts.into_iter().take(MAX_PARTS).map(|part| partly(part, on_ask, is_busy)).collect_view();
            let rest = (rest > 0)
                .then(|| view! { <li class="faint">{format!("and {}", text::counted(rest as u64, "other", "others"))}</li> });
            let parts = (count > 0).then(|| {
                let streams = text::counted(count as u64, "stream was", "streams were");
                view! {
                    <details data-testid="related-parts">
                        <summary data-testid="related-parts-button">{format!("{streams} not read to the end")}</summary>
                        <ul>
                            {listed}
                            {rest}
                        </ul>
                    </details>
                }
            });
            Some(view! {
                <footer class="story-effort">
                    <p data-testid="related-effort">{story.effort()}</p>
                    {left_out}
                    {unlisted}
                    {further}
                    {parts}
                </footer>
            })
        })
    }
}

fn partly(part: LookedAt, on_ask: Callback<Ask>, is_busy: Signal<bool>) -> impl IntoView {
    let stream = part.stream.clone();
    let what = match (part.problem, part.first_id, part.last_id) {
        (Some(problem), ..) => text::sentence(&problem),
        (None, Some(first), Some(last)) => {
            let entries = text::counted(part.entries, "entry", "entries");
            format!("{entries}, {first} to {last}")
        }
        (None, ..) => "nothing was read".to_owned(),
    };
    view! {
        <li>
            <code>{foreign(&part.stream.to_string())}</code>
            <span class="faint">{what}</span>
            <button
                type="button"
                class="link"
                data-testid="related-deeper"
                disabled=is_busy
                on:click=move |_| on_ask.run(Ask::Deeper(stream.clone()))
            >
                "Look further"
            </button>
        </li>
    }
}
