//! How far a group is, in figures.

use leptos::prelude::*;

use crate::api::GroupAnswer;
use crate::features::groups::views::lag::LagFigure;
use crate::platform::clock::Now;
use crate::ui::sparkline::Sparkline;
use crate::ui::text;

/// How far a group is, and how that goes on.
#[component]
pub(crate) fn Figures(
    /// The group.
    answer: Memo<Option<GroupAnswer>>,
) -> impl IntoView {
    let read = move |read: fn(&GroupAnswer) -> String| {
        move || answer.with(|answer| answer.as_ref().map(read).unwrap_or_default())
    };
    let group = Signal::derive(move || answer.with(|answer| Some(answer.as_ref()?.group.clone())));
    let lags = Signal::derive(move || {
        answer.with(|answer| {
            let samples = answer.as_ref().map(|answer| &answer.samples);
            samples
                .map(|samples| samples.iter().map(|sample| sample.lag).collect())
                .unwrap_or_default()
        })
    });
    let label = Signal::derive(|| "Lag in the last minutes, as long as somebody looked".to_owned());
    let oldest = move || {
        answer
            .with(|answer| {
                let id = answer.as_ref()?.oldest_pending?;
                Some(match text::id_time_ms(id) {
                    Some(ms) => text::ago(Now::get(), ms),
                    None => id.to_string(),
                })
            })
            .unwrap_or_else(|| "–".to_owned())
    };
    view! {
        <dl class="figures group-figures" data-testid="group-figures">
            <div class="figure">
                <dt title="Entries that it was not given yet">"Lag"</dt>
                <dd><b><LagFigure group /></b><Sparkline counts=lags label /></dd>
            </div>
            <div class="figure">
                <dt title="Entries that it was given and has not acknowledged">"Pending"</dt>
                <dd><b data-testid="group-pending">{read(|answer| text::grouped(answer.group.pending))}</b></dd>
            </div>
            <div class="figure">
                <dt title="When the oldest pending entry was added">"Oldest pending"</dt>
                <dd><b>{oldest}</b></dd>
            </div>
            <div class="figure">
                <dt title="Entries added to the stream, each second">"In /s"</dt>
                <dd><b>{read(|answer| rate(answer.rate_in))}</b></dd>
            </div>
            <div class="figure">
                <dt title="Entries that it was given, each second">"Out /s"</dt>
                <dd><b>{read(|answer| rate(answer.rate_out))}</b></dd>
            </div>
            <div class="figure">
                <dt title="When it will have been given everything, if it goes on like this">"Catches up"</dt>
                <dd><b>{read(catches_up)}</b></dd>
            </div>
            <div class="figure">
                <dt title="The last entry that it was given">"Last delivered"</dt>
                <dd><b class="id" data-testid="last-delivered">{read(|answer| answer.group.last_delivered_id.to_string())}</b></dd>
            </div>
        </dl>
    }
}

fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.1}"))
}

fn catches_up(answer: &GroupAnswer) -> String {
    match (answer.group.lag.or(answer.group.lag_at_most), answer.catches_up_s) {
        (Some(0), _) => "it has".to_owned(),
        (_, Some(seconds)) => format!("in {}", text::brief_duration(seconds.saturating_mul(1_000))),
        (_, None) if answer.rate_out.is_none() => "–".to_owned(),
        (_, None) => "never like this".to_owned(),
    }
}
