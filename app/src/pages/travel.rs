//! An aggregate's state, version by version.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::travel::{Cursor, Step, Window};
use rewind_domain::versions::Incomplete;
use rewind_domain::{Change, EntryId, Json, StreamKey};

use crate::api::backend::DEFAULT_WINDOW_VERSIONS;
use crate::api::{ApiError, ErrorCode, StreamSummary, WindowAnswer, functions};
use crate::browser::clock::Debounce;
use crate::browser::keyboard;
use crate::browser::live_line::{LiveLine, LiveMessage};
use crate::browser::location::{History, Location};
use crate::browser::remote::Remote;
use crate::components::change_list::ChangeList;
use crate::components::copy_button::CopyButton;
use crate::components::error_panel::{ErrorBanner, ErrorPanel};
use crate::components::event_type::EventType;
use crate::components::icon::{Glyph, Icon};
use crate::components::incomplete_banner::IncompleteBanner;
use crate::components::json_tree::JsonTree;
use crate::components::live_status::LiveStatus;
use crate::components::moment::Moment;
use crate::components::skeleton::Skeleton;
use crate::components::stream_head::{Lens, StreamHead};
use crate::components::version_list::{VersionList, VersionRow};
use crate::components::version_slider::{VersionSlider, Versions};
use crate::state::address::{EventsAddress, Point, TravelAddress};
use crate::state::live::{LineStatus, Liveness};
use crate::state::text;
use crate::state::tree_state::TreeState;

/// How long to stand still before the address says where. Browsers refuse an address that changes with
/// every pixel of a slider.
const SETTLE_MS: u64 = 200;
/// How far the page keys go.
const LEAP: u64 = 10;
/// How far from the version asked for a window surely reaches.
const NEAR: u64 = DEFAULT_WINDOW_VERSIONS / 4;

/// Travels through the history of an aggregate.
#[component]
pub(crate) fn TravelPage(
    /// Its stream.
    stream: StreamKey,
    /// Where to stand.
    #[prop(into)]
    address: Signal<TravelAddress>,
) -> impl IntoView {
    let traveller = Traveller::new(stream.clone(), address);
    let watched = watch_growth(&stream);
    let latest = Memo::new(move |_| {
        let known = traveller.held.with(|held| held.as_ref().map_or(0, |held| held.latest));
        known.max(watched.latest.get())
    });
    let versions = Memo::new(move |_| {
        let held =
            traveller.held.with(|held| held.as_ref().map(|held| (held.first, held.version())));
        let (first, shown) = held.unwrap_or_default();
        Versions { first, shown, last: latest.get() }
    });
    let go = move |version: u64| traveller.go(version);
    keyboard::on_page_key(move |event| {
        let Versions { first, shown, last } = versions.get_untracked();
        // A key that is held goes on while the next window is on its way.
        let shown = traveller.aim.get_value().unwrap_or(shown);
        let target = match event.key().as_str() {
            "ArrowLeft" => shown.saturating_sub(1),
            "ArrowRight" => shown.saturating_add(1),
            "PageUp" => shown.saturating_sub(LEAP),
            "PageDown" => shown.saturating_add(LEAP),
            "Home" => first,
            "End" => last,
            _ => return false,
        };
        go(target.clamp(first, last.max(first)));
        true
    });
    super::title({
        let name = stream.name();
        move || format!("{name} · version {} · Rewind", versions.get().shown)
    });

    let rows = Memo::new(move |_| traveller.rows.get());
    let shown = Memo::new(move |_| versions.get().shown);
    let incomplete = Memo::new(move |_| {
        traveller.held.with(|held| held.as_ref().and_then(|held| held.incomplete.clone()))
    });
    let is_ready = Memo::new(move |_| traveller.held.with(Option::is_some));
    let failure = Memo::new(move |_| traveller.answer.final_error());
    let liveness = Memo::new(move |_| watched.line.with(|line| Liveness::of(line, false)));
    let newer = move || {
        let known = traveller.held.with(|held| held.as_ref().map(|held| held.latest))?;
        let count = latest.get().saturating_sub(known);
        (count > 0).then(|| {
            view! {
                <button
                    type="button"
                    class="button primary"
                    data-testid="newer-versions"
                    on:click=move |_| go(latest.get_untracked())
                >
                    {text::counted(count, "new version", "new versions")}
                    <Icon glyph=Glyph::Last />
                </button>
            }
        })
    };

    let head = stream.clone();
    let body = move || {
        if let Some(error) = failure.get() {
            return view! { <Failure stream=stream.clone() error traveller /> }.into_any();
        }
        let stream = stream.clone();
        view! {
            <div class="toolbar version-toolbar">
                <VersionSlider versions on_go=go />
                <LiveStatus liveness />
                <span role="status">{newer}</span>
            </div>
            <div class="loading-bar" class:on=move || traveller.answer.is_loading() && traveller.answer.error().is_none() aria-hidden="true"></div>
            <ErrorBanner error=Signal::derive(move || traveller.answer.passing_error()) />
            <IncompleteBanner incomplete />
            <div class="travel-body">
                <VersionList rows shown on_go=go />
                <section class="state" aria-label="State">
                    {move || match is_ready.get() {
                        true => view! { <State stream=stream.clone() traveller versions /> }.into_any(),
                        false => view! { <Skeleton rows=10 /> }.into_any(),
                    }}
                </section>
            </div>
        }
        .into_any()
    };
    view! {
        <div class="page travel-page">
            <StreamHead stream=head lens=Lens::Travel>
                {move || is_ready.get().then(|| text::counted(latest.get(), "version", "versions"))}
            </StreamHead>
            {body}
        </div>
    }
}

