//! The categories of the streams found, as a tree.

use std::ops::Range;

use leptos::prelude::*;
use rewind_domain::StreamKey;
use rewind_domain::catalog::{Category, CategoryRow, Sums};
use rewind_domain::foreign_text::visible;
use web_sys::{KeyboardEvent, MouseEvent};

use crate::address::StreamsAddress;
use crate::platform::clock::{Debounce, Now};
use crate::platform::keyboard;
use crate::ui::aria_level::aria_level;
use crate::ui::category_crumbs::name_of;
use crate::ui::foreign_text::foreign;
use crate::ui::icon::{Glyph, Icon};
use crate::ui::text;
use crate::ui::virtual_list::VirtualList;

/// As high as `.category`.
const ROW_HEIGHT: u32 = 28;
/// How far each level is indented, in pixels.
const INDENT: u32 = 14;
/// Letters that are typed faster than this belong to one word.
const WORD_PAUSE_MS: u64 = 700;

/// A tree of categories that is walked by clicks, by the arrow keys, or by typing a name. Only a part of its rows is
/// at hand, and names are looked for in that part.
///
/// The focus stays on the tree as a whole, which names the row that is meant: rows come and go as it scrolls.
#[component]
pub(crate) fn CategoryTree(
    /// The rows at hand.
    #[prop(into)]
    rows: Signal<Vec<CategoryRow>>,
    /// Which row the first of them is.
    #[prop(into)]
    offset: Signal<usize>,
    /// How many rows there are.
    #[prop(into)]
    total: Signal<usize>,
    /// Where the links lead from.
    #[prop(into)]
    address: Signal<StreamsAddress>,
    /// Tells which rows are on screen.
    #[prop(into)]
    on_range: Callback<Range<usize>>,
    /// Opens or closes a category.
    #[prop(into)]
    on_open: Callback<(StreamKey, bool)>,
    /// Leads to a category.
    #[prop(into)]
    on_go: Callback<Category>,
) -> impl IntoView {
    let row_of = move |index: usize| {
        let at = index.checked_sub(offset.get_untracked())?;
        rows.with_untracked(|rows| rows.get(at).cloned())
    };
    let active = RwSignal::new(None::<usize>);
    // Which category that is, wherever it stands while others are found.
    let meant = StoredValue::new(None::<Category>);
    let in_sight = RwSignal::new(None::<usize>);
    let go_to = move |index: usize| {
        meant.set_value(row_of(index).map(|row| row.category));
        active.set(Some(index));
        in_sight.set(Some(index));
    };
    Effect::new(move || {
        let (offset, meant_now) = (offset.get(), meant.get_value());
        let at =
            rows.with(|rows| rows.iter().position(|row| Some(&row.category) == meant_now.as_ref()));
        match (at, active.get_untracked()) {
            (Some(at), Some(before)) if before != offset + at => active.set(Some(offset + at)),
            (None, Some(index)) if meant_now.is_none() => {
                meant.set_value(row_of(index).map(|row| row.category));
            }
            _ => {}
        }
    });
    let typed = StoredValue::new(String::new());
    let word_ends = Debounce::new(WORD_PAUSE_MS);
    let type_letter = move |letter: &str| {
        typed.update_value(|typed| typed.push_str(&letter.to_lowercase()));
        word_ends.call(move || typed.set_value(String::new()));
        let word = typed.get_value();
        // The first letter goes on to the next row; with more of the word the same row may still fit.
        let from =
            active.get_untracked().map_or(0, |at| at + usize::from(word.chars().count() == 1));
        let offset = offset.get_untracked();
        let found = rows.with_untracked(|rows| {
            let fits = |at: &usize| name_of(&rows[*at].category).to_lowercase().starts_with(&word);
            let from = from.saturating_sub(offset).min(rows.len());
            (from..rows.len()).chain(0..from).find(fits)
        });
        if let Some(at) = found {
            go_to(offset + at);
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::plain(&event) else { return };
        let at = active.get_untracked();
        let row = at.and_then(row_of);
        let last = total.get_untracked().saturating_sub(1);
        let open = |row: &CategoryRow, is_open: bool| {
            if let Category::Within(category) = &row.category {
                on_open.run((category.clone(), is_open));
            }
        };
        match (key.as_str(), at, &row) {
            ("ArrowDown", Some(at), _) => go_to((at + 1).min(last)),
            ("ArrowUp", Some(at), _) => go_to(at.saturating_sub(1)),
            ("ArrowDown" | "ArrowUp" | "Home", _, _) => go_to(0),
            ("End", _, _) => go_to(last),
            ("ArrowRight", Some(at), Some(row)) if row.is_open => go_to((at + 1).min(last)),
            ("ArrowRight", _, Some(row)) if row.categories > 0 => open(row, true),
            ("ArrowLeft", _, Some(row)) if row.is_open => open(row, false),
            ("ArrowLeft", _, Some(CategoryRow { parent_row: Some(parent), .. })) => {
                go_to(usize::try_from(*parent).unwrap_or(usize::MAX).min(last));
            }
            ("Enter" | " ", _, Some(row)) => on_go.run(row.category.clone()),
            (key, _, _) if key.chars().count() == 1 && key != " " => type_letter(key),
            _ => return,
        }
        event.prevent_default();
    };
    let render = move |index: usize, row: CategoryRow| {
        let is_active = Memo::new(move |_| active.get() == Some(index));
        let of = row.category.clone();
        let is_chosen = Memo::new(move |_| address.with(|address| address.category == of));
        let linked = row.category.clone();
        let href = move || address.with(|address| address.with_category(linked.clone()).href());
        let toggled = (row.category.clone(), !row.is_open);
        let on_toggle = move |_| {
            if let (Category::Within(category), is_open) = &toggled {
                on_open.run((category.clone(), *is_open));
            }
        };
        view! { <Row index row is_active is_chosen href on_toggle on_press=move |()| go_to(index) /> }
    };
    view! {
        <div
            class="category-rows"
            role="tree"
            tabindex="0"
            aria-label="Categories"
            aria-activedescendant=move || active.get().map(row_id)
            on:keydown=on_key
        >
            <VirtualList rows offset total row_height=ROW_HEIGHT render in_sight on_range />
        </div>
    }
}

#[component]
fn Row(
    index: usize,
    row: CategoryRow,
    #[prop(into)] is_active: Signal<bool>,
    #[prop(into)] is_chosen: Signal<bool>,
    #[prop(into)] href: Signal<String>,
    #[prop(into)] on_toggle: Callback<MouseEvent>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    let CategoryRow { category, depth, categories, is_open, sums, .. } = row;
    let label = match &category {
        Category::Within(category) => category.to_string(),
        category => name_of(category),
    };
    let is_expanded = (categories > 0).then(|| is_open.to_string());
    let twisty = is_expanded.is_some().then(|| {
        view! {
            <span
                class="category-twisty"
                class:open=is_open
                data-testid="category-twisty"
                style:left=format!("{}px", depth.saturating_mul(INDENT))
                on:click=move |event| on_toggle.run(event)
            >
                <Icon glyph=Glyph::Closed />
            </span>
        }
    });
    let full_name = label.clone();
    let title = move || format!("{}: {}", visible(&full_name), explained(&sums, Now::get()));
    view! {
        <div
            {..aria_level(depth)}
            class="category"
            class:active=is_active
            role="treeitem"
            id=row_id(index)
            aria-expanded=is_expanded
            aria-selected=move || is_chosen.get().to_string()
            data-testid="category"
            data-category=label
            on:click=move |_| on_press.run(())
        >
            {twisty}
            <a
                class="category-link"
                data-testid="category-link"
                tabindex="-1"
                href=href
                title=title
                style:padding-left=format!("{}px", depth.saturating_mul(INDENT).saturating_add(24))
            >
                <span class="category-name">{foreign(&name_of(&category))}</span>
                <span class="category-count">{text::grouped(sums.streams)}</span>
                <span class="category-entries">{entries(&sums)}</span>
            </a>
        </div>
    }
}

fn row_id(index: usize) -> String {
    format!("category-{index}")
}

/// How many events there are, as far as that is known.
fn entries(sums: &Sums) -> String {
    match sums.looked_at {
        0 => "–".to_owned(),
        looked_at if looked_at < sums.streams => format!("≥ {}", text::grouped(sums.entries)),
        _ => text::grouped(sums.entries),
    }
}

/// The same in words.
fn explained(sums: &Sums, now_ms: i64) -> String {
    let streams = text::counted(sums.streams, "stream", "streams");
    let events = text::counted(sums.entries, "event", "events");
    let known = match sums.looked_at {
        0 => "not looked at yet".to_owned(),
        looked_at if looked_at < sums.streams => {
            format!("{events} in the {} that were looked at", text::grouped(looked_at))
        }
        _ => events,
    };
    match sums.last_id.and_then(text::id_time_ms) {
        Some(ms) => format!("{streams}, {known}, the last {}", text::ago(now_ms, ms)),
        None => format!("{streams}, {known}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_counted_as_far_as_streams_were_looked_at() {
        let sums = |looked_at, entries| Sums { streams: 3, looked_at, entries, last_id: None };
        assert_eq!(entries(&sums(0, 0)), "–");
        assert_eq!(entries(&sums(2, 1_200)), "≥ 1,200");
        assert_eq!(entries(&sums(3, 1_300)), "1,300");
        assert_eq!(explained(&sums(2, 1), 0), "3 streams, 1 event in the 2 that were looked at");
        assert_eq!(explained(&sums(0, 0), 0), "3 streams, not looked at yet");
    }
}
