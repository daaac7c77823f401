//! A list of any length, of which only the rows on screen exist.

use std::ops::Range;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::viewport::LongList as Layout;
use web_sys::WheelEvent;

use crate::platform::frames::OncePerFrame;
use crate::platform::keyboard::keep_focus;
use crate::platform::resize::on_resize;

/// Rows drawn beyond both edges, so that a turn of the wheel finds them there.
const OVERSCAN: u64 = 8;
/// As high as a window may be before its height is known: the first rows show at once.
const GUESSED_HEIGHT: f64 = 900.0;
/// As high as a line and a page are for wheels that count in them, in pixels.
const WHEEL_LINE: f64 = 46.0;
const WHEEL_PAGE: f64 = 800.0;

/// Where a row is, counted from the row that was the first one at first.
pub(crate) type Place = i64;

/// The place of the row of this index.
pub(crate) fn place_of(index: u64, above: u64) -> Place {
    index.cast_signed().wrapping_sub(above.cast_signed())
}

/// The index of the row at this place. Rows that are about to go may be above the first one.
pub(crate) fn index_of(place: Place, above: u64) -> u64 {
    u64::try_from(place.wrapping_add(above.cast_signed())).unwrap_or_default()
}

/// Shows the rows of a list that are on screen.
#[component]
pub(crate) fn LongList<V>(
    /// How many rows there are.
    #[prop(into)]
    rows: Signal<u64>,
    /// How high each row is, in pixels; the same as in the style sheet.
    #[prop(into)]
    row_height: Signal<u32>,
    /// The row at the upper edge, in rows and fractions of one. Whoever sets it scrolls.
    top: RwSignal<f64>,
    /// How many rows were added above the first one. A row keeps its place, its index less these, and with it what was drawn.
    #[prop(into)]
    above: Signal<u64>,
    /// Draws the row of this place, whose index changes as rows are added above.
    render: impl Fn(Place, Signal<u64>) -> V + Clone + Send + Sync + 'static,
    /// Is told which rows are drawn.
    #[prop(into)]
    on_drawn: Callback<Range<u64>>,
    /// The row that has to be in sight, whenever that changes.
    #[prop(into)]
    in_sight: Signal<Option<u64>>,
) -> impl IntoView
where
    V: IntoView + 'static,
{
    let frame = NodeRef::<html::Div>::new();
    let height = RwSignal::new(None::<f64>);
    let layout = Memo::new(move |_| Layout {
        rows: rows.get(),
        row_height: f64::from(row_height.get()),
        height: height.get().unwrap_or(GUESSED_HEIGHT),
    });
    // How far the browser was told to scroll, or said that it has: what it says of that is no news.
    let scrolled = StoredValue::new(0.0);

    let read = OncePerFrame::new(move || {
        let Some(Some(frame)) = frame.try_get_untracked() else { return };
        let scroll_top = f64::from(frame.scroll_top());
        let known = scrolled.try_get_value().unwrap_or_default();
        if (scroll_top - known).abs() > 1.0 {
            scrolled.set_value(scroll_top);
            top.set(layout.get_untracked().top_of(scroll_top));
        }
    });
    let measure = OncePerFrame::new(move || {
        if let Some(Some(frame)) = frame.try_get_untracked() {
            height.try_set(Some(f64::from(frame.client_height())));
        }
    });
    on_resize(frame, measure);

    let write = OncePerFrame::new(move || {
        let Some(Some(frame)) = frame.try_get_untracked() else { return };
        let target = layout.get_untracked().scroll_top_of(top.get_untracked());
        #[expect(clippy::cast_possible_truncation, reason = "lower than browsers can lay out")]
        if (target - scrolled.try_get_value().unwrap_or_default()).abs() > 1.0 {
            scrolled.set_value(target.round());
            frame.set_scroll_top(target.round() as i32);
        }
    });
    Effect::new(move || {
        layout.track();
        top.track();
        write.request();
    });
    // A row that is gone to is brought into sight, and whatever takes room away must not hide it. One that moves since others are added
    // above stays in sight where it was.
    Effect::new(move |before: Option<Option<(Place, u64, Option<f64>)>>| {
        let height = height.get();
        let row = in_sight.get()?;
        let place = place_of(row, above.get_untracked());
        let (layout, at_top) = (layout.get_untracked(), top.get_untracked());
        let is_wanted = match before.flatten() {
            Some((place_before, row_before, height_before)) if place_before == place => {
                height_before != height
                    || (at_top < 1.0 && layout.to_show(row_before, at_top).is_none())
            }
            _ => true,
        };
        if is_wanted && let Some(target) = layout.to_show(row, at_top) {
            top.set(target);
        }
        Some((place, row, height))
    });

    // Where a pixel of the scroll bar stands for many rows, a wheel would jump over them.
    let on_wheel = move |event: WheelEvent| {
        let layout = layout.get_untracked();
        if !layout.is_squeezed() || event.ctrl_key() {
            return;
        }
        event.prevent_default();
        let unit = match event.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => WHEEL_LINE,
            WheelEvent::DOM_DELTA_PAGE => WHEEL_PAGE,
            _ => 1.0,
        };
        let rows = event.delta_y() * unit / layout.row_height;
        top.update(|top| *top = layout.clamp(*top + rows));
    };

    let drawn = Memo::new(move |_| layout.get().drawn(top.get(), OVERSCAN));
    Effect::new(move || on_drawn.run(drawn.get()));
    let place = move || layout.get().place_of(drawn.get().start, top.get());
    let places = move || {
        let (drawn, above) = (drawn.get(), above.get());
        place_of(drawn.start, above)..place_of(drawn.end, above)
    };
    let row_at = move |place: Place| {
        let index = Memo::new(move |_| index_of(place, above.get()));
        render(place, index.into())
    };
    view! {
        <div
            class="virtual-list long-list"
            role="rowgroup"
            tabindex="-1"
            node_ref=frame
            on:scroll=move |_| read.request()
            on:wheel=on_wheel
            on:focusin=move |event| keep_focus(&event)
        >
            <div
                class="virtual-list-all"
                role="presentation"
                style:height=move || format!("{}px", layout.get().pixels())
            >
                <div
                    class="virtual-list-drawn"
                    role="presentation"
                    style:transform=move || format!("translateY({:.2}px)", place())
                >
                    <For each=places key=|place| *place children=row_at />
                </div>
            </div>
        </div>
    }
}
