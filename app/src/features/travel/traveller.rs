//! The one cursor of the page: everything on it shows the version where the traveller stands.

use std::sync::Arc;

use leptos::prelude::*;
use rewind_domain::travel::{Cursor, ReplayError, Step};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{Json, StreamKey};

use crate::address::{Point, TravelAddress, ViewOptions};
use crate::api::query::WindowQuery;
use crate::api::query::bounds::DEFAULT_WINDOW_VERSIONS;
use crate::api::{ApiError, Shortfall, WindowAnswer, functions};
use crate::features::travel::views::version_list::VersionRow;
use crate::platform::clock::Debounce;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::state::seen::{Seen, Sighting};
use crate::ui::state::shared::{Document, Same, shared_with};

/// How long to stand still before the address says where. Browsers refuse an address that changes with every pixel of a
/// slider; and what plays or follows names the place where it comes to rest.
pub(super) const SETTLE_MS: u64 = 300;
/// How far from the version asked for a window surely reaches.
const NEAR: u64 = DEFAULT_WINDOW_VERSIONS / 4;

/// Someone on the way through a history: a window of versions, a place in it, and the request for the next window where
/// the way leads out of this one.
#[derive(Clone, Copy)]
pub(super) struct Traveller {
    held: RwSignal<Option<Held>>,
    /// The versions at hand.
    pub(super) rows: RwSignal<Vec<VersionRow>>,
    /// What is looked at, besides the version.
    pub(super) options: RwSignal<ViewOptions>,
    /// Whether new versions are followed as they come.
    pub(super) is_following: RwSignal<bool>,
    /// What is not in the window; `None` while all that is needed is.
    wanted: RwSignal<Option<Point>>,
    /// The version to stand at once what is wanted is here, if that is another by now.
    aim: StoredValue<Option<u64>>,
    answer: Remote<Point, WindowAnswer>,
    location: Location,
    settle: Debounce,
    stream: StoredValue<StreamKey>,
    /// The stream as it was seen last.
    seen: StoredValue<Seen>,
    /// Whether an answer was about another stream than those before it.
    pub(super) is_another: RwSignal<bool>,
    /// The address that shows what is shown, as far as it was written or read.
    written: StoredValue<Option<TravelAddress>>,
    /// The version shown.
    pub(super) version: Memo<u64>,
    /// The event that made it, where it is at hand.
    pub(super) step: Memo<Option<Same<Step>>>,
    /// The state; `None` if the fold had stopped before.
    pub(super) document: Memo<Option<Document>>,
    /// What is known of the history as a whole; `None` until the first answer.
    pub(super) facts: Memo<Option<Facts>>,
}

/// What an answer says about a history as a whole.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    /// The version before the first event that is present.
    pub(super) first: u64,
    /// The last version when it was asked for.
    pub(super) latest: u64,
    /// The version of the window's full state.
    pub(super) window_base: u64,
    /// Where the fold failed.
    pub(super) stopped: Option<Arc<ReplayError>>,
    /// What the states lack.
    pub(super) shortfall: Option<Arc<Shortfall>>,
    /// The fold that made them.
    pub(super) fold: Arc<str>,
}

/// A window, and where in it to stand.
#[derive(Clone, Debug)]
struct Held {
    cursor: Cursor,
    /// Where to stand. Beyond the cursor's window where the fold failed.
    version: u64,
    steps: Arc<Vec<Same<Step>>>,
    /// From here on there is no state.
    stopped_at: Option<u64>,
    facts: Facts,
}

impl Held {
    fn has_state(&self) -> bool {
        self.stopped_at.is_none_or(|stopped| self.version < stopped)
    }

    fn step(&self) -> Option<&Same<Step>> {
        let at = self.steps.binary_search_by_key(&self.version, |step| step.version).ok()?;
        self.steps.get(at)
    }

