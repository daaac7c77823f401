//! Rates over the last minutes: putting answers together, and what is drawn of them.

use std::fmt::Write as _;
use std::iter::zip;

use rewind_domain::catalog::Category;

use crate::address::{EventsAddress, EventsOf, StreamsAddress};
use crate::api::{OVERVIEW_SECONDS, Overview};
use crate::ui::text;

/// How many seconds a bar of a chart stands for.
pub(crate) const BAR_SECONDS: u64 = 2;
/// How wide a bar is, of the room that it has.
const BAR_WIDTH: f64 = 0.82;
/// Over how many seconds the rate of now is taken: few enough to follow, enough not to flicker.
const NOW_SECONDS: usize = 10;

/// A chart of what happens: layers on each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chart {
    /// The second at which the first bar begins, as a Unix time.
    pub(crate) from_s: u64,
    /// How many bars there are.
    pub(crate) bars: usize,
    /// How many events a second its upper edge stands for.
    pub(crate) top: f64,
    /// What lies on each other, from below.
    pub(crate) layers: Vec<Layer>,
    /// All together.
    pub(crate) all: Line,
}

/// A part of a chart.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    /// What it is of.
    pub(crate) name: String,
    /// Its colour; `None` for the rest.
    pub(crate) hue: Option<u32>,
    /// Whether a layer below has the same colour.
    pub(crate) is_paler: bool,
    /// Where its events are.
    pub(crate) href: Option<String>,
    /// Its shape, in bars from the left and parts of the height from above.
    pub(crate) path: String,
    /// Its numbers.
    pub(crate) line: Line,
}

/// Events over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Line {
    /// Events a second in each bar.
    pub(crate) rates: Vec<f64>,
    /// Events a second now.
    pub(crate) now: f64,
    /// How many events there were in all.
    pub(crate) total: u64,
}

/// Something that happens: what, in which colour, where to look at it, and how often in each second.
struct Series<'a> {
    name: String,
    hue: Option<u32>,
    href: Option<String>,
    counts: &'a [u64],
}

/// An answer, with the counts of the one before where it leaves them out.
pub(crate) fn merged(before: Option<&Overview>, mut new: Overview) -> Overview {
    let Some(before) = before.filter(|before| before.tag == new.tag) else { return new };
    let end = new.from_s + new.counts.len() as u64;
    let begin = end.saturating_sub(OVERVIEW_SECONDS).max(before.from_s);
    let is_whole = new.from_s <= before.from_s + before.counts.len() as u64;
    if begin >= new.from_s || !is_whole {
        return new;
    }
    let index = |second: u64| usize::try_from(second.saturating_sub(before.from_s)).unwrap_or(0);
    let range = index(begin)..index(new.from_s);
    let prepend = |old: &[u64], new: &mut Vec<u64>| {
        let old = old.get(range.clone()).unwrap_or_default();
        new.splice(0..0, old.iter().copied());
    };
    prepend(&before.counts, &mut new.counts);
    for (old, new) in zip(&before.categories, &mut new.categories) {
        prepend(&old.counts, &mut new.counts);
    }
    for (old, new) in zip(&before.types, &mut new.types) {
        prepend(&old.counts, &mut new.counts);
    }
    new.from_s = begin;
    new
}

/// The chart of the categories.
pub(crate) fn by_category(overview: &Overview) -> Chart {
    let series = overview.categories.iter().map(|rate| {
        let (name, href) = match &rate.category {
            Some(Category::Within(category)) => {
                let events = EventsAddress::of(EventsOf::Category(category.clone()));
                (category.to_string(), Some(events.href()))
            }
            Some(category) => {
                let streams = StreamsAddress::of(category.clone());
                ("no category".to_owned(), Some(streams.href()))
            }
            None => ("others".to_owned(), None),
        };
        let hue = rate.category.as_ref().map(|_| text::hue(&name));
        Series { name, hue, href, counts: &rate.counts }
    });
    chart(overview, series.collect())
}

