//! Addresses: what each URL of the user interface shows.
//!
//! Everything that a link should bring back is in the URL. Keys stand in the query, where any bytes survive.

use std::str::FromStr;

use rewind_domain::{EntryId, StreamKey};

use super::query::Query;
use crate::api::Order;

/// What a URL leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `/`
    Streams(StreamsAddress),
    /// `/events`
    Events(EventsAddress),
    /// `/travel`
    Travel(TravelAddress),
    /// A page that exists, asked for in a way that cannot be read.
    Unreadable {
        /// What is wrong, to be shown.
        reason: String,
    },
    /// Nothing.
    NotFound,
}

/// The streams, by category: `/?prefix=&category=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamsAddress {
    /// How the keys begin, as typed.
    pub(crate) prefix: String,
    /// Which of them are listed.
    pub(crate) category: CategoryChoice,
}

/// Which category is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum CategoryChoice {
    /// Every stream.
    #[default]
    All,
    /// The streams of one category; of none where their key has one segment only.
    One(Option<StreamKey>),
}

/// A page of events: `/events?stream=&order=&after=&before=&event=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventsAddress {
    /// The stream.
    pub(crate) stream: StreamKey,
    /// What comes first.
    pub(crate) order: Order,
    /// Which page.
    pub(crate) page: PageAt,
    /// The event that is open.
    pub(crate) event: Option<EntryId>,
}

/// Which page of a list that is paged by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum PageAt {
    /// The one that the list begins with.
    #[default]
    Start,
    /// The entries next to this one, on its later side.
    After(EntryId),
    /// The entries next to this one, on its earlier side.
    Before(EntryId),
}

/// An aggregate at a version: `/travel?stream=&version=`, or `&id=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TravelAddress {
    /// The aggregate's stream.
    pub(crate) stream: StreamKey,
    /// Where to stand.
    pub(crate) point: Point,
}

/// A place in a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Point {
    /// The last version.
    #[default]
    Latest,
    /// This version.
    Version(u64),
    /// The version that this event makes.
    Id(EntryId),
}

impl Address {
    /// Reads a URL's path and query. Total: at worst the address is [`Address::NotFound`].
    pub(crate) fn parse(path: &str, search: &str) -> Self {
        let query = Query::parse(search);
        let address = match path {
            "/" => Ok(Self::Streams(StreamsAddress::read(&query))),
            "/events" => EventsAddress::read(&query).map(Self::Events),
            "/travel" => TravelAddress::read(&query).map(Self::Travel),
            _ => Ok(Self::NotFound),
        };
        address.unwrap_or_else(|reason| Self::Unreadable { reason })
    }
}

/// The category of keys without one; told apart from a category of this name by the colon that every
/// other value ends in.
const NO_CATEGORY: &str = "(none)";

impl StreamsAddress {
    fn read(query: &Query) -> Self {
        let category = match query.get("category") {
            None => CategoryChoice::All,
            Some(NO_CATEGORY) => CategoryChoice::One(None),
            Some(text) => match text.strip_suffix(':').unwrap_or(text).parse() {
                Ok(category) => CategoryChoice::One(Some(category)),
                Err(_) => CategoryChoice::All,
            },
        };
        Self { prefix: query.get("prefix").unwrap_or_default().to_owned(), category }
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let category = match &self.category {
            CategoryChoice::All => None,
            CategoryChoice::One(None) => Some(NO_CATEGORY.to_owned()),
            CategoryChoice::One(Some(category)) => Some(format!("{category}:")),
        };
        Query::default()
            .with_some("prefix", Some(&self.prefix).filter(|prefix| !prefix.is_empty()))
            .with_some("category", category)
            .on("/")
    }
}

impl EventsAddress {
    /// The newest events of a stream.
    pub(crate) fn newest(stream: StreamKey) -> Self {
        Self { stream, order: Order::Desc, page: PageAt::Start, event: None }
    }

    fn read(query: &Query) -> Result<Self, String> {
        let order = match query.get("order") {
            None | Some("desc") => Order::Desc,
            Some("asc") => Order::Asc,
            Some(_) => return Err("parameter `order`: must be `asc` or `desc`".to_owned()),
        };
        let page = match (parameter(query, "after")?, parameter(query, "before")?) {
            (None, None) => PageAt::Start,
            (Some(id), None) => PageAt::After(id),
            (None, Some(id)) => PageAt::Before(id),
            (Some(_), Some(_)) => {
                return Err("parameter `after`: give only one of `after` and `before`".to_owned());
            }
        };
        Ok(Self { stream: stream(query)?, order, page, event: parameter(query, "event")? })
    }

