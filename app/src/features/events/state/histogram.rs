//! How the bars of a histogram are drawn, and what a range of them means.

use rewind_domain::time::UtcTime;
use rewind_domain::time::zone::{Zone, ZonedTime};

use crate::api::{Bucket, Histogram, IndexAnswer};

/// A bar: how high it is, and which parts of it have which colours, from below.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Bar {
    /// Its height, from 0 to 1.
    pub(crate) height: f64,
    /// Its parts: a hue, nothing for all other types, and a share of the bar.
    pub(crate) parts: Vec<(Option<u32>, f64)>,
    /// What it stands for.
    pub(crate) title: String,
}

/// The bars of a histogram, with their times on the clocks of a zone.
pub(crate) fn bars(answer: &IndexAnswer, zone: &impl Zone) -> Vec<Bar> {
    let Some(histogram) = &answer.histogram else { return Vec::new() };
    let tallest = histogram.buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0).max(1);
    let hues: Vec<Option<u32>> = answer
        .types
        .iter()
        .map(|count| count.r#type.as_deref().map(crate::ui::text::hue))
        .collect();
    histogram.buckets.iter().map(|bucket| bar(bucket, tallest, &hues, zone)).collect()
}

fn bar(bucket: &Bucket, tallest: u64, hues: &[Option<u32>], zone: &impl Zone) -> Bar {
    let share = |count: u64, of: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a height needs no more")]
        let share = count as f64 / of.max(1) as f64;
        share
    };
    let named: u64 = bucket.counts.iter().sum();
    let mut parts: Vec<(Option<u32>, f64)> = bucket
        .counts
        .iter()
        .zip(hues)
        .filter(|(count, _)| **count > 0)
        .map(|(count, hue)| (*hue, share(*count, bucket.count)))
        .collect();
    if bucket.count > named {
        parts.push((None, share(bucket.count - named, bucket.count)));
    }
    // A single event among many is still seen.
    let height = if bucket.count == 0 { 0.0 } else { share(bucket.count, tallest).max(0.04) };
    let title = format!(
        "{} · {} to {}",
        crate::ui::text::counted(bucket.count, "event", "events"),
        moment(bucket.from_ms, zone),
        moment(bucket.to_ms, zone)
    );
    Bar { height, parts, title }
}

/// The term of a filter that means the times of these bars, in UTC.
pub(crate) fn range_term(histogram: &Histogram, from: usize, to: usize) -> Option<String> {
    let (first, last) =
        (histogram.buckets.get(from.min(to))?, histogram.buckets.get(from.max(to))?);
    Some(format!("time:{}..{}", stamp(first.from_ms), stamp(last.to_ms)))
}

fn moment(ms: u64, zone: &impl Zone) -> String {
    ZonedTime::new(utc(ms), zone).to_second()
}

fn stamp(ms: u64) -> String {
    utc(ms).to_string()
}

fn utc(ms: u64) -> UtcTime {
    UtcTime(i64::try_from(ms).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::TypeCount;
    use rewind_domain::time::zone::Utc;
    use rewind_domain::{EntryId, Filter};

    fn bucket(from_ms: u64, counts: &[u64], rest: u64) -> Bucket {
        let count = counts.iter().sum::<u64>() + rest;
        Bucket { from_ms, to_ms: from_ms + 999, count, counts: counts.to_vec() }
    }

    fn answer(buckets: Vec<Bucket>) -> IndexAnswer {
        let of = |name: &str| TypeCount { r#type: Some(name.to_owned()), count: 9, is_rest: false };
        IndexAnswer {
            stream: "s".into(),
            length: 9,
            indexed: 9,
            is_complete: true,
            first_version: 1,
            latest_version: 9,
            types: vec![of("A"), of("B")],
            histogram: Some(Histogram { buckets, types: 2, is_approximate: false }),
            incomplete: None,
            problem: None,
        }
    }

    #[test]
    fn the_tallest_bar_fills_the_strip_and_its_parts_fill_it() {
        let answer = answer(vec![
            bucket(0, &[1, 1], 2),
            bucket(1_000, &[2, 0], 0),
            bucket(2_000, &[0, 0], 0),
        ]);
        let bars = bars(&answer, &Utc);
        assert_eq!(bars[0].title, "4 events · 1970-01-01 00:00:00 UTC to 1970-01-01 00:00:00 UTC");
        assert_eq!(bars.iter().map(|bar| bar.height).collect::<Vec<_>>(), [1.0, 0.5, 0.0]);
        let shares: Vec<f64> = bars[0].parts.iter().map(|(_, share)| *share).collect();
        assert_eq!(shares, [0.25, 0.25, 0.5]);
        assert_eq!(bars[0].parts.last().map(|(hue, _)| *hue), Some(None));
        assert_eq!(bars[1].parts.len(), 1);
    }

    #[test]
    fn a_range_of_bars_is_a_filter_for_exactly_their_times() {
        let answer = answer(vec![
            bucket(1_706_185_200_000, &[1, 0], 0),
            bucket(1_706_185_201_000, &[1, 0], 0),
        ]);
        let histogram = answer.histogram.unwrap();
        for (from, to) in [(0, 1), (1, 0)] {
            let filter = Filter::parse(&range_term(&histogram, from, to).unwrap()).unwrap();
            let (first, last) = filter.id_range();
            assert_eq!(first, Some(EntryId::new(1_706_185_200_000, 0)));
            assert_eq!(last.map(EntryId::ms), Some(1_706_185_201_999));
        }
        assert_eq!(range_term(&histogram, 0, 2), None);
    }
}