/// Someone on the way through a history: a window of versions, a place in it, and the request for the next
/// window where the way leads out of this one.
#[derive(Clone, Copy)]
struct Traveller {
    held: RwSignal<Option<Held>>,
    rows: RwSignal<Vec<VersionRow>>,
    /// What is not in the window; nothing while all that is needed is.
    wanted: RwSignal<Option<Point>>,
    /// The version to stand at once what is wanted is here, if that is another by now.
    aim: StoredValue<Option<u64>>,
    answer: Remote<Point, WindowAnswer>,
    location: Location,
    settle: Debounce,
    stream: StoredValue<StreamKey>,
    /// The version that was last put into the address from here.
    written: StoredValue<Option<u64>>,
}

/// A window, and where in it to stand.
#[derive(Clone, Debug)]
struct Held {
    cursor: Cursor,
    first: u64,
    latest: u64,
    incomplete: Option<Incomplete>,
    fold: String,
}

impl Held {
    fn version(&self) -> u64 {
        self.cursor.version()
    }

    /// Whether all that is shown of a version is here. Of the window's first version only the state is,
    /// not the event that made it, unless none did.
    fn covers(&self, version: u64) -> bool {
        let window = self.cursor.window();
        window.covers(version) && (version > window.base_version || version <= self.first)
    }
}

impl Traveller {
    fn new(stream: StreamKey, address: Signal<TravelAddress>) -> Self {
        let wanted = RwSignal::new(None);
        let key = stream.to_string();
        let traveller = Self {
            held: RwSignal::new(None),
            rows: RwSignal::new(Vec::new()),
            wanted,
            aim: StoredValue::new(None),
            answer: Remote::new(
                move || wanted.get(),
                move |point| fetch_window(key.clone(), point),
            ),
            location: Location::expect(),
            settle: Debounce::new(SETTLE_MS),
            stream: StoredValue::new(stream),
            written: StoredValue::new(None),
        };
        Effect::new(move || {
            let point = address.with(|address| address.point);
            let written = traveller.written.try_update_value(Option::take).flatten();
            if written.map(Point::Version) != Some(point) {
                traveller.settle.cancel();
                traveller.stand_at(point);
            }
        });
        Effect::new(move || {
            if let Some(loaded) = traveller.answer.loaded() {
                traveller.arrive(loaded.question, &loaded.answer);
            }
        });
        traveller
    }

    /// Goes to a version, and says so in the address.
    fn go(self, version: u64) {
        self.stand_at(Point::Version(version));
        self.settle.call(move || self.write(version));
    }

    fn write(self, version: u64) {
        self.written.set_value(Some(version));
        let stream = self.stream.get_value();
        let address = TravelAddress { stream, point: Point::Version(version) };
        self.location.go(&address.href(), History::Replace);
    }

