//! Dead letters: replayed or deleted.

use rewind_domain::operations::{Effect, EffectKind, LetterChoice, MAX_CHOSEN_IDS, Name, Thing};
use rewind_domain::{EntryId, StreamKey};
use rewind_store::consume::DeadLetters;
use rewind_store::{EventStore, StoreError};

use super::groups::handle;
use super::{Found, Work, is_own_stream, words};
use crate::operations::OperationError;

/// How many dead letters one operation is about at most.
const MAX_SELECTED: usize = 1_000_000;
/// How many are asked for at once.
const LISTED_AT_ONCE: u64 = 1_000;

pub(super) async fn replay(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    choice: &LetterChoice,
    to_group: bool,
    per_second: Option<u32>,
) -> Result<Found, OperationError> {
    if per_second == Some(0) {
        return Err(OperationError::invalid(
            "per_second",
            "is 0; give at least 1, or leave it out",
        ));
    }
    let letters = letters(store, stream, group)?;
    let (ids, has_more) = select(&letters, stream, choice).await?;
    let count = ids.len() as u64;
    let shown = words::ids(&ids);
    let work = Work::Replay {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        ids: ids.clone(),
        to_group,
        per_second,
    };
    let mut found = selected(&ids, has_more, work);
    if to_group {
        found.effects.push(Effect {
            thing: Thing::Group(group.clone()),
            kind: EffectKind::GetsAgain,
            count,
        });
        found = found.sending(&[b"XCLAIM", stream.as_bytes(), group.as_bytes()], "… FORCE JUSTID");
        found.probes.clear();
    } else {
        let groups = store.reads().groups(std::slice::from_ref(stream)).await?.pop();
        let groups = groups.and_then(Result::ok).map(|(groups, _)| groups).unwrap_or_default();
        found.effects.extend(groups.iter().map(|known| Effect {
            thing: Thing::Group(Name::from_bytes(&known.name)),
            kind: EffectKind::GetsAgain,
            count,
        }));
        found = found.sending(&[b"XADD", stream.as_bytes(), b"*", b"replay_of", b"0-0"], "…");
    }
    if let Some(rate) = per_second {
        found.warnings.push(format!(
            "at {rate} a second this takes about {} s",
            count.div_ceil(u64::from(rate))
        ));
    }
    Ok(found.sending(&[b"XDEL", letters.key().as_bytes()], &shown).probing_id())
}

pub(super) async fn drop(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
    choice: &LetterChoice,
) -> Result<Found, OperationError> {
    let letters = letters(store, stream, group)?;
    let (ids, has_more) = select(&letters, stream, choice).await?;
    let shown = words::ids(&ids);
    let work =
        Work::Drop { stream: stream.clone(), group: group.as_bytes().to_vec(), ids: ids.clone() };
    let found = selected(&ids, has_more, work);
    Ok(found.sending(&[b"XDEL", letters.key().as_bytes()], &shown).probing_id())
}

impl Found {
    /// The same, whose last command is asked about with an id.
    fn probing_id(mut self) -> Self {
        if let Some(probe) = self.probes.last_mut() {
            probe.push(b"0-0".to_vec());
        }
        self
    }
}

fn letters(
    store: &EventStore,
    stream: &StreamKey,
    group: &Name,
) -> Result<DeadLetters, OperationError> {
    is_own_stream(store, stream)?;
    Ok(DeadLetters::of(handle(store, stream, group)))
}

fn selected(ids: &[EntryId], has_more: bool, work: Work) -> Found {
    let mut found = Found::new(ids.len() as u64, work).about(ids);
    found.is_at_least = has_more;
    if has_more {
        found.warnings.push(format!(
            "there are more: this is about the first {MAX_SELECTED}, and can be done again for the rest"
        ));
    }
    if ids.is_empty() {
        found.refusal = Some("there are no such dead letters".to_owned());
    }
    found.basis = ids.iter().map(|id| format!("{id} ")).collect();
    found
}

/// The dead letters that are meant and there, and whether there are more.
async fn select(
    letters: &DeadLetters,
    stream: &StreamKey,
    choice: &LetterChoice,
) -> Result<(Vec<EntryId>, bool), OperationError> {
    let wanted = match choice {
        LetterChoice::Ids(ids) if ids.len() > MAX_CHOSEN_IDS => {
            return Err(OperationError::invalid(
                "letters",
                format!("names {} ids; name at most {MAX_CHOSEN_IDS}, or `all`", ids.len()),
            ));
        }
        LetterChoice::Ids(ids) => Some(ids),
        LetterChoice::All => None,
    };
    let about = |error: StoreError| OperationError::of(stream)(error);
    if let Some(ids) = wanted {
        let mut ids = ids.clone();
        ids.sort_unstable();
        ids.dedup();
        return Ok((letters.existing(&ids).await.map_err(about)?, false));
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = letters.list(after, LISTED_AT_ONCE).await.map_err(about)?;
        let Some(last) = page.last() else { return Ok((found, false)) };
        after = Some(last.id);
        if found.len() + page.len() > MAX_SELECTED {
            return Ok((found, true));
        }
        found.extend(page.iter().map(|letter| letter.id));
    }
}