/// The chart of the types.
pub(crate) fn by_type(overview: &Overview) -> Chart {
    let series = overview.types.iter().map(|rate| {
        let name = match &rate.r#type {
            Some(name) => name.clone(),
            None if rate.is_rest => "others".to_owned(),
            None => "no type".to_owned(),
        };
        let href = match (&rate.r#type, &rate.category) {
            (Some(name), Some(Category::Within(category))) => {
                let events = EventsAddress::of(EventsOf::Category(category.clone()));
                Some(events.with_filter(text::type_term(name)).href())
            }
            _ => None,
        };
        let hue = rate.r#type.as_deref().map(text::hue);
        Series { name, hue, href, counts: &rate.counts }
    });
    chart(overview, series.collect())
}

fn chart(overview: &Overview, series: Vec<Series<'_>>) -> Chart {
    // Bars begin at multiples of their length, so that they do not change while they move; the one that is not over yet is
    // not drawn.
    let from_s = overview.from_s.next_multiple_of(BAR_SECONDS);
    let skipped = usize::try_from(from_s - overview.from_s).unwrap_or(0);
    let all = line(&overview.counts, skipped);
    let bars = all.rates.len();
    let highest = all.rates.iter().copied().fold(0.0, f64::max);
    let top = nice_top(highest);
    let mut floor = vec![0.0; bars];
    let mut layers: Vec<Layer> = Vec::with_capacity(series.len());
    for Series { name, hue, href, counts } in series {
        let line = line(counts, skipped);
        let path = path(&line.rates, &mut floor, top);
        let is_paler = hue.is_some() && layers.iter().any(|layer| layer.hue == hue);
        layers.push(Layer { name, hue, is_paler, href, path, line });
    }
    Chart { from_s, bars, top, layers, all }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few minutes")]
fn line(counts: &[u64], skipped: usize) -> Line {
    let seconds = usize::try_from(BAR_SECONDS).unwrap_or(1);
    let bars = counts.get(skipped..).unwrap_or_default().chunks_exact(seconds);
    let rates = bars.map(|bar| bar.iter().sum::<u64>() as f64 / seconds as f64).collect();
    // The last second is not over yet.
    let over = counts.len().saturating_sub(1);
    let lately = counts.get(over.saturating_sub(NOW_SECONDS)..over).unwrap_or_default();
    let now = lately.iter().sum::<u64>() as f64 / NOW_SECONDS as f64;
    Line { rates, now, total: counts.iter().sum() }
}

/// Draws a layer on what is below it.
#[expect(clippy::cast_precision_loss, reason = "as many bars as fit a screen")]
fn path(rates: &[f64], floor: &mut [f64], top: f64) -> String {
    let mut path = String::new();
    for (at, (rate, floor)) in zip(rates, floor).enumerate() {
        if *rate <= 0.0 {
            continue;
        }
        let (from, height) = (1.0 - *floor / top, rate / top);
        let x = at as f64 + (1.0 - BAR_WIDTH) / 2.0;
        // Writing to a text cannot fail.
        let _ = write!(path, "M{x:.2} {from:.4}v-{height:.4}h{BAR_WIDTH}v{height:.4}z");
        *floor += rate;
    }
    path
}

/// A round number that is not less, and not much more.
pub(crate) fn nice_top(highest: f64) -> f64 {
    if highest <= 1.0 || !highest.is_finite() {
        return 1.0;
    }
    let power = 10_f64.powf(highest.log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0];
    let fitting = steps.iter().map(|step| step * power).find(|top| *top >= highest);
    fitting.unwrap_or(10.0 * power)
}

/// A number of events a second: `0`, `0.4`, `12`, `1,240`.
pub(crate) fn per_second(rate: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, and not negative"
    )]
    let whole = rate.max(0.0).round() as u64;
    match rate {
        rate if rate <= 0.0 => "0".to_owned(),
        rate if rate < 0.05 => "<0.1".to_owned(),
        rate if rate < 9.95 => format!("{rate:.1}"),
        _ => text::grouped(whole),
    }
}

