//! Topics: which streams have the events of many aggregates, as the server is configured.

use rewind_domain::filter::EventPath;
use rewind_domain::{Event, Json, StreamKey, TopicPart};

use crate::api::TopicAbout;

/// The aggregates in a stream that one of its events is about.
pub(crate) fn parts_of(topics: &[TopicAbout], stream: &StreamKey, event: &Event) -> Vec<TopicPart> {
    let part = |topic: &TopicAbout| {
        let path: EventPath = topic.by.parse().ok()?;
        let id = path.values(event).iter().find_map(name)?;
        Some(TopicPart {
            topic: stream.clone(),
            aggregate_type: topic.aggregate_type.clone(),
            id: id.as_str().into(),
        })
    };
    topics.iter().filter(|topic| topic.stream == *stream).filter_map(part).collect()
}

/// The topic that a stream is a part of.
pub(crate) fn topic_of<'t>(topics: &'t [TopicAbout], stream: &StreamKey) -> Option<&'t TopicAbout> {
    let part = stream.topic_part()?;
    topics
        .iter()
        .find(|topic| topic.stream == part.topic && topic.aggregate_type == part.aggregate_type)
}

/// What can name an aggregate, as the server reads it.
fn name(value: &Json) -> Option<String> {
    match value {
        Json::String(text) if !text.is_empty() => Some(text.to_string()),
        Json::Number(number) => Some(number.as_str().to_owned()),
        Json::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::{Entry, EntryId, Fields, RawEvent, layout};

    fn topic(aggregate_type: &str, by: &str) -> TopicAbout {
        TopicAbout {
            stream: "events:orders".into(),
            aggregate_type: aggregate_type.into(),
            by: by.to_owned(),
        }
    }

    #[test]
    fn an_event_is_about_what_the_server_finds_in_it_too() {
        let data = r#"{"id":7.10,"who":"","tags":[null,true,"b"],"none":null}"#;
        let fields = Fields::from_iter([("type", "A"), ("data", data), ("key", "k")]);
        let event = layout::decode(Entry { id: EntryId::new(1, 0), fields: fields.clone() });
        for by in ["data.id", "data.who", "data.tags[]", "data.none", "fields.key", "type"] {
            let path: EventPath = by.parse().unwrap();
            let of_server = path.name(&RawEvent::new(EntryId::new(1, 0), 1, &fields));
            let parts = parts_of(&[topic("Order", by)], &"events:orders".into(), &event);
            let of_page = parts.first().map(|part| part.id.to_string());
            assert_eq!(of_page, of_server, "{by}");
        }
    }

    #[test]
    fn a_stream_is_part_of_a_topic_only_where_there_is_a_rule() {
        let topics = [topic("Order", "data.id")];
        assert!(topic_of(&topics, &"events:orders#Order:7".into()).is_some());
        for other in ["events:orders", "events:orders#Invoice:7", "events:bills#Order:7"] {
            assert!(topic_of(&topics, &other.into()).is_none(), "{other}");
        }
        let fields = Fields::from_iter([("type", "A"), ("data", r#"{"id":7}"#)]);
        let event = layout::decode(Entry { id: EntryId::new(1, 0), fields });
        assert_eq!(parts_of(&topics, &"events:orders".into(), &event).len(), 1);
        assert!(parts_of(&topics, &"events:bills".into(), &event).is_empty());
    }
}
