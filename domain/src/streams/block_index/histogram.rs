//! How the entries of an index lie in time.

use std::ops::RangeInclusive;

use super::types::EventType;
use super::{Block, BlockIndex};

/// How many types a histogram tells apart: as many as colours can be. The others are counted together.
pub const HISTOGRAM_TYPES: usize = 16;

/// How many entries there are when, by the times in their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// The types that are told apart, the most frequent ones of the whole index first.
    pub types: Vec<EventType>,
    /// Parts of the time that have the same length, without gaps.
    pub buckets: Vec<Bucket>,
    /// Whether blocks lie in several parts, so that their entries were divided among them by time. No part is off by more
    /// entries than there are in the two blocks at its ends.
    pub is_approximate: bool,
}

/// A part of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its first moment, in Unix milliseconds.
    pub from_ms: u64,
    /// Its last moment.
    pub to_ms: u64,
    /// How many entries are in it.
    pub count: u64,
    /// How many of them have which type, in the order of [`Histogram::types`].
    pub counts: Vec<u64>,
}

impl BlockIndex {
    /// Divides the entries from one moment to another, both in Unix milliseconds and included, into at most this many parts.
    /// Without entries there, there are parts all the same, with nothing in them.
    pub fn histogram(&self, time_ms: RangeInclusive<u64>, buckets: usize) -> Histogram {
        let (from, to) = (*time_ms.start(), *time_ms.end());
        if from > to || buckets == 0 {
            return Histogram::default();
        }
        let types: Vec<EventType> =
            self.types().into_iter().take(HISTOGRAM_TYPES).map(|count| count.event_type).collect();
        let mut histogram = Histogram {
            buckets: divide(from, to, buckets, types.len()),
            types,
            is_approximate: false,
        };
        let columns = self.columns(&histogram.types);
        let first = self.blocks.partition_point(|block| block.last_id.ms() < from);
        for block in self.blocks.range(first..).take_while(|block| block.first_id.ms() <= to) {
            self.add_block(&mut histogram, block, &columns);
        }
        histogram
    }

    /// The place of each type among those of a histogram.
    fn columns(&self, types: &[EventType]) -> Vec<Option<usize>> {
        (0..self.types.len())
            .map(|index| {
                let event_type = self.types.event_type(index);
                types.iter().position(|column| *column == event_type)
            })
            .collect()
    }

    fn add_block(&self, histogram: &mut Histogram, block: &Block, columns: &[Option<usize>]) {
        let (start, end) = (block.first_id.ms(), block.last_id.ms());
        let first = histogram.buckets.partition_point(|bucket| bucket.to_ms < start);
        for bucket in histogram.buckets.iter_mut().skip(first) {
            if bucket.from_ms > end {
                break;
            }
            let is_whole = bucket.from_ms <= start && end <= bucket.to_ms;
            histogram.is_approximate |= !is_whole;
            for tally in self.tallies(block) {
                let count = u64::from(tally.count);
                let share = share(count, start..=end, bucket.from_ms..=bucket.to_ms);
                bucket.count += share;
                let column = columns.get(tally.event_type.index()).copied().flatten();
                if let Some(count) = column.and_then(|column| bucket.counts.get_mut(column)) {
                    *count += share;
                }
            }
        }
        // Of a block that begins before the first part, or ends behind the last one, some is left out.
        let ends = (histogram.buckets.first(), histogram.buckets.last());
        if let (Some(first), Some(last)) = ends {
            histogram.is_approximate |= start < first.from_ms || end > last.to_ms;
        }
    }
}

/// Parts of the same length, the last one perhaps shorter.
fn divide(from: u64, to: u64, buckets: usize, types: usize) -> Vec<Bucket> {
    let buckets = u64::try_from(buckets).unwrap_or(u64::MAX);
    // One less than the length of a part, which may be one more than fits.
    let reach = (to - from) / buckets;
    let mut parts = Vec::new();
    let mut from_ms = from;
    loop {
        let to_ms = from_ms.saturating_add(reach).min(to);
        parts.push(Bucket { from_ms, to_ms, count: 0, counts: vec![0; types] });
        match to_ms.checked_add(1) {
            Some(next) if next <= to => from_ms = next,
            _ => return parts,
        }
    }
}

/// How many of `count` entries spread evenly over `span` lie within `part`. Parts without gaps give `count` together.
fn share(count: u64, span: RangeInclusive<u64>, part: RangeInclusive<u64>) -> u64 {
    let start = u128::from(*span.start());
    let length = u128::from(*span.end()) + 1 - start;
    // How many lie before a moment, rounded.
    let before = |moment: u128| {
        let distance = moment.saturating_sub(start).min(length);
        (2 * u128::from(count) * distance + length) / (2 * length)
    };
    let share = before(u128::from(*part.end()) + 1) - before(u128::from(*part.start()));
    u64::try_from(share).unwrap_or(count)
}
