//! Reads of several streams in one round trip, as much of them as there is room for.
//!
//! Redis counts entries, and memory counts bytes: a hundred pages of one entry each may be a gigabyte. So a batch answers the first of
//! what it is asked, one at least, and whoever asks goes on behind that.

use std::sync::Arc;

use rewind_domain::{EntryId, StreamKey};

use super::entries::{LOOK_BYTES, SMALL_ROOM};
use super::entry_page::{EntryPage, piece};
use super::entry_range::EntryRange;
use super::fit;
use super::look::Look;
use super::reader::{Reader, ReaderPool};
use super::resp::{Arrived, Keep, ReplyBuffer};
use super::topology::Node;
use super::{Store, StoreError, StreamInfo};

/// A range of a stream.
pub(super) type StreamRange<'a> = (&'a StreamKey, EntryRange);

impl Store {
    /// The entries of each range with the stream that they fit.
    pub(super) async fn batch(
        &self,
        asked: &[StreamRange<'_>],
    ) -> Result<Vec<Result<(EntryPage, StreamInfo), StoreError>>, StoreError> {
        let look = self.look();
        let asked = self.on_one_node(asked);
        let (buffer, arrived) = self.exchange(Some(look), asked, Keep::Whole).await?;
        let mut pages = Vec::with_capacity(asked.len());
        let mut at = 0;
        for ((key, range), is_there) in asked.iter().zip(all_of(&buffer, look.replies(), asked)) {
            let page = match is_there {
                Some(end) => {
                    let page = page_between(&buffer, at, look, range, self);
                    at = end;
                    page
                }
                None if pages.is_empty() => Err(StoreError::Changed),
                None => break,
            };
            let is_worth_another = |error: &StoreError| {
                *error == StoreError::Changed || look == Look::Info && self.is_look_refused(error)
            };
            pages.push(match page {
                Err(error) if is_worth_another(&error) => self.alone(key, *range).await,
                page => page,
            });
        }
        debug_assert!(arrived == Arrived::Full || pages.len() == asked.len());
        Ok(pages)
    }

    /// The entries of each range, and nothing about the streams. A stream that does not exist has none.
    pub(super) async fn batch_of_entries(
        &self,
        asked: &[StreamRange<'_>],
        keep: Keep,
    ) -> Result<Vec<Result<EntryPage, StoreError>>, StoreError> {
        let asked = self.on_one_node(asked);
        let (buffer, _) = self.exchange(None, asked, keep).await?;
        let mut pages = Vec::with_capacity(asked.len());
        let mut at = 0;
        for ((key, range), is_there) in asked.iter().zip(all_of(&buffer, 0, asked)) {
            pages.push(match is_there {
                Some(end) => {
                    let page = piece(&buffer, at, range, self.shared.nodes.address());
                    at = end;
                    page
                }
                None if pages.is_empty() => match self.alone(key, *range).await {
                    Ok((page, _)) => Ok(page),
                    Err(StoreError::NotFound) => Ok(EntryPage::empty()),
                    Err(error) => Err(error),
                },
                None => break,
            });
        }
        Ok(pages)
    }

    /// Looks at streams of a node, many in one round trip.
    pub(super) async fn batch_of_looks(
        &self,
        node: &Node,
        look: Look,
        keys: &[StreamKey],
    ) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
        let commands: Vec<Vec<Vec<&[u8]>>> = keys.iter().map(|key| look.commands(key)).collect();
        let commands: Vec<&[&[u8]]> = commands.iter().flatten().map(Vec::as_slice).collect();
        let keep = vec![Keep::Beginnings(LOOK_BYTES); commands.len()];
        let (buffer, arrived) = self.send_and_receive(node, &commands, keep).await?;
        let mut at = 0;
        let infos = keys.iter().map(|_| look.read(&buffer, &mut at, &node.url)).collect();
        match arrived {
            Arrived::Full => Err(StoreError::unexpected("streams of too many fields to look at")),
            _ => Ok(infos),
        }
    }

    async fn alone(
        &self,
        key: &StreamKey,
        range: EntryRange,
    ) -> Result<(EntryPage, StreamInfo), StoreError> {
        let (mut pages, info) = self.read(key, vec![range]).await?;
        Ok((pages.pop().ok_or(StoreError::unexpected("no page"))?, info))
    }

    /// Those from the first on that are on one node.
    fn on_one_node<'r, 'k>(&self, asked: &'r [StreamRange<'k>]) -> &'r [StreamRange<'k>] {
        let keys = asked.iter().map(|(key, _)| key.as_bytes());
        asked.get(..self.shared.nodes.together(keys)).unwrap_or(asked)
    }

    /// Sends what is asked of one node, and waits for the replies.
    async fn exchange(
        &self,
        look: Option<Look>,
        asked: &[StreamRange<'_>],
        keep_values: Keep,
    ) -> Result<(Arc<ReplyBuffer>, Arrived), StoreError> {
        let arguments: Vec<[String; 3]> =
            asked.iter().map(|(_, range)| range.arguments()).collect();
        let ranges: Vec<[&[u8]; 6]> = asked
            .iter()
            .zip(&arguments)
            .map(|((key, range), arguments)| range.command(key, arguments))
            .collect();
        let looks: Vec<Vec<Vec<&[u8]>>> = asked
            .iter()
            .map(|(key, _)| look.map_or(Vec::new(), |look| look.commands(key)))
            .collect();
        let (mut commands, mut keep): (Vec<&[&[u8]]>, Vec<Keep>) = (Vec::new(), Vec::new());
        for (range, look) in ranges.iter().zip(&looks) {
            let look = look.iter().map(Vec::as_slice);
            commands.extend(look.clone().chain([&range[..]]).chain(look.clone()));
            let around = std::iter::repeat_n(Keep::Beginnings(LOOK_BYTES), look.len());
            keep.extend(around.clone().chain([keep_values]).chain(around));
        }
        let node = match asked.first() {
            Some((key, _)) => self.shared.nodes.route(key.as_bytes()),
            None => self.shared.nodes.seed(),
        };
        let (buffer, arrived) = self.send_and_receive(node, &commands, keep).await?;
        Ok((Arc::new(buffer), arrived))
    }

    /// Sends commands over a reader that was kept or a new one.
    async fn send_and_receive(
        &self,
        node: &Node,
        commands: &[&[&[u8]]],
        keep: Vec<Keep>,
    ) -> Result<(ReplyBuffer, Arrived), StoreError> {
        let _under_way = self.shared.pace.short_command();
        let readers = &node.readers;
        let _turn = readers.turn().await;
        if let Some(reader) = readers.kept() {
            match send_over(readers, reader, commands, keep.clone()).await {
                // Redis may have closed it, or been restarted, since it was used last.
                Err(StoreError::Unavailable { .. }) => readers.forget(),
                outcome => return outcome,
            }
        }
        let reader = readers.connect().await?;
        send_over(readers, reader, commands, keep).await
    }
}

