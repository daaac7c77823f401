//! Bulk handles: entries written and read by the thousand, for import and export.
//!
//! Each has connections of its own, so that large requests and replies hold up nobody else.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, ServerError, Value};
use rewind_domain::ndjson::Line;
use rewind_domain::{Entry, EntryId, Fields, StreamKey};

use super::connection::connect;
use super::discover::glob_escaped;
use super::write::WriteConnection;
use super::{IdRange, StoreError, StoreUrl, StreamInfo, WriteError, reply};

/// How long Redis may take for one request. What is asked at once is small, but a single entry may have hundreds of
/// megabytes, and the way to the server may be slow.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(120);
/// Of how many streams the writer remembers the last id; about 30 MB at the usual length of keys. Forgetting costs a
/// round trip, nothing else.
const KNOWN_TOPS: usize = 200_000;
/// How many keys one `SCAN` looks at: Redis needs about a millisecond for so many, during which it does nothing else.
const SCAN_COUNT: u64 = 1_000;
/// How many streams are asked about in one round trip.
const INFO_BATCH: usize = 100;

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
    writes: WriteConnection,
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
    /// Where Redis cannot be reached.
    pub async fn connect(url: &StoreUrl) -> Result<Self, StoreError> {
        let link = Link::new(url).await?;
        let writes = WriteConnection::with_patience(url.clone(), RESPONSE_TIMEOUT);
        Ok(Self { link, writes, tops: HashMap::new() })
    }

    /// Adds these lines, in order, and says of each what became of it. At the first that cannot be added it stops; later
    /// ones may have been added only where someone else wrote to the same stream at the same moment.
    ///
    /// # Errors
    /// Where Redis goes away. Some of the lines may have been added then; trying again finds them.
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
        let mut pipeline = Pipeline::with_capacity(indices.len());
        for &index in indices {
            let Line { stream, entry } = &lines[index];
            let id = entry.id.to_string();
            pipeline.cmd("XRANGE").arg(stream.as_bytes()).arg(&id).arg(&id);
        }
        for (&index, reply) in indices.iter().zip(self.link.run(pipeline).await?) {
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

    /// Adds lines, all in one transaction. Redis then refuses all of them where it lacks the memory or the right to write,
    /// instead of some: a stream that misses one entry and has the next could never be completed.
    async fn add(
        &mut self,
        lines: &[Line],
        indices: &[usize],
        outcomes: &mut [AppendOutcome],
        surprises: &mut HashSet<usize>,
    ) -> Result<(), StoreError> {
        let mut pipeline = Pipeline::with_capacity(indices.len() + 2);
        pipeline.cmd("MULTI");
        for &index in indices {
            pipeline.add_command(xadd(&lines[index]));
        }
        pipeline.cmd("EXEC");
        let sent = self.writes.send_all(&pipeline).await;
        let mut replies = sent.map_err(WriteError::into_cause)?;
        let exec = replies.pop();
        let each = replies.split_off(1);
        let results = match (replies.pop(), exec) {
            // Who may not use transactions gets the commands one by one.
            (Some(Err(_)), _) => each,
            (_, Some(Ok(Value::Array(results)))) if results.len() == indices.len() => {
                results.into_iter().map(|result| self.writes.checked(result)).collect()
            }
            (_, Some(Err(refusal))) => {
                let mut culprit = each.into_iter().enumerate();
                let culprit = culprit.find_map(|(at, reply)| Some((indices[at], reply.err()?)));
                let (index, error) = culprit.unwrap_or((indices[0], refusal));
                outcomes[index] = AppendOutcome::Failed(error);
                return Ok(());
            }
            _ => return Err(StoreError::unexpected("a transaction of another shape")),
        };
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
        Ok(())
    }
}

/// What has to be done next for some lines, given by their indices.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    /// Ask how far their streams are; one line for each stream.
    Learn(Vec<usize>),
    /// Compare them with what is there.
    Compare(Vec<usize>),
    /// Add them.
    Add(Vec<usize>),
    Done,
}