    /// Whether all that is shown of a version is here. Of the window's first version only the state is, not the event
    /// that made it, unless none did.
    fn covers(&self, version: u64) -> bool {
        let first = self.steps.first().map(|step| step.version);
        let last = self.steps.last().map(|step| step.version);
        let window = self.cursor.window();
        let is_start = version == window.base_version && version <= self.facts.first;
        is_start || first.zip(last).is_some_and(|(first, last)| (first..=last).contains(&version))
    }

    fn seek(&mut self, version: u64) {
        // Numbers skip where entries were trimmed away; the nearest before stands for those.
        let until = self.steps.partition_point(|step| step.version <= version);
        let base = self.cursor.window().base_version;
        self.version = self.steps[..until].last().map_or(base, |step| step.version);
        if self.has_state()
            && let Err(error) = self.cursor.seek(self.version)
        {
            leptos::logging::error!("{error}");
        }
    }
}

impl Traveller {
    pub(super) fn new(stream: StreamKey, address: Signal<TravelAddress>) -> Self {
        let wanted = RwSignal::new(None);
        let held = RwSignal::new(None::<Held>);
        let key = stream.clone();
        let of_held = move |f: fn(&Held) -> u64| held.with(|held| held.as_ref().map_or(0, f));
        let traveller = Self {
            held,
            rows: RwSignal::new(Vec::new()),
            options: RwSignal::new(address.with_untracked(|address| address.options.clone())),
            is_following: RwSignal::new(false),
            wanted,
            aim: StoredValue::new(None),
            answer: Remote::new(
                move || wanted.get(),
                move |point| fetch_window(key.clone(), point),
            ),
            location: Location::expect(),
            settle: Debounce::new(SETTLE_MS),
            stream: StoredValue::new(stream),
            seen: StoredValue::new(Seen::default()),
            is_another: RwSignal::new(false),
            written: StoredValue::new(None),
            version: Memo::new(move |_| of_held(|held| held.version)),
            step: Memo::new(move |_| {
                held.with(|held| held.as_ref().and_then(|held| held.step().cloned()))
            }),
            document: Memo::new(move |_| {
                held.with(|held| {
                    let held = held.as_ref().filter(|held| held.has_state())?;
                    Some(Document(held.cursor.state().clone()))
                })
            }),
            facts: Memo::new(move |_| {
                held.with(|held| held.as_ref().map(|held| held.facts.clone()))
            }),
        };
        Effect::new(move || {
            let address = address.get();
            if traveller.written.with_value(|written| written.as_ref() == Some(&address)) {
                return;
            }
            traveller.settle.cancel();
            traveller.written.set_value(Some(address.clone()));
            traveller.follow_if(address.point == Point::Latest);
            traveller.options.set(address.options);
            traveller.stand_at(address.point);
        });
        Effect::new(move || {
            if let Some(loaded) = traveller.answer.loaded() {
                traveller.arrive(loaded.question, &loaded.answer);
            }
        });
        traveller
    }

    /// The stream.
    pub(super) fn stream(self) -> StreamKey {
        self.stream.get_value()
    }

    /// Goes to a version, as one does on the way: the address follows once there is rest.
    pub(super) fn go(self, version: u64) {
        let (first, latest) = self.bounds();
        let version = version.clamp(first, latest.max(first));
        self.follow_if(version >= latest);
        self.stand_at(Point::Version(version));
        self.settle.call(move || self.write(History::Replace));
    }

    /// Goes to where one may want to come back from: the back button leads here again.
    pub(super) fn jump(self, point: Point) {
        self.settle.cancel();
        self.write(History::Replace);
        self.follow_if(point == Point::Latest);
        self.stand_at(point);
        // Which version an entry or a time is comes with the answer.
        self.write_address(self.address_at(point), History::Push);
    }

    /// Asks for what came since, without leaving what is shown until it is there.
    pub(super) fn catch_up(self) {
        if self.wanted.with_untracked(Option::is_none) {
            self.wanted.set(Some(Point::Latest));
        }
    }

    /// Looks at something else, wherever one stands.
    pub(super) fn look(self, how: History, change: impl FnOnce(&mut ViewOptions)) {
        let before = self.options.get_untracked();
        self.options.update(change);
        if self.options.with_untracked(|options| *options != before) {
            self.settle.cancel();
            self.write(how);
        }
    }

