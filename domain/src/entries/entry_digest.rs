//! Fingerprints of entries.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::EntryId;

/// A fingerprint of all fields of an entry, names and values. It is the same on every server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct EntryDigest(pub u64);

/// A fingerprint of some entries with their ids, in whichever order they were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EntriesDigest(u64);

impl EntriesDigest {
    /// Takes an entry.
    pub fn push(&mut self, id: EntryId, digest: EntryDigest) {
        // Large odd numbers spread what differs in few bits over all of them.
        const SPREAD: [u64; 3] =
            [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f, 0xd6e8_feb8_6659_fd93];
        let of_id =
            id.ms().wrapping_mul(SPREAD[0]) ^ id.seq().wrapping_mul(SPREAD[1]).rotate_left(32);
        self.0 = self.0.wrapping_add((of_id ^ digest.0).wrapping_mul(SPREAD[2]));
    }

    /// Takes all entries of another one.
    pub fn merge(&mut self, other: Self) {
        self.0 = self.0.wrapping_add(other.0);
    }
}

impl fmt::Display for EntryDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl From<EntryDigest> for String {
    fn from(digest: EntryDigest) -> Self {
        digest.to_string()
    }
}

impl FromStr for EntryDigest {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

impl TryFrom<String> for EntryDigest {
    type Error = ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}
