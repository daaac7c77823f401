//! A chart of the last minutes, and the table of what is in it.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use rewind_domain::foreign_text::visible;
use rewind_domain::time::zone::ZonedTime;
use wasm_bindgen::JsCast;
use web_sys::{Element, PointerEvent};

use crate::platform::keyboard;
use crate::platform::zone::ChosenZone;
use crate::ui::foreign_text::foreign;
use crate::ui::state::rates::{BAR_SECONDS, Chart, Layer, Line, per_second};
use crate::ui::text;

/// How many bars a page key goes.
const PAGE_BARS: u64 = 15;
/// How many names are read out for a bar.
const SPOKEN_NAMES: usize = 5;

/// Draws rates as bars, what they are of as parts of these, and the numbers beside: those of the bar that is pointed at, or of
/// now. The bar is chosen by the pointer or by arrow keys.
#[component]
pub(crate) fn RateChart(
    /// What it is called.
    title: &'static str,
    /// What its parts are called.
    column: &'static str,
    /// What is drawn.
    #[prop(into)]
    chart: Signal<Chart>,
    /// The second of the bar that is pointed at, in all charts beside each other.
    at: RwSignal<Option<u64>>,
    /// What is not as it seems.
    #[prop(into)]
    note: Signal<Option<String>>,
) -> impl IntoView {
    let bar = Memo::new(move |_| chart.with(|chart| bar_at(chart, at.get()?)));
    let on_move = move |event: PointerEvent| {
        at.set(untrack(|| chart.with(|chart| second_at(chart, &event))));
    };
    let on_key = move |event: KeyboardEvent| {
        let Some(key) = keyboard::plain(&event) else { return };
        let (from, bars) = chart.with_untracked(|chart| (chart.from_s, chart.bars as u64));
        let last = bars.saturating_sub(1);
        let here = bar.get_untracked().map(|bar| bar as u64);
        let target = match key.as_str() {
            "ArrowLeft" | "ArrowDown" => here.map_or(last, |bar| bar.saturating_sub(1)),
            "ArrowRight" | "ArrowUp" => here.map_or(last, |bar| bar + 1),
            "PageDown" => here.map_or(last, |bar| bar.saturating_sub(PAGE_BARS)),
            "PageUp" => here.map_or(last, |bar| bar + PAGE_BARS),
            "Home" => 0,
            "End" => last,
            "Escape" => {
                at.set(None);
                return;
            }
            _ => return,
        };
        event.prevent_default();
        event.stop_propagation();
        at.set((bars > 0).then(|| from + target.min(last) * BAR_SECONDS));
    };
    let spoken = move || chart.with(|chart| spoken(chart, bar.get()));
    let value_now = move || {
        bar.get().unwrap_or_else(|| chart.with(|chart| chart.bars.saturating_sub(1))).to_string()
    };
    let names = Memo::new(move |_| {
        chart.with(|chart| {
            let key =
                |layer: &Layer| (layer.name.clone(), layer.hue, layer.is_paler, layer.href.clone());
            chart.layers.iter().map(key).collect::<Vec<_>>()
        })
    });
    let paths = move || {
        let path = |(index, (_, hue, is_paler, _)): (
            usize,
            (String, Option<u32>, bool, Option<String>),
        )| {
            let d = move || {
                chart.with(|chart| {
                    chart.layers.get(index).map(|l| l.path.clone()).unwrap_or_default()
                })
            };
            view! { <path class=layer_class(hue, is_paler) d=d /> }
        };
        names.get().into_iter().enumerate().map(path).collect_view()
    };
    let view_box = move || format!("0 0 {} 1", chart.with(|chart| chart.bars.max(1)));
    let share = move |bar: usize| chart.with(|chart| place(bar, chart.bars));
    let mark = move || bar.get().map(|bar| format!("{:.3}%", share(bar)));
    let ticks = move || chart.with(minutes);
    let top = move || chart.with(|chart| per_second(chart.top));
    let middle = move || chart.with(|chart| per_second(chart.top / 2.0));
    let now = move || chart.with(|chart| per_second(value(&chart.all, bar.get())));
    let when = move || match bar.get() {
        Some(bar) => chart.with(|chart| clock(second_of(chart, bar))),
        None => "now".to_owned(),
    };
    let rows = move || {
        let row = |(index, (name, hue, is_paler, href)): (
            usize,
            (String, Option<u32>, bool, Option<String>),
        )| {
            let line = move |read: fn(&Line, Option<usize>) -> String| {
                chart.with(|chart| chart.layers.get(index).map(|l| read(&l.line, bar.get())))
            };
            let label = match href {
                Some(href) => {
                    view! { <a href=href title=visible(&name).into_owned() data-testid="rate-link">{foreign(&name)}</a> }
                        .into_any()
                }
                None => view! { <span title=visible(&name).into_owned()>{foreign(&name)}</span> }
                    .into_any(),
            };
            view! {
                <tr data-testid="rate" data-name=name>
                    <th scope="row">
                        <i class=layer_class(hue, is_paler) aria-hidden="true"></i>
                        {label}
                    </th>
                    <td data-testid="rate-now">{move || line(|line, bar| per_second(value(line, bar)))}</td>
                    <td>{move || line(|line, _| text::grouped(line.total))}</td>
                </tr>
            }
        };
        names.get().into_iter().enumerate().map(row).collect_view()
    };
    let is_empty = Memo::new(move |_| chart.with(|chart| chart.all.total == 0));
    view! {
        <section class="panel rates" aria-label=title data-testid="rates">
            <header class="panel-head">
                <h2>{title}</h2>
                <span class="panel-note" title=note>{note}</span>
                <span class="rates-now"><b>{now}</b>" /s "<span>{when}</span></span>
            </header>
            <div class="rates-body">
                <div
                    class="rates-plot"
                    role="slider"
                    tabindex="0"
                    aria-label=format!("{title}, events a second over the last minutes")
                    aria-valuemin="0"
                    aria-valuemax=move || chart.with(|chart| chart.bars.saturating_sub(1)).to_string()
                    aria-valuenow=value_now
                    aria-valuetext=spoken
                    data-testid="rates-plot"
                    on:pointermove=on_move
                    on:pointerdown=on_move
                    on:pointerleave=move |_| at.set(None)
                    on:blur=move |_| at.set(None)
                    on:keydown=on_key
                >
                    <div class="rates-area">
                        <svg viewBox=view_box preserveAspectRatio="none" aria-hidden="true">{paths}</svg>
                        <span class="rates-mark" class:shown=move || bar.get().is_some() style:left=mark></span>
                        <Show when=move || is_empty.get()>
                            <span class="rates-empty">"No events in the last 5 minutes"</span>
                        </Show>
                    </div>
                    <span class="rates-top" aria-hidden="true">{top}</span>
                    <span class="rates-middle" aria-hidden="true">{middle}</span>
                    <span class="rates-bottom" aria-hidden="true">"0"</span>
                    <div class="rates-times" aria-hidden="true">{ticks}</div>
                </div>
                <div class="rates-table-box">
                    <table class="rates-table">
                        <thead>
                            <tr>
                                <th scope="col">{column}</th>
                                <th scope="col">"/s"</th>
                                <th scope="col">"5 min"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </div>
        </section>
    }
}