    /// Means another value. That changes with every row that the keyboard passes, so the address waits.
    pub(super) fn choose(self, path: Option<rewind_domain::Pointer>) {
        if self.options.with_untracked(|options| options.path != path) {
            self.options.update(|options| options.path = path);
            self.settle.call(move || self.write(History::Replace));
        }
    }

    /// The address of exactly what is shown.
    pub(super) fn address(self) -> TravelAddress {
        let point = match self.held.with_untracked(|held| held.as_ref().map(|held| held.version)) {
            Some(version) => Point::Version(version),
            None => self.written.get_value().map_or(Point::Latest, |address| address.point),
        };
        self.address_at(point)
    }

    /// The version where someone stands, or will once what is wanted is here.
    pub(super) fn heading(self) -> u64 {
        self.aim.get_value().unwrap_or_else(|| self.version.get_untracked())
    }

    /// The first and last versions known.
    pub(super) fn bounds(self) -> (u64, u64) {
        self.held.with_untracked(|held| {
            held.as_ref().map_or((0, u64::MAX), |held| (held.facts.first, held.facts.latest))
        })
    }

    /// Takes note of how an answer says that the stream looks.
    pub(super) fn saw(self, extent: &StreamExtent) -> Sighting {
        // The page may be gone by now.
        let sighting = self.seen.try_update_value(|seen| seen.note(extent));
        let sighting = sighting.unwrap_or(Sighting::Same);
        if sighting == Sighting::Another {
            self.is_another.try_set(true);
        }
        sighting
    }

    /// Notes that there are versions up to this one.
    pub(super) fn note_latest(self, latest: u64) {
        let is_news = self
            .held
            .with_untracked(|held| held.as_ref().is_some_and(|held| held.facts.latest < latest));
        if is_news {
            self.held.update(|held| {
                if let Some(held) = held {
                    held.facts.latest = latest;
                }
            });
        }
    }

    /// The steps at hand.
    pub(super) fn steps(self) -> Arc<Vec<Same<Step>>> {
        self.held
            .with_untracked(|held| held.as_ref().map(|held| held.steps.clone()))
            .unwrap_or_default()
    }

    /// The same, whenever there are others.
    pub(super) fn steps_tracked(self) -> Arc<Vec<Same<Step>>> {
        self.held.with(|held| held.as_ref().map(|held| held.steps.clone())).unwrap_or_default()
    }

    /// The full state at the window's first version.
    pub(super) fn window_state(self) -> Option<Json> {
        self.held
            .with_untracked(|held| held.as_ref().map(|held| held.cursor.window().state.clone()))
    }

    /// The state of another version, where the window has it.
    pub(super) fn state_at(self, version: u64) -> Option<Json> {
        let mut held = self.held.get_untracked()?;
        if !held.cursor.window().covers(version) {
            return None;
        }
        held.cursor.seek(version).ok()?;
        (held.cursor.version() == version).then(|| held.cursor.state().clone())
    }

    /// Whether an answer is on its way that was asked for from here.
    pub(super) fn is_loading(self) -> bool {
        self.answer.is_loading() && self.answer.error().is_none()
    }

    /// Why there will be no answer.
    pub(super) fn final_error(self) -> Option<ApiError> {
        self.answer.final_error()
    }

    /// Why it takes longer.
    pub(super) fn passing_error(self) -> Option<ApiError> {
        self.answer.passing_error()
    }

    /// Asks the same once more.
    pub(super) fn ask_again(self) {
        self.answer.ask_again();
    }

    /// Gives up what is wanted and stays.
    pub(super) fn stay(self) {
        self.aim.set_value(None);
        self.wanted.set(None);
        self.write(History::Replace);
    }

    /// Whoever is at the last version follows those that come.
    fn follow_if(self, is_at_end: bool) {
        if self.is_following.get_untracked() != is_at_end {
            self.is_following.set(is_at_end);
        }
    }