    fn stand_at(self, point: Point) {
        let version = match point {
            Point::Version(version) => Some(version),
            Point::Latest | Point::Id(_) => None,
        };
        let here = version.filter(|version| {
            self.held.with_untracked(|held| held.as_ref().is_some_and(|held| held.covers(*version)))
        });
        match here {
            Some(version) => {
                self.aim.set_value(None);
                self.wanted.set(None);
                self.seek(version);
            }
            None => {
                self.aim.set_value(version);
                if !self.is_covered_soon(version) {
                    self.wanted.set(Some(point));
                }
            }
        }
    }

    /// Whether the window that is on its way will have a version, so that asking anew would only delay it.
    fn is_covered_soon(self, version: Option<u64>) -> bool {
        match (self.wanted.get_untracked(), version) {
            (Some(Point::Version(wanted)), Some(version)) => wanted.abs_diff(version) <= NEAR,
            _ => false,
        }
    }

    fn seek(self, version: u64) {
        self.held.update(|held| {
            if let Some(held) = held
                && let Err(error) = held.cursor.seek(version)
            {
                leptos::logging::error!("{error}");
            }
        });
    }

    fn arrive(self, point: Point, answer: &WindowAnswer) {
        // An answer that comes after its question was dropped must not move anyone.
        if self.wanted.get_untracked() != Some(point) {
            return;
        }
        let window = &answer.window;
        let version = match point {
            Point::Latest => answer.latest_version,
            Point::Version(version) => version,
            Point::Id(id) => version_of(window, id),
        };
        self.rows.set(rows(answer));
        self.held.set(Some(Held {
            cursor: Cursor::new(window.clone()),
            first: answer.first_version,
            latest: answer.latest_version,
            incomplete: answer.incomplete.clone(),
            fold: answer.fold.clone(),
        }));
        self.seek(version);
        let aim = self.aim.try_update_value(Option::take).flatten();
        self.wanted.set(None);
        if let Some(aim) = aim.filter(|aim| *aim != version) {
            self.stand_at(Point::Version(aim));
        }
        if point != Point::Version(version) {
            self.write(version);
        }
    }
}

async fn fetch_window(stream: String, point: Point) -> Result<WindowAnswer, ApiError> {
    let (version, id) = match point {
        Point::Latest => (None, None),
        Point::Version(version) => (Some(version.to_string()), None),
        Point::Id(id) => (None, Some(id.to_string())),
    };
    functions::window(stream, version, id, None, None).await
}

/// The version that an event made, or the last one before it.
fn version_of(window: &Window, id: EntryId) -> u64 {
    let until = window.steps.partition_point(|step| step.id <= id);
    window.steps[..until].last().map_or(window.base_version, |step| step.version)
}

fn rows(answer: &WindowAnswer) -> Vec<VersionRow> {
    let window = &answer.window;
    let start = (window.base_version <= answer.first_version)
        .then_some(VersionRow::Start { version: window.base_version });
    let steps = window.steps.iter().cloned().map(|step| VersionRow::Step(Arc::new(step)));
    start.into_iter().chain(steps).collect()
}

/// What is known of how a stream grows while it is looked at.
#[derive(Clone, Copy)]
struct Watched {
    latest: RwSignal<u64>,
    line: RwSignal<LineStatus>,
}

fn watch_growth(stream: &StreamKey) -> Watched {
    let watched = Watched { latest: RwSignal::new(0), line: RwSignal::new(LineStatus::default()) };
    let key = stream.to_string();
    let summary = Remote::new(|| Some(()), move |()| fetch_summary(key.clone()));
    let stream = stream.clone();
    Effect::new(move || {
        let Some(loaded) = summary.loaded() else { return };
        let StreamSummary { last_id, latest_version, .. } = loaded.answer;
        watched.latest.set(latest_version);
        let after = last_id.unwrap_or(EntryId::MIN);
        let line = LiveLine::open(stream.clone(), after, move |messages| {
            watched.line.try_update(|line| messages.iter().for_each(|message| line.note(message)));
            watched.latest.try_update(|latest| count(latest, &messages));
        });
        let line = StoredValue::new_local(Some(line));
        on_cleanup(move || drop(line.try_update_value(Option::take)));
    });
    watched
}

