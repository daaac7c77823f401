//! How fast a history is played.

use rewind_domain::playback::Pace;

/// A speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speed {
    /// This many versions a second.
    PerSecond(u32),
    /// In the rhythm in which the events happened, this many times as fast.
    Rhythm(u32),
}

impl Default for Speed {
    fn default() -> Self {
        Self::PerSecond(2)
    }
}

impl Speed {
    /// All of them, the slowest of each kind first.
    pub(crate) const ALL: [Self; 9] = [
        Self::PerSecond(1),
        Self::PerSecond(2),
        Self::PerSecond(5),
        Self::PerSecond(10),
        Self::PerSecond(25),
        Self::Rhythm(1),
        Self::Rhythm(10),
        Self::Rhythm(100),
        Self::Rhythm(1_000),
    ];

    /// Its pace.
    pub(crate) fn pace(self) -> Pace {
        match self {
            Self::PerSecond(count) => Pace::Steady { versions_per_second: count.into() },
            Self::Rhythm(times) => Pace::Rhythm { factor: times.into() },
        }
    }

    /// What it is called.
    pub(crate) fn label(self) -> String {
        match self {
            Self::PerSecond(count) => format!("{count} / s"),
            Self::Rhythm(times) => format!("Rhythm ×{times}"),
        }
    }

    /// Its name among those of a menu.
    pub(crate) fn name(self) -> String {
        match self {
            Self::PerSecond(count) => count.to_string(),
            Self::Rhythm(times) => format!("x{times}"),
        }
    }

    /// The speed of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|speed| speed.name() == name)
    }

    /// The next one in the menu, or the one before; itself at the end of its kind.
    #[must_use]
    pub(crate) fn stepped(self, is_faster: bool) -> Self {
        let at = Self::ALL.iter().position(|speed| *speed == self).unwrap_or(0);
        let next = if is_faster { at.checked_add(1) } else { at.checked_sub(1) };
        let is_same_kind =
            |other: &&Self| std::mem::discriminant(*other) == std::mem::discriminant(&self);
        next.and_then(|next| Self::ALL.get(next)).filter(is_same_kind).copied().unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_speed_is_found_by_its_name() {
        for speed in Speed::ALL {
            assert_eq!(Speed::named(&speed.name()), Some(speed));
        }
        assert_eq!(Speed::named("3"), None);
    }

    #[test]
    fn faster_and_slower_stay_within_their_kind() {
        assert_eq!(Speed::PerSecond(2).stepped(true), Speed::PerSecond(5));
        assert_eq!(Speed::PerSecond(25).stepped(true), Speed::PerSecond(25));
        assert_eq!(Speed::PerSecond(1).stepped(false), Speed::PerSecond(1));
        assert_eq!(Speed::Rhythm(1).stepped(false), Speed::Rhythm(1));
        assert_eq!(Speed::Rhythm(1).stepped(true), Speed::Rhythm(10));
    }
}
