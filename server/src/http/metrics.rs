//! `GET /metrics`: figures for Prometheus, in its text format.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::AppState;
use super::admission::PlaceFigures;
use crate::cache_figures::CacheFigures;
use crate::engines::EngineFigures;
use crate::live::LiveFigures;

/// The text format of Prometheus, version 0.0.4.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    let live = state.hub.figures();
    let mut text = live_text(&live, state.store.scan_calls(), state.engines.figures());
    push_connections(&mut text, &state);
    push_places(&mut text, &state.admission.figures());
    push_caches(&mut text, &state.caches.figures());
    push_operations(&mut text, &state.operations.figures());
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response()
}

fn live_text(live: &LiveFigures, scan_calls: u64, engines: EngineFigures) -> String {
    let mut text = String::new();
    for (name, kind, help, value) in [
        ("live_viewers", "gauge", "Open lines of live events.", live.viewers),
        ("live_streams", "gauge", "Streams that are watched by name.", live.streams),
        ("live_categories", "gauge", "Categories that are watched.", live.categories),
        ("live_queued_bytes", "gauge", "Bytes of frames that wait for viewers.", live.queued_bytes),
        ("live_frames_total", "counter", "Frames passed on to viewers.", live.frames),
        ("live_lags_total", "counter", "Times that a viewer was too slow.", live.lags),
        ("live_gaps_total", "counter", "Times that a viewer missed entries for good.", live.gaps),
        ("live_refused_total", "counter", "Viewers refused for want of a seat.", live.refused),
        ("scan_calls_total", "counter", "Calls of SCAN to find streams.", scan_calls),
        ("engines", "gauge", "Processes that run folds and expressions.", engines.processes),
        ("engines_waiting", "gauge", "Questions that wait for one.", engines.waiting),
        (
            "engines_given_up_total",
            "counter",
            "Processes ended because a script could not be stopped.",
            engines.given_up,
        ),
        (
            "engines_vanished_total",
            "counter",
            "Processes that ended without an answer.",
            engines.vanished,
        ),
        (
            "engines_refused_total",
            "counter",
            "Questions refused because too many waited for an engine.",
            engines.refused,
        ),
    ] {
        push(&mut text, name, kind, help, [("", value)]);
    }
    text
}

fn push_connections(text: &mut String, state: &AppState) {
    let (limits, figures) = (state.connection_limits, &state.connections);
    let refused = state.admission.refused_on_reserve();
    for (name, kind, help, value) in [
        ("connections", "gauge", "Open connections of clients.", figures.open_now()),
        ("connections_limit", "gauge", "How many there can be.", count(limits.total())),
        (
            "accept_failures_total",
            "counter",
            "Connections that the system could not give.",
            figures.accept_failures(),
        ),
        (
            "header_timeouts_total",
            "counter",
            "Requests whose header was not complete in time.",
            figures.header_timeouts(),
        ),
        (
            "reserve_refused_total",
            "counter",
            "Requests refused since only connections for short questions were left.",
            refused,
        ),
    ] {
        push(text, name, kind, help, [("", value)]);
    }
}

fn push_places(text: &mut String, places: &[PlaceFigures]) {
    let each = |value: fn(&PlaceFigures) -> u64| places.iter().map(move |of| (of.kind, value(of)));
    let help = "Requests under way of the kinds that take long.";
    push_labelled(text, "requests", "gauge", help, "kind", each(|of| count(of.taken)));
    let help = "How many of them there can be.";
    push_labelled(text, "requests_limit", "gauge", help, "kind", each(|of| count(of.limit)));
    let help = "Requests refused since there were as many as there can be.";
    push_labelled(text, "requests_refused_total", "counter", help, "kind", each(|of| of.refused));
}

fn push_caches(text: &mut String, caches: &[CacheFigures]) {
    let each = |value: fn(&CacheFigures) -> u64| {
        caches.iter().map(move |cache| (cache.name, value(cache)))
    };
    let help = "What is kept in memory to be quicker, in bytes.";
    push_labelled(text, "cache_bytes", "gauge", help, "cache", each(|cache| count(cache.bytes)));
    let help = "How much of it there can be, in bytes.";
    let budgets = each(|cache| count(cache.budget));
    push_labelled(text, "cache_budget_bytes", "gauge", help, "cache", budgets);
    let help =
        "Times that what was kept of a stream was dropped, since it was another stream by then.";
    push_labelled(text, "cache_dropped_total", "counter", help, "cache", each(|of| of.dropped));
}

fn push_operations(text: &mut String, figures: &[(&str, &str, u64)]) {
    let help = "Operations that ended, by what they were and what they came to.";
    let label = |(kind, outcome, count): &(&str, &str, u64)| {
        (format!("{{kind=\"{kind}\",outcome=\"{outcome}\"}}"), *count)
    };
    let values: Vec<_> = figures.iter().map(label).collect();
    let values = values.iter().map(|(label, count)| (label.as_str(), *count));
    push(text, "operations_total", "counter", help, values);
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// Adds a figure with its label for each of some things.
fn push_labelled<'a>(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a str, u64)>,
) {
    let values: Vec<_> =
        values.map(|(of, value)| (format!("{{{label}=\"{of}\"}}"), value)).collect();
    push(text, name, kind, help, values.iter().map(|(label, value)| (label.as_str(), *value)));
}

fn push<'a>(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    values: impl IntoIterator<Item = (&'a str, u64)>,
) {
    // Writing into a string cannot fail.
    let _ = writeln!(text, "# HELP rewind_{name} {help}\n# TYPE rewind_{name} {kind}");
    for (label, value) in values {
        let _ = writeln!(text, "rewind_{name}{label} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_help_and_type() {
        let live = LiveFigures { viewers: 3, ..LiveFigures::default() };
        let text = live_text(&live, 0, EngineFigures::default());
        let expected = "# HELP rewind_live_viewers Open lines of live events.\n\
                        # TYPE rewind_live_viewers gauge\nrewind_live_viewers 3\n";
        assert!(text.starts_with(expected), "{text}");
    }

    #[test]
    fn each_cache_has_its_bytes_and_its_budget() {
        let mut text = String::new();
        push_caches(&mut text, &[CacheFigures { name: "index", bytes: 5, budget: 9, dropped: 2 }]);
        for line in [
            "rewind_cache_bytes{cache=\"index\"} 5",
            "rewind_cache_budget_bytes{cache=\"index\"} 9",
            "rewind_cache_dropped_total{cache=\"index\"} 2",
        ] {
            assert!(text.lines().any(|found| found == line), "{text}");
        }
    }
}
