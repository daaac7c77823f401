//! The writer: adds entries under the ids that they come with.

use std::collections::{HashMap, HashSet};

use redis::{Cmd, Pipeline, Value};
use rewind_domain::ndjson::Line;
use rewind_domain::{EntryId, Fields, StreamKey};

use super::link::{Link, RESPONSE_TIMEOUT};
use super::steps::{Step, next_step};
use crate::topology::PerNode;
use crate::write::WriteConnection;
use crate::{StoreError, StoreUrl, WriteError, reply};

/// Of how many streams the writer remembers the last id; about 30 MB at the usual length of keys. Forgetting costs a
/// round trip, nothing else.
const KNOWN_TOPS: usize = 200_000;

/// Appends entries under the ids that they come with.
///
/// Writing the same entries again changes nothing: what is there already is left as it is. To keep that true however
/// an import ends, no entry is added to a stream after an earlier one that could have been added was not.
///
/// Entries come with their ids, so repeating a write whose reply was lost is harmless: an error here is never
/// [`WriteError::Unknown`](super::WriteError).
pub struct BulkWriter {
    /// For looking at what is there.
    link: Link,
    writes: PerNode<WriteConnection>,
    /// The last id that a stream has given out, for streams met lately. Others may write meanwhile, so a stream may be
    /// further by now; then Redis refuses the entry, and the stream is looked at again.
    tops: HashMap<StreamKey, EntryId>,
}

/// What became of one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendOutcome {
    /// It was added.
    Added,
    /// The very same entry is in the stream already.
    AlreadyThere,
    /// It cannot be added, since ids only grow.
    Conflict(Conflict),
    /// Redis refused it.
    Failed(StoreError),
    /// It was left alone, since an earlier one could not be added.
    NotTried,
}

/// What is in the way of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Conflict {
    /// Another entry has this id.
    OtherFields(Fields),
    /// The stream has gone beyond this id and has no entry there.
    Passed {
        /// The last id that the stream has given out.
        last_id: EntryId,
    },
}

impl BulkWriter {
    /// Connects.
    ///
    /// # Errors
    /// If Redis cannot be reached.
    pub async fn connect(url: &StoreUrl) -> Result<Self, StoreError> {
        let link = Link::new(url).await?;
        let writes = link
            .nodes
            .topology()
            .per_node(|url| WriteConnection::with_patience(url.clone(), RESPONSE_TIMEOUT));
        Ok(Self { link, writes, tops: HashMap::new() })
    }

    /// Adds these lines, in order, and says of each what became of it. At the first that cannot be added it stops. Later ones of
    /// other streams may have been added by then; of the same stream only if someone else wrote to it at the same moment.
    ///
    /// # Errors
    /// If Redis goes away. Some of the lines may have been added then; trying again finds them.
    pub async fn append(&mut self, lines: &[Line]) -> Result<Vec<AppendOutcome>, StoreError> {
        if self.tops.len() > KNOWN_TOPS {
            self.tops.clear();
        }
        let mut outcomes = vec![AppendOutcome::NotTried; lines.len()];
        let mut surprises = HashSet::new();
        loop {
            match next_step(lines, &outcomes, &self.tops) {
                Step::Learn(indices) => self.learn(lines, &indices, &mut outcomes).await?,
                Step::Compare(indices) => self.compare(lines, &indices, &mut outcomes).await?,
                Step::Add(indices) => {
                    self.add(lines, &indices, &mut outcomes, &mut surprises).await?;
                }
                Step::Done => return Ok(outcomes),
            }
        }
    }

    /// Asks how far the streams of these lines are.
    async fn learn(
        &mut self,
        lines: &[Line],
        indices: &[usize],
        outcomes: &mut [AppendOutcome],
    ) -> Result<(), StoreError> {
        let keys: Vec<_> = indices.iter().map(|&index| &lines[index].stream).collect();
        for (&index, info) in indices.iter().zip(self.link.infos(&keys).await?) {
            match info {
                Err(StoreError::WrongType) => {
                    outcomes[index] = AppendOutcome::Failed(StoreError::WrongType);
                }
                // A missing stream begins at nothing. And who may add but not look shall add: Redis itself checks the ids.
                info => {
                    let top = info.map(|info| info.extent.last_generated_id).unwrap_or_default();
                    self.tops.insert(lines[index].stream.clone(), top);
                }
            }
        }
        Ok(())
    }

    /// Compares lines whose id the stream has reached already with what is there.
    async fn compare(
        &mut self,
        lines: &[Line],
        indices: &[usize],
        outcomes: &mut [AppendOutcome],
    ) -> Result<(), StoreError> {
        let look = |index: &usize| {
            let Line { stream, entry } = &lines[*index];
            let id = entry.id.to_string();
            (stream, redis::cmd("XRANGE").arg(stream.as_bytes()).arg(&id).arg(&id).take())
        };
        let looks = indices.iter().map(look).collect();
        for (&index, reply) in indices.iter().zip(self.link.run_each(looks).await?) {
            let Line { stream, entry } = &lines[index];
            outcomes[index] = match self.link.checked(reply) {
                Err(error) => AppendOutcome::Failed(error),
                Ok(reply) => match reply::entries(reply)?.pop() {
                    Some(there) if there.fields == entry.fields => AppendOutcome::AlreadyThere,
                    Some(there) => AppendOutcome::Conflict(Conflict::OtherFields(there.fields)),
                    None => {
                        let last_id = self.tops.get(stream).copied().unwrap_or_default();
                        AppendOutcome::Conflict(Conflict::Passed { last_id })
                    }
                },
            };
        }
        Ok(())
    }

