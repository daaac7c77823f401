//! What a group has pending: acknowledged, given to another consumer, or moved to the dead letters.

use std::collections::BTreeMap;

use rewind_domain::numbers::grouped;
use rewind_domain::operations::{
    Delivered, Effect, EffectKind, MAX_CHOSEN_IDS, Name, PendingChoice, PendingFilter, Thing,
};
use rewind_domain::{EntryId, RawEvent, StreamKey};
use rewind_store::consume::{DeadLetters, Group, PendingEntry, PendingQuery};
use rewind_store::{IdRange, PageOrder, RangeRead, Store, StoreError};

use super::groups::{handle, no_group};
use super::{Found, Work, is_own_stream, words};
use crate::operations::{OperationError, OperationParts};

/// How many entries one operation is about at most. What is more is left for the next one, and the preview says so.
const MAX_SELECTED: usize = 1_000_000;
/// How many pending entries are read at most for a filter that looks at their events. What is behind them is left for the next operation too, and
/// the preview says so: it is bounded in time like this, and finds the same when it is asked again.
const MAX_READ: usize = 200_000;
/// How many pending entries are asked for at once.
const LISTED_AT_ONCE: usize = 1_000;
/// How many entries are read at once.
const READ_AT_ONCE: usize = 100;

/// Entries that an operation is about.
struct Selected {
    entries: Vec<PendingEntry>,
    /// Whether there are more, which this operation leaves.
    has_more: bool,
    /// How many of those that were named are not pending.
    not_pending: usize,
}

pub(super) async fn ack(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Name,
    choice: &PendingChoice,
) -> Result<Found, OperationError> {
    let selected = select(parts, stream, group, choice).await?;
    let ids = selected.ids();
    let shown = words::ids(&ids);
    let work = Work::Ack { stream: stream.clone(), group: group.as_bytes().to_vec(), ids };
    let found = selected.found(group, work);
    Ok(found.sending(&[b"XACK", stream.as_bytes(), group.as_bytes()], &shown).probing(b"0-0"))
}

pub(super) async fn claim(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Name,
    choice: &PendingChoice,
    to: &Name,
) -> Result<Found, OperationError> {
    if to.is_empty() {
        return Err(OperationError::invalid("to", "is empty; name a consumer"));
    }
    let selected = select(parts, stream, group, choice).await?;
    let ids = selected.ids();
    let (shown, count) = (words::ids(&ids), ids.len() as u64);
    let is_known = consumers(parts, stream, group).await?.iter().any(|known| known == to);
    let to_bytes = to.as_bytes().to_vec();
    let work = Work::Claim {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        ids,
        to: to_bytes.clone(),
    };
    let mut found = selected.found(group, work);
    found
        .effects
        .insert(0, Effect { thing: Thing::Consumer(to.clone()), kind: EffectKind::Gets, count });
    if !is_known {
        found.warnings.push(format!("there is no consumer `{to}` yet; it is made"));
    }
    Ok(found
        .sending(&[b"XCLAIM", stream.as_bytes(), group.as_bytes(), &to_bytes, b"0"], &shown)
        .probing(b"0-0"))
}

pub(super) async fn bury(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Name,
    choice: &PendingChoice,
    reason: &str,
) -> Result<Found, OperationError> {
    let selected = select(parts, stream, group, choice).await?;
    let ids = selected.ids();
    let shown = words::ids(&ids);
    let letters = DeadLetters::of(handle(&parts.store, stream, group)).key().clone();
    let work = Work::Bury {
        stream: stream.clone(),
        group: group.as_bytes().to_vec(),
        ids,
        reason: match reason.trim() {
            "" => "moved by hand".to_owned(),
            reason => reason.to_owned(),
        },
    };
    let found = selected.found(group, work);
    Ok(found
        .sending(&[b"XADD", letters.as_bytes(), b"*"], "… dead_origin … dead_reason …")
        .probing_with(&[b"a", b"b"])
        .sending(&[b"XACK", stream.as_bytes(), group.as_bytes()], &shown)
        .probing(b"0-0"))
}

impl Found {
    /// The same, whose last command is asked about with this further word.
    fn probing(self, word: &[u8]) -> Self {
        self.probing_with(&[word])
    }

    fn probing_with(mut self, words: &[&[u8]]) -> Self {
        if let Some(probe) = self.probes.last_mut() {
            probe.extend(words.iter().map(|word| word.to_vec()));
        }
        self
    }
}

impl Selected {
    fn ids(&self) -> Vec<EntryId> {
        self.entries.iter().map(|entry| entry.id).collect()
    }

    /// What is known of them, whatever is done with them.
    fn found(self, group: &Name, work: Work) -> Found {
        let mut held: BTreeMap<&[u8], u64> = BTreeMap::new();
        let mut digest = String::new();
        for entry in &self.entries {
            *held.entry(&entry.consumer).or_default() += 1;
            digest.push_str(&entry.id.to_string());
            digest.push(' ');
        }
        let mut found = Found::new(self.entries.len() as u64, work).about(&self.ids());
        found.effects = held
            .into_iter()
            .map(|(consumer, count)| Effect {
                // What was given back nobody has.
                thing: match consumer {
                    [] => Thing::Group(group.clone()),
                    consumer => Thing::Consumer(Name::from_bytes(consumer)),
                },
                kind: EffectKind::GivesAway,
                count,
            })
            .collect();
        found.effects.sort_by_key(|effect| std::cmp::Reverse(effect.count));
        found.is_at_least = self.has_more;
        if self.has_more {
            found.warnings.push(format!(
                "there may be more: this is about the first {}, and can be done again for the rest",
                grouped(self.entries.len() as u64)
            ));
        }
        if self.not_pending > 0 {
            found.warnings.push(format!(
                "{} of those that were named are not pending, and are left alone",
                self.not_pending
            ));
        }
        if self.entries.is_empty() {
            found.refusal = Some("nothing that is pending is meant".to_owned());
        }
        found.basis = digest;
        found
    }
}

