//! An aggregate's history: the state at any version, what each event changed, who wrote what, and where things went wrong.
//!
//! One cursor drives everything. The [`Traveller`] has it, and the window of versions around it; all else on the page is derived
//! from that: the list, the state, what is compared, the authors, the place in time.

mod authors;
mod base_bar;
mod bisect_pane;
mod changes_pane;
mod comparison;
mod diff_pane;
mod growth;
mod history_pane;
mod keys;
mod panes;
mod playing;
mod searching;
mod seeking;
mod sheet;
pub(crate) mod state;
mod state_head;
mod state_view;
mod stopped_view;
mod time_strip;
mod traveller;
pub(crate) mod views;

use std::time::Duration;

use leptos::prelude::*;
use rewind_domain::{Pointer, StreamKey};

use self::authors::Authors;
use self::comparison::Comparison;
use self::growth::Growth;
use self::panes::{PaneTabs, Panes};
use self::playing::Playing;
use self::searching::Searching;
use self::seeking::Seeking;
use self::sheet::Sheet;
use self::state_head::StateHead;
use self::state_view::StateView;
use self::stopped_view::StoppedView;
use self::time_strip::TimeStrip;
use self::traveller::{SETTLE_MS, Traveller};
use crate::address::query::Query;
use crate::address::{Pane, Point, TravelAddress};
use crate::api::{ApiError, ErrorCode};
use crate::features::live::views::live_status::LiveStatus;
use crate::features::live::views::remade_notice::RemadeNotice;
use crate::features::travel::state::steps::Direction;
use crate::features::travel::views::player::Player;
use crate::features::travel::views::shortfall_banner::{ShortfallBanner, SkippedTypes};
use crate::features::travel::views::version_list::VersionList;
use crate::platform::clipboard;
use crate::platform::clock::Debounce;
use crate::platform::keyboard::focus;
use crate::platform::location::{History, Location};
use crate::ui::content::CONTENT_ID;
use crate::ui::copy_button::CopyButton;
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::keys_dialog::KeyHelp;
use crate::ui::skeleton::Skeleton;
use crate::ui::stream_head::{Lens, StreamHead};
use crate::ui::text;
use crate::ui::version_slider::{VersionSlider, Versions};

/// Travels through the history of an aggregate.
#[component]
pub(crate) fn TravelPage(
    /// Its stream.
    stream: StreamKey,
    /// Where to stand, and what to look at.
    #[prop(into)]
    address: Signal<TravelAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let times_remade = RwSignal::new(0_u64);
    let again = stream.clone();
    // All that is known is of a stream that is no more, so the page begins again, at the end of what is there now.
    let begin_again = Callback::new(move |()| {
        let latest = TravelAddress::latest(again.clone());
        location.go(&latest.href(), History::Replace);
        times_remade.update(|times| *times += 1);
        focus(CONTENT_ID);
    });
    let notice = stream.clone();
    let is_remade = Memo::new(move |_| times_remade.get() > 0);
    let remade =
        Signal::derive(move || if is_remade.get() { vec![notice.clone()] } else { Vec::new() });
    move || {
        times_remade.track();
        let stream = stream.clone();
        view! { <StreamHistory stream address remade on_remade=begin_again /> }
    }
}

/// The history of a stream, until it is made again.
#[component]
fn StreamHistory(
    stream: StreamKey,
    address: Signal<TravelAddress>,
    /// The stream, where it was made again since the page was opened.
    remade: Signal<Vec<StreamKey>>,
    on_remade: Callback<()>,
) -> impl IntoView {
    let travel = Travel::new(stream.clone(), address);
    let traveller = travel.traveller;
    let growth = growth::watch(traveller, on_remade);
    Effect::new(move || {
        if traveller.is_another.get() {
            on_remade.run(());
        }
    });
    keys::listen(travel);
    name_tab(traveller);

    let is_ready = Memo::new(move |_| traveller.facts.with(Option::is_some));
    let failure = Memo::new(move |_| traveller.final_error().filter(|_| !is_ready.get()));
    wait_for_stream(failure, remade, on_remade);
    let latest = move || traveller.facts.with(|facts| facts.as_ref().map(|facts| facts.latest));
    let head = stream.clone();
    let body = move || match failure.get() {
        Some(error) => view! { <Failure stream=stream.clone() error traveller /> }.into_any(),
        None => view! { <Body travel growth is_ready /> }.into_any(),
    };
    view! {
        <div class="page travel-page">
            <StreamHead stream=head lens=Lens::Travel>
                {move || latest().map(|latest| text::counted(latest, "version", "versions"))}
                <FoldLink traveller />
            </StreamHead>
            <RemadeNotice streams=remade />
            {body}
        </div>
    }
}

