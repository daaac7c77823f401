//! Ids as they are written in a filter, and those of times: each stands for a range.

use crate::EntryId;

/// The ids that a text names: one as in `1706185200000-0`, or all of a millisecond as in `1706185200000`.
pub(super) fn ids(text: &str) -> Option<(EntryId, EntryId)> {
    if text.contains('-') {
        return text.parse().ok().map(|id| (id, id));
    }
    // The same digits as in an id.
    let id: EntryId = format!("{text}-0").parse().ok()?;
    Some((id, EntryId::new(id.ms(), u64::MAX)))
}

/// The ids of the entries that Redis accepted at these times.
pub(super) fn ids_of_times((from, to): (i64, i64)) -> (EntryId, EntryId) {
    let Ok(last_ms) = u64::try_from(to) else {
        // No id is from before 1970.
        return (EntryId::MAX, EntryId::MIN);
    };
    let last = if to == i64::MAX { EntryId::MAX } else { EntryId::new(last_ms, u64::MAX) };
    (EntryId::new(u64::try_from(from).unwrap_or(0), 0), last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_may_lack_its_second_part() {
        assert_eq!(ids("5-3"), Some((EntryId::new(5, 3), EntryId::new(5, 3))));
        assert_eq!(ids("5"), Some((EntryId::new(5, 0), EntryId::new(5, u64::MAX))));
        assert_eq!(ids("x"), None);
        assert_eq!(ids(""), None);
    }

    proptest! {
        #[test]
        fn any_text_is_an_id_or_not(text: String) {
            let _ = ids(&text);
        }
    }
}
