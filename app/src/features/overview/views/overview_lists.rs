//! The lists of the overview: the busiest streams, the newest events, and consumer groups.

use leptos::html;
use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::foreign_text::visible;
use rewind_domain::operations::Name;

use crate::address::{EventsAddress, EventsOf, GroupAddress, OperatingAddress};
use crate::api::{GroupLag, NewestEvent, STREAM_SLOT_SECONDS, StreamRate};
use crate::platform::stillness::{Stillness, held};
use crate::platform::zone::ChosenZone;
use crate::ui::event_type::EventType;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::moment::Moment;
use crate::ui::sparkline::Sparkline;
use crate::ui::state::rates::per_second;
use crate::ui::state::steady::new_ones;
use crate::ui::stream_key::KeyText;
use crate::ui::text;

/// The streams with the most events in the last minutes.
#[component]
pub(crate) fn BusiestStreams(
    /// They.
    #[prop(into)]
    streams: Signal<Vec<StreamRate>>,
) -> impl IntoView {
    let row = move |key: StreamKey| {
        let wanted = key.clone();
        let rate = Memo::new(move |_| {
            streams.with(|all| all.iter().find(|rate| rate.stream == wanted).cloned())
        });
        let counts = Signal::derive(move || rate.get().map(|rate| rate.counts).unwrap_or_default());
        let total = move || rate.get().map_or(0, |rate| rate.total);
        let label = Signal::derive(move || {
            format!("{} in the last 5 minutes", text::counted(total(), "event", "events"))
        });
        let href = EventsAddress::newest(key.clone()).href();
        let name = key.to_string();
        view! {
            <li class="busy-row" data-testid="busy" data-key=name>
                <a href=href data-testid="busy-link"><KeyText stream=key /></a>
                <Sparkline counts label />
                <span class="busy-rate">{move || counts.with(|counts| per_second(lately(counts)))}</span>
                <span class="busy-total">{move || text::grouped(total())}</span>
            </li>
        }
    };
    let list = NodeRef::<html::Ul>::new();
    let is_used = Stillness::of(list).is_used_or_focused();
    let order = Signal::derive(move || {
        streams.with(|all| all.iter().map(|rate| rate.stream.clone()).collect::<Vec<_>>())
    });
    let keys = held(is_used, order);
    let is_empty = Memo::new(move |_| keys.with(Vec::is_empty));
    view! {
        <section class="panel" aria-label="Busiest streams">
            <header class="panel-head">
                <h2>"Busiest streams"</h2>
                <span class="panel-note"></span>
                <span class="busy-head" aria-hidden="true"><span>"/s"</span><span>"5 min"</span></span>
            </header>
            <Show when=move || is_empty.get()>
                <p class="panel-empty">"No stream had an event in the last 5 minutes."</p>
            </Show>
            <ul class="panel-rows" node_ref=list>
                <For each=move || keys.get() key=Clone::clone children=row />
            </ul>
        </section>
    }
}

/// Events a second, over the last slots that are over.
#[expect(clippy::cast_precision_loss, reason = "counts of a few seconds")]
fn lately(counts: &[u64]) -> f64 {
    const SLOTS: usize = 2;
    let over = counts.len().saturating_sub(1);
    let lately = counts.get(over.saturating_sub(SLOTS)..over).unwrap_or_default();
    lately.iter().sum::<u64>() as f64 / (SLOTS as u64 * STREAM_SLOT_SECONDS) as f64
}

/// The newest events of all streams.
#[component]
pub(crate) fn NewestEvents(
    /// They, the newest first.
    #[prop(into)]
    events: Signal<Vec<NewestEvent>>,
) -> impl IntoView {
    let list = NodeRef::<html::Ul>::new();
    let is_used = Stillness::of(list).is_used_or_focused();
    let shown = held(is_used, events);
    let waiting = Memo::new(move |_| {
        let key_of = |event: &NewestEvent| (event.stream.clone(), event.id);
        events.with(|now| shown.with(|shown| new_ones(shown, now, key_of)))
    });
    let note = move || match waiting.get() {
        0 => String::new(),
        count => format!("{} new", text::grouped(count as u64)),
    };
    let is_empty = Memo::new(move |_| shown.with(Vec::is_empty));
    // Those that were there at first are not new.
    let is_drawn = StoredValue::new(false);
    Effect::new(move || {
        if !is_empty.get() {
            is_drawn.set_value(true);
        }
    });
    let row = move |event: NewestEvent| {
        let list = EventsAddress::of(EventsOf::Stream(event.stream.clone()));
        let href = list.with_event(Some(event.id)).href();
        let data = match event.decode_error.clone() {
            Some(error) => view! {
                <span class="newest-data" title=visible(&error).into_owned()>
                    <Icon glyph=Glyph::Warning />
                    {foreign(&error)}
                </span>
            }
            .into_any(),
            None => view! { <code class="newest-data">{foreign(&event.preview)}</code> }.into_any(),
        };
        view! {
            <li class="newest-row" class:fresh=is_drawn.get_value() data-testid="newest" data-id=event.id.to_string()>
                <a class="newest-link" href=href data-testid="newest-link">
                    <Moment ms=event.timestamp_ms />
                    <EventType event_type=event.r#type.clone() />
                    <KeyText stream=event.stream.clone() />
                    {data}
                </a>
            </li>
        }
    };
    view! {
        <section class="panel" aria-label="Newest events">
            <header class="panel-head">
                <h2>"Newest events"</h2>
                <span class="panel-note" data-testid="newest-zone">{move || ChosenZone::get().full_name()}</span>
                <span class="panel-note" data-testid="newest-waiting">{note}</span>
            </header>
            <Show when=move || is_empty.get()>
                <p class="panel-empty">"There are no events yet."</p>
            </Show>
            <ul class="panel-rows" node_ref=list>
                <For
                    each=move || shown.get()
                    key=|event| (event.stream.clone(), event.id)
                    children=row
                />
            </ul>
        </section>
    }
}

