//! Where a search can be taken up again.

use std::fmt;
use std::str::FromStr;

use rewind_app::api::Order;
use rewind_domain::merge::IdSpan;
use rewind_domain::{EntryId, StreamKey};

/// An entry behind which to go on: `<id>`, or `<id>@<stream>` where a search goes through many streams, since entries of different
/// streams may have the same id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Its id.
    pub id: EntryId,
    /// Its stream.
    pub stream: Option<StreamKey>,
}

impl Position {
    /// What is left of a span of ids of a stream. Entries of the same id come in the order of their streams' keys.
    pub fn rest(&self, span: IdSpan, stream: &StreamKey, order: Order) -> Option<IdSpan> {
        let is_still_to_come = self.stream.as_ref().is_some_and(|reached| stream > reached);
        let rest = match (order, is_still_to_come) {
            (Order::Asc, true) => IdSpan { from: self.id, ..IdSpan::ALL },
            (Order::Asc, false) => IdSpan { from: self.id.next()?, ..IdSpan::ALL },
            (Order::Desc, true) => IdSpan { to: self.id, ..IdSpan::ALL },
            (Order::Desc, false) => IdSpan { to: self.id.prev()?, ..IdSpan::ALL },
        };
        span.and(rest)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stream {
            None => write!(f, "{}", self.id),
            Some(stream) => write!(f, "{}@{stream}", self.id),
        }
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, stream) = match text.split_once('@') {
            None => (text, None),
            Some((id, stream)) => (id, Some(stream.parse().map_err(|error| format!("{error}"))?)),
        };
        let id = id.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { id, stream })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_survives_being_written_and_read() {
        for stream in [None, Some("a@b:\\ c".into()), Some(StreamKey::from_bytes(&b"\xff"[..]))] {
            let position = Position { id: EntryId::new(5, 6), stream };
            assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
        }
        assert!("5@a".parse::<Position>().is_err());
    }

    #[test]
    fn entries_of_the_same_id_come_in_the_order_of_their_streams() {
        let id = EntryId::new(5, 0);
        let position = Position { id, stream: Some("b".into()) };
        for order in [Order::Asc, Order::Desc] {
            let has = |stream: &str| {
                let rest = position.rest(IdSpan::ALL, &stream.into(), order).unwrap();
                (rest.from..=rest.to).contains(&id)
            };
            assert_eq!((has("a"), has("b"), has("c")), (false, false, true));
        }
    }

    #[test]
    fn nothing_is_left_behind_the_last_id() {
        let at = |id| Position { id, stream: None };
        assert_eq!(at(EntryId::MAX).rest(IdSpan::ALL, &"a".into(), Order::Asc), None);
        assert_eq!(at(EntryId::MIN).rest(IdSpan::ALL, &"a".into(), Order::Desc), None);
    }
}
