//! Addresses: what each URL of the user interface shows.
//!
//! Everything that a link should bring back is in the URL. Keys stand in the query, where any bytes survive.

pub(crate) mod columns;
pub(crate) mod event_ref;
pub(crate) mod events;
pub(crate) mod operating;
pub(crate) mod place;
pub(crate) mod query;

use std::str::FromStr;

use crate::api::query::Until;
use rewind_domain::catalog::{Category, SortBy};
use rewind_domain::{EntryId, Pointer, StreamKey};

pub(crate) use crate::address::event_ref::EventRef;
pub(crate) use crate::address::events::{EventsAddress, EventsOf};
pub(crate) use crate::address::operating::{
    AuditAddress, GroupAddress, GroupPane, GroupsAddress, OperatingAddress, ProjectionAddress,
    PublishAddress,
};
use crate::address::query::Query;

/// What a URL leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `/`
    Overview,
    /// `/streams`
    Streams(StreamsAddress),
    /// `/events`
    Events(EventsAddress),
    /// `/travel`
    Travel(TravelAddress),
    /// `/fold`
    Fold(FoldAddress),
    /// `/groups` and others from which the event store is operated.
    Operating(OperatingAddress),
    /// A page that exists, asked for in a way that cannot be read.
    Unreadable {
        /// What is wrong, to be shown.
        reason: String,
    },
    /// Nothing.
    NotFound,
}

/// The streams: `/streams?category=&search=&sort=`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StreamsAddress {
    /// Which of them are listed.
    pub(crate) category: Category,
    /// What their keys have in them, as typed.
    pub(crate) search: String,
    /// By what they are sorted.
    pub(crate) sort: SortBy,
}

/// An aggregate at a version, and what is looked at there: `/travel?stream=&version=` (or `&id=`, or `&time_ms=`), with
/// `&base=&path=&pane=&expr=&ignore=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TravelAddress {
    /// The aggregate's stream.
    pub(crate) stream: StreamKey,
    /// Where to stand.
    pub(crate) point: Point,
    /// What to look at there.
    pub(crate) options: ViewOptions,
}

/// What is looked at, wherever in a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ViewOptions {
    /// The version that all others are compared with; `None` for each with the one before it.
    pub(crate) base: Option<u64>,
    /// The value that is meant.
    pub(crate) path: Option<Pointer>,
    /// What stands beside the state, where that was chosen; it is then what a narrow screen shows.
    pub(crate) pane: Option<Pane>,
    /// The expression whose turns are looked for; empty where there is none.
    pub(crate) expression: String,
    /// Types of events that are no authors.
    pub(crate) ignored_types: Vec<String>,
}

/// What stands beside a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pane {
    /// What changed, path by path.
    #[default]
    Changes,
    /// Both states, side by side.
    Diff,
    /// Every value that a path ever had.
    History,
    /// The versions at which an expression turns.
    Bisect,
}

impl Pane {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 4] = [Self::Changes, Self::Diff, Self::History, Self::Bisect];

    /// Its name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Changes => "changes",
            Self::Diff => "diff",
            Self::History => "history",
            Self::Bisect => "bisect",
        }
    }

    fn read(query: &Query) -> Result<Option<Self>, String> {
        let Some(name) = query.get("pane") else { return Ok(None) };
        // Who last set a value stands above its history.
        let name = if name == "blame" { Self::History.name() } else { name };
        Self::ALL.into_iter().find(|pane| pane.name() == name).map(Some).ok_or_else(|| {
            "parameter `pane`: must be `changes`, `diff`, `history` or `bisect`".to_owned()
        })
    }
}

/// The fold of an aggregate's type, tried on one aggregate: `/fold?stream=&version=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoldAddress {
    /// The aggregate's stream.
    pub(crate) stream: StreamKey,
    /// The version whose state is shown; `None` for the last one.
    pub(crate) version: Option<u64>,
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
    /// The last version at or before this time, in Unix milliseconds.
    TimeMs(u64),
}

impl From<Point> for Until {
    fn from(point: Point) -> Self {
        match point {
            Point::Latest => Self::Latest,
            Point::Version(version) => Self::Version(version),
            Point::Id(id) => Self::Id(id),
            Point::TimeMs(time_ms) => Self::TimeMs(time_ms),
        }
    }
}

