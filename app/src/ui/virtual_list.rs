//! A long list of which only the rows on screen exist.

use std::ops::Range;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::viewport::visible_rows;

use crate::platform::frames::OncePerFrame;
use crate::platform::keyboard::keep_focus;
use crate::platform::places::{Place, Places};
use crate::platform::resize::on_resize;
use crate::platform::stillness::{Stillness, held};
use crate::ui::state::scrolling::Scrolled;

/// Rows drawn beyond both edges, so that a turn of the wheel finds them there.
const OVERSCAN: usize = 8;
/// As high as a window may be before its height is known: the first rows show at once.
const GUESSED_HEIGHT: f64 = 900.0;

/// Shows the rows of a list that are on screen. A row that stays on screen is left alone while the list is scrolled; what stands in
/// it changes with the list.
#[component]
pub(crate) fn VirtualList<T, V>(
    /// The list, or the part of it that is at hand.
    #[prop(into)]
    rows: Signal<Vec<T>>,
    /// Which row of the list the first of these is.
    #[prop(optional, into)]
    offset: Signal<usize>,
    /// How many rows the list has, where it has more than these. The others are blank.
    #[prop(optional, into)]
    total: Option<Signal<usize>>,
    /// How high each row is, in pixels; the same as in the style sheet.
    row_height: u32,
    /// Draws the row of this index.
    render: impl Fn(usize, T) -> V + Clone + Send + Sync + 'static,
    /// The row that has to be in sight, whenever that changes.
    #[prop(optional, into)]
    in_sight: Option<Signal<Option<usize>>>,
    /// Where the keyboard finds the list itself; only a list that is merely scrolled has it there.
    #[prop(default = "-1")]
    tabindex: &'static str,
    /// What it is within the list that has the keyboard: `rowgroup` in a grid.
    #[prop(default = "group")]
    role: &'static str,
    /// The name under which its place is kept for whoever comes back.
    #[prop(optional)]
    place: Option<String>,
    /// Tells which rows are drawn, whenever that changes.
    #[prop(optional, into)]
    on_range: Option<Callback<Range<usize>>>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let frame = NodeRef::<html::Div>::new();
    // Between press and release no row becomes another. What is pressed to scroll is the frame, not what is drawn in it.
    let drawn = NodeRef::<html::Div>::new();
    let is_pressed = Stillness::of(drawn).is_pressed();
    let part = held(is_pressed, Signal::derive(move || (rows.get(), offset.get())));
    let places = place.map(|name| (Places::expect(), name));
    let before = places.as_ref().and_then(|(places, name)| places.of(name));
    let scroll_top = RwSignal::new(before.as_ref().map_or(0.0, |place| place.top));
    let height = RwSignal::new(None::<f64>);
    // Where it was when someone left; the browser is told once there are rows.
    let returning = StoredValue::new(before.map(|place| place.top));

    let count = Memo::new(move |_| match total {
        Some(total) => total.get(),
        None => rows.with(Vec::len),
    });
    let measure = OncePerFrame::new(move || {
        let Some(Some(frame)) = frame.try_get_untracked() else { return };
        height.try_set(Some(f64::from(frame.client_height())));
        if let Some(top) = returning.try_get_value().flatten() {
            if count.try_get_untracked().unwrap_or(0) == 0 {
                return;
            }
            returning.set_value(None);
            #[expect(clippy::cast_possible_truncation, reason = "no browser scrolls further")]
            frame.set_scroll_top(top as i32);
        }
        let top = f64::from(frame.scroll_top());
        scroll_top.try_set(top);
        if let Some((places, name)) = &places {
            places.keep(name, Place { top, event: None });
        }
    });
    on_resize(frame, measure.clone());

    let range = Memo::new(move |_| {
        let height = height.get().unwrap_or(GUESSED_HEIGHT);
        visible_rows(count.get(), f64::from(row_height), scroll_top.get(), height, OVERSCAN)
    });
    let first = Memo::new(move |_| range.get().start);
    if let Some(on_range) = on_range {
        Effect::new(move || on_range.run(range.get()));
    }

    if let Some(in_sight) = in_sight {
        // Asking a browser how far it has scrolled makes it lay the page out at once. So that is remembered, and it is told to
        // scroll once everything else is done.
        let target = StoredValue::new(None::<f64>);
        let scroll = OncePerFrame::new(move || {
            let target = target.try_update_value(Option::take).flatten();
            if let (Some(target), Some(Some(frame))) = (target, frame.try_get_untracked()) {
                #[expect(clippy::cast_possible_truncation, reason = "no browser scrolls further")]
                frame.set_scroll_top(target as i32);
            }
        });
        Effect::new(move || {
            // Whatever takes room away must not hide it.
            let (Some(height), Some(index)) = (height.get(), in_sight.get()) else { return };
            let shown = scroll_top.get_untracked();
            let list = Scrolled { count: count.get_untracked(), row_height, shown, height };
            if let Some(top) = list.to_show(index) {
                scroll_top.set(top);
                target.set_value(Some(top));
                scroll.request();
            }
        });
    }

    let pixels = move |rows: usize| format!("{}px", rows.saturating_mul(row_height as usize));
    let row_at = move |index: usize| {
        let row = Memo::new(move |_| {
            part.with(|(rows, offset)| rows.get(index.checked_sub(*offset)?).cloned())
        });
        let render = render.clone();
        move || match row.get() {
            Some(row) => render(index, row).into_any(),
            None => view! { <div role="presentation" style:height=pixels(1)></div> }.into_any(),
        }
    };
    view! {
        <div
            class="virtual-list"
            role=role
            tabindex=tabindex
            node_ref=frame
            on:scroll=move |_| measure.request()
            on:focusin=move |event| keep_focus(&event)
        >
            <div class="virtual-list-all" role="presentation" style:height=move || pixels(count.get())>
                <div
                    class="virtual-list-drawn"
                    role="presentation"
                    node_ref=drawn
                    style:transform=move || format!("translateY({})", pixels(first.get()))
                >
                    <For each=move || range.get() key=|index| *index children=row_at />
                </div>
            </div>
        </div>
    }
}
