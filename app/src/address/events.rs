//! The address of a list of events.

use std::collections::HashSet;

use rewind_domain::{EntryId, StreamKey};

use crate::address::columns::Columns;
use crate::address::event_ref::{EventPane, EventRef};
use crate::address::query::Query;
use crate::address::{Point, parameter, point};
use crate::api::Order;
use crate::api::query::{ExportQuery, Query as _, category_name, category_parameter};

/// Events: `/events?stream=&category=&all&filter=&order=&version=&cols=&event=&pane=&base=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventsAddress {
    /// Of which streams.
    pub(crate) of: EventsOf,
    /// Which of them.
    pub(crate) filter: String,
    /// What comes first.
    pub(crate) order: Order,
    /// What is at the upper edge.
    pub(crate) at: Point,
    /// The columns beside the usual ones.
    pub(crate) columns: Columns,
    /// The event that is open.
    pub(crate) event: Option<EventRef>,
    /// What is looked at of an open event.
    pub(crate) pane: EventPane,
    /// The event that an open one is compared with.
    pub(crate) base: Option<EventRef>,
}

/// Whose events are listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EventsOf {
    /// One stream's.
    Stream(StreamKey),
    /// Those of several streams.
    Streams(Vec<StreamKey>),
    /// Those of all streams below.
    Category(StreamKey),
    /// Those of all streams there are.
    All,
}

impl EventsAddress {
    /// The newest events of a stream.
    pub(crate) fn newest(stream: StreamKey) -> Self {
        Self::of(EventsOf::Stream(stream))
    }

    /// The newest events of one stream or of many.
    pub(crate) fn of(of: EventsOf) -> Self {
        Self {
            of,
            filter: String::new(),
            order: Order::Desc,
            at: Point::Latest,
            columns: Columns::default(),
            event: None,
            pane: EventPane::default(),
            base: None,
        }
    }

    /// The same view of other streams.
    #[must_use]
    pub(crate) fn listing(&self, of: EventsOf) -> Self {
        let Self { filter, order, columns, .. } = self.clone();
        Self { filter, order, columns, ..Self::of(of) }
    }

    pub(super) fn read(query: &Query) -> Result<Self, String> {
        let order = match query.get("order") {
            None | Some("desc") => Order::Desc,
            Some("asc") => Order::Asc,
            Some(_) => return Err("parameter `order`: must be `asc` or `desc`".to_owned()),
        };
        let streams: Vec<StreamKey> = query
            .all("stream")
            .map(|text| text.parse().map_err(|error| format!("parameter `stream`: {error}")))
            .collect::<Result<_, _>>()?;
        let of = match (EventsOf::of_streams(streams), parameter(query, "category")?) {
            (Some(streams), _) => streams,
            (None, Some(category)) => EventsOf::Category(category_name(&category)),
            (None, None) if query.given("all").is_some() => EventsOf::All,
            (None, None) => {
                return Err(
                    "parameter `stream`: is missing; give the key of a stream, a `category`, or `all`"
                        .to_owned(),
                );
            }
        };
        Ok(Self {
            of,
            filter: query.get("filter").unwrap_or_default().to_owned(),
            order,
            at: point(query)?,
            columns: parameter(query, "cols")?.unwrap_or_default(),
            event: parameter(query, "event")?,
            pane: EventPane::read(query.get("pane"))?,
            base: parameter(query, "base")?,
        })
    }

    /// The stream that the open event is in, or else the only one that is listed.
    pub(crate) fn stream(&self) -> Option<StreamKey> {
        let opened = self.event.as_ref().and_then(|event| event.stream.clone());
        opened.or_else(|| self.of.single().cloned())
    }

    /// The same list with this event of the same stream open.
    pub(crate) fn with_event(&self, id: Option<EntryId>) -> Self {
        let stream = self.event.as_ref().and_then(|event| event.stream.clone());
        Self { event: id.map(|id| EventRef { stream, id }), ..self.clone() }
    }

    /// The same list with this event of this stream open.
    pub(crate) fn with_event_of(&self, stream: &StreamKey, id: EntryId) -> Self {
        let stream = self.of.single().is_none().then(|| stream.clone());
        Self { event: Some(EventRef { stream, id }), ..self.clone() }
    }

