//! Where things are drawn on a timeline.

use rewind_domain::Json;
use rewind_domain::lanes::Lane;
use rewind_domain::time::UtcTime;
use rewind_domain::time::zone::{Zone, ZonedTime};
use rewind_domain::timeline::Timeline;

/// How many lanes are drawn: the strip stands above what is looked at, not in its place.
const MAX_LANES: usize = 3;
/// How many colours tell the values of a lane apart; as many as `tokens.css` defines.
const HUES: usize = 8;
/// A bar is at least this part of the height, or single events would not be seen beside many.
const LEAST_HEIGHT: f64 = 0.18;

/// A lane as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LaneView {
    /// The field.
    pub(crate) path: String,
    /// Its values.
    pub(crate) runs: Vec<RunView>,
}

/// A value of a field as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RunView {
    /// Where it begins, from 0 to 1.
    pub(crate) start: f64,
    /// Where it ends.
    pub(crate) end: f64,
    /// The value.
    pub(crate) value: String,
    /// All of it.
    pub(crate) title: String,
    /// Its colour.
    pub(crate) hue: usize,
}

/// A part of the whole in the words of a style sheet.
pub(crate) fn percent(part: f64) -> String {
    format!("{:.3}%", part * 100.0)
}

/// How high a bar is, from 0 to 1. Grows slowly, so that a burst does not flatten all others.
pub(crate) fn bar_height(count: u64, tallest: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a height on a screen needs no more")]
    let grown = |count: u64| (1.0 + count as f64).ln();
    let most = grown(tallest);
    if most <= 0.0 { 0.0 } else { LEAST_HEIGHT + (1.0 - LEAST_HEIGHT) * grown(count) / most }
}

/// Where a version is drawn: at its time where that is known, else in the middle of those that lie around it.
pub(crate) fn place(timeline: &Timeline, version: u64, timestamp_ms: Option<i64>) -> Option<f64> {
    if let Some(ms) = timestamp_ms {
        return (!timeline.stretches.is_empty()).then(|| timeline.position(ms));
    }
    let holds = timeline
        .buckets
        .iter()
        .find(|bucket| (bucket.first_version..=bucket.last_version).contains(&version));
    match holds {
        Some(bucket) => {
            #[expect(clippy::cast_precision_loss, reason = "a place on a screen needs no more")]
            let share = (version - bucket.first_version) as f64
                / (bucket.last_version - bucket.first_version).max(1) as f64;
            Some(bucket.start + share * (bucket.end - bucket.start))
        }
        // Before the first event, or between buckets.
        None => timeline
            .buckets
            .iter()
            .rfind(|bucket| bucket.last_version <= version)
            .map(|bucket| bucket.end)
            .or_else(|| timeline.buckets.first().map(|bucket| bucket.start)),
    }
}

/// The lanes, as far as they are drawn. `until` is the last version whose state is known.
pub(crate) fn lane_views(
    timeline: &Timeline,
    lanes: &[Lane],
    until: u64,
    zone: &impl Zone,
) -> Vec<LaneView> {
    let end = place(timeline, until, None).unwrap_or(1.0);
    lanes
        .iter()
        .take(MAX_LANES)
        .map(|lane| {
            let values = values(lane);
            let runs = lane.runs.iter().zip(1..).filter_map(|(run, next)| {
                let value = run.value.as_ref()?;
                let start = timeline.position(run.from_ms);
                let next = lane.runs.get(next);
                let end = next.map_or(end.max(start), |next| timeline.position(next.from_ms));
                let shown = shown(value);
                let since = format!("{shown} from version {}", run.from_version);
                Some(RunView {
                    start,
                    end: end.max(start),
                    title: format!(
                        "{}: {since}, {}",
                        lane.path,
                        ZonedTime::new(UtcTime(run.from_ms), zone)
                    ),
                    value: shown,
                    hue: hue(&values, value),
                })
            });
            LaneView { path: lane.path.to_string(), runs: runs.collect() }
        })
        .collect()
}

