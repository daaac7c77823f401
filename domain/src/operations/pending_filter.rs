//! Filters over what a group has pending.

use crate::filter::native::Verdict;
use crate::{Filter, RawEvent};

use super::Name;

/// Which pending entries are meant: a filter over events, with terms about the delivery among its own.
///
/// `idle>5m` means entries that were last delivered longer ago than that, `deliveries>3` and `deliveries=1` those that were delivered that
/// often, `consumer:billing-1` and `-consumer:billing-1` those that this consumer has or does not have. Everything else is a [`Filter`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PendingFilter {
    delivery: Vec<DeliveryTerm>,
    /// Which events.
    pub event: Filter,
}

/// How an entry was delivered.
#[derive(Clone, Copy, Debug)]
pub struct Delivered<'d> {
    /// The consumer that has it; empty if it was given back.
    pub consumer: &'d [u8],
    /// How long ago it was last delivered, in milliseconds; `None` if it was given back, which counts as for ever.
    pub idle_ms: Option<u64>,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// Why a text is no such filter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PendingFilterError {
    /// What is wrong, and what would help.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq)]
enum DeliveryTerm {
    Idle(Comparison, u64),
    Deliveries(Comparison, u64),
    Consumer { name: Name, is_negated: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

impl PendingFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// If a term is none. An expression in JavaScript is refused: a selection is asked where no engine is.
    pub fn parse(text: &str) -> Result<Self, PendingFilterError> {
        let (mut delivery, mut rest) = (Vec::new(), String::new());
        for word in words(text) {
            match delivery_term(word)? {
                Some(term) => delivery.push(term),
                None => {
                    if !rest.is_empty() {
                        rest.push(' ');
                    }
                    rest.push_str(word);
                }
            }
        }
        let event = Filter::parse(&rest).map_err(|error| wrong(error.message))?;
        if event.script().is_some() {
            return Err(wrong(
                "an expression in JavaScript cannot choose pending entries; use terms such as `type:order.paid data.total>100`",
            ));
        }
        Ok(Self { delivery, event })
    }

    /// Whether an entry is meant, as far as its delivery tells.
    pub fn means_delivery(&self, delivered: &Delivered<'_>) -> bool {
        self.delivery.iter().all(|term| term.holds(delivered))
    }

    /// Whether it depends on more than the delivery, so that entries have to be read.
    pub fn needs_events(&self) -> bool {
        !self.event.is_empty()
    }

    /// Whether an event is meant, as far as that does not depend on its delivery.
    pub fn means_event(&self, event: &RawEvent<'_>) -> bool {
        self.event.verdict(event) == Verdict::Yes
    }

    /// How long ago an entry must have been delivered at least, in milliseconds, as far as the terms tell.
    pub fn min_idle_ms(&self) -> u64 {
        let bounds = self.delivery.iter().filter_map(|term| match term {
            DeliveryTerm::Idle(Comparison::AtLeast | Comparison::Equal, ms) => Some(*ms),
            DeliveryTerm::Idle(Comparison::More, ms) => Some(ms.saturating_add(1)),
            _ => None,
        });
        bounds.max().unwrap_or(0)
    }

    /// The one consumer whose entries are meant, if there is only one.
    pub fn consumer(&self) -> Option<&Name> {
        self.delivery.iter().find_map(|term| match term {
            DeliveryTerm::Consumer { name, is_negated: false } => Some(name),
            _ => None,
        })
    }
}

impl DeliveryTerm {
    fn holds(&self, delivered: &Delivered<'_>) -> bool {
        match self {
            Self::Idle(comparison, ms) => {
                comparison.holds(delivered.idle_ms.unwrap_or(u64::MAX), *ms)
            }
            Self::Deliveries(comparison, count) => comparison.holds(delivered.deliveries, *count),
            Self::Consumer { name, is_negated } => {
                (name.as_bytes() == delivered.consumer) != *is_negated
            }
        }
    }
}

impl Comparison {
    fn holds(self, value: u64, bound: u64) -> bool {
        match self {
            Self::Less => value < bound,
            Self::AtMost => value <= bound,
            Self::Equal => value == bound,
            Self::AtLeast => value >= bound,
            Self::More => value > bound,
        }
    }