    /// The same with an open event compared with this one, wherever the open one is.
    pub(crate) fn compared_with(&self, stream: &StreamKey, id: EntryId) -> Self {
        let is_here = self.of.single() == Some(stream);
        let base = EventRef { stream: (!is_here).then(|| stream.clone()), id };
        Self { pane: EventPane::Compare, base: Some(base), ..self.clone() }
    }

    /// The stream of the event that the open one is compared with: the only one that is listed where the address names none, and in a
    /// list of several that of the open event.
    pub(crate) fn base_stream(&self) -> Option<StreamKey> {
        let base = self.base.as_ref()?;
        base.stream.clone().or_else(|| self.of.single().cloned()).or_else(|| self.stream())
    }

    /// The same with another sight of an open event.
    pub(crate) fn with_pane(&self, pane: EventPane) -> Self {
        Self { pane, ..self.clone() }
    }

    /// The events that another filter means, from the beginning.
    pub(crate) fn with_filter(&self, filter: String) -> Self {
        Self { filter, at: Point::Latest, event: None, ..self.clone() }
    }

    /// The URL of a file with all that is meant.
    pub(crate) fn export_href(&self, format: &str) -> String {
        let (stream, category, all) = self.of.parameters();
        let columns = if format == "csv" { self.columns.to_string() } else { String::new() };
        let query = ExportQuery {
            stream,
            category,
            all,
            filter: self.filter.clone(),
            order: self.order,
            format: Some(format.to_owned()),
            columns,
            ..ExportQuery::default()
        };
        query.to_url("/api/export")
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let some_text = |text: String| Some(text).filter(|text| !text.is_empty());
        self.at
            .on_query(self.of.on_query(Query::default()))
            .with_some("filter", some_text(self.filter.clone()))
            .with_some("order", (self.order == Order::Asc).then_some("asc"))
            .with_some("cols", some_text(self.columns.to_string()))
            .with_some("event", self.event.as_ref())
            .with_some("pane", (self.pane != EventPane::default()).then(|| self.pane.name()))
            .with_some("base", self.base.as_ref())
            .on("/events")
    }
}

impl EventsOf {
    /// The stream, where it is one.
    pub(crate) fn single(&self) -> Option<&StreamKey> {
        match self {
            Self::Stream(stream) => Some(stream),
            Self::Streams(_) | Self::Category(_) | Self::All => None,
        }
    }

    /// These streams and another one.
    #[must_use]
    pub(crate) fn with(&self, stream: StreamKey) -> Self {
        let mut streams = match self {
            Self::Stream(one) => vec![one.clone()],
            Self::Streams(streams) => streams.clone(),
            Self::Category(_) | Self::All => Vec::new(),
        };
        streams.push(stream);
        Self::of_streams(streams).unwrap_or_else(|| self.clone())
    }

    /// These streams but one.
    #[must_use]
    pub(crate) fn without(&self, stream: &StreamKey) -> Self {
        let rest = match self {
            Self::Streams(streams) => streams.iter().filter(|other| *other != stream).cloned(),
            _ => return self.clone(),
        };
        Self::of_streams(rest.collect()).unwrap_or_else(|| self.clone())
    }

    /// These streams, each once; `None` if there is none.
    fn of_streams(mut streams: Vec<StreamKey>) -> Option<Self> {
        let mut seen = HashSet::new();
        streams.retain(|stream| seen.insert(stream.clone()));
        match <[StreamKey; 1]>::try_from(streams) {
            Ok([stream]) => Some(Self::Stream(stream)),
            Err(streams) if streams.is_empty() => None,
            Err(streams) => Some(Self::Streams(streams)),
        }
    }

    /// As the parameters `stream`, `category` and `all` of a question.
    pub(crate) fn parameters(&self) -> (Vec<StreamKey>, Option<StreamKey>, Option<bool>) {
        match self {
            Self::Stream(stream) => (vec![stream.clone()], None, None),
            Self::Streams(streams) => (streams.clone(), None, None),
            Self::Category(category) => (Vec::new(), Some(category_parameter(category)), None),
            Self::All => (Vec::new(), None, Some(true)),
        }
    }