impl Address {
    /// Reads a URL's path and query. Total: at worst the address is [`Address::NotFound`].
    pub(crate) fn parse(path: &str, search: &str) -> Self {
        let query = Query::parse(search);
        let address = match path {
            "/" if !["category", "search", "sort"].iter().any(|name| query.get(name).is_some()) => {
                Ok(Self::Overview)
            }
            // Links of the time when the streams were the first page have their parameters here.
            "/" | "/streams" => Ok(Self::Streams(StreamsAddress::read(&query))),
            "/events" => EventsAddress::read(&query).map(Self::Events),
            "/travel" => TravelAddress::read(&query).map(Self::Travel),
            "/fold" => FoldAddress::read(&query).map(Self::Fold),
            _ => match OperatingAddress::read(path, &query) {
                Some(page) => page.map(Self::Operating),
                None => Ok(Self::NotFound),
            },
        };
        address.unwrap_or_else(|reason| Self::Unreadable { reason })
    }
}

impl StreamsAddress {
    /// All streams of a category.
    pub(crate) fn of(category: Category) -> Self {
        Self { category, ..Self::default() }
    }

    /// Another category of the same list.
    pub(crate) fn with_category(&self, category: Category) -> Self {
        Self { category, ..self.clone() }
    }

    fn read(query: &Query) -> Self {
        // What cannot be read is as good as not given: the page shows which category it is in.
        let category = query.get("category").and_then(|text| text.parse().ok());
        let sort = query.get("sort").and_then(SortBy::named);
        Self {
            category: category.unwrap_or_default(),
            search: query.get("search").unwrap_or_default().to_owned(),
            sort: sort.unwrap_or_default(),
        }
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let Self { category, search, sort } = self;
        Query::default()
            .with_some("category", Some(category).filter(|category| **category != Category::All))
            .with_some("search", Some(search).filter(|search| !search.is_empty()))
            .with_some("sort", Some(sort.name()).filter(|_| *sort != SortBy::default()))
            .on("/streams")
    }
}

impl TravelAddress {
    /// The last version of an aggregate.
    pub(crate) fn latest(stream: StreamKey) -> Self {
        Self::at(stream, Point::Latest)
    }

    /// A place in the history of an aggregate, with nothing particular in sight.
    pub(crate) fn at(stream: StreamKey, point: Point) -> Self {
        Self { stream, point, options: ViewOptions::default() }
    }

    fn read(query: &Query) -> Result<Self, String> {
        let point = point(query)?;
        let path = query
            .given("path")
            .map(|path| path.parse().map_err(|error| format!("parameter `path`: {error}")));
        let ignored = query.get("ignore").unwrap_or_default().split(',');
        let options = ViewOptions {
            base: parameter(query, "base")?,
            path: path.transpose()?,
            pane: Pane::read(query)?,
            expression: query.get("expr").unwrap_or_default().to_owned(),
            ignored_types: ignored.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        };
        Ok(Self { stream: stream(query)?, point, options })
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        let Self { stream, point, options } = self;
        let ViewOptions { base, path, pane, expression, ignored_types } = options;
        let some_text = |text: String| Some(text).filter(|text| !text.is_empty());
        point
            .on_query(Query::default().with("stream", stream))
            .with_some("base", *base)
            .with_some("path", path.as_ref())
            .with_some("pane", pane.map(Pane::name))
            .with_some("expr", some_text(expression.clone()))
            .with_some("ignore", some_text(ignored_types.join(",")))
            .on("/travel")
    }
}

impl FoldAddress {
    /// The fold at the last version of an aggregate.
    pub(crate) fn latest(stream: StreamKey) -> Self {
        Self { stream, version: None }
    }

    fn read(query: &Query) -> Result<Self, String> {
        Ok(Self { stream: stream(query)?, version: parameter(query, "version")? })
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        Query::default().with("stream", &self.stream).with_some("version", self.version).on("/fold")
    }
}

impl Point {
    /// As parameters.
    pub(super) fn on_query(self, query: Query) -> Query {
        match self {
            Self::Latest => query,
            Self::Version(version) => query.with("version", version),
            Self::Id(id) => query.with("id", id),
            Self::TimeMs(ms) => query.with("time_ms", ms),
        }
    }
}