    /// Adds lines, those of each stream in one transaction. Redis then refuses all of them if it lacks the memory or the right to write,
    /// instead of some: a stream that misses one entry and has the next could never be completed.
    async fn add(
        &mut self,
        lines: &[Line],
        indices: &[usize],
        outcomes: &mut [AppendOutcome],
        surprises: &mut HashSet<usize>,
    ) -> Result<(), StoreError> {
        let streams = by_stream(lines, indices);
        let split = self.writes.split(streams.iter().map(|(stream, _)| stream.as_bytes()));
        for (places, writes) in split.iter().zip(self.writes.all().to_vec()) {
            let mut pipeline = Pipeline::with_capacity(indices.len());
            for &place in places {
                let (_, indices) = &streams[place];
                let is_one = indices.len() == 1;
                if !is_one {
                    pipeline.cmd("MULTI");
                }
                for &index in indices {
                    pipeline.add_command(xadd(&lines[index]));
                }
                if !is_one {
                    pipeline.cmd("EXEC");
                }
            }
            if pipeline.is_empty() {
                continue;
            }
            let sent = writes.send_all(&pipeline).await;
            let mut replies = sent.map_err(WriteError::into_cause)?.into_iter();
            for &place in places {
                let (_, indices) = &streams[place];
                let count = if indices.len() == 1 { 1 } else { indices.len() + 2 };
                match added(&writes, replies.by_ref().take(count).collect())? {
                    Added::Each(results) => {
                        self.note(lines, indices, results, outcomes, surprises);
                    }
                    Added::None { at, error } => {
                        outcomes[indices[at]] = AppendOutcome::Failed(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// Notes what became of lines of a stream.
    fn note(
        &mut self,
        lines: &[Line],
        indices: &[usize],
        results: Vec<Result<Value, StoreError>>,
        outcomes: &mut [AppendOutcome],
        surprises: &mut HashSet<usize>,
    ) {
        for (&index, result) in indices.iter().zip(results) {
            let Line { stream, entry } = &lines[index];
            match result {
                Err(StoreError::Server { message })
                    if message.starts_with("ERR ") && surprises.insert(index) =>
                {
                    // Most likely someone else has written to the stream meanwhile.
                    self.tops.remove(stream);
                }
                Err(error) => outcomes[index] = AppendOutcome::Failed(error),
                Ok(_) => {
                    outcomes[index] = AppendOutcome::Added;
                    if let Some(top) = self.tops.get_mut(stream) {
                        *top = entry.id;
                    }
                }
            }
        }
    }
}

/// What became of the lines of a stream that were sent.
enum Added {
    /// Redis answered for each of them.
    Each(Vec<Result<Value, StoreError>>),
    /// It refused all of them, because of the one at this place.
    None { at: usize, error: StoreError },
}

/// Reads the replies to a single line, or to a transaction.
fn added(
    writes: &WriteConnection,
    mut replies: Vec<Result<Value, StoreError>>,
) -> Result<Added, StoreError> {
    const SHAPE: StoreError = StoreError::Unexpected { what: "a transaction of another shape" };
    if replies.len() == 1 {
        return Ok(Added::Each(replies));
    }
    let exec = replies.pop().ok_or(SHAPE)?;
    if replies.is_empty() {
        return Err(SHAPE);
    }
    let each = replies.split_off(1);
    match (replies.pop(), exec) {
        // Whoever may not use transactions gets the commands one by one.
        (Some(Err(_)), _) => Ok(Added::Each(each)),
        (_, Ok(Value::Array(results))) if results.len() == each.len() => {
            Ok(Added::Each(results.into_iter().map(|result| writes.checked(result)).collect()))
        }
        (_, Err(refusal)) => {
            let mut culprit = each.into_iter().enumerate();
            let culprit = culprit.find_map(|(at, reply)| Some((at, reply.err()?)));
            let (at, error) = culprit.unwrap_or((0, refusal));
            Ok(Added::None { at, error })
        }
        _ => Err(SHAPE),
    }
}

/// The lines of each stream, in their order.
fn by_stream<'l>(lines: &'l [Line], indices: &[usize]) -> Vec<(&'l StreamKey, Vec<usize>)> {
    let mut streams: Vec<(&StreamKey, Vec<usize>)> = Vec::new();
    let mut places: HashMap<&StreamKey, usize> = HashMap::new();
    for &index in indices {
        let stream = &lines[index].stream;
        let place = *places.entry(stream).or_insert(streams.len());
        match streams.get_mut(place) {
            Some((_, indices)) => indices.push(index),
            None => streams.push((stream, vec![index])),
        }
    }
    streams
}

fn xadd(Line { stream, entry }: &Line) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(stream.as_bytes()).arg(entry.id.to_string());
    for (name, value) in entry.fields.iter() {
        command.arg(name).arg(value);
    }
    command
}