fn next_step(
    lines: &[Line],
    outcomes: &[AppendOutcome],
    tops: &HashMap<StreamKey, EntryId>,
) -> Step {
    let open = lines
        .iter()
        .zip(outcomes)
        .enumerate()
        .take_while(|(_, (_, o))| {
            !matches!(o, AppendOutcome::Conflict(_) | AppendOutcome::Failed(_))
        })
        .filter(|(_, (_, outcome))| **outcome == AppendOutcome::NotTried)
        .map(|(index, (line, _))| (index, line));

    let mut unknown = HashSet::new();
    let (mut learn, mut compare, mut add) = (Vec::new(), Vec::new(), Vec::new());
    let mut added_up_to: HashMap<&StreamKey, EntryId> = HashMap::new();
    let mut is_growing = true;
    for (index, Line { stream, entry }) in open {
        match tops.get(stream) {
            None => {
                if unknown.insert(stream) {
                    learn.push(index);
                }
            }
            Some(top) if entry.id <= *top => compare.push(index),
            Some(_) => {
                // A line that repeats or goes back behind one before it can only be compared once that one was added.
                is_growing &= added_up_to.insert(stream, entry.id).is_none_or(|id| id < entry.id);
                if is_growing {
                    add.push(index);
                }
            }
        }
    }
    if !learn.is_empty() {
        Step::Learn(learn)
    } else if !compare.is_empty() {
        Step::Compare(compare)
    } else if !add.is_empty() {
        Step::Add(add)
    } else {
        Step::Done
    }
}

fn xadd(Line { stream, entry }: &Line) -> Cmd {
    let mut command = redis::cmd("XADD");
    command.arg(stream.as_bytes()).arg(entry.id.to_string());
    for (name, value) in entry.fields.iter() {
        command.arg(name).arg(value);
    }
    command
}

/// Reads streams from end to end.
pub struct BulkReader {
    link: Link,
}

/// A run of entries to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Of this stream.
    pub stream: StreamKey,
    /// Only after this id.
    pub after: Option<EntryId>,
    /// Up to and with this id.
    pub until: EntryId,
    /// At most so many.
    pub count: u64,
}

impl BulkReader {
    /// Connects.
    ///
    /// # Errors
    /// Where Redis cannot be reached.
    pub async fn connect(url: &StoreUrl) -> Result<Self, StoreError> {
        Ok(Self { link: Link::new(url).await? })
    }

    /// Goes on looking for streams whose keys begin with `prefix`: those found in a small part of the keyspace, and where
    /// to go on, if there is more. One may be found twice.
    ///
    /// # Errors
    /// Whatever Redis refuses.
    pub async fn scan(
        &mut self,
        prefix: &StreamKey,
        cursor: u64,
    ) -> Result<(Vec<StreamKey>, Option<u64>), StoreError> {
        let mut pattern = glob_escaped(prefix.as_bytes());
        pattern.push(b'*');
        let mut pipeline = redis::pipe();
        pipeline.cmd("SCAN").arg(cursor).arg("MATCH").arg(pattern);
        pipeline.arg("COUNT").arg(SCAN_COUNT).arg("TYPE").arg("stream");
        let reply = self.link.run(pipeline).await?.pop();
        let reply = reply.ok_or(StoreError::Unexpected { what: "an empty reply" })?;
        let (next, keys) = reply::scan(self.link.checked(reply)?)?;
        let keys = keys.into_iter().map(StreamKey::from_bytes).collect();
        Ok((keys, (next != 0).then_some(next)))
    }

    /// Asks about many streams; [`StoreError::NotFound`] and [`StoreError::WrongType`] for keys that are none.
    ///
    /// # Errors
    /// Where Redis goes away.
    pub async fn infos(
        &mut self,
        keys: &[StreamKey],
    ) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
        self.link.infos(&keys.iter().collect::<Vec<_>>()).await
    }

    /// Reads many spans in one round trip. A stream that is gone by now has no entries.
    ///
    /// # Errors
    /// Where Redis goes away.
    pub async fn read(
        &mut self,
        spans: &[Span],
    ) -> Result<Vec<Result<Vec<Entry>, StoreError>>, StoreError> {
        let mut pipeline = Pipeline::with_capacity(spans.len());
        for Span { stream, after, until, count } in spans {
            let range = IdRange { after: *after, before: until.next() };
            let [first, last] = range.arguments();
            pipeline.cmd("XRANGE").arg(stream.as_bytes()).arg(first).arg(last);
            pipeline.arg("COUNT").arg(*count);
        }
        let replies = self.link.run(pipeline).await?.into_iter();
        Ok(replies.map(|reply| reply::entries(self.link.checked(reply)?)).collect())
    }
}

