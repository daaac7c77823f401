//! The streams, by category.

use leptos::ev::Targeted;
use leptos::prelude::*;
use rewind_domain::StreamKey;
use web_sys::HtmlInputElement;

use super::discovery::Discovery;
use crate::api::ApiError;
use crate::browser::clock::Debounce;
use crate::browser::location::{History, Location};
use crate::components::category_list::CategoryList;
use crate::components::empty_state::EmptyState;
use crate::components::error_panel::{ErrorBanner, ErrorPanel};
use crate::components::icon::{Glyph, Icon};
use crate::components::scan_progress::{Phase, ScanProgress};
use crate::components::skeleton::Skeleton;
use crate::components::stream_table::StreamTable;
use crate::state::address::{CategoryChoice, StreamsAddress};
use crate::state::catalog::{Catalog, SortBy};

/// How long typing has to rest before the search begins anew.
const TYPING_PAUSE_MS: u64 = 250;

/// Lists the streams.
#[component]
pub(crate) fn StreamsPage(
    /// What to list.
    #[prop(into)]
    address: Signal<StreamsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let discovery = Discovery::expect();
    let catalog = discovery.catalog();
    let sort = RwSignal::new(SortBy::default());

    let prefix = Memo::new(move |_| address.with(|address| address.prefix.clone()));
    let category = Memo::new(move |_| address.with(|address| address.category.clone()));
    Effect::new(move || discovery.look_for(prefix.get()));
    on_cleanup(move || discovery.rest());

    super::title(move || match category.get() {
        CategoryChoice::All => "Streams · Rewind".to_owned(),
        CategoryChoice::One(None) => "(no category) · Rewind".to_owned(),
        CategoryChoice::One(Some(category)) => format!("{category} · Rewind"),
    });

    let categories = Memo::new(move |_| catalog.with(Catalog::categories));
    let totals = Memo::new(move |_| catalog.with(Catalog::totals));
    let scanned = Memo::new(move |_| {
        totals.track();
        discovery.scanned()
    });
    let streams =
        Memo::new(move |_| catalog.with(|catalog| catalog.list(&category.get(), sort.get())));
    let passing = Signal::derive(move || discovery.error().filter(|error| error.code.is_passing()));
    let is_empty = Memo::new(move |_| streams.with(Vec::is_empty));

    let shown = Memo::new(move |_| match discovery.error() {
        Some(error) if !error.code.is_passing() => Shown::Failure(error),
        _ if !is_empty.get() => Shown::Streams,
        _ if scanned.with(|scanned| scanned.phase == Phase::Running) => Shown::Nothing,
        _ => Shown::Empty,
    });
    let list = move || match shown.get() {
        Shown::Failure(error) => {
            view! { <ErrorPanel error retry=move |()| discovery.restart() /> }.into_any()
        }
        Shown::Streams => view! { <StreamTable streams sort /> }.into_any(),
        Shown::Nothing => view! { <Skeleton rows=14 class="stream-row" /> }.into_any(),
        Shown::Empty => view! { <NoStreams prefix category /> }.into_any(),
    };

    view! {
        <div class="page streams-page">
            <h1 class="sr-only">"Streams"</h1>
            <div class="toolbar">
                <PrefixBox prefix on_change=move |prefix: String| {
                    // The categories of another prefix are others.
                    let address = StreamsAddress { prefix, category: CategoryChoice::All };
                    location.go(&address.href(), History::Replace);
                } />
                <ScanProgress scanned on_toggle=move |()| discovery.toggle() />
            </div>
            <ErrorBanner error=passing />
            <div class="streams-body">
                <CategoryList categories totals address />
                <section class="streams-list" aria-label="Streams">
                    {list}
                </section>
            </div>
        </div>
    }
}

/// What stands in the place of the list.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    /// Why there will be none.
    Failure(ApiError),
    /// The streams.
    Streams,
    /// Nothing yet.
    Nothing,
    /// That there are none.
    Empty,
}

#[component]
fn PrefixBox(
    #[prop(into)] prefix: Signal<String>,
    on_change: impl Fn(String) + Clone + 'static,
) -> impl IntoView {
    let typing = Debounce::new(TYPING_PAUSE_MS);
    let problem = RwSignal::new(None::<String>);
    let on_input = move |event: Targeted<leptos::ev::Event, HtmlInputElement>| {
        let text = event.target().value();
        let read = text.parse::<StreamKey>();
        problem.set(read.err().map(|error| error.to_string()));
        if problem.read_untracked().is_none() {
            let on_change = on_change.clone();
            typing.call(move || on_change(text));
        }
    };
    view! {
        <label class="search" class:invalid=move || problem.get().is_some()>
            <Icon glyph=Glyph::Search />
            <span class="sr-only">"Streams whose key begins with"</span>
            <input
                type="search"
                data-testid="prefix"
                placeholder="Key begins with…"
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-invalid=move || problem.get().is_some().to_string()
                prop:value=prefix
                on:input:target=on_input
            />
            <span class="search-problem" role="status">
                {problem}
            </span>
        </label>
    }
}

#[component]
fn NoStreams(prefix: Memo<String>, category: Memo<CategoryChoice>) -> impl IntoView {
    move || match (prefix.get(), category.get()) {
        (prefix, CategoryChoice::All) if prefix.is_empty() => view! {
            <EmptyState title="No streams yet">
                "This Redis database has no key of type stream. Add an event with "
                <code>"XADD events:orders * type OrderCreated data '{}'"</code>
                ", or load a file with "
                <code>"rewind import"</code> "."
            </EmptyState>
        }
        .into_any(),
        (prefix, CategoryChoice::All) => view! {
            <EmptyState title="No stream begins like this">
                "Keys are compared exactly, capitals included. "
                <code>{prefix}</code>
                " is the beginning of none."
            </EmptyState>
        }
        .into_any(),
        _ => view! {
            <EmptyState title="No streams in this category">
                "They may have been deleted, or begin differently than the prefix above. "
                <a href="/">"All streams"</a>
            </EmptyState>
        }
        .into_any(),
    }
}