/// The points of a small line, within a width and a height, its largest value at the upper edge.
#[expect(clippy::cast_precision_loss, reason = "a line is small")]
pub(crate) fn spark_path(counts: &[u64], width: f64, height: f64) -> String {
    let highest = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = width / counts.len().max(1) as f64;
    let mut path = String::new();
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // A single event is seen beside very many.
        let bar = (*count as f64 / highest * height).max(1.0);
        // Writing to a text cannot fail.
        let _ = write!(
            path,
            "M{:.1} {height}v-{bar:.1}h{:.1}v{bar:.1}z",
            at as f64 * step,
            step * BAR_WIDTH
        );
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::CategoryRate;

    fn overview(from_s: u64, counts: &[u64], tag: &str) -> Overview {
        let category = Some(Category::Within("a".into()));
        Overview {
            from_s,
            counts: counts.to_vec(),
            categories: vec![CategoryRate { category, counts: counts.to_vec() }],
            tag: tag.to_owned(),
            ..Overview::default()
        }
    }

    #[test]
    fn a_part_is_put_to_what_is_known() {
        let before = overview(100, &[1, 2, 3, 4], "t");
        let after = merged(Some(&before), overview(102, &[9, 5, 6], "t"));
        assert_eq!((after.from_s, &after.counts[..]), (100, &[1, 2, 9, 5, 6][..]));
        assert_eq!(after.categories[0].counts, [1, 2, 9, 5, 6]);
    }

    #[test]
    fn what_does_not_fit_stands_alone() {
        let before = overview(100, &[1, 2, 3, 4], "t");
        for new in [overview(102, &[9], "other"), overview(110, &[9], "t"), overview(99, &[9], "t")]
        {
            assert_eq!(merged(Some(&before), new.clone()), new);
        }
        assert_eq!(merged(None, before.clone()), before);
    }

    #[test]
    fn what_is_too_old_is_let_go() {
        let before = overview(100, &[1; 300], "t");
        let after = merged(Some(&before), overview(395, &[2; 20], "t"));
        assert_eq!((after.from_s, after.counts.len()), (115, 300));
        assert_eq!((after.counts[279], after.counts[280]), (1, 2));
    }

    #[test]
    fn bars_begin_at_multiples_of_their_length_and_only_whole_ones_are_drawn() {
        let chart = by_category(&overview(101, &[7, 1, 3, 0, 4, 9], "t"));
        assert_eq!((chart.from_s, &chart.all.rates[..]), (102, &[2.0, 2.0][..]));
        assert_eq!((chart.bars, chart.top), (2, 2.0));
        assert_eq!(
            chart.layers[0].path,
            "M0.09 1.0000v-1.0000h0.82v1.0000zM1.09 1.0000v-1.0000h0.82v1.0000z"
        );
        assert_eq!(chart.all.total, 24);
        assert_eq!(by_category(&Overview::default()).bars, 0);
    }

    #[test]
    fn a_rate_is_told_in_few_digits() {
        for (rate, text) in [
            (0.0, "0"),
            (0.01, "<0.1"),
            (0.44, "0.4"),
            (9.94, "9.9"),
            (9.96, "10"),
            (1_240.4, "1,240"),
        ] {
            assert_eq!(per_second(rate), text);
        }
    }

    #[test]
    fn the_upper_edge_is_a_round_number_that_is_not_less() {
        for (highest, top) in
            [(0.0, 1.0), (0.5, 1.0), (1.2, 1.5), (7.0, 8.0), (9.0, 10.0), (1_100.0, 1_500.0)]
        {
            assert!((nice_top(highest) - top).abs() < 1e-9, "{highest}");
        }
        assert!((nice_top(f64::NAN) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_small_line_has_its_largest_value_at_the_edge() {
        assert_eq!(spark_path(&[0, 4, 1], 30.0, 8.0), "M10.0 8v-8.0h8.2v8.0zM20.0 8v-2.0h8.2v2.0z");
        assert_eq!(spark_path(&[], 30.0, 8.0), "");
    }
}
