//! Categories: the streams whose keys begin alike.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::order;
use crate::StreamKey;
use crate::stream_key::StreamKeyError;

/// Which streams are meant.
///
/// As text it is how the keys begin, with the colon: `aggregate:Order:`. Nothing means all of them, and `(none)` the keys
/// without a colon; a category that is really called so ends in a colon, as all others do. The colon may be left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Every stream.
    #[default]
    All,
    /// Those whose key is of one segment.
    Unnamed,
    /// Those below this one, at every depth: `aggregate:Order:1042` is within `aggregate:Order` and within `aggregate`.
    Within(StreamKey),
}

/// How [`Category::Unnamed`] is written.
const UNNAMED: &str = "(none)";

impl Category {
    /// The category that a stream stands in.
    pub fn of(stream: &StreamKey) -> Self {
        stream.category().map_or(Self::Unnamed, Self::Within)
    }

    /// Whether a stream is within.
    pub fn has(&self, stream: &StreamKey) -> bool {
        match self {
            Self::All => true,
            Self::Unnamed => stream.category().is_none(),
            Self::Within(category) => {
                order::compare_to_category(stream.as_bytes(), category.as_bytes()).is_eq()
            }
        }
    }

    /// The categories that this one is within, outermost first.
    pub fn ancestors(&self) -> Vec<StreamKey> {
        let mut ancestors = Vec::new();
        let mut parent = match self {
            Self::Within(category) => category.category(),
            Self::All | Self::Unnamed => None,
        };
        while let Some(category) = parent {
            parent = category.category();
            ancestors.push(category);
        }
        ancestors.reverse();
        ancestors
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => Ok(()),
            Self::Unnamed => f.write_str(UNNAMED),
            Self::Within(category) => write!(f, "{category}:"),
        }
    }
}

impl FromStr for Category {
    type Err = StreamKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Ok(Self::All),
            UNNAMED => Ok(Self::Unnamed),
            text => text.strip_suffix(':').unwrap_or(text).parse().map(Self::Within),
        }
    }
}

impl Serialize for Category {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_category_is_written_as_the_beginning_of_its_keys() {
        let within = |text: &str| Category::Within(text.into());
        for (category, text) in [
            (Category::All, ""),
            (Category::Unnamed, "(none)"),
            (within("(none)"), "(none):"),
            (within("aggregate:Order"), "aggregate:Order:"),
            (within(""), ":"),
            (within("a:"), "a::"),
        ] {
            assert_eq!(category.to_string(), text);
            assert_eq!(text.parse(), Ok(category));
        }
        assert_eq!("aggregate:Order".parse(), Ok(within("aggregate:Order")));
    }

    #[test]
    fn a_category_knows_what_it_is_within() {
        let ancestors = Category::of(&"a:b:c:1".into()).ancestors();
        assert_eq!(ancestors, [StreamKey::from("a"), "a:b".into()]);
        assert!(Category::of(&"audit".into()).ancestors().is_empty());
    }

    proptest! {
        #[test]
        fn a_category_survives_being_written_and_read(bytes: Vec<u8>) {
            let category = Category::Within(StreamKey::from_bytes(bytes));
            prop_assert_eq!(category.to_string().parse(), Ok(category));
        }
    }
}
