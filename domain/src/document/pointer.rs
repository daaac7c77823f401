//! JSON Pointer (RFC 6901): the path of a value inside a document.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Json;

/// A path such as `/items/0/sku`; the empty one names the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// The path of the member `key` of what this path names.
    #[must_use]
    pub fn key(&self, key: &str) -> Self {
        let escaped = if key.contains(['~', '/']) {
            Cow::Owned(key.replace('~', "~0").replace('/', "~1"))
        } else {
            Cow::Borrowed(key)
        };
        Self(format!("{}/{escaped}", self.0))
    }

    /// The path of the item at `index` of what this path names.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}/{index}", self.0))
    }

    /// The path of what contains the value that this path names, and the value's key or index in it,
    /// unescaped; `None` for the root.
    pub fn split_last(&self) -> Option<(Pointer, Cow<'_, str>)> {
        let (parent, last) = self.0.rsplit_once('/')?;
        Some((Pointer(parent.to_owned()), unescape(last)))
    }

    /// The keys and indexes on the way from the root, unescaped.
    pub fn tokens(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.0.split('/').skip(1).map(unescape)
    }

    /// The text of the path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value at this path.
    pub fn find<'a>(&self, document: &'a Json) -> Option<&'a Json> {
        self.tokens().try_fold(document, |value, token| match value {
            Json::Object(members) => members.get(token.as_ref()),
            Json::Array(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

/// Why a text is no path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// It does not begin as paths do.
    #[error("a path is empty or begins with `/`, as in `/items/0/sku`")]
    NoSlash,
    /// There is a tilde in it that is no escape.
    #[error("`~` in a path is written `~0`, and `/` in a key `~1`")]
    LoneTilde,
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        if !text.is_empty() && !text.starts_with('/') {
            return Err(PointerError::NoSlash);
        }
        let is_escape = |rest: &str| rest.starts_with('0') || rest.starts_with('1');
        match text.split('~').skip(1).all(is_escape) {
            true => Ok(Self(text.to_owned())),
            false => Err(PointerError::LoneTilde),
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_the_rfc_find_their_values() {
        let document = Json::parse(
            r#"{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}"#,
        )
        .unwrap();
        for (pointer, value) in [
            (Pointer::root().key("foo").index(0), "\"bar\""),
            (Pointer::root().key(""), "0"),
            (Pointer::root().key("a/b"), "1"),
            (Pointer::root().key("m~n"), "8"),
            (Pointer::root().key(" "), "7"),
        ] {
            assert_eq!(pointer.find(&document).unwrap().to_string(), value, "{pointer}");
        }
        assert_eq!(Pointer::root().key("a/b").as_str(), "/a~1b");
        assert_eq!(Pointer::root().key("m~n").as_str(), "/m~0n");
        assert_eq!(Pointer::root().key("no").find(&document), None);
    }

    #[test]
    fn a_text_that_is_no_path_is_refused() {
        for (text, error) in [
            ("items", PointerError::NoSlash),
            ("/a~", PointerError::LoneTilde),
            ("/a~2b", PointerError::LoneTilde),
        ] {
            assert_eq!(text.parse::<Pointer>(), Err(error));
        }
        assert_eq!("/a~1b/0".parse(), Ok(Pointer::root().key("a/b").index(0)));
        assert_eq!("".parse(), Ok(Pointer::root()));
    }

    proptest! {
        #[test]
        fn keys_survive_being_escaped(keys: Vec<String>) {
            let pointer = keys.iter().fold(Pointer::root(), |pointer, key| pointer.key(key));
            prop_assert_eq!(pointer.tokens().collect::<Vec<_>>(), keys);
        }
    }
}