async fn select(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Name,
    choice: &PendingChoice,
) -> Result<Selected, OperationError> {
    is_own_stream(&parts.store, stream)?;
    let handle = handle(&parts.store, stream, group);
    let about = |error: StoreError| match error {
        StoreError::NoGroup => no_group(stream, group),
        error => OperationError::of(stream)(error),
    };
    match choice {
        PendingChoice::Ids(ids) if ids.len() > MAX_CHOSEN_IDS => Err(OperationError::invalid(
            "entries",
            format!("names {} ids; name at most {MAX_CHOSEN_IDS}, or use a filter", ids.len()),
        )),
        PendingChoice::Ids(ids) => {
            let mut ids = ids.clone();
            ids.sort_unstable();
            ids.dedup();
            let found = handle.pending_of(&ids).await.map_err(about)?;
            let entries: Vec<PendingEntry> = found.into_iter().flatten().collect();
            let not_pending = ids.len() - entries.len();
            Ok(Selected { entries, has_more: false, not_pending })
        }
        PendingChoice::Filter(text) => {
            let filter = PendingFilter::parse(text)
                .map_err(|error| OperationError::invalid("entries.filter", error.message))?;
            by_filter(parts, stream, &handle, &filter).await.map_err(about)
        }
    }
}

async fn by_filter(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Group,
    filter: &PendingFilter,
) -> Result<Selected, StoreError> {
    let mut selected = Selected { entries: Vec::new(), has_more: false, not_pending: 0 };
    let mut query = PendingQuery {
        after: None,
        consumer: filter.consumer().map(|name| name.as_bytes().to_vec()),
        min_idle_ms: filter.min_idle_ms(),
    };
    let (mut looked_at, most) = (
        0,
        match filter.needs_events() {
            true => MAX_READ,
            false => MAX_SELECTED,
        },
    );
    loop {
        let page = group.pending(&query, LISTED_AT_ONCE).await?;
        let is_last = page.len() < LISTED_AT_ONCE;
        looked_at += page.len();
        query.after = page.last().map(|entry| entry.id);
        let meant = meant(parts, stream, filter, page).await?;
        let room = MAX_SELECTED - selected.entries.len();
        selected.has_more |= meant.len() > room || (!is_last && looked_at >= most);
        selected.entries.extend(meant.into_iter().take(room));
        if is_last || selected.has_more {
            return Ok(selected);
        }
    }
}

/// Whether a filter means a pending entry, as far as its delivery tells.
pub(crate) fn matches_delivery(filter: &PendingFilter, entry: &PendingEntry) -> bool {
    filter.means_delivery(&Delivered {
        consumer: &entry.consumer,
        idle_ms: entry.idle_ms,
        deliveries: entry.deliveries,
    })
}

/// Those of some pending entries that a filter means.
async fn meant(
    parts: &OperationParts,
    stream: &StreamKey,
    filter: &PendingFilter,
    mut entries: Vec<PendingEntry>,
) -> Result<Vec<PendingEntry>, StoreError> {
    entries.retain(|entry| matches_delivery(filter, entry));
    if !filter.needs_events() {
        return Ok(entries);
    }
    let codec = parts.event_reader.for_answer(stream);
    let mut meant = Vec::new();
    for some in entries.chunks(READ_AT_ONCE) {
        for (entry, read) in some.iter().zip(read_pending(parts.store.reads(), stream, some).await?)
        {
            // What is gone from the stream has nothing that a filter could mean.
            let is_meant = read.is_some_and(|read| {
                filter.means_event(&RawEvent::new(read.id, 0, &read.fields).with_decoder(&codec))
            });
            if is_meant {
                meant.push(entry.clone());
            }
        }
    }
    Ok(meant)
}

/// The entries of some pending ones; `None` for each that is no longer in the stream.
pub(crate) async fn read_pending(
    store: &Store,
    stream: &StreamKey,
    pending: &[PendingEntry],
) -> Result<Vec<Option<rewind_domain::Entry>>, StoreError> {
    let read = |entry: &PendingEntry| RangeRead {
        stream: stream.clone(),
        range: IdRange::within(entry.id, entry.id),
        order: PageOrder::OldestFirst,
        count: 1,
    };
    let reads: Vec<RangeRead> = pending.iter().map(read).collect();
    let mut found = Vec::with_capacity(pending.len());
    while found.len() < reads.len() {
        let answers = store.ranges(&reads[found.len()..]).await?;
        if answers.is_empty() {
            return Err(StoreError::Unexpected { what: "no answer to a read" });
        }
        for answer in answers {
            found.push(answer?.entries.into_iter().next());
        }
    }
    Ok(found)
}

async fn consumers(
    parts: &OperationParts,
    stream: &StreamKey,
    group: &Name,
) -> Result<Vec<Name>, OperationError> {
    let found = handle(&parts.store, stream, group).consumers().await;
    let found = found.map_err(OperationError::of(stream))?;
    Ok(found.iter().map(|consumer| Name::from_bytes(&consumer.name)).collect())
}