/// Looks again for a stream that was deleted under the page: what is added to it then makes it again.
fn wait_for_stream(
    failure: Memo<Option<ApiError>>,
    remade: Signal<Vec<StreamKey>>,
    on_remade: Callback<()>,
) {
    const LOOK_AGAIN: Duration = Duration::from_secs(2);
    Effect::new(move || {
        let is_gone = failure
            .with(|error| error.as_ref().is_some_and(|e| e.code == ErrorCode::StreamNotFound));
        if is_gone && remade.with(|remade| !remade.is_empty()) {
            let pending = set_timeout_with_handle(move || on_remade.run(()), LOOK_AGAIN);
            on_cleanup(move || {
                if let Ok(pending) = pending {
                    pending.clear();
                }
            });
        }
    });
}

/// Names the browser's tab after the version, once there is rest: browsers take their time for that.
fn name_tab(traveller: Traveller) {
    let name = traveller.stream().name();
    let settle = Debounce::new(SETTLE_MS);
    Effect::new(move || {
        let title = format!("{name} · version {} · Rewind", traveller.version.get());
        settle.call(move || document().set_title(&title));
    });
}

/// All that the parts of the page have in common.
#[derive(Clone, Copy)]
struct Travel {
    traveller: Traveller,
    comparison: Comparison,
    authors: Authors,
    playing: Playing,
    seeking: Seeking,
    search: Searching,
    /// The value that is meant in the state.
    active: RwSignal<Option<Pointer>>,
    /// A value to go to in the state.
    reveal: RwSignal<Option<Pointer>>,
    /// What a narrow screen shows.
    sheet: RwSignal<Sheet>,
}

impl Travel {
    fn new(stream: StreamKey, address: Signal<TravelAddress>) -> Self {
        let traveller = Traveller::new(stream, address);
        let reveal = RwSignal::new(None);
        let travel = Self {
            traveller,
            comparison: Comparison::new(traveller),
            authors: Authors::new(traveller),
            playing: Playing::new(traveller),
            seeking: Seeking::new(traveller),
            search: Searching::new(traveller, reveal),
            active: RwSignal::new(None),
            reveal,
            sheet: RwSignal::new(Sheet::of(
                traveller.options.with_untracked(|options| options.pane),
            )),
        };
        travel.keep_path();
        travel
    }

    /// Goes to a version by hand.
    fn go(self, version: u64) {
        self.playing.pause();
        self.traveller.go(version);
    }

    /// Compares with a version from now on, or with the one before again.
    fn compare_with(self, base: Option<u64>) {
        self.traveller.look(History::Replace, |options| options.base = base);
    }

    /// The path of the address is the value that is meant in the tree, whoever changes it.
    fn keep_path(self) {
        let Self { traveller, active, reveal, .. } = self;
        let path = Memo::new(move |_| traveller.options.with(|options| options.path.clone()));
        let is_ready = Memo::new(move |_| traveller.document.with(Option::is_some));
        Effect::new(move || {
            let path = path.get();
            if is_ready.get() && active.with_untracked(|active| *active != path) {
                active.set(path.clone());
                reveal.set(path);
            }
        });
        Effect::new(move |was_set: Option<bool>| {
            let active = active.get();
            // Until the first state is here nothing can be meant but what the address says.
            if was_set == Some(true) || active.is_some() {
                traveller.choose(active);
                return true;
            }
            false
        });
    }
}