async fn send_over(
    readers: &ReaderPool,
    mut reader: Reader,
    commands: &[&[&[u8]]],
    keep: Vec<Keep>,
) -> Result<(ReplyBuffer, Arrived), StoreError> {
    reader.send(commands).await?;
    let (buffer, arrived) = reader.receive(keep, SMALL_ROOM).await?;
    if arrived == Arrived::All {
        readers.keep(reader);
    }
    Ok((buffer, arrived))
}

/// For each range that was asked for, the place behind all replies to it; `None` where they did not all arrive.
fn all_of(
    buffer: &ReplyBuffer,
    look: usize,
    asked: &[StreamRange<'_>],
) -> impl Iterator<Item = Option<usize>> {
    let replies = 2 * look + 1;
    let mut at = Some(0);
    asked.iter().map(move |_| {
        at = (0..replies).try_fold(at?, |at, _| buffer.whole_value_end(at));
        at
    })
}

/// The page whose replies begin at `at`, between two looks at its stream.
fn page_between(
    buffer: &Arc<ReplyBuffer>,
    at: usize,
    look: Look,
    range: &EntryRange,
    store: &Store,
) -> Result<(EntryPage, StreamInfo), StoreError> {
    let url = store.shared.nodes.address();
    let info = |mut at: usize| look.read(buffer, &mut at, url);
    let behind_look = (0..look.replies()).fold(at, |at, _| buffer.value_end(at));
    let page = piece(buffer, behind_look, range, url);
    let (before, after) = (info(at), info(buffer.value_end(behind_look)));
    // A key that is no stream, or is gone, says so in all replies; what the looks say is the clearest.
    let (before, after) = match (before, after) {
        (Err(error), _) if error != StoreError::NotFound => return Err(error),
        looks => fit::both(looks.0, looks.1)?,
    };
    let page = page?;
    let ids: Vec<EntryId> = page.ids().collect();
    let read = range.read_ids(&ids, page.newest_digest(*range));
    let extent = fit::extent_between(&before.extent, &after.extent, read);
    Ok((page, StreamInfo { extent: extent.ok_or(StoreError::Changed)?, ..after }))
}
