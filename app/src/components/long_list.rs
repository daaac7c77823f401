//! A list of any length, of which only the rows on screen exist.

use std::ops::Range;

use leptos::html;
use leptos::prelude::*;
use rewind_domain::viewport::LongList as Layout;
use web_sys::WheelEvent;

use crate::browser::frames::OncePerFrame;
use crate::browser::resize::on_resize;

/// Rows drawn beyond both edges, so that a turn of the wheel finds them there.
const OVERSCAN: u64 = 8;
/// As high as a window may be before its height is known: the first rows show at once.
const GUESSED_HEIGHT: f64 = 900.0;
/// As high as a line and a page are for wheels that count in them, in pixels.
const WHEEL_LINE: f64 = 46.0;
const WHEEL_PAGE: f64 = 800.0;

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
    /// Draws the row of this index.
    render: impl Fn(u64) -> V + Clone + Send + Sync + 'static,
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
    Effect::new(move || {
        // Whatever takes room away must not hide it.
        height.track();
        let Some(row) = in_sight.get() else { return };
        if let Some(target) = layout.get_untracked().to_show(row, top.get_untracked()) {
            top.set(target);
        }
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
    view! {
        <div
            class="virtual-list long-list"
            role="presentation"
            node_ref=frame
            on:scroll=move |_| read.request()
            on:wheel=on_wheel
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
                    <For each=move || drawn.get() key=|row| *row children=render />
                </div>
            </div>
        </div>
    }
}
