//! Events in a few bytes, for another process.
//!
//! Of each event: a number of the caller's, the version, the id, the number of fields, and the fields, each text after its length. All
//! numbers are little-endian.

use std::sync::Arc;

use rewind_domain::{EntryId, RawEvent};

use super::entry_page::{EntryPage, EntryPlace, PageEntry};
use super::history::HistoryPage;
use super::resp::ReplyBuffer;

/// Packs events.
#[derive(Debug, Default)]
pub struct Packer {
    bytes: Vec<u8>,
    /// Where each event begins.
    starts: Vec<usize>,
}

/// Events that were unpacked. They borrow the bytes.
pub struct PackedEvents {
    page: EntryPage,
    heads: Vec<Head>,
}

#[derive(Clone, Copy)]
struct Head {
    number: u32,
    version: u64,
}

impl Packer {
    /// Adds an event, with a number that says something to whoever unpacks it.
    pub fn push(&mut self, number: u32, event: &RawEvent<'_>) {
        self.starts.push(self.bytes.len());
        let out = &mut self.bytes;
        out.extend_from_slice(&number.to_le_bytes());
        out.extend_from_slice(&event.version.to_le_bytes());
        out.extend_from_slice(&event.id.ms().to_le_bytes());
        out.extend_from_slice(&event.id.seq().to_le_bytes());
        let fields = event.fields();
        let pairs: Vec<(&[u8], &[u8])> =
            (0..fields.count()).filter_map(|at| fields.pair(at)).collect();
        out.extend_from_slice(&length(pairs.len()));
        for text in pairs.iter().flat_map(|(name, value)| [name, value]) {
            out.extend_from_slice(&length(text.len()));
            out.extend_from_slice(text);
        }
    }

    /// How many events there are.
    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// How many bytes they take.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The events but for this many at the beginning.
    pub fn from(&self, skipped: usize) -> &[u8] {
        let start = self.starts.get(skipped).copied().unwrap_or(self.bytes.len());
        self.bytes.get(start..).unwrap_or_default()
    }
}

/// Redis sends no text of more than 512 MiB, and no entry of more fields than fit into that.
fn length(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes()
}

impl PackedEvents {
    /// The events in these bytes; `None` where they are none.
    pub fn unpack(bytes: Vec<u8>) -> Option<Self> {
        let (mut heads, mut entries, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        while at < bytes.len() {
            let number = u32::from_le_bytes(take(&bytes, &mut at)?);
            let version = u64::from_le_bytes(take(&bytes, &mut at)?);
            let ms = u64::from_le_bytes(take(&bytes, &mut at)?);
            let seq = u64::from_le_bytes(take(&bytes, &mut at)?);
            let count = u32::from_le_bytes(take(&bytes, &mut at)?) as usize;
            let fields = texts.len();
            for _ in 0..2 * count {
                let length = u32::from_le_bytes(take(&bytes, &mut at)?) as usize;
                let end = at.checked_add(length).filter(|end| *end <= bytes.len())?;
                texts.push((u32::try_from(at).ok()?, u32::try_from(end).ok()?));
                at = end;
            }
            heads.push(Head { number, version });
            entries.push(EntryPlace { id: EntryId::new(ms, seq), fields, count });
        }
        let page = EntryPage::of(Arc::new(ReplyBuffer::of_texts(bytes, texts)), entries, false);
        Some(Self { page, heads })
    }

    /// The events, each with its number and its version.
    pub fn events(&self) -> impl Iterator<Item = (u32, u64, PageEntry<'_>)> {
        let heads = self.heads.iter().zip(self.page.entries());
        heads.map(|(head, entry)| (head.number, head.version, entry))
    }
}

fn take<const N: usize>(bytes: &[u8], at: &mut usize) -> Option<[u8; N]> {
    let end = at.checked_add(N)?;
    let taken = bytes.get(*at..end)?.try_into().ok()?;
    *at = end;
    Some(taken)
}

impl HistoryPage {
    /// The page in bytes.
    pub fn pack(&self) -> Vec<u8> {
        let mut packer = Packer::default();
        for event in self.events() {
            packer.push(0, &event.raw());
        }
        // Appended, so that nothing has to be moved.
        packer.bytes.push(u8::from(self.is_last));
        packer.bytes
    }

    /// The page in these bytes; `None` where there is none.
    pub fn unpack(mut bytes: Vec<u8>) -> Option<Self> {
        let is_last = bytes.pop()? != 0;
        let PackedEvents { mut page, heads } = PackedEvents::unpack(bytes)?;
        page.set_last(is_last);
        Some(Self::of(heads.first().map_or(0, |head| head.version), page))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rewind_domain::Fields;

    proptest! {
        #[test]
        fn events_are_unpacked_as_they_were(
            events in prop::collection::vec(
                (any::<u32>(), any::<u64>(), any::<u64>(), any::<u64>(), prop::collection::vec(("[a-c]{0,3}", ".{0,9}"), 0..4)),
                0..6,
            ),
        ) {
            let mut packer = Packer::default();
            for (number, version, ms, seq, pairs) in &events {
                let fields = Fields::from_iter(pairs.iter().map(|(a, b)| (a.as_str(), b.as_str())));
                packer.push(*number, &RawEvent::new(EntryId::new(*ms, *seq), *version, &fields));
            }
            let skipped = events.len() / 2;
            let unpacked = PackedEvents::unpack(packer.from(skipped).to_vec()).unwrap();
            let found: Vec<_> = unpacked.events().map(|(number, version, entry)| {
                let fields = entry.fields();
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let pairs = (0..fields.count()).map(|at| {
                    let (name, value) = fields.pair(at).unwrap();
                    (text(name), text(value))
                });
                (number, version, entry.id.ms(), entry.id.seq(), pairs.collect::<Vec<_>>())
            }).collect();
            prop_assert_eq!(&found[..], &events[skipped..]);
        }

        #[test]
        fn what_is_no_event_is_no_panic(bytes: Vec<u8>) {
            let _ = PackedEvents::unpack(bytes);
        }
    }
}
