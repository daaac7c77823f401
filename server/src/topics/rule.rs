//! Rules: which streams have the events of many aggregates.

use rewind_domain::filter::EventPath;
use rewind_domain::{RawEvent, StreamKey, TopicPart};
use serde::Deserialize;

/// A rule as it stands in the configuration.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TopicRule {
    /// The type of the aggregates.
    #[serde(rename = "type")]
    pub aggregate_type: String,
    /// The stream that has their events.
    pub stream: String,
    /// Where an event names its aggregate, written as in a filter: `data.order_id`, `fields.key`.
    pub by: String,
}

/// A rule that can be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The type of the aggregates.
    pub aggregate_type: StreamKey,
    /// The stream that has their events.
    pub stream: StreamKey,
    /// Where an event names its aggregate.
    pub by: EventPath,
}

/// Why rules cannot be followed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("topic rule {number}: {fault}")]
pub struct TopicRuleError {
    /// Which rule, counted from 1.
    number: usize,
    fault: Fault,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error(
        "`type` is `{0}`; it must be a name of letters, digits and `_`, as in `Order`, since it becomes part of keys"
    )]
    Type(String),
    #[error("`stream` is `{stream}`: {why}")]
    Stream { stream: String, why: String },
    #[error("`by` is `{by}`: {why}")]
    Path { by: String, why: String },
    #[error("`{aggregate_type}` from `{stream}` is said twice; keep one of the rules")]
    Twice { aggregate_type: String, stream: String },
}

/// Reads rules.
///
/// # Errors
/// The first one that cannot be followed, and why.
pub fn read_rules(rules: &[TopicRule]) -> Result<Vec<Topic>, TopicRuleError> {
    let mut topics: Vec<Topic> = Vec::with_capacity(rules.len());
    for (number, rule) in (1..).zip(rules) {
        let topic = read_one(rule, &topics).map_err(|fault| TopicRuleError { number, fault })?;
        topics.push(topic);
    }
    Ok(topics)
}

/// The entries of one aggregate among those of its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicAggregate {
    /// The stream that has them.
    pub stream: StreamKey,
    /// Where an entry names its aggregate.
    pub by: EventPath,
    /// Which one is meant.
    pub id: StreamKey,
}

impl TopicAggregate {
    /// What the key of an aggregate in a topic stands for; `None` for other keys.
    pub fn of(topics: &[Topic], key: &StreamKey) -> Option<Self> {
        let (topic, part) = rule_of(topics, key)?;
        Some(Self { stream: topic.stream.clone(), by: topic.by.clone(), id: part.id })
    }

    /// Whether an entry of the topic is one of the aggregate.
    pub fn has(&self, event: &RawEvent<'_>) -> bool {
        self.by.name(event).is_some_and(|name| name.as_bytes() == self.id.as_bytes())
    }
}

/// The rule by which a key is that of an aggregate in a topic, and which one.
pub(super) fn rule_of<'t>(topics: &'t [Topic], key: &StreamKey) -> Option<(&'t Topic, TopicPart)> {
    let part = key.topic_part()?;
    let is_meant =
        |topic: &&Topic| topic.stream == part.topic && topic.aggregate_type == part.aggregate_type;
    Some((topics.iter().find(is_meant)?, part))
}

fn read_one(rule: &TopicRule, before: &[Topic]) -> Result<Topic, Fault> {
    let TopicRule { aggregate_type, stream, by } = rule;
    if !TopicPart::is_type(aggregate_type) {
        return Err(Fault::Type(aggregate_type.clone()));
    }
    let bad_stream = |why: String| Fault::Stream { stream: stream.clone(), why };
    let key: StreamKey =
        stream.parse().map_err(|error: rewind_domain::stream_key::StreamKeyError| {
            bad_stream(error.to_string())
        })?;
    if key.as_bytes().is_empty() {
        return Err(bad_stream("it is empty; give the key of a stream".to_owned()));
    }
    if key.topic_part().is_some() {
        return Err(bad_stream("aggregates in a topic have none in them".to_owned()));
    }
    let path = by.parse().map_err(|error: rewind_domain::filter::FilterError| Fault::Path {
        by: by.clone(),
        why: error.message,
    })?;
    let topic = Topic { aggregate_type: aggregate_type.as_str().into(), stream: key, by: path };
    let is_same = |other: &&Topic| {
        (&other.stream, &other.aggregate_type) == (&topic.stream, &topic.aggregate_type)
    };
    if before.iter().any(|other| is_same(&other)) {
        let (aggregate_type, stream) = (aggregate_type.clone(), stream.clone());
        return Err(Fault::Twice { aggregate_type, stream });
    }
    Ok(topic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(rules: &[(&str, &str, &str)]) -> String {
        let rule = |(aggregate_type, stream, by): &(&str, &str, &str)| TopicRule {
            aggregate_type: (*aggregate_type).to_owned(),
            stream: (*stream).to_owned(),
            by: (*by).to_owned(),
        };
        let rules: Vec<TopicRule> = rules.iter().map(rule).collect();
        read_rules(&rules).map_or_else(|error| error.to_string(), |_| "none".to_owned())
    }

    #[test]
    fn two_types_may_share_a_topic() {
        let rules = [
            ("Order", "events:orders", "data.order_id"),
            ("Customer", "events:orders", "fields.who"),
        ];
        assert_eq!(fault(&rules), "none");
    }

    #[test]
    fn what_is_wrong_is_named_with_the_number_of_the_rule() {
        let good = ("Order", "events:orders", "data.order_id");
        let said = fault(&[good, ("Order", "events:orders", "data.id")]);
        assert!(said.starts_with("topic rule 2: `Order` from `events:orders`"), "{said}");
        let said = fault(&[("1:x", "events:orders", "data.id")]);
        assert!(said.starts_with("topic rule 1: `type` is `1:x`"), "{said}");
        let said = fault(&[("Order", "", "data.id")]);
        assert!(said.contains("`stream` is ``: it is empty"), "{said}");
        let said = fault(&[("Order", "a\\b", "data.id")]);
        assert!(said.contains("lone backslash"), "{said}");
        let said = fault(&[("Order", "a#B:c", "data.id")]);
        assert!(said.contains("in a topic"), "{said}");
        let said = fault(&[("Order", "events:orders", "order_id")]);
        assert!(said.contains("`by` is `order_id`: `order_id` is no path"), "{said}");
    }
}
