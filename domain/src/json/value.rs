//! The value itself.

use std::sync::Arc;

use indexmap::IndexMap;

/// A JSON value. Cloning one is cheap, whatever its size.
///
/// Objects compare without regard to the order of their keys, as JSON has it, though the order is kept;
/// numbers compare by their text, so that `1.0` and `1.00` differ: someone changed the digits. Comparing costs nothing where both
/// share a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, with its digits.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Vec<Json>>),
    /// An object.
    Object(Arc<Object>),
}

/// The members of an object, in the order in which they were first set. Objects are mostly small, and made by the
/// hundred thousand, so the hash function is a quick one; it is seeded, so that nobody can choose keys that collide.
pub type Object = IndexMap<Arc<str>, Json, foldhash::fast::RandomState>;

/// A JSON number, exactly as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Number(Arc<str>);

impl Number {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a text that is known to be a JSON number.
    pub(super) fn from_valid(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string().into())
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl Json {
    /// An object without members.
    pub fn empty_object() -> Json {
        Json::Object(Arc::default())
    }

    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Json {
        Json::String(text.into())
    }

    /// An array of these items.
    pub fn array(items: impl IntoIterator<Item = Json>) -> Json {
        Json::Array(Arc::new(items.into_iter().collect()))
    }

    /// An object of these members.
    pub fn object<K: Into<Arc<str>>>(members: impl IntoIterator<Item = (K, Json)>) -> Json {
        Json::Object(Arc::new(members.into_iter().map(|(k, v)| (k.into(), v)).collect()))
    }

    /// The member of this name, where this is an object that has one.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The text, where this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// How many members or items there are; none for anything but arrays and objects.
    pub fn child_count(&self) -> Option<usize> {
        match self {
            Json::Array(items) => Some(items.len()),
            Json::Object(members) => Some(members.len()),
            _ => None,
        }
    }

    /// Whether both are the same shared array or object, which spares comparing what is inside.
    pub fn is_shared_with(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Array(a), Json::Array(b)) => Arc::ptr_eq(a, b),
            (Json::Object(a), Json::Object(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }
}
