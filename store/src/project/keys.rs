//! The names of the keys that a projection has in Redis.

/// The keys of a projection, all of which begin with `projection:{name}:`.
///
/// On one server any name will do. In a cluster all keys of a projection have to be in one slot, as what is changed in one step:
/// there its name has a hash tag, such as `{order-stats}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    name: String,
    base: String,
    is_beside: bool,
}

impl Keys {
    /// The keys of the projection of this name.
    #[must_use]
    pub fn of(name: &str) -> Self {
        Self { name: name.to_owned(), base: format!("projection:{name}"), is_beside: false }
    }

    /// The keys of its rebuild, until that takes its place.
    #[must_use]
    pub fn beside(name: &str) -> Self {
        Self { name: name.to_owned(), base: format!("projection:{name}:next"), is_beside: true }
    }

    /// The name of the projection.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether they are those of a rebuild.
    #[must_use]
    pub fn is_beside(&self) -> bool {
        self.is_beside
    }

    /// A text: the id of the last event that is in the state. Of several streams it is the lowest of their positions, so nothing
    /// up to it is missing.
    #[must_use]
    pub fn checkpoint(&self) -> String {
        format!("{}:checkpoint", self.base)
    }

    /// A hash: for each stream the position in it, and what the stream looked like there.
    #[must_use]
    pub fn streams(&self) -> String {
        format!("{}:streams", self.base)
    }

    /// A hash: how the projection is, see [`Status`](super::Status).
    #[must_use]
    pub fn status(&self) -> String {
        format!("{}:status", self.base)
    }

    /// A text: the state of a fold, as JSON.
    #[must_use]
    pub fn state(&self) -> String {
        format!("{}:state", self.base)
    }

    /// A hash: the rows of a table, each as JSON under its key.
    #[must_use]
    pub fn rows(&self) -> String {
        format!("{}:rows", self.base)
    }

    /// A set: the keys that handlers changed by [`Changes`](super::Changes).
    #[must_use]
    pub fn changed(&self) -> String {
        format!("{}:keys", self.base)
    }

    /// A text that expires: which runner works on it.
    #[must_use]
    pub fn lease(&self) -> String {
        format!("{}:lease", self.base)
    }

    /// A hash: what people want of whoever runs it, see [`Control`](super::Control).
    #[must_use]
    pub fn control(&self) -> String {
        format!("{}:control", self.base)
    }

    /// Where a change of `key` is made: there, or, by a rebuild, beside it.
    pub(crate) fn data(&self, key: &[u8]) -> Vec<u8> {
        if !self.is_beside {
            return key.to_vec();
        }
        [format!("{}:key:", self.base).as_bytes(), key].concat()
    }
}