/// Consumer groups, those that are furthest behind first.
#[component]
pub(crate) fn ConsumerGroups(
    /// They.
    #[prop(into)]
    groups: Signal<Vec<GroupLag>>,
    /// How many there are beside.
    #[prop(into)]
    left_out: Signal<u64>,
) -> impl IntoView {
    let is_empty = Memo::new(move |_| groups.with(Vec::is_empty));
    let table = NodeRef::<html::Tbody>::new();
    let is_used = Stillness::of(table).is_used_or_focused();
    let order =
        Signal::derive(move || groups.with(|all| all.iter().map(key_of).collect::<Vec<_>>()));
    let keys = held(is_used, order);
    let row = move |key: GroupKey| {
        let of = key.clone();
        let group = Memo::new(move |before: Option<&Option<GroupLag>>| {
            let now = groups.with(|all| all.iter().find(|group| key_of(group) == of).cloned());
            now.or_else(|| before.cloned().flatten())
        });
        group_row(key, group)
    };
    let note = move || match left_out.get() {
        0 => String::new(),
        left_out => format!("and {} more, less behind", text::grouped(left_out)),
    };
    view! {
        <section class="panel" aria-label="Consumer groups">
            <header class="panel-head">
                <h2><a href="/groups" data-testid="overview-groups">"Consumer groups"</a></h2>
                <span class="panel-note">{note}</span>
            </header>
            <Show
                when=move || !is_empty.get()
                fallback=|| view! { <p class="panel-empty">"No stream has a consumer group."</p> }
            >
                <div class="panel-rows">
                    <table class="groups-table">
                        <thead>
                            <tr>
                                <th scope="col">"Group"</th>
                                <th scope="col" title="Entries that it was not given yet">"Lag"</th>
                                <th scope="col" title="Entries that it was given and has not acknowledged">"Pending"</th>
                                <th scope="col" title="Its consumers">"Cons."</th>
                                <th scope="col" title="How long ago any of its consumers did anything">"Idle"</th>
                            </tr>
                        </thead>
                        <tbody node_ref=table>
                            <For each=move || keys.get() key=Clone::clone children=row />
                        </tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}

/// What tells a group from the others: its stream, and its name there.
type GroupKey = (StreamKey, String);

fn key_of(group: &GroupLag) -> GroupKey {
    (group.stream.clone(), group.group.clone())
}

/// A group, whose row stays while its figures change.
fn group_row((stream, name): GroupKey, group: Memo<Option<GroupLag>>) -> impl IntoView {
    let href = EventsAddress::newest(stream.clone()).href();
    // It was written by the same rule.
    let group_name = name.parse::<Name>().unwrap_or_else(|_| Name::from(name.as_str()));
    let page = OperatingAddress::Group(GroupAddress::of(stream.clone(), group_name)).href();
    let figure = move |read: fn(&GroupLag) -> String| {
        move || group.with(|group| group.as_ref().map(read).unwrap_or_default())
    };
    let is_behind = move || {
        group.with(|group| group.as_ref().is_some_and(|group| group.lag.is_some_and(|lag| lag > 0)))
    };
    let lag = move || {
        let group = group.get()?;
        Some(match (group.lag, group.unknown_because) {
            (Some(lag), _) => view! { <span>{text::grouped(lag)}</span> }.into_any(),
            (None, because) => {
                let because = because.unwrap_or_default();
                let most = group
                    .lag_at_most
                    .map_or("unknown".to_owned(), |most| format!("≤ {}", text::grouped(most)));
                view! { <span class="faint" title=because>{most}<span class="sr-only">": " {because.clone()}</span></span> }
                    .into_any()
            }
        })
    };
    let (title, shown) = (visible(&name).into_owned(), foreign(&name));
    let gone = move || {
        let group = group.get()?;
        let (gone, checked) =
            (group.pending_gone.filter(|gone| *gone > 0)?, group.pending_checked?);
        let (gone, checked) = (text::grouped(gone), text::grouped(checked));
        Some(format!("{gone} of the first {checked} are no longer in the stream"))
    };
    view! {
        <tr data-testid="group" data-group=name>
            <th scope="row">
                <a class="group-name" href=page title=title data-testid="group-page">{shown}</a>
                <a href=href data-testid="group-link"><KeyText stream /></a>
            </th>
            <td class="group-lag" class:behind=is_behind>{lag}</td>
            <td title=gone>{figure(|group| text::grouped(group.pending))}</td>
            <td>{figure(|group| text::grouped(group.consumers))}</td>
            <td>{figure(|group| group.idle_ms.map_or("–".to_owned(), text::brief_duration))}</td>
        </tr>
    }
}
