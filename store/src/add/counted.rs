//! The version of a stream on servers that do not count what was added (before Redis 7): its length, where nothing was ever taken away.
//!
//! Whether anything was shows in what appends keep beside the stream, `{stream}:versions`: the id of the first event, how many there were,
//! and the id of the last one. `add.lua` decides the same in the same way.

use rewind_domain::EntryId;
use rewind_domain::versions::StreamExtent;

/// What is behind the key of the stream.
pub(crate) const COUNTED: &[u8] = b"versions";

/// The version of a stream, given what was kept of it, if anything was; `None` where events are gone.
pub(crate) fn version(extent: &StreamExtent, kept: Option<&str>) -> Option<u64> {
    let is_cut = extent.last_generated_id != EntryId::MIN
        && (extent.length == 0 || extent.last_id != Some(extent.last_generated_id));
    if is_cut {
        return None;
    }
    let Some(kept) = kept else { return Some(extent.length) };
    let mut words = kept.split(' ');
    let first: EntryId = words.next()?.parse().ok()?;
    let length: u64 = words.next()?.parse().ok()?;
    let last: EntryId = words.next()?.parse().ok()?;
    let is_whole = extent.first_id == Some(first)
        && extent.length >= length
        && (extent.last_id != Some(last) || extent.length == length);
    is_whole.then_some(extent.length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extent(first: u64, last: u64, length: u64) -> StreamExtent {
        let id = |ms| EntryId::new(ms, 0);
        StreamExtent {
            length,
            first_id: (length > 0).then(|| id(first)),
            last_id: (length > 0).then(|| id(last)),
            last_generated_id: id(last),
            ..StreamExtent::default()
        }
    }

    #[test]
    fn the_length_is_the_version_while_nothing_is_gone() {
        assert_eq!(version(&extent(1, 5, 5), None), Some(5));
        assert_eq!(version(&extent(1, 5, 5), Some("1-0 3 3-0")), Some(5));
        assert_eq!(version(&extent(1, 5, 5), Some("1-0 5 5-0")), Some(5));
        assert_eq!(version(&StreamExtent::default(), None), Some(0));
    }

    #[test]
    fn it_is_not_where_something_is() {
        assert_eq!(version(&extent(2, 5, 4), Some("1-0 3 3-0")), None, "trimmed");
        assert_eq!(version(&extent(1, 5, 4), Some("1-0 5 5-0")), None, "deleted");
        assert_eq!(version(&extent(1, 5, 2), Some("1-0 3 3-0")), None, "deleted");
        assert_eq!(version(&extent(0, 5, 0), None), None, "emptied");
    }
}