    /// As parameters of an address.
    pub(crate) fn on_query(&self, query: Query) -> Query {
        match self {
            Self::Stream(stream) => query.with("stream", stream),
            Self::Streams(streams) => {
                streams.iter().fold(query, |query, stream| query.with("stream", stream))
            }
            Self::Category(category) => query.with("category", category_parameter(category)),
            Self::All => query.with("all", 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn read(href: &str) -> Address {
        let (path, search) = href.split_once('?').unwrap();
        Address::parse(path, search)
    }

    #[test]
    fn streams_are_added_to_a_list_and_left_out_again() {
        let one = EventsOf::Stream("a".into());
        let two = one.with("b".into());
        assert_eq!(two, EventsOf::Streams(["a".into(), "b".into()].into()));
        assert_eq!(two.with("b".into()), two);
        assert_eq!(one.with("a".into()), one);
        assert_eq!(two.without(&"a".into()), EventsOf::Stream("b".into()));
        assert_eq!(one.without(&"a".into()), one);
        let Address::Events(twice) = read("/events?stream=a&stream=b&stream=a") else { panic!() };
        assert_eq!(twice.of, two);
    }

    #[test]
    fn an_address_survives_being_written_and_read() {
        let key = |bytes: &[u8]| StreamKey::from_bytes(bytes);
        let id = EntryId::new(5, 6);
        let odd = [
            key(b"a:b"),
            key(b"a&b=%41+ \xff\\"),
            key("Größe/?#".as_bytes()),
            key(b"a:"),
            key(b"a:*"),
        ];
        let mut many = vec![EventsOf::Streams(odd.to_vec())];
        many.extend(odd.iter().cloned().map(EventsOf::Stream));
        many.extend(odd.iter().cloned().map(EventsOf::Category));
        many.push(EventsOf::All);
        for of in many {
            for (order, at) in [
                (Order::Asc, Point::Latest),
                (Order::Desc, Point::Version(7)),
                (Order::Desc, Point::Id(id)),
                (Order::Asc, Point::TimeMs(9)),
            ] {
                let address = EventsAddress {
                    filter: "type:Order* data.total>100 \"a b\" =event.x == '&'".to_owned(),
                    order,
                    at,
                    columns: "data.total,fields.user".parse().unwrap(),
                    event: Some(EventRef { stream: Some(odd[1].clone()), id }),
                    pane: EventPane::Fields,
                    base: Some(EventRef { stream: None, id }),
                    ..EventsAddress::of(of.clone())
                };
                assert_eq!(read(&address.href()), Address::Events(address));
                let plain = EventsAddress::of(of.clone());
                assert_eq!(read(&plain.href()), Address::Events(plain));
            }
        }
    }

    #[test]
    fn a_base_keeps_its_stream_whichever_event_is_opened_then() {
        let id = EntryId::new(5, 6);
        let all = EventsAddress::of(EventsOf::All);
        let compared = all.with_event_of(&"a".into(), id).compared_with(&"a".into(), id);
        let other = compared.with_event_of(&"b".into(), id);
        assert_eq!(other.base_stream(), Some("a".into()));
        assert_eq!(read(&other.href()), Address::Events(other));
        // Of the only stream it needs no name, even where an event of another one is open.
        let one = EventsAddress::newest("a".into()).compared_with(&"a".into(), id);
        assert_eq!(one.base, Some(EventRef { stream: None, id }));
        let event = Some(EventRef { stream: Some("b".into()), id });
        assert_eq!(EventsAddress { event, ..one }.base_stream(), Some("a".into()));
        // A link of several streams that names none means the stream of the open event.
        let base = Some(EventRef { stream: None, id });
        let old = EventsAddress { base, ..all.with_event_of(&"b".into(), id) };
        assert_eq!(old.base_stream(), Some("b".into()));
    }

    #[test]
    fn an_event_of_the_only_stream_needs_no_other_name() {
        let id = EntryId::new(5, 6);
        let address = EventsAddress::newest("a:b".into()).with_event_of(&"a:b".into(), id);
        assert_eq!(address.href(), "/events?stream=a:b&event=5-6");
        let all = EventsAddress::of(EventsOf::Category("a".into()));
        let address = all.with_event_of(&"a:b".into(), id);
        assert_eq!(address.stream(), Some("a:b".into()));
        assert_eq!(address.with_event(Some(EntryId::new(7, 0))).stream(), Some("a:b".into()));
    }
}
