//! The pages from which the event store is operated.

use rewind_domain::StreamKey;
use rewind_domain::operations::Name;

use super::query::Query;
use super::{EventRef, parameter, stream};

/// A page from which the event store is operated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OperatingAddress {
    /// All consumer groups: `/groups?stream=&search=`.
    Groups(GroupsAddress),
    /// One of them: `/group?stream=&group=&pane=&filter=`.
    Group(GroupAddress),
    /// New events: `/publish?stream=&from=`.
    Publish(PublishAddress),
    /// The oldest entries of a stream, and what of them may go: `/trim?stream=`.
    Trim(StreamKey),
    /// All projections: `/projections`.
    Projections,
    /// One of them: `/projection?name=&search=`.
    Projection(ProjectionAddress),
    /// What was done: `/audit?stream=&group=&projection=&kind=&who=`.
    Audit(AuditAddress),
}

/// Which consumer groups are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupsAddress {
    /// Only those of this stream.
    pub(crate) stream: Option<StreamKey>,
    /// What their names or the keys of their streams have in them, as typed.
    pub(crate) search: String,
}

/// A consumer group, and what of it is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupAddress {
    /// Its stream.
    pub(crate) stream: StreamKey,
    /// Its name.
    pub(crate) group: Name,
    /// Which of its lists.
    pub(crate) pane: GroupPane,
    /// Which pending entries.
    pub(crate) filter: String,
}

/// The lists of a consumer group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum GroupPane {
    /// What it has pending.
    #[default]
    Pending,
    /// Its consumers.
    Consumers,
    /// Its dead letters.
    Dead,
    /// What was done to it.
    History,
}

/// To which stream events are published, and which one they are like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublishAddress {
    /// The stream.
    pub(crate) stream: StreamKey,
    /// The event that the form begins with.
    pub(crate) from: Option<EventRef>,
}

/// A projection, and which rows of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProjectionAddress {
    /// Its name.
    pub(crate) name: String,
    /// What the rows have in their key or in themselves, as typed.
    pub(crate) search: String,
}

/// Which operations of the audit log are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AuditAddress {
    /// Only those on this stream.
    pub(crate) stream: Option<StreamKey>,
    /// Only those on this group.
    pub(crate) group: Option<Name>,
    /// Only those on this projection.
    pub(crate) projection: String,
    /// Only those of this kind.
    pub(crate) kind: String,
    /// Only those with this in the name of whoever did it.
    pub(crate) who: String,
}

impl OperatingAddress {
    /// Reads a URL's query; `None` if its path is that of another page.
    pub(super) fn read(path: &str, query: &Query) -> Option<Result<Self, String>> {
        Some(match path {
            "/groups" => GroupsAddress::read(query).map(Self::Groups),
            "/group" => GroupAddress::read(query).map(Self::Group),
            "/publish" => PublishAddress::read(query).map(Self::Publish),
            "/trim" => stream(query).map(Self::Trim),
            "/projections" => Ok(Self::Projections),
            "/projection" => ProjectionAddress::read(query).map(Self::Projection),
            "/audit" => AuditAddress::read(query).map(Self::Audit),
            _ => return None,
        })
    }

    /// Its URL.
    pub(crate) fn href(&self) -> String {
        match self {
            Self::Groups(GroupsAddress { stream, search }) => Query::default()
                .with_some("stream", stream.as_ref())
                .with_some("search", some(search))
                .on("/groups"),
            Self::Group(GroupAddress { stream, group, pane, filter }) => Query::default()
                .with("stream", stream)
                .with("group", group)
                .with_some("pane", Some(pane.name()).filter(|_| *pane != GroupPane::default()))
                .with_some("filter", some(filter))
                .on("/group"),
            Self::Publish(PublishAddress { stream, from }) => Query::default()
                .with("stream", stream)
                .with_some("from", from.as_ref())
                .on("/publish"),
            Self::Trim(stream) => Query::default().with("stream", stream).on("/trim"),
            Self::Projections => "/projections".to_owned(),
            Self::Projection(ProjectionAddress { name, search }) => Query::default()
                .with("name", name)
                .with_some("search", some(search))
                .on("/projection"),
            Self::Audit(AuditAddress { stream, group, projection, kind, who }) => Query::default()
                .with_some("stream", stream.as_ref())
                .with_some("group", group.as_ref())
                .with_some("projection", some(projection))
                .with_some("kind", some(kind))
                .with_some("who", some(who))
                .on("/audit"),
        }
    }

    /// The same page, whatever of it is looked at.
    pub(crate) fn page(&self) -> Self {
        match self {
            Self::Groups(_) => Self::Groups(GroupsAddress::default()),
            Self::Group(GroupAddress { stream, group, .. }) => {
                Self::Group(GroupAddress::of(stream.clone(), group.clone()))
            }
            Self::Audit(_) => Self::Audit(AuditAddress::default()),
            Self::Projection(ProjectionAddress { name, .. }) => {
                Self::Projection(ProjectionAddress::of(name.clone()))
            }
            Self::Publish(_) | Self::Trim(_) | Self::Projections => self.clone(),
        }
    }
}