/// A connection of one's own.
struct Link {
    url: StoreUrl,
    connection: MultiplexedConnection,
}

impl Link {
    async fn new(url: &StoreUrl) -> Result<Self, StoreError> {
        let connection = connect(url, Some(RESPONSE_TIMEOUT)).await?;
        Ok(Self { url: url.clone(), connection })
    }

    /// Sends commands in one go and gives the reply to each, errors among them.
    async fn run(&mut self, mut pipeline: Pipeline) -> Result<Vec<Value>, StoreError> {
        let commands = pipeline.len();
        let replies: Vec<Value> = pipeline
            .ignore_errors()
            .query_async(&mut self.connection)
            .await
            .map_err(|error| StoreError::from_redis(&self.url, &error))?;
        if replies.len() == commands {
            Ok(replies)
        } else {
            Err(StoreError::unexpected("another number of replies than commands"))
        }
    }

    async fn infos(
        &mut self,
        keys: &[&StreamKey],
    ) -> Result<Vec<Result<StreamInfo, StoreError>>, StoreError> {
        let mut infos = Vec::with_capacity(keys.len());
        for keys in keys.chunks(INFO_BATCH) {
            let mut pipeline = Pipeline::with_capacity(keys.len());
            for key in keys {
                pipeline.cmd("XINFO").arg("STREAM").arg(key.as_bytes());
            }
            let replies = self.run(pipeline).await?.into_iter();
            infos.extend(replies.map(|reply| reply::stream_info(self.checked(reply)?)));
        }
        Ok(infos)
    }

    fn checked(&self, reply: Value) -> Result<Value, StoreError> {
        match reply {
            Value::ServerError(error) => Err(self.error(error)),
            reply => Ok(reply),
        }
    }

    fn error(&self, error: ServerError) -> StoreError {
        StoreError::from_redis(&self.url, &error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: &str, id: u64) -> Line {
        let fields = Fields::from_iter([("a", "b")]);
        Line { stream: stream.into(), entry: Entry { id: EntryId::new(id, 0), fields } }
    }

    fn lines(ids: &[(&str, u64)]) -> Vec<Line> {
        ids.iter().map(|(stream, id)| line(stream, *id)).collect()
    }

    fn tops(tops: &[(&str, u64)]) -> HashMap<StreamKey, EntryId> {
        tops.iter().map(|(stream, id)| (StreamKey::from(*stream), EntryId::new(*id, 0))).collect()
    }

    fn untried(lines: &[Line]) -> Vec<AppendOutcome> {
        vec![AppendOutcome::NotTried; lines.len()]
    }

    #[test]
    fn unknown_streams_are_asked_about_first_and_once() {
        let lines = lines(&[("s", 1), ("t", 1), ("s", 2)]);
        let step = next_step(&lines, &untried(&lines), &tops(&[]));
        assert_eq!(step, Step::Learn(vec![0, 1]));
    }

    #[test]
    fn what_the_stream_has_passed_is_compared_before_anything_is_added() {
        let lines = lines(&[("s", 6), ("t", 5), ("s", 7), ("t", 6)]);
        let step = next_step(&lines, &untried(&lines), &tops(&[("s", 0), ("t", 5)]));
        assert_eq!(step, Step::Compare(vec![1]));
    }

    #[test]
    fn nothing_behind_a_conflict_is_tried() {
        let lines = lines(&[("s", 6), ("t", 5), ("s", 7)]);
        let known = tops(&[("s", 0), ("t", 5)]);
        let mut outcomes = untried(&lines);
        outcomes[1] = AppendOutcome::Conflict(Conflict::Passed { last_id: EntryId::new(5, 0) });
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![0]));
        outcomes[0] = AppendOutcome::Added;
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Done);
    }

    #[test]
    fn lines_that_do_not_grow_wait_until_those_before_them_were_added() {
        let lines = lines(&[("s", 6), ("t", 1), ("s", 6), ("t", 2)]);
        let known = tops(&[("s", 0), ("t", 0)]);
        let mut outcomes = untried(&lines);
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![0, 1]));
        outcomes[..2].fill(AppendOutcome::Added);
        let known = tops(&[("s", 6), ("t", 1)]);
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Compare(vec![2]));
        outcomes[2] = AppendOutcome::AlreadyThere;
        assert_eq!(next_step(&lines, &outcomes, &known), Step::Add(vec![3]));
    }
}
