//! A long list of which only the rows on screen exist.

use leptos::html;
use leptos::prelude::*;
use rewind_domain::viewport::visible_rows;

use crate::browser::frames::OncePerFrame;
use crate::browser::resize::on_resize;

/// Rows drawn beyond both edges, so that a turn of the wheel finds them there.
const OVERSCAN: usize = 8;
/// As high as a window may be before its height is known: the first rows show at once.
const GUESSED_HEIGHT: f64 = 900.0;

/// Shows the rows of a list that are on screen. Each place on screen shows whichever row is there, so that
/// scrolling changes what is written in rows and makes none.
#[component]
pub(crate) fn VirtualList<T, V>(
    /// The list.
    #[prop(into)]
    rows: Signal<Vec<T>>,
    /// How high each row is, in pixels; the same as in the style sheet.
    row_height: u32,
    /// Draws the row of this index.
    render: impl Fn(usize, T) -> V + Clone + Send + Sync + 'static,
    /// The row that has to be in sight, whenever that changes.
    #[prop(optional, into)]
    in_sight: Option<Signal<Option<usize>>>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let frame = NodeRef::<html::Div>::new();
    let scroll_top = RwSignal::new(0.0);
    let height = RwSignal::new(GUESSED_HEIGHT);

    let measure = OncePerFrame::new(move || {
        if let Some(Some(frame)) = frame.try_get_untracked() {
            scroll_top.try_set(f64::from(frame.scroll_top()));
            height.try_set(f64::from(frame.client_height()));
        }
    });
    on_resize(frame, measure.clone());

    let count = Memo::new(move |_| rows.with(Vec::len));
    let range = Memo::new(move |_| {
        visible_rows(count.get(), f64::from(row_height), scroll_top.get(), height.get(), OVERSCAN)
    });
    let first = Memo::new(move |_| range.get().start);
    let places = Memo::new(move |_| range.get().len());

    if let Some(in_sight) = in_sight {
        Effect::new(move || {
            // Whatever takes room away must not hide it.
            height.track();
            if let (Some(index), Some(frame)) = (in_sight.get(), frame.get()) {
                keep_in_sight(&frame, index, row_height);
            }
        });
    }

    let place = move |place: usize| {
        let row = Memo::new(move |_| {
            let index = first.get() + place;
            rows.with(|rows| rows.get(index).cloned()).map(|row| (index, row))
        });
        let render = render.clone();
        move || row.get().map(|(index, row)| render(index, row))
    };
    let pixels = move |rows: usize| format!("{}px", rows.saturating_mul(row_height as usize));
    view! {
        <div
            class="virtual-list"
            role="presentation"
            node_ref=frame
            on:scroll=move |_| measure.request()
        >
            <div class="virtual-list-all" role="presentation" style:height=move || pixels(count.get())>
                <div
                    class="virtual-list-drawn"
                    role="presentation"
                    style:transform=move || format!("translateY({})", pixels(first.get()))
                >
                    <For each=move || 0..places.get() key=|place| *place children=place />
                </div>
            </div>
        </div>
    }
}

fn keep_in_sight(frame: &web_sys::HtmlDivElement, index: usize, row_height: u32) {
    let top = i64::try_from(index).unwrap_or(i64::MAX).saturating_mul(row_height.into());
    let bottom = top.saturating_add(row_height.into());
    let (shown, height) = (i64::from(frame.scroll_top()), i64::from(frame.client_height()));
    let scroll_top = if top < shown {
        top
    } else if bottom > shown + height {
        bottom - height
    } else {
        return;
    };
    // Browsers scroll no further than that.
    frame.set_scroll_top(i32::try_from(scroll_top).unwrap_or(i32::MAX));
}