/// The page, once there is something to show or while it comes.
#[component]
fn Body(travel: Travel, growth: Growth, is_ready: Memo<bool>) -> impl IntoView {
    let Travel { traveller, comparison, playing, seeking, sheet, .. } = travel;
    let shortfall = Memo::new(move |_| {
        traveller.facts.with(|facts| facts.as_ref().and_then(|facts| facts.shortfall.clone()))
    });
    let chosen_pane = Memo::new(move |_| traveller.options.with(|options| options.pane));
    let pane = Memo::new(move |_| chosen_pane.get().unwrap_or_default());
    // Whoever goes to a pane sees it, also where there is room for one thing only.
    Effect::new(move |before: Option<Option<Pane>>| {
        let chosen = chosen_pane.get();
        if before.is_some_and(|before| before != chosen) {
            sheet.set(Sheet::of(chosen));
        }
        chosen
    });
    view! {
        <Toolbar travel growth />
        <TimeStrip travel />
        <div class="loading-bar" class:on=move || traveller.is_loading() aria-hidden="true"></div>
        <ErrorBanner error=Signal::derive(move || traveller.passing_error()) />
        <Refusal traveller is_ready />
        <ShortfallBanner shortfall shown=traveller.version on_go=move |version| travel.go(version) />
        <div class="travel-body" data-pane=move || pane.get().name() data-sheet=move || sheet.get().name()>
            <VersionList
                rows=traveller.rows
                shown=traveller.version
                base=comparison.base
                chosen_type=seeking.chosen_type
                on_go=move |version| travel.go(version)
                on_base=move |version| travel.compare_with(Some(version))
                on_type=move |chosen| seeking.chosen_type.set(chosen)
                on_step_type=move |is_next| {
                    playing.pause();
                    seeking.of_type(if is_next { Direction::Next } else { Direction::Previous });
                }
            />
            <div class="travel-main">
                <header class="state-head">
                    <StateHead travel />
                    <PaneTabs travel />
                </header>
                <section class="state" aria-label="State">
                    {move || match is_ready.get() {
                        true => view! { <State travel /> }.into_any(),
                        false => view! { <Skeleton rows=10 /> }.into_any(),
                    }}
                </section>
                {move || is_ready.get().then(|| view! { <Panes travel /> })}
            </div>
        </div>
        <p class="toast" role="status" data-testid="note" class:on=move || seeking.note.with(Option::is_some)>
            {move || seeking.note.get().map(|note| foreign(&note))}
        </p>
    }
}

/// Everything that moves the cursor.
#[component]
fn Toolbar(travel: Travel, growth: Growth) -> impl IntoView {
    let Travel { traveller, playing, .. } = travel;
    let help = KeyHelp::expect();
    let versions = Memo::new(move |_| {
        let (first, last) = traveller
            .facts
            .with(|facts| facts.as_ref().map_or((0, 0), |facts| (facts.first, facts.latest)));
        Versions { first, shown: traveller.version.get(), last }
    });
    let jump = move |point: Point| {
        playing.pause();
        traveller.jump(point);
    };
    let to_last = move |_| travel.go(versions.get_untracked().last);
    let newer = move || {
        let count = growth.newer.get();
        (count > 0).then(|| {
            view! {
                <button type="button" class="button primary" data-testid="newer-versions" on:click=to_last>
                    {text::counted(count, "new version", "new versions")}
                    <Icon glyph=Glyph::Last />
                </button>
            }
        })
    };
    let follow = move || {
        (growth.newer.get() == 0).then(|| {
            view! {
                <button
                    type="button"
                    class="button follow"
                    data-testid="follow"
                    aria-pressed=move || traveller.is_following.get().to_string()
                    title="Go along with new versions (End)"
                    on:click=to_last
                >
                    {move || if traveller.is_following.get() { "Following" } else { "Follow" }}
                </button>
            }
        })
    };
    view! {
        <div class="toolbar version-toolbar">
            <VersionSlider versions on_go=move |version| travel.go(version) on_jump=jump>
                <Player
                    is_playing=playing.is_on
                    speed=playing.speed
                    on_toggle=move |()| playing.toggle()
                />
            </VersionSlider>
            <LiveStatus liveness=growth.liveness />
            <span class="follow-slot" role="status">
                {newer}
                {follow}
            </span>
            <CopyButton
                label="Copy link"
                text=move || clipboard::absolute(&traveller.address().href())
            />
            <button
                type="button"
                class="button quiet icon-only"
                aria-label="Keys"
                title="Keys (?)"
                data-testid="keys"
                on:click=move |_| help.open()
            >
                <Icon glyph=Glyph::Keys />
            </button>
        </div>
    }
}