fn some(text: &String) -> Option<&String> {
    Some(text).filter(|text| !text.is_empty())
}

fn text(query: &Query, name: &str) -> String {
    query.get(name).unwrap_or_default().to_owned()
}

impl GroupsAddress {
    fn read(query: &Query) -> Result<Self, String> {
        Ok(Self { stream: parameter(query, "stream")?, search: text(query, "search") })
    }
}

impl GroupAddress {
    /// What a group has pending.
    pub(crate) fn of(stream: StreamKey, group: Name) -> Self {
        Self { stream, group, pane: GroupPane::default(), filter: String::new() }
    }

    fn read(query: &Query) -> Result<Self, String> {
        let group = parameter(query, "group")?
            .ok_or_else(|| "parameter `group`: is missing; name a group".to_owned())?;
        let pane = match query.get("pane") {
            None => GroupPane::default(),
            Some(name) => {
                let named = GroupPane::ALL.into_iter().find(|pane| pane.name() == name);
                named.ok_or_else(|| {
                    "parameter `pane`: must be `pending`, `consumers`, `dead` or `history`"
                        .to_owned()
                })?
            }
        };
        Ok(Self { stream: stream(query)?, group, pane, filter: text(query, "filter") })
    }
}

impl GroupPane {
    /// All of them, in their order.
    pub(crate) const ALL: [Self; 4] = [Self::Pending, Self::Consumers, Self::Dead, Self::History];

    /// Its name in addresses.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Consumers => "consumers",
            Self::Dead => "dead",
            Self::History => "history",
        }
    }
}

impl PublishAddress {
    fn read(query: &Query) -> Result<Self, String> {
        Ok(Self { stream: stream(query)?, from: parameter(query, "from")? })
    }
}

impl ProjectionAddress {
    /// All of its rows.
    pub(crate) fn of(name: String) -> Self {
        Self { name, search: String::new() }
    }

    fn read(query: &Query) -> Result<Self, String> {
        let name = query.get("name").ok_or("parameter `name`: is missing; name a projection")?;
        Ok(Self { name: name.to_owned(), search: text(query, "search") })
    }
}

impl AuditAddress {
    fn read(query: &Query) -> Result<Self, String> {
        Ok(Self {
            stream: parameter(query, "stream")?,
            group: parameter(query, "group")?,
            projection: text(query, "projection"),
            kind: text(query, "kind"),
            who: text(query, "who"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Address;
    use super::*;

    fn read(href: &str) -> Address {
        let (path, search) = href.split_once('?').unwrap_or((href, ""));
        Address::parse(path, search)
    }

    #[test]
    fn each_page_survives_being_written_and_read() {
        let stream = StreamKey::from_bytes(&b"a&b=%41+ \xff\\"[..]);
        let group = Name::from_bytes(b"bill & \xff");
        let from = Some(format!("{stream}@1-2").parse::<EventRef>().unwrap());
        let group_at = |pane| GroupAddress {
            pane,
            filter: "idle>5m data.total>1".to_owned(),
            ..GroupAddress::of(stream.clone(), group.clone())
        };
        let mut pages = vec![
            OperatingAddress::Groups(GroupsAddress {
                stream: Some(stream.clone()),
                search: "a b".to_owned(),
            }),
            OperatingAddress::Publish(PublishAddress { stream: stream.clone(), from }),
            OperatingAddress::Trim(stream.clone()),
            OperatingAddress::Projections,
            OperatingAddress::Projection(ProjectionAddress {
                name: "order & stats".to_owned(),
                search: "a=b".to_owned(),
            }),
            OperatingAddress::Audit(AuditAddress {
                stream: Some(stream.clone()),
                group: Some(group.clone()),
                projection: "order stats".to_owned(),
                kind: "trim".to_owned(),
                who: "ada".to_owned(),
            }),
        ];
        pages.extend(GroupPane::ALL.map(|pane| OperatingAddress::Group(group_at(pane))));
        for page in pages {
            assert_eq!(read(&page.href()), Address::Operating(page));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (href, name) in [
            ("/group?stream=a", "`group`"),
            ("/group?group=a", "`stream`"),
            ("/group?stream=a&group=b&pane=x", "`pane`"),
            ("/publish", "`stream`"),
            ("/publish?stream=a&from=x", "`from`"),
            ("/trim", "`stream`"),
            ("/projection", "`name`"),
        ] {
            let Address::Unreadable { reason } = read(href) else { panic!("{href} was read") };
            assert!(reason.contains(name), "{href}: {reason}");
        }
    }
}
