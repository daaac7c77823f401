//! The streams: a tree of their categories, and a list of those in one of them.
//!
//! The search for streams is the server's, one for all who look. The page asks for the rows that are on screen, and again from
//! time to time, which is also what keeps the search going.

mod listing;
mod nothing;
mod pace;
mod recent;
mod search_box;
pub(crate) mod state;
mod tree;
pub(crate) mod views;

use crate::platform::title::title;
use leptos::html;
use leptos::prelude::*;
use leptos::reactive::spawn_local;
use rewind_domain::catalog::{Category, Opened, SortBy};

use self::listing::Listing;
use self::nothing::NoStreams;
use self::search_box::{SEARCH_ID, SearchBox};
use self::tree::Tree;
use crate::address::{EventsAddress, EventsOf, StreamsAddress};
use crate::api::query::DiscoveryQuery;
use crate::api::{ApiError, DiscoveryAction, DiscoveryPhase, DiscoveryStatus, functions};
use crate::features::streams::state::opened;
use crate::features::streams::views::category_tree::CategoryTree;
use crate::features::streams::views::discovery_notices::DiscoveryNotices;
use crate::features::streams::views::scan_progress::ScanProgress;
use crate::features::streams::views::stream_table::{STREAMS_ID, StreamTable, sort_id};
use crate::platform::keyboard::{focus, focus_box, on_page_key};
use crate::platform::location::{History, Location};
use crate::platform::stillness::Stillness;
use crate::ui::category_crumbs::{CategoryCrumbs, name_of};
use crate::ui::error_panel::{ErrorBanner, ErrorPanel};
use crate::ui::icon::{Glyph, Icon};
use crate::ui::skeleton::Skeleton;
use crate::ui::text;

/// Which categories are open, wherever else one goes in between.
#[derive(Clone, Copy)]
pub(crate) struct OpenCategories(RwSignal<Opened>);

impl OpenCategories {
    /// Those that are open at first.
    pub(crate) fn provide() {
        provide_context(Self(RwSignal::new(Opened::default())));
    }
}

/// Lists the streams.
#[component]
pub(crate) fn StreamsPage(
    /// What to list.
    #[prop(into)]
    address: Signal<StreamsAddress>,
) -> impl IntoView {
    let location = Location::expect();
    let OpenCategories(opened) = expect_context();
    let category = Memo::new(move |_| address.with(|address| address.category.clone()));
    let search = Memo::new(move |_| address.with(|address| address.search.clone()));
    let sort = Memo::new(move |_| address.with(|address| address.sort));
    Effect::new(move || {
        let category = category.get();
        let before = opened.get_untracked();
        let after = opened::revealed(before.clone(), &category);
        if after != before {
            opened.set(after);
        }
    });
    title(move || match category.get() {
        Category::All => "Streams · Rewind".to_owned(),
        Category::Within(category) => format!("{category} · Rewind"),
        category @ Category::Unnamed => format!("{} · Rewind", name_of(&category)),
    });

    let categories = NodeRef::<html::Aside>::new();
    let tree = Tree::new(opened, Stillness::of(categories).is_used());
    let status = tree.status;
    let is_walking = Memo::new(move |_| {
        status.with(|status| {
            status.as_ref().is_none_or(|status| status.phase == DiscoveryPhase::Walking)
        })
    });
    let is_looked_at = RwSignal::new(false);
    let list = NodeRef::<html::Section>::new();
    let is_used = Stillness::of(list).is_used();
    let listing = Listing::new(address, is_walking.into(), is_looked_at.into(), is_used);
    // Streams were looked at for them, or found by their key, which changes what the tree tells.
    listing.on_other_rows(move || tree.ask_again());
    let act = move |action: DiscoveryAction| {
        spawn_local(async move {
            // Whatever came of it, the next answers say how the search stands.
            let _ = functions::discovery(DiscoveryQuery { action }).await;
            tree.ask_again();
            listing.ask_again();
        });
    };
    let go = move |address: StreamsAddress, how: History| location.go(&address.href(), how);
    on_page_key(move |key| match key {
        "/" => {
            focus_box(SEARCH_ID);
            true
        }
        "ArrowDown" | "ArrowUp" => {
            focus(STREAMS_ID);
            true
        }
        _ => false,
    });
    // What was typed names one stream, or leads on to those that it names.
    let leave_search = move |is_enter: bool| match listing.only_one().filter(|_| is_enter) {
        Some(stream) => location.go(&EventsAddress::newest(stream).href(), History::Push),
        None => focus(STREAMS_ID),
    };
    let is_drawer_open = RwSignal::new(false);
    Effect::new(move || {
        category.track();
        is_drawer_open.set(false);
    });

    view! {
        <div class="page streams-page">
            <h1 class="sr-only">"Streams"</h1>
            <div class="toolbar">
                <SearchBox search on_change=move |search: String| {
                    go(StreamsAddress { search, ..address.get_untracked() }, History::Replace);
                } on_leave=leave_search />
                <ScanProgress status on_action=act />
            </div>
            <ErrorBanner error=passing(listing, status) />
            <DiscoveryNotices status />
            <div class="streams-body">
                <aside node_ref=categories class="categories" class:open=is_drawer_open id="categories" aria-label="Categories">
                    <div class="category-head" aria-hidden="true">
                        <span class="category-name">"Category"</span>
                        <span class="category-count">"Streams"</span>
                        <span class="category-entries">"Events"</span>
                    </div>
                    <CategoryTree
                        rows=tree.rows
                        offset=tree.offset
                        total=tree.total
                        address
                        on_range=move |range| tree.show(range)
                        on_open=move |(category, is_open)| {
                            opened.update(|all| *all = opened::toggled(std::mem::take(all), &category, is_open));
                        }
                        on_go=move |category| {
                            go(address.get_untracked().with_category(category), History::Push);
                        }
                    />
                </aside>
                <section
                    node_ref=list
                    class="streams-list"
                    aria-label="Streams"
                    on:pointerenter=move |_| is_looked_at.set(true)
                    on:pointerleave=move |_| is_looked_at.set(false)
                >
                    <ListHead listing category is_walking is_drawer_open />
                    <List listing status sort on_go=move |href: String| location.go(&href, History::Push) retry=move |()| act(DiscoveryAction::Restart) on_sort=move |sort: SortBy| {
                        go(StreamsAddress { sort, ..address.get_untracked() }, History::Replace);
                    } />
                </section>
            </div>
        </div>
    }
}