/// The state, or why there is none.
#[component]
fn State(travel: Travel) -> impl IntoView {
    let traveller = travel.traveller;
    let stopped = Memo::new(move |_| {
        let has_state = traveller.document.with(Option::is_some);
        let stopped = traveller.facts.with(|facts| facts.as_ref()?.stopped.clone());
        stopped.filter(|_| !has_state)
    });
    move || match stopped.get() {
        Some(stopped) => view! { <StoppedView travel stopped /> }.into_any(),
        None => view! { <StateView travel /> }.into_any(),
    }
}

/// The fold that made the states, and the way to its workbench.
#[component]
fn FoldLink(traveller: Traveller) -> impl IntoView {
    let fold = Memo::new(move |_| {
        traveller.facts.with(|facts| facts.as_ref().map(|facts| facts.fold.clone()))
    });
    let shortfall = Memo::new(move |_| {
        traveller.facts.with(|facts| facts.as_ref().and_then(|facts| facts.shortfall.clone()))
    });
    move || {
        fold.get().map(|fold| {
            let href = move || fold_href(&traveller.stream(), traveller.version.get());
            view! {
                <a
                    class="fold-link"
                    href=href
                    title="The rule that turns events into the state: open it in the workbench"
                    data-testid="fold"
                >
                    <Icon glyph=Glyph::Fold />
                    <span class="sr-only">"Fold: "</span>
                    {foreign(fold.as_ref())}
                </a>
                <SkippedTypes shortfall />
            }
        })
    }
}

/// A place that was asked for and is not there, while the one before is still shown.
#[component]
fn Refusal(traveller: Traveller, is_ready: Memo<bool>) -> impl IntoView {
    move || {
        let error = traveller.final_error().filter(|_| is_ready.get())?;
        Some(view! {
            <div class="banner warning" role="alert" data-testid="refusal">
                <Icon glyph=Glyph::Warning />
                <span>{foreign(&error.message)}</span>
                <button type="button" class="link" data-testid="stay" on:click=move |_| traveller.stay()>
                    {move || format!("Stay at version {}", text::grouped(traveller.version.get()))}
                </button>
            </div>
        })
    }
}

/// Why there is nothing to show, and where there is something.
#[component]
fn Failure(stream: StreamKey, error: ApiError, traveller: Traveller) -> impl IntoView {
    let is_elsewhere = error.code == ErrorCode::VersionNotFound;
    let is_of_fold = matches!(error.code, ErrorCode::FoldInvalid | ErrorCode::FoldFailed);
    let fold = fold_href(&stream, error.version.unwrap_or(0));
    let latest = TravelAddress::latest(stream).href();
    view! {
        <ErrorPanel error retry=move |()| traveller.ask_again()>
            {is_of_fold.then(|| view! { <a class="button primary" href=fold data-testid="open-fold">"Open the fold"</a> })}
            {is_elsewhere.then(|| view! { <a class="button primary" href=latest data-testid="latest-version">"The latest version"</a> })}
            <a class="button" href="/streams" data-testid="all-streams">"All streams"</a>
        </ErrorPanel>
    }
}

/// The workbench of the fold, at a version.
fn fold_href(stream: &StreamKey, version: u64) -> String {
    Query::default().with("stream", stream).with("version", version).on("/fold")
}
