//! At which version the fold is looked at.

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::versions::IncompleteReason;

use crate::address::{FoldAddress, Point};
use crate::api::query::{EventsQuery, Limit, Until, WindowQuery};
use crate::api::{ApiError, StreamSummary, functions};
use crate::platform::clock::Debounce;
use crate::platform::keyboard;
use crate::platform::location::{History, Location};
use crate::platform::remote::Remote;
use crate::ui::state::keys::{self, Action};
use crate::ui::version_slider::Versions;

/// How long to stand still before the address says where, and before anything is asked about it: a slider passes many
/// versions that nobody wants to see.
const SETTLE_MS: u64 = 200;
/// How far the page keys go.
const LEAP: u64 = 10;

/// A version, and the way to others.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The version that is meant; `None` for the last one.
    wanted: RwSignal<Option<u64>>,
    /// The last version, if answers named a later one than there was.
    latest: RwSignal<u64>,
    summary: Remote<(), StreamSummary>,
    sought: RwSignal<Option<Point>>,
    found: Remote<Point, u64>,
    settle: Debounce,
    location: Location,
    stream: StoredValue<StreamKey>,
    /// The version where it came to rest; `None` for the last one.
    pub(super) settled: RwSignal<Option<u64>>,
    /// Which versions there are, and which is meant.
    pub(super) versions: Memo<Versions>,
    /// Whether it is known which versions there are.
    pub(super) is_known: Memo<bool>,
}

impl Place {
    pub(super) fn new(stream: &StreamKey, address: Signal<FoldAddress>) -> Self {
        let wanted = RwSignal::new(address.with_untracked(|address| address.version));
        let latest = RwSignal::new(0);
        let sought = RwSignal::new(None);
        let key = stream.clone();
        let summary = Remote::new(|| Some(()), {
            let key = key.clone();
            move |()| fetch_summary(key.clone())
        });
        let place = Self {
            wanted,
            latest,
            summary,
            sought,
            found: Remote::new(move || sought.get(), move |point| find(key.clone(), point)),
            settle: Debounce::new(SETTLE_MS),
            location: Location::expect(),
            stream: StoredValue::new(stream.clone()),
            settled: RwSignal::new(wanted.get_untracked()),
            versions: Memo::new(move |_| {
                let (first, known) = summary.loaded().map_or((0, 0), |loaded| {
                    (first_version(&loaded.answer), loaded.answer.latest_version)
                });
                let last = known.max(latest.get());
                Versions { first, shown: wanted.get().unwrap_or(last), last }
            }),
            is_known: Memo::new(move |_| summary.loaded().is_some()),
        };
        Effect::new(move || {
            let version = address.with(|address| address.version);
            if version != place.settled.get_untracked() {
                place.settle.cancel();
                place.wanted.set(version);
                place.settled.set(version);
            }
        });
        Effect::new(move || {
            if let Some(loaded) = place.found.loaded() {
                place.sought.set(None);
                place.go(loaded.answer);
            }
        });
        listen(place);
        place
    }

    /// Goes to a version.
    pub(super) fn go(self, version: u64) {
        self.wanted.set(Some(version));
        self.settle.call(move || self.rest(version));
    }

    /// Goes wherever that is.
    pub(super) fn jump(self, point: Point) {
        match point {
            Point::Version(version) => self.go(version),
            Point::Latest => self.go(self.versions.get_untracked().last),
            Point::Id(_) | Point::TimeMs(_) => self.sought.set(Some(point)),
        }
    }

    /// Notes that there are versions up to this one.
    pub(super) fn note_latest(self, version: u64) {
        if version > self.latest.get_untracked() {
            self.latest.set(version);
        }
    }

    /// Why there are no versions.
    pub(super) fn failure(self) -> Option<ApiError> {
        self.summary.final_error()
    }

    /// Why there is no version at a place that was typed.
    pub(super) fn not_found(self) -> Option<ApiError> {
        self.found.final_error()
    }

    /// Looks once more which versions there are.
    pub(super) fn ask_again(self) {
        self.summary.ask_again();
    }

    fn rest(self, version: u64) {
        self.settled.set(Some(version));
        let address = FoldAddress { stream: self.stream.get_value(), version: Some(version) };
        self.location.go(&address.href(), History::Replace);
    }
}

/// Listens to the keys that lead to other versions, the same as on the travel page.
fn listen(place: Place) {
    keyboard::on_page_key(move |key| {
        let Versions { first, shown, last } = place.versions.get_untracked();
        let version = match keys::action(key) {
            Some(Action::Previous) => shown.saturating_sub(1),
            Some(Action::Next) => shown.saturating_add(1),
            Some(Action::BackFar) => shown.saturating_sub(LEAP),
            Some(Action::OnFar) => shown.saturating_add(LEAP),
            Some(Action::First) => first,
            Some(Action::Last) => last,
            _ => return false,
        };
        place.go(version.clamp(first, last.max(first)));
        true
    });
}

async fn fetch_summary(stream: StreamKey) -> Result<StreamSummary, ApiError> {
    let query = EventsQuery { limit: Limit::new(1), ..EventsQuery::new(stream) };
    Ok(functions::events(query).await?.stream)
}

/// The version before the first event that is present.
fn first_version(summary: &StreamSummary) -> u64 {
    let missing = summary.incomplete.as_ref();
    let trimmed = missing.filter(|missing| missing.reason == IncompleteReason::Trimmed);
    trimmed.map_or(0, |trimmed| trimmed.missing_to)
}

async fn find(stream: StreamKey, point: Point) -> Result<u64, ApiError> {
    let around = match point {
        Point::Version(_) => Until::Latest,
        point => point.into(),
    };
    Ok(functions::window(WindowQuery::new(stream, around).with_limit(1)).await?.version)
}