    fn address_at(self, point: Point) -> TravelAddress {
        TravelAddress {
            stream: self.stream.get_value(),
            point,
            options: self.options.get_untracked(),
        }
    }

    fn write(self, how: History) {
        self.write_address(self.address(), how);
    }

    fn write_address(self, address: TravelAddress, how: History) {
        self.written.set_value(Some(address.clone()));
        self.location.go(&address.href(), how);
    }

    fn stand_at(self, point: Point) {
        let version = match point {
            Point::Version(version) => Some(version),
            Point::Latest | Point::Id(_) | Point::TimeMs(_) => None,
        };
        let here = version.filter(|version| {
            self.held.with_untracked(|held| held.as_ref().is_some_and(|held| held.covers(*version)))
        });
        match here {
            Some(version) => {
                self.aim.set_value(None);
                if self.wanted.with_untracked(Option::is_some) {
                    self.wanted.set(None);
                }
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

    /// Whether the window that is on its way will have a version, so that asking again would only delay it.
    fn is_covered_soon(self, version: Option<u64>) -> bool {
        match (self.wanted.get_untracked(), version) {
            (Some(Point::Version(wanted)), Some(version)) => wanted.abs_diff(version) <= NEAR,
            _ => false,
        }
    }

    fn seek(self, version: u64) {
        self.held.update(|held| {
            if let Some(held) = held {
                held.seek(version);
            }
        });
    }

    fn arrive(self, point: Point, answer: &WindowAnswer) {
        // An answer that comes after its question was dropped must not move anyone.
        if self.wanted.get_untracked() != Some(point) {
            return;
        }
        if self.saw(&answer.extent) == Sighting::Another {
            return;
        }
        let aim = self.aim.try_update_value(Option::take).flatten();
        let version = match point {
            Point::Version(version) => version,
            Point::Latest | Point::Id(_) | Point::TimeMs(_) => answer.version,
        };
        let held = self.held_of(answer, version);
        self.rows.set(rows(answer, &held.steps));
        self.held.set(Some(held));
        self.wanted.set(None);
        if let Some(aim) = aim.filter(|aim| *aim != version) {
            self.stand_at(Point::Version(aim));
        }
        if point != Point::Version(version) {
            self.settle.call(move || self.write(History::Replace));
        }
    }

    fn held_of(self, answer: &WindowAnswer, version: u64) -> Held {
        let before =
            self.held.with_untracked(|held| held.as_ref().map(|held| held.cursor.state().clone()));
        let mut window = answer.window.clone();
        if let Some(before) = before {
            window.state = shared_with(window.state, &before);
        }
        let steps = window.steps.iter().chain(&answer.unfolded).cloned().map(Same::new).collect();
        let facts = Facts {
            first: answer.first_version,
            latest: answer.latest_version,
            window_base: window.base_version,
            stopped: answer.stopped.clone().map(Arc::new),
            shortfall: answer.incomplete.clone().map(Arc::new),
            fold: answer.fold.as_str().into(),
        };
        let mut held = Held {
            cursor: Cursor::new(window),
            version,
            steps: Arc::new(steps),
            stopped_at: answer.stopped.as_ref().map(|stopped| stopped.version),
            facts,
        };
        held.seek(version);
        held
    }
}

async fn fetch_window(stream: StreamKey, point: Point) -> Result<WindowAnswer, ApiError> {
    functions::window(WindowQuery::new(stream, point.into())).await
}

fn rows(answer: &WindowAnswer, steps: &[Same<Step>]) -> Vec<VersionRow> {
    let window = &answer.window;
    let start = (window.base_version <= answer.first_version)
        .then_some(VersionRow::Start { version: window.base_version });
    let stopped = answer.stopped.as_ref().map(|stopped| stopped.version);
    let row = |step: &Same<Step>| match stopped {
        Some(stopped) if step.version == stopped => VersionRow::Stopped(step.clone()),
        Some(stopped) if step.version > stopped => VersionRow::Unfolded(step.clone()),
        _ => VersionRow::Step(step.clone()),
    };
    start.into_iter().chain(steps.iter().map(row)).collect()
}