/// What is wrong at the moment and may pass by itself.
fn passing(listing: Listing, status: Signal<Option<DiscoveryStatus>>) -> Signal<Option<ApiError>> {
    Signal::derive(move || {
        let of_search = || {
            let problems = status.with(|status| Some(status.as_ref()?.problems.clone()))?;
            let problem = problems.into_iter().find(|problem| problem.code.is_passing())?;
            Some(ApiError::new(problem.code, problem.message))
        };
        listing.passing_error().or_else(of_search)
    })
}

/// Which streams are listed, how many there are, and in which way the list is not what it seems.
#[component]
fn ListHead(
    listing: Listing,
    category: Memo<Category>,
    is_walking: Memo<bool>,
    is_drawer_open: RwSignal<bool>,
) -> impl IntoView {
    let count = move || listing.count().map(|count| text::counted(count, "stream", "streams"));
    let note = move || match (listing.sorting(), is_walking.get() && listing.is_held()) {
        (Some(note), _) => Some(note),
        (None, true) => Some("Held still while you look".to_owned()),
        (None, false) => None,
    };
    let together = move || {
        let (of, title) = match category.get() {
            Category::Within(category) => (
                EventsOf::Category(category),
                "The events of all streams of this category as one list",
            ),
            Category::All => (EventsOf::All, "The events of all streams as one list"),
            Category::Unnamed => return None,
        };
        Some(view! {
            <a
                class="button quiet"
                href=EventsAddress::of(of).href()
                title=title
                data-testid="all-events"
            >
                <Icon glyph=Glyph::Events />
                "All events"
            </a>
        })
    };
    view! {
        <header class="list-head">
            <button
                type="button"
                class="button drawer-toggle"
                aria-expanded=move || is_drawer_open.get().to_string()
                aria-controls="categories"
                data-testid="drawer-toggle"
                on:click=move |_| is_drawer_open.update(|is_open| *is_open = !*is_open)
            >
                <Icon glyph=Glyph::Events />
                "Categories"
            </button>
            {move || view! { <CategoryCrumbs category=category.get() /> }}
            <span class="list-count" data-testid="list-count">{count}</span>
            {together}
            <span class="list-note" role="status" data-testid="list-note">{note}</span>
        </header>
    }
}

/// What stands in the place of the list.
#[derive(Clone, Debug, PartialEq)]
enum Shown {
    /// Why there will be none.
    Failure(ApiError),
    /// The streams of an address.
    Streams(StreamsAddress),
    /// Nothing yet.
    Nothing,
    /// That an address has none.
    Empty(StreamsAddress),
}

#[component]
fn List(
    listing: Listing,
    status: Signal<Option<DiscoveryStatus>>,
    sort: Memo<SortBy>,
    #[prop(into)] retry: Callback<()>,
    #[prop(into)] on_sort: Callback<SortBy>,
    #[prop(into)] on_go: Callback<String>,
) -> impl IntoView {
    // The head by which the list was sorted keeps the keyboard, though the table is another one then.
    let pressed = StoredValue::new(None::<SortBy>);
    let on_sort = move |by: SortBy| {
        pressed.set_value(Some(by));
        on_sort.run(by);
    };
    let shown = Memo::new(move |_| match (listing.final_error(), listing.shown()) {
        (Some(error), _) => Shown::Failure(error),
        (None, None) => Shown::Nothing,
        (None, Some(address)) if listing.count().is_some_and(|count| count > 0) => {
            Shown::Streams(address)
        }
        (None, Some(address)) => {
            let is_first_walk = status.with(|status| {
                status.as_ref().is_none_or(|status| {
                    status.phase == DiscoveryPhase::Walking && !status.is_complete
                })
            });
            match address.search.is_empty() && is_first_walk {
                true => Shown::Nothing,
                false => Shown::Empty(address),
            }
        }
    });
    let rates = recent::watch(listing.rows);
    move || match shown.get() {
        Shown::Failure(error) => view! { <ErrorPanel error retry /> }.into_any(),
        // Another list is another table: it begins at its beginning.
        Shown::Streams(address) => {
            if let Some(by) = pressed.try_update_value(Option::take).flatten() {
                request_animation_frame(move || focus(sort_id(by)));
            }
            view! {
            <StreamTable
                streams=listing.rows
                offset=listing.offset
                total=listing.total
                rates
                sort
                on_sort
                place=address.href()
                on_range=move |range| listing.show(range)
                on_go
            />
            }
            .into_any()
        }
        Shown::Nothing => view! { <Skeleton rows=14 class="stream-row" /> }.into_any(),
        Shown::Empty(address) => {
            let is_searching = Signal::derive(move || listing.is_searching());
            view! { <NoStreams address status is_searching /> }.into_any()
        }
    }
}