    /// Reads the sign at the beginning of a text.
    fn read(text: &str) -> Option<(Self, &str)> {
        let signs = [
            (">=", Self::AtLeast),
            ("<=", Self::AtMost),
            (">", Self::More),
            ("<", Self::Less),
            ("=", Self::Equal),
            (":", Self::Equal),
        ];
        signs.into_iter().find_map(|(sign, is)| text.strip_prefix(sign).map(|rest| (is, rest)))
    }
}

fn wrong(message: impl Into<String>) -> PendingFilterError {
    PendingFilterError { message: message.into() }
}

/// The words of a text: what stands in quotes is not divided, and an expression in JavaScript goes on to the end.
fn words(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), None, false, false);
    for (at, character) in text.char_indices() {
        if is_escaped {
            is_escaped = false;
            continue;
        }
        match character {
            '\\' if is_quoted => is_escaped = true,
            '"' => {
                is_quoted = !is_quoted;
                start = start.or(Some(at));
            }
            character if character.is_whitespace() && !is_quoted => {
                if let Some(start) = start.take() {
                    found.push(&text[start..at]);
                }
            }
            '=' if start.is_none() => {
                found.push(text[at..].trim_end());
                return found;
            }
            _ => start = start.or(Some(at)),
        }
    }
    found.extend(start.map(|start| text[start..].trim_end()));
    found
}

/// Reads a word about the delivery; `None` if it is about something else.
fn delivery_term(word: &str) -> Result<Option<DeliveryTerm>, PendingFilterError> {
    if let Some((comparison, value)) = word.strip_prefix("idle").and_then(Comparison::read) {
        let ms = duration_ms(value).ok_or_else(|| {
            wrong(format!("`{word}` is no time; write `idle>5m`, with `ms`, `s`, `m`, `h` or `d`"))
        })?;
        return Ok(Some(DeliveryTerm::Idle(comparison, ms)));
    }
    if let Some((comparison, value)) = word.strip_prefix("deliveries").and_then(Comparison::read) {
        let count = value
            .parse()
            .map_err(|_| wrong(format!("`{word}` is no number; write `deliveries>3`")))?;
        return Ok(Some(DeliveryTerm::Deliveries(comparison, count)));
    }
    let (positive, is_negated) = match word.strip_prefix('-') {
        Some(rest) => (rest, true),
        None => (word, false),
    };
    let Some(name) = positive.strip_prefix("consumer:") else { return Ok(None) };
    let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
    let name = name.parse().map_err(|_| wrong(format!("`{word}` names no consumer")))?;
    Ok(Some(DeliveryTerm::Consumer { name, is_negated }))
}

/// Reads a time such as `5m`, in milliseconds.
fn duration_ms(text: &str) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(end);
    let unit_ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn delivered(consumer: &str, idle_ms: Option<u64>, deliveries: u64) -> Delivered<'_> {
        Delivered { consumer: consumer.as_bytes(), idle_ms, deliveries }
    }

    #[test]
    fn terms_about_the_delivery_stand_among_those_about_the_event() {
        let filter =
            PendingFilter::parse("idle>5m type:order.paid deliveries>=2 data.total>100").unwrap();
        assert_eq!(filter.event, Filter::parse("type:order.paid data.total>100").unwrap());
        assert_eq!(filter.min_idle_ms(), 300_001);
        assert!(filter.means_delivery(&delivered("a", Some(300_001), 2)));
        assert!(!filter.means_delivery(&delivered("a", Some(300_000), 2)));
        assert!(!filter.means_delivery(&delivered("a", Some(300_001), 1)));
        assert!(filter.means_delivery(&delivered("", None, 2)));
    }

    #[test]
    fn a_consumer_is_meant_or_is_not() {
        let is = PendingFilter::parse("consumer:\"billing 1\"").unwrap();
        assert!(is.means_delivery(&delivered("billing 1", Some(0), 1)));
        assert_eq!(is.consumer().unwrap().to_string(), "billing 1");
        let is_not = PendingFilter::parse("-consumer:b").unwrap();
        assert!(is_not.means_delivery(&delivered("a", Some(0), 1)));
        assert!(!is_not.means_delivery(&delivered("b", Some(0), 1)));
        assert_eq!(is_not.consumer(), None);
        assert!(
            !is.needs_events() && PendingFilter::parse("").unwrap() == PendingFilter::default()
        );
    }

    #[test]
    fn what_is_no_time_or_number_is_refused() {
        for text in
            ["idle>5", "idle>m", "idle>5x", "idle>99999999999999999999d", "deliveries>x", "= 1"]
        {
            assert!(PendingFilter::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_in_quotes_is_one_word() {
        let filter = PendingFilter::parse("\"idle>5m now\" idle<1s").unwrap();
        assert_eq!(filter.event, Filter::parse("\"idle>5m now\"").unwrap());
        assert!(filter.means_delivery(&delivered("a", Some(999), 1)));
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "[ -~é\\n\"]{0,40}") {
            let _ = PendingFilter::parse(&text);
        }

        #[test]
        fn a_filter_without_terms_of_its_own_is_the_filter(text in "[a-z:.> ]{0,30}") {
            prop_assume!(!text.contains("idle") && !text.contains("deliveries") && !text.contains("consumer"));
            if let (Ok(pending), Ok(filter)) = (PendingFilter::parse(&text), Filter::parse(&text)) {
                prop_assert_eq!(pending.event, filter);
            }
        }
    }
}
