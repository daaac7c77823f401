//! What a live line is asked for.

use rewind_domain::StreamKey;

use crate::address::EventsOf;
use crate::address::query::Query;

/// What a line is to tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Watch {
    /// As parameters of `/api/live`.
    pub(crate) query: Query,
    /// Whether it goes on where one of its streams cannot be watched any more.
    pub(crate) has_several: bool,
}

impl Watch {
    /// All that is added to a stream.
    pub(crate) fn stream(stream: &StreamKey) -> Self {
        Self { query: Query::default().with("stream", stream), has_several: false }
    }

    /// What is added to these events and fits the filter, so that a line carries on where a search ends.
    pub(crate) fn events(of: &EventsOf, filter: &str) -> Self {
        let query = match of {
            EventsOf::Streams(streams) => {
                // The position of a line has one id for each of them, in the order of their keys as a search has them.
                let mut streams = streams.clone();
                streams.sort();
                EventsOf::Streams(streams).on_query(Query::default())
            }
            one => one.on_query(Query::default()),
        };
        let filter = Some(filter).filter(|filter| !filter.is_empty());
        Self {
            query: query.with_some("filter", filter),
            has_several: matches!(of, EventsOf::Streams(_)),
        }
    }

    /// Its parameters, to go on after a position.
    pub(crate) fn after(&self, position: Option<&str>) -> Query {
        self.query.clone().with_some("after", position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_watched_in_the_order_in_which_a_search_tells_how_far_they_are() {
        let of = EventsOf::Streams(["b".into(), "a".into()].into());
        let watch = Watch::events(&of, "type:X");
        assert_eq!(
            watch.after(Some("1-0,2-0")).search(),
            "stream=a&stream=b&filter=type:X&after=1-0%2C2-0"
        );
        assert!(watch.has_several);
        let of = EventsOf::Category("aggregate:Order".into());
        assert_eq!(Watch::events(&of, "").after(None).search(), "category=aggregate:Order");
    }
}
