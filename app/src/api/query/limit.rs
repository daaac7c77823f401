//! How many things are asked for.

use serde::{Deserialize, Deserializer, Serialize, de};

/// What is said of a number beyond its bounds, before the most that it can be.
pub(super) const MUST_BE: &str = "must be from 1 to ";

/// How many things are asked for: from 1 to `MAX`, and `DEFAULT` if nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Limit<const DEFAULT: u64, const MAX: u64>(u64);

impl<const DEFAULT: u64, const MAX: u64> Limit<DEFAULT, MAX> {
    /// This many, or the nearest number that can be asked for.
    pub fn new(count: u64) -> Self {
        Self(count.clamp(1, MAX))
    }

    /// As many as can be asked for.
    pub const fn most() -> Self {
        Self(MAX)
    }

    /// How many.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Whether nothing has to be said.
    pub(crate) fn is_default(&self) -> bool {
        self.0 == DEFAULT
    }
}

impl<const DEFAULT: u64, const MAX: u64> Default for Limit<DEFAULT, MAX> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<'de, const DEFAULT: u64, const MAX: u64> Deserialize<'de> for Limit<DEFAULT, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<u64>::deserialize(deserializer)? {
            None => Ok(Self::default()),
            Some(count) if (1..=MAX).contains(&count) => Ok(Self(count)),
            Some(_) => Err(de::Error::custom(format_args!("{MUST_BE}{MAX}"))),
        }
    }
}