    /// The same page with this event open.
    pub(crate) fn with_event(&self, event: Option<EntryId>) -> Self {
        Self { event, ..self.clone() }
    }

    /// Another page of the same list, nothing open.
    pub(crate) fn with_page(&self, page: PageAt) -> Self {
        Self { page, event: None, ..self.clone() }
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let (after, before) = match self.page {
            PageAt::Start => (None, None),
            PageAt::After(id) => (Some(id), None),
            PageAt::Before(id) => (None, Some(id)),
        };
        Query::default()
            .with("stream", &self.stream)
            .with_some("order", (self.order == Order::Asc).then_some("asc"))
            .with_some("after", after)
            .with_some("before", before)
            .with_some("event", self.event)
            .on("/events")
    }
}

impl TravelAddress {
    /// The last version of an aggregate.
    pub(crate) fn latest(stream: StreamKey) -> Self {
        Self { stream, point: Point::Latest }
    }

    fn read(query: &Query) -> Result<Self, String> {
        let point = match (parameter(query, "version")?, parameter(query, "id")?) {
            (None, None) => Point::Latest,
            (Some(version), _) => Point::Version(version),
            (None, Some(id)) => Point::Id(id),
        };
        Ok(Self { stream: stream(query)?, point })
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let (version, id) = match self.point {
            Point::Latest => (None, None),
            Point::Version(version) => (Some(version), None),
            Point::Id(id) => (None, Some(id)),
        };
        Query::default()
            .with("stream", &self.stream)
            .with_some("version", version)
            .with_some("id", id)
            .on("/travel")
    }
}

fn stream(query: &Query) -> Result<StreamKey, String> {
    parameter(query, "stream")?
        .ok_or_else(|| "parameter `stream`: is missing; give the key of a stream".to_owned())
}

fn parameter<T>(query: &Query, name: &str) -> Result<Option<T>, String>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    query
        .get(name)
        .map(|text| text.parse().map_err(|error| format!("parameter `{name}`: {error}")))
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(href: &str) -> Address {
        let (path, search) = href.split_once('?').unwrap_or((href, ""));
        Address::parse(path, search)
    }

    #[test]
    fn an_address_survives_being_written_and_read() {
        let key = |bytes: &[u8]| StreamKey::from_bytes(bytes);
        let id = EntryId::new(5, 6);
        for stream in [key(b"a:b"), key(b"a&b=%41+ \xff\\"), key("Größe/?#".as_bytes())] {
            for page in [PageAt::Start, PageAt::After(id), PageAt::Before(id)] {
                for (order, event) in [(Order::Asc, None), (Order::Desc, Some(id))] {
                    let address = EventsAddress { stream: stream.clone(), order, page, event };
                    assert_eq!(read(&address.href()), Address::Events(address));
                }
            }
            for point in [Point::Latest, Point::Version(u64::MAX), Point::Id(id)] {
                let address = TravelAddress { stream: stream.clone(), point };
                assert_eq!(read(&address.href()), Address::Travel(address));
            }
            let category = CategoryChoice::One(Some(stream));
            let address = StreamsAddress { prefix: "a b".to_owned(), category };
            assert_eq!(read(&address.href()), Address::Streams(address));
        }
    }

    #[test]
    fn every_choice_of_category_has_its_own_address() {
        let one = |text: &str| CategoryChoice::One(Some(text.into()));
        let choices = [
            CategoryChoice::All,
            CategoryChoice::One(None),
            one(""),
            one("a"),
            one("a:"),
            one(NO_CATEGORY),
        ];
        for category in choices {
            let address = StreamsAddress { prefix: String::new(), category };
            assert_eq!(read(&address.href()), Address::Streams(address));
        }
        assert_eq!(
            read("/?category=aggregate:Order"),
            Address::Streams(StreamsAddress {
                prefix: String::new(),
                category: one("aggregate:Order")
            })
        );
    }

    #[test]
    fn what_cannot_be_read_says_which_parameter() {
        for (href, name) in [
            ("/events", "`stream`"),
            ("/events?stream=a%5C", "`stream`"),
            ("/events?stream=a&order=up", "`order`"),
            ("/events?stream=a&after=x", "`after`"),
            ("/events?stream=a&after=1-0&before=2-0", "`after`"),
            ("/events?stream=a&event=1", "`event`"),
            ("/travel?stream=a&version=-1", "`version`"),
        ] {
            match read(href) {
                Address::Unreadable { reason } => {
                    assert!(reason.contains(name), "{href}: {reason}");
                }
                other => panic!("{href} was read as {other:?}"),
            }
        }
        assert_eq!(read("/nothing"), Address::NotFound);
    }
}
