//! `GET /metrics`: figures for Prometheus, in its text format.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;

use super::AppState;
use crate::live::LiveFigures;

/// The text format of Prometheus, version 0.0.4.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) async fn metrics(State(state): State<AppState>) -> Response {
    ([(header::CONTENT_TYPE, CONTENT_TYPE)], text(&state.hub.figures())).into_response()
}

fn text(live: &LiveFigures) -> String {
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
    ] {
        // Writing into a string cannot fail.
        let _ = writeln!(text, "# HELP rewind_{name} {help}");
        let _ = writeln!(text, "# TYPE rewind_{name} {kind}\nrewind_{name} {value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_its_help_and_type() {
        let text = text(&LiveFigures { viewers: 3, ..LiveFigures::default() });
        let expected = "# HELP rewind_live_viewers Open lines of live events.\n\
                        # TYPE rewind_live_viewers gauge\nrewind_live_viewers 3\n";
        assert!(text.starts_with(expected), "{text}");
    }
}