pub(super) fn point(query: &Query) -> Result<Point, String> {
    let places =
        (parameter(query, "version")?, parameter(query, "id")?, parameter(query, "time_ms")?);
    Ok(match places {
        (Some(version), _, _) => Point::Version(version),
        (None, Some(id), _) => Point::Id(id),
        (None, None, Some(ms)) => Point::TimeMs(ms),
        (None, None, None) => Point::Latest,
    })
}

fn stream(query: &Query) -> Result<StreamKey, String> {
    parameter(query, "stream")?
        .ok_or_else(|| "parameter `stream`: is missing; give the key of a stream".to_owned())
}

pub(super) fn parameter<T>(query: &Query, name: &str) -> Result<Option<T>, String>
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
            let points = [Point::Latest, Point::Version(u64::MAX), Point::Id(id), Point::TimeMs(7)];
            for point in points {
                let address = TravelAddress::at(stream.clone(), point);
                assert_eq!(read(&address.href()), Address::Travel(address));
            }
            for version in [None, Some(0), Some(u64::MAX)] {
                let address = FoldAddress { stream: stream.clone(), version };
                assert_eq!(read(&address.href()), Address::Fold(address));
            }
            for sort in SortBy::ALL {
                let category = Category::Within(stream.clone());
                let address = StreamsAddress { category, search: "a b".to_owned(), sort };
                assert_eq!(read(&address.href()), Address::Streams(address));
            }
        }
    }

    #[test]
    fn what_is_in_sight_survives_being_written_and_read() {
        let address = |options: ViewOptions| TravelAddress {
            stream: "a:b".into(),
            point: Point::Version(3),
            options,
        };
        let paths = [None, Some(Pointer::root()), Some(Pointer::root().key("a/b&=~").index(0))];
        for (path, pane) in paths.into_iter().cycle().zip(Pane::ALL) {
            let options = ViewOptions {
                base: Some(0),
                path,
                pane: Some(pane),
                expression: "state.total < 0 && state[\"a+b\"]".to_owned(),
                ignored_types: vec!["Touched".to_owned(), "Größe & Gewicht".to_owned()],
            };
            let address = address(options);
            assert_eq!(read(&address.href()), Address::Travel(address));
        }
        assert_eq!(address(ViewOptions::default()).href(), "/travel?stream=a:b&version=3");
        let blame = ViewOptions { pane: Some(Pane::History), ..ViewOptions::default() };
        assert_eq!(
            read("/travel?stream=a:b&version=3&pane=blame"),
            Address::Travel(address(blame))
        );
    }

    #[test]
    fn every_choice_of_category_has_its_own_address() {
        let within = |text: &str| Category::Within(text.into());
        let choices = [
            Category::All,
            Category::Unnamed,
            within(""),
            within("a"),
            within("a:"),
            within("(none)"),
        ];
        for category in choices {
            let address = StreamsAddress::of(category);
            assert_eq!(read(&address.href()), Address::Streams(address));
        }
        let order = StreamsAddress::of(within("aggregate:Order"));
        assert_eq!(order.href(), "/streams?category=aggregate:Order:");
        assert_eq!(read("/?category=aggregate:Order"), Address::Streams(order.clone()));
        assert_eq!(read("/streams?category=aggregate:Order"), Address::Streams(order));
    }

    #[test]
    fn what_cannot_be_read_says_which_parameter() {
        for (href, name) in [
            ("/events", "`stream`"),
            ("/events?stream=a%5C", "`stream`"),
            ("/events?stream=a&order=up", "`order`"),
            ("/events?stream=a&version=x", "`version`"),
            ("/events?stream=a&cols=x", "`cols`"),
            ("/events?stream=a&event=1", "`event`"),
            ("/events?stream=a&pane=x", "`pane`"),
            ("/events?stream=a&base=1", "`base`"),
            ("/travel?stream=a&version=-1", "`version`"),
            ("/travel?stream=a&time_ms=noon", "`time_ms`"),
            ("/travel?stream=a&base=x", "`base`"),
            ("/travel?stream=a&path=total", "`path`"),
            ("/travel?stream=a&pane=side", "`pane`"),
            ("/fold?version=1", "`stream`"),
            ("/fold?stream=a&version=last", "`version`"),
        ] {
            match read(href) {
                Address::Unreadable { reason } => {
                    assert!(reason.contains(name), "{href}: {reason}");
                }
                other => panic!("{href} was read as {other:?}"),
            }
        }
        assert_eq!(read("/nothing"), Address::NotFound);
        assert_eq!(read("/"), Address::Overview);
    }
}
