//! What a live line is asked for.

use rewind_domain::StreamKey;

use crate::address::EventsOf;
use crate::api::query::LiveQuery;

/// What a line is to tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    pub(super) query: LiveQuery,
    /// Whether it goes on where one of its streams cannot be watched any more.
    pub(crate) has_several: bool,
}

impl Watch {
    /// All that is added to a stream.
    pub(crate) fn stream(stream: &StreamKey) -> Self {
        let query = LiveQuery { stream: vec![stream.clone()], ..LiveQuery::default() };
        Self { query, has_several: false }
    }

    /// What is added to these events and fits the filter, so that a line carries on where a search ends.
    pub(crate) fn events(of: &EventsOf, filter: &str) -> Self {
        let (mut stream, category, all) = of.parameters();
        // The position of a line has one id for each of them, in the order of their keys as a search has them.
        stream.sort();
        let filter = filter.to_owned();
        Self {
            query: LiveQuery { stream, category, all, filter, ..LiveQuery::default() },
            has_several: matches!(of, EventsOf::Streams(_)),
        }
    }

    /// The question, to go on after a position.
    pub(crate) fn after(&self, position: Option<&str>) -> LiveQuery {
        LiveQuery { after: position.map(str::to_owned), ..self.query.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::query::Query as _;

    #[test]
    fn streams_are_watched_in_the_order_in_which_a_search_tells_how_far_they_are() {
        let of = EventsOf::Streams(["b".into(), "a".into()].into());
        let watch = Watch::events(&of, "type:X");
        assert_eq!(
            watch.after(Some("1-0,2-0")).to_search(),
            "stream=a&stream=b&filter=type%3AX&after=1-0%2C2-0"
        );
        assert!(watch.has_several);
        let of = EventsOf::Category("aggregate:Order".into());
        assert_eq!(Watch::events(&of, "").after(None).to_search(), "category=aggregate%3AOrder");
    }
}