/// For each lane that is drawn, its field, and its values with their colours.
pub(crate) fn legend(lanes: &[Lane]) -> Vec<(String, Vec<(String, usize)>)> {
    lanes
        .iter()
        .take(MAX_LANES)
        .map(|lane| {
            let values = values(lane);
            let colours = values.iter().map(|value| (shown(value), hue(&values, value)));
            (lane.path.to_string(), colours.collect())
        })
        .collect()
}

/// What the fields that are drawn were at a version, in words.
pub(crate) fn values_at(lanes: &[Lane], version: u64) -> Vec<String> {
    let value = |lane: &Lane| {
        let run = lane.runs.iter().rfind(|run| run.from_version <= version)?;
        Some(format!("{} {}", lane.path, shown(run.value.as_ref()?)))
    };
    lanes.iter().take(MAX_LANES).filter_map(value).collect()
}

/// The values of a lane, in the order in which they first appeared.
fn values(lane: &Lane) -> Vec<&Json> {
    let mut values: Vec<&Json> = Vec::new();
    for value in lane.runs.iter().filter_map(|run| run.value.as_ref()) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

/// Values of one lane have colours of their own, as far as there are enough.
fn hue(values: &[&Json], value: &Json) -> usize {
    values.iter().position(|other| *other == value).unwrap_or(0) % HUES
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::Pointer;
    use rewind_domain::lanes::Run;
    use rewind_domain::time::zone::Utc;
    use rewind_domain::timeline::Tick;

    fn timeline() -> Timeline {
        let tick = |version: u64| Tick {
            version,
            timestamp_ms: version.cast_signed() * 1_000,
            is_failed: false,
        };
        Timeline::of((1..=10).map(tick).collect(), 10)
    }

    #[test]
    fn a_version_is_drawn_at_its_time_or_among_its_neighbours() {
        let timeline = timeline();
        let known = place(&timeline, 5, Some(5_000)).unwrap();
        let guessed = place(&timeline, 5, None).unwrap();
        assert!((known - guessed).abs() < 0.15, "{known} {guessed}");
        assert_eq!(place(&timeline, 0, None), Some(0.0));
        assert_eq!(place(&Timeline::default(), 0, None), None);
        assert_eq!(place(&Timeline::default(), 0, Some(1)), None);
    }

    #[test]
    fn the_values_of_a_lane_have_colours_of_their_own() {
        let run = |version: u64, value: Option<&str>| Run {
            from_version: version,
            from_ms: version.cast_signed() * 1_000,
            value: value.map(Json::string),
        };
        let lane = Lane {
            path: Pointer::root().key("status"),
            runs: vec![
                run(1, Some("new")),
                run(4, Some("paid")),
                run(6, None),
                run(8, Some("new")),
            ],
        };
        let views = lane_views(&timeline(), std::slice::from_ref(&lane), 10, &Utc);
        let hues: Vec<_> = views[0].runs.iter().map(|run| (run.value.as_str(), run.hue)).collect();
        assert_eq!(hues, [("new", 0), ("paid", 1), ("new", 0)]);
        let at = |version| values_at(std::slice::from_ref(&lane), version);
        assert_eq!((at(5), at(7)), (vec!["/status paid".to_owned()], vec![]));
        assert!(views[0].runs.iter().all(|run| run.start <= run.end && run.end <= 1.0));
        assert_eq!(
            legend(&[lane]),
            [("/status".to_owned(), vec![("new".to_owned(), 0), ("paid".to_owned(), 1)])]
        );
    }

    #[test]
    fn a_single_event_is_seen_beside_a_burst() {
        assert!(bar_height(1, 10_000) > LEAST_HEIGHT);
        assert!((bar_height(7, 7) - 1.0).abs() < 1e-9);
        assert!(bar_height(0, 0).abs() < 1e-9);
    }
}
