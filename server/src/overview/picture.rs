//! From what is counted to what is told.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use rewind_app::api::query::OverviewQuery;
use rewind_app::api::{CategoryRate, Overview, StreamRate, TypeRate};
use rewind_domain::catalog::Category;
use rewind_domain::tally::Tally;

use super::pulse::Pulse;

/// How many categories and types are told by name: as many as colours can be told apart.
const MAX_SERIES: usize = 8;
/// How many of the busiest streams are told.
const MAX_BUSIEST: usize = 20;

/// Which categories and types are told, in their order.
#[derive(Default)]
pub(super) struct Series {
    categories: Vec<Category>,
    types: Vec<Option<String>>,
}

impl Series {
    /// Puts the counts into a picture.
    pub(super) fn draw(&mut self, pulse: &Pulse, overview: &mut Overview) {
        let from = pulse.categories.oldest();
        self.categories = pulse.categories.steady_top(&self.categories, MAX_SERIES);
        self.types = pulse.types.steady_top(&self.types, MAX_SERIES);
        overview.from_s = from;
        overview.counts = pulse.categories.sums(from);
        let mut categories: Vec<CategoryRate> = self
            .categories
            .iter()
            .map(|category| CategoryRate {
                category: Some(category.clone()),
                counts: pulse.categories.counts(category, from),
            })
            .collect();
        let mut types: Vec<TypeRate> = self
            .types
            .iter()
            .map(|r#type| TypeRate {
                r#type: r#type.clone(),
                category: r#type.as_deref().and_then(|name| pulse.home(name)),
                is_rest: false,
                counts: pulse.types.counts(r#type, from),
            })
            .collect();
        if let Some(counts) = rest(&pulse.categories, categories.iter().map(|rate| &rate.counts)) {
            categories.push(CategoryRate { category: None, counts });
        }
        if let Some(counts) = rest(&pulse.types, types.iter().map(|rate| &rate.counts)) {
            types.push(TypeRate { r#type: None, category: None, is_rest: true, counts });
        }
        let mut hasher = DefaultHasher::new();
        (&self.categories, &self.types, categories.len(), types.len()).hash(&mut hasher);
        overview.tag = format!("{:016x}", hasher.finish());
        overview.categories = categories;
        overview.types = types;
        let slots = pulse.streams.oldest();
        let busiest = pulse.streams.top(MAX_BUSIEST).into_iter();
        overview.busiest = busiest
            .map(|(stream, total)| {
                let counts = pulse.streams.counts(&stream, slots);
                StreamRate { stream, total, counts }
            })
            .collect();
    }
}

/// What is left of all that was counted; `None` if that is nothing.
fn rest<'a, K: Clone + Eq + Hash + Ord>(
    tally: &Tally<K>,
    named: impl Iterator<Item = &'a Vec<u64>>,
) -> Option<Vec<u64>> {
    let mut rest = tally.sums(0);
    for counts in named {
        for (rest, count) in rest.iter_mut().zip(counts) {
            *rest = rest.saturating_sub(*count);
        }
    }
    rest.iter().any(|count| *count > 0).then_some(rest)
}

/// The picture without the counts that whoever asks has already.
pub(super) fn since(overview: &Overview, query: &OverviewQuery) -> Overview {
    let mut told = overview.clone();
    let Some(since_s) = query.since.filter(|_| query.tag == overview.tag) else { return told };
    let skipped = since_s.saturating_sub(told.from_s).min(told.counts.len() as u64);
    let count = usize::try_from(skipped).unwrap_or(0);
    let cut = |counts: &mut Vec<u64>| drop(counts.drain(..count.min(counts.len())));
    told.from_s += skipped;
    cut(&mut told.counts);
    told.categories.iter_mut().for_each(|rate| cut(&mut rate.counts));
    told.types.iter_mut().for_each(|rate| cut(&mut rate.counts));
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn overview() -> Overview {
        let mut pulse = Pulse::new(NOW);
        for n in 0..20_u64 {
            let category = Category::Within(format!("c{n}").as_str().into());
            pulse.categories.add(NOW / 1_000, &category, n + 1);
        }
        let mut overview = Overview::default();
        Series::default().draw(&pulse, &mut overview);
        overview
    }

    #[test]
    fn the_largest_stand_by_name_and_the_others_together() {
        let overview = overview();
        assert_eq!(overview.categories.len(), MAX_SERIES + 1);
        let last = |rate: &CategoryRate| *rate.counts.last().unwrap();
        assert_eq!(overview.categories.first().map(last), Some(20));
        let sum: u64 = overview.categories.iter().map(last).sum();
        assert_eq!(Some(&sum), overview.counts.last());
        assert!(overview.types.is_empty());
    }

    #[test]
    fn counts_that_are_known_are_not_told_again() {
        let overview = overview();
        let ask = |since_s: u64, tag: &str| {
            since(&overview, &OverviewQuery { since: Some(since_s), tag: tag.to_owned() })
        };
        let part = ask(NOW / 1_000 - 2, &overview.tag);
        assert_eq!((part.from_s, part.counts.len()), (NOW / 1_000 - 2, 3));
        assert!(part.categories.iter().all(|rate| rate.counts.len() == 3));
        assert_eq!(ask(NOW / 1_000 - 2, "other"), overview);
        assert_eq!(ask(0, &overview.tag), overview);
        assert_eq!(ask(u64::MAX, &overview.tag).counts.len(), 0);
    }
}
