//! From what happens in the shop to entries in streams.

use std::collections::{HashMap, VecDeque};

use crate::sample::entry::Entry;
use crate::sample::json::Json;

/// The stream on which the shop tells other systems what happens to orders.
const TOPIC: &str = "events:orders";

/// One thing, what has happened to it and what is going to.
pub(crate) struct History {
    /// The key of its stream.
    pub(crate) stream: String,
    /// Joins all that belongs to one story, over all streams.
    pub(crate) correlation_id: String,
    /// How many events its stream has.
    pub(crate) happened: u64,
    /// What is still to come, in order of time.
    pub(crate) planned: VecDeque<Fact>,
}

/// One event in the life of one thing.
pub(crate) struct Fact {
    /// When it is meant to happen.
    pub(crate) at_ms: u64,
    /// The type of the event.
    pub(crate) kind: &'static str,
    /// What is new.
    pub(crate) data: Json,
    /// Who did it, where it was a person.
    pub(crate) user: Option<String>,
    /// The type and data with which it is published, where others need to know.
    pub(crate) published: Option<(&'static str, Json)>,
}

/// The streams, as far as adding to them needs to know them.
#[derive(Default)]
pub(crate) struct Log {
    last_ids: HashMap<String, (u64, u64)>,
}

impl Log {
    /// Lets the next planned fact of a history happen. None where nothing is planned.
    pub(crate) fn next_of(&mut self, history: &mut History, at_ms: u64) -> Vec<Entry> {
        let Some(fact) = history.planned.pop_front() else { return Vec::new() };
        history.happened += 1;
        let cause = self.last_ids.get(&history.stream).map(|(ms, seq)| format!("{ms}-{seq}"));
        let mut metadata = vec![("correlation_id", history.correlation_id.clone())];
        metadata.extend(cause.map(|id| ("causation_id", id)));
        metadata.extend(fact.user.map(|user| ("user", user)));
        let event = self.add(&history.stream, at_ms, fact.kind, &fact.data, metadata);
        let published = fact.published.map(|(kind, data)| {
            let metadata = vec![
                ("correlation_id", history.correlation_id.clone()),
                ("causation_id", event.id()),
            ];
            self.add(TOPIC, event.id_ms, kind, &data, metadata)
        });
        std::iter::once(event).chain(published).collect()
    }

    fn add(
        &mut self,
        stream: &str,
        at_ms: u64,
        kind: &str,
        data: &Json,
        metadata: Vec<(&'static str, String)>,
    ) -> Entry {
        let id = match self.last_ids.get(stream) {
            Some(&(last_ms, last_seq)) if at_ms <= last_ms => (last_ms, last_seq + 1),
            _ => (at_ms, 0),
        };
        self.last_ids.insert(stream.to_owned(), id);
        let mut fields = vec![
            ("type", kind.to_owned()),
            ("timestamp", id.0.to_string()),
            ("data", data.to_string()),
        ];
        fields.extend(metadata);
        Entry { stream: stream.to_owned(), id_ms: id.0, id_seq: id.1, fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json::object;

    fn fact(published: bool) -> Fact {
        Fact {
            at_ms: 0,
            kind: "OrderPaid",
            data: object([("status", "paid".into())]),
            user: None,
            published: published.then(|| ("order.paid", object([]))),
        }
    }

    #[test]
    fn an_entry_names_the_one_before_it_as_its_cause_and_its_publication_names_the_entry() {
        let mut history = History {
            stream: "aggregate:Order:1".to_owned(),
            correlation_id: "c".to_owned(),
            happened: 0,
            planned: [fact(false), fact(true)].into(),
        };
        let mut log = Log::default();
        let first = log.next_of(&mut history, 5);
        assert_eq!((first.len(), first[0].field("causation_id")), (1, None));
        // At the same moment, and before it by a clock that was put back.
        let second = log.next_of(&mut history, 4);
        assert_eq!(second[0].id(), "5-1");
        assert_eq!(second[0].field("causation_id"), Some("5-0"));
        assert_eq!(second[1].stream, "events:orders");
        assert_eq!(second[1].field("causation_id"), Some("5-1"));
        assert_eq!(history.happened, 2);
        assert!(log.next_of(&mut history, 6).is_empty());
    }
}