fn count(latest: &mut u64, messages: &[LiveMessage]) {
    for message in messages {
        match message {
            LiveMessage::Event(event) => {
                *latest = event.version.unwrap_or(*latest + 1).max(*latest);
            }
            LiveMessage::Gap(gap) => *latest += gap.missing.unwrap_or(0),
            LiveMessage::Lag
            | LiveMessage::Redis(_)
            | LiveMessage::Failed(_)
            | LiveMessage::Line(_) => {}
        }
    }
}

async fn fetch_summary(stream: String) -> Result<StreamSummary, ApiError> {
    let limit = Some("1".to_owned());
    Ok(functions::events(stream, None, None, limit, None, None).await?.stream)
}

/// The state where someone stands, and what made it.
#[component]
fn State(stream: StreamKey, traveller: Traveller, versions: Memo<Versions>) -> impl IntoView {
    let held = traveller.held;
    let step = Memo::new(move |_| {
        held.with(|held| held.as_ref().and_then(|held| held.cursor.step().cloned()))
    });
    let document = Memo::new(move |_| {
        held.with(|held| held.as_ref().map_or(Json::Null, |held| held.cursor.state().clone()))
    });
    let changes = Memo::new(move |_| {
        step.with(|step| step.as_ref().map_or_else(Vec::<Change>::new, |step| step.changes.clone()))
    });
    let fold = Memo::new(move |_| {
        held.with(|held| held.as_ref().map(|held| held.fold.clone())).unwrap_or_default()
    });
    let tree = RwSignal::new(TreeState::default());
    let reveal = RwSignal::new(None);
    let made_by = move || step.get().map_or_else(no_event, |step| step_facts(&stream, step));
    let decode_error = move || {
        step.get().and_then(|step| step.decode_error).map(|error| {
            view! {
                <div class="banner warning" role="note" data-testid="decode-error">
                    <Icon glyph=Glyph::Warning />
                    <span>
                        <strong>"Not all of it was read: "</strong>
                        {error.to_string()}
                        ". This event may have changed less than it should."
                    </span>
                </div>
            }
        })
    };
    view! {
        <header class="state-head">
            <h2>
                "Version "
                <span data-testid="version">{move || versions.get().shown.to_string()}</span>
                <span class="version-of">" of "{move || versions.get().last.to_string()}</span>
            </h2>
            <div class="state-event">{made_by}</div>
            <div class="state-tools">
                <span class="faint" title="The rule that turns events into the state">
                    "Fold: "
                    {fold}
                </span>
                <CopyButton
                    label="Copy state"
                    is_labelled=true
                    text=move || document.with_untracked(|document| format!("{document:#}"))
                />
            </div>
        </header>
        {decode_error}
        <ChangeList changes on_reveal=move |path| reveal.set(Some(path)) />
        <JsonTree id="state" label="State at this version" document changes state=tree reveal />
    }
}

fn no_event() -> AnyView {
    view! { <span class="faint">"Before the first event"</span> }.into_any()
}

fn step_facts(stream: &StreamKey, step: Step) -> AnyView {
    let event =
        EventsAddress { event: Some(step.id), ..EventsAddress::newest(stream.clone()) }.href();
    view! {
        <EventType event_type=step.event_type />
        <span class="facts-time">
            <Moment ms=step.timestamp_ms />
            " UTC"
        </span>
        <a class="id" href=event title="Open this event" data-testid="event-of-version">
            {step.id.to_string()}
        </a>
    }
    .into_any()
}

/// Why there is no state to show, and where there is one.
#[component]
fn Failure(stream: StreamKey, error: ApiError, traveller: Traveller) -> impl IntoView {
    let is_elsewhere = error.code == ErrorCode::VersionNotFound;
    let latest = TravelAddress::latest(stream).href();
    view! {
        <ErrorPanel error retry=move |()| traveller.answer.ask_again()>
            {is_elsewhere.then(|| view! { <a class="button primary" href=latest>"The latest version"</a> })}
            <a class="button" href="/">"All streams"</a>
        </ErrorPanel>
    }
}