fn layer_class(hue: Option<u32>, is_paler: bool) -> String {
    let hue = hue.map_or("hue-none".to_owned(), |hue| format!("hue-{hue}"));
    if is_paler { format!("layer {hue} paler") } else { format!("layer {hue}") }
}

/// The bar of a second.
fn bar_at(chart: &Chart, second: u64) -> Option<usize> {
    let bar = usize::try_from(second.checked_sub(chart.from_s)? / BAR_SECONDS).ok()?;
    (bar < chart.bars).then_some(bar)
}

fn second_of(chart: &Chart, bar: usize) -> u64 {
    chart.from_s + bar as u64 * BAR_SECONDS
}

/// The second that the pointer is at.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "within 0 and the number of bars"
)]
fn second_at(chart: &Chart, event: &PointerEvent) -> Option<u64> {
    let plot = event.current_target()?.dyn_into::<Element>().ok()?;
    let area = plot.first_element_child()?.get_bounding_client_rect();
    if area.width() <= 0.0 || chart.bars == 0 {
        return None;
    }
    let share = (f64::from(event.client_x()) - area.left()) / area.width();
    let bar = (share.clamp(0.0, 1.0) * chart.bars as f64) as usize;
    Some(second_of(chart, bar.min(chart.bars - 1)))
}

fn value(line: &Line, bar: Option<usize>) -> f64 {
    bar.map_or(line.now, |bar| line.rates.get(bar).copied().unwrap_or(0.0))
}

/// Where the middle of a bar is, in percent from the left.
#[expect(clippy::cast_precision_loss, reason = "as many bars as fit a screen")]
fn place(bar: usize, bars: usize) -> f64 {
    (bar as f64 + 0.5) / bars.max(1) as f64 * 100.0
}

/// The full minutes below the chart.
fn minutes(chart: &Chart) -> impl IntoView + use<> {
    const MINUTE: u64 = 60;
    let end = second_of(chart, chart.bars);
    let first = chart.from_s.next_multiple_of(MINUTE);
    let step = usize::try_from(MINUTE).unwrap_or(1);
    (first..end.max(first))
        .step_by(step)
        .map(|second| {
            let bar = bar_at(chart, second).unwrap_or(0);
            let left = format!("{:.3}%", place(bar, chart.bars));
            let time: String = shown(second).clock().chars().take("00:00".len()).collect();
            view! { <span style:left=left>{time}</span> }
        })
        .collect_view()
}

/// A second on the clocks of the chosen zone.
fn shown(second: u64) -> ZonedTime {
    ChosenZone::show(i64::try_from(second.saturating_mul(1_000)).unwrap_or(i64::MAX))
}

/// The time of day of a second, and the zone.
fn clock(second: u64) -> String {
    let time = shown(second);
    format!("{} {}", time.clock_to_second(), time.zone())
}

/// A bar in words.
fn spoken(chart: &Chart, bar: Option<usize>) -> String {
    let when = bar.map_or("now".to_owned(), |bar| clock(second_of(chart, bar)));
    let mut layers: Vec<(&str, f64)> = chart
        .layers
        .iter()
        .map(|layer| (layer.name.as_str(), value(&layer.line, bar)))
        .filter(|(_, rate)| *rate > 0.0)
        .collect();
    layers.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let named = layers.iter().take(SPOKEN_NAMES);
    let parts: Vec<String> =
        named.map(|(name, rate)| format!("{} {}", visible(name), per_second(*rate))).collect();
    let all = per_second(value(&chart.all, bar));
    let parts = if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) };
    format!("{when}, {all} events a second{parts}")
}
