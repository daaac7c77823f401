//! What an operation will do.

use serde::{Deserialize, Serialize};

use super::Name;
use crate::numbers::counted;
use crate::{EntryId, StreamKey};

/// The exact effect of an operation before it happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Preview {
    /// What will happen, in one sentence with numbers.
    pub sentence: String,
    /// How many entries, events or other things it is about.
    pub count: u64,
    /// Whether there are more than that, which were not counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_at_least: bool,
    /// The ids of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first_ids: Vec<EntryId>,
    /// How many bytes they take, about; `None` where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// What groups, projections and aggregates lose or get again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// The commands that Redis will be sent, with `…` where there is more of the same.
    pub commands: Vec<String>,
    /// What one should know before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why it will be refused, by Rewind or by Redis; `None` as far as nothing is known to be in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// Whether something is gone afterwards that cannot be had back.
    pub is_destructive: bool,
    /// What this was computed from. The operation is executed only as long as that still holds.
    pub fingerprint: String,
}

/// What becomes of something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Effect {
    /// Of what.
    pub thing: Thing,
    /// In which way.
    pub kind: EffectKind,
    /// For how many entries.
    pub count: u64,
}

/// What an operation has an effect on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// This group of the stream.
    Group(Name),
    /// This consumer of the group.
    Consumer(Name),
    /// This projection.
    Projection(String),
    /// The aggregate whose stream this is.
    Aggregate(StreamKey),
    /// Everybody who reads this stream.
    Stream(StreamKey),
}

/// The ways in which something is affected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    /// Entries that it was not given yet are lost to it.
    LosesUnread,
    /// Entries that it was given and has not acknowledged are lost to it.
    LosesPending,
    /// Entries that it was given before are given to it again.
    GetsAgain,
    /// Entries that it was not given yet are passed over.
    PassesOver,
    /// It gets entries.
    Gets,
    /// It gives entries away.
    GivesAway,
    /// The beginning of its history is gone.
    LosesBeginning,
}

impl EffectKind {
    /// What happens to this many entries, as what stands behind the name of the thing.
    pub fn words(self, count: u64) -> String {
        let entries = counted(count, "entry", "entries");
        match self {
            Self::LosesUnread => format!("loses {entries} that it has not been given"),
            Self::LosesPending => format!("loses {entries} that it has pending"),
            Self::GetsAgain => format!("gets {entries} again"),
            Self::PassesOver => format!("will not get {entries}"),
            Self::Gets => format!("gets {entries}"),
            Self::GivesAway => format!("gives {entries} away"),
            Self::LosesBeginning => format!("loses its first {entries}"),
        }
    }
}

impl Preview {
    /// Whether somebody loses entries that they have still to read or to acknowledge.
    pub fn has_losses(&self) -> bool {
        let is_loss = |effect: &Effect| {
            matches!(effect.kind, EffectKind::LosesUnread | EffectKind::LosesPending)
        };
        self.effects.iter().any(is_loss)
    }

    /// The fingerprint of what a preview was computed from: equal texts have equal ones.
    pub fn fingerprint_of(text: &str) -> String {
        // FNV-1a in 128 bits: it tells whether something has changed, and protects against nobody.
        let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        for byte in text.bytes() {
            hash ^= u128::from(byte);
            hash = hash.wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
        format!("{hash:032x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_is_told_with_its_number() {
        assert_eq!(EffectKind::GetsAgain.words(1), "gets 1 entry again");
        assert_eq!(
            EffectKind::LosesUnread.words(1_000),
            "loses 1,000 entries that it has not been given"
        );
    }

    #[test]
    fn what_is_different_has_another_fingerprint() {
        assert_eq!(Preview::fingerprint_of("a"), Preview::fingerprint_of("a"));
        assert_ne!(Preview::fingerprint_of("a"), Preview::fingerprint_of("b"));
        assert_ne!(Preview::fingerprint_of("ab"), Preview::fingerprint_of("ba"));
    }
}
