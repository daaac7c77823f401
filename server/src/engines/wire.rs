//! What the server and its engine processes say to each other: frames of a tag, a length and as many bytes.
//!
//! An engine process is told its [`Setup`] once, then one [`Job`] after the other. Behind a job come the pages or events that it is
//! about, and [`Tag::End`]. The process answers [`Tag::Taken`] for each page that it begins with, [`Tag::Keyframe`] for each keyframe, and
//! [`Tag::Done`] once; or [`Tag::GivenUp`], and ends.

use std::io::{self, Read};

use rewind_codec::CodecParcel;
use rewind_domain::fold::Checkpoint;
use rewind_domain::travel::Tally;
use rewind_domain::versions::StreamExtent;
use rewind_domain::{FoldError, Json, StreamKey};
use rewind_script::{Culprit, Limits};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::folds::{FoldPlan, Script};
use crate::travel::{Keyframe, Outcome, VisitorKind};
use rewind_store::Place;

/// How long a frame may be: more than a page, a job or an answer ever is.
const MAX_FRAME: usize = 1 << 30;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    /// To the process: a [`Setup`].
    Setup = 1,
    /// To the process: a [`Job`].
    Job = 2,
    /// To the process: a packed page.
    Page = 3,
    /// To the process: packed events.
    Events = 4,
    /// To the process: nothing more comes for this job.
    End = 5,
    /// From the process: a page was taken in hand, and another one may be sent.
    Taken = 6,
    /// From the process: a [`WireKeyframe`].
    Keyframe = 7,
    /// From the process: the answer.
    Done = 8,
    /// From the process: a [`GivenUp`]. It ends.
    GivenUp = 9,
}

/// What an engine process has to know.
#[derive(Serialize, Deserialize)]
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) codecs: CodecParcel,
}

/// What an engine process is asked.
#[derive(Serialize, Deserialize)]
pub(super) enum Job {
    /// Whether this is a fold; answered with [`Readable`].
    ReadFold(Script),
    /// Whether this is an expression; answered with [`Readable`].
    ReadExpression(String),
    /// A walk, whose pages follow; answered with a [`WalkAnswer`].
    Walk(Box<WireWalk>),
    /// Which events an expression is true of, which follow; answered with [`Verdicts`].
    Judge(Judge),
    /// Whether this is a projection; answered with [`ReadProjection`].
    ReadProjection(Script),
    /// What the events that follow make of a projection; answered with [`Projected`].
    Project(Box<WireProjection>),
}

/// Whether a script can be used.
pub(super) type Readable = Result<(), FoldError>;

/// The streams of a projection and whether it is a table, or why it is none.
pub(super) type ReadProjection = Result<(Vec<String>, bool), FoldError>;

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct WireProjection {
    pub(super) script: Script,
    /// The streams that events are of, which they name by their number here.
    pub(super) streams: Vec<StreamKey>,
    pub(super) asked: Asked,
    /// How many of the events it is about.
    pub(super) count: usize,
    /// Where scripts are known to take too long.
    pub(super) culprits: Vec<Culprit>,
}

/// What is asked of a projection.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Asked {
    /// The keys of the rows that the events are about.
    Keys,
    /// The state behind them, from this one on, or from the beginning.
    State(Option<Json>),
    /// The rows behind them.
    Rows {
        /// The key of each event.
        keys: Vec<Option<String>>,
        /// The rows that there are.
        rows: Vec<(String, Json)>,
    },
}

/// What events made of a projection.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Projected {
    /// How many were taken in, from the first: fewer where the next one fails, or where they are to be taken in portions.
    pub(crate) taken: usize,
    /// Why the next one fails.
    pub(crate) failure: Option<FoldError>,
    /// The keys of those taken in, where these were asked for.
    pub(crate) keys: Vec<Option<String>>,
    /// The state, where that was asked for.
    pub(crate) state: Option<Json>,
    /// The rows that are another now, where these were asked for; `None` for one that is there no more.
    pub(crate) rows: Vec<(String, Option<Json>)>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireWalk {
    pub(super) fold: FoldPlan,
    pub(super) stream: StreamKey,
    pub(super) extent: StreamExtent,
    pub(super) start: Option<WireKeyframe>,
    /// The versions of the keyframes that there are; `None` where none are laid.
    pub(super) keyframes: Option<Vec<u64>>,
    pub(super) kind: VisitorKind,
    pub(super) visitor: Box<RawValue>,
    /// Where scripts are known to take too long.
    pub(super) culprits: Vec<Culprit>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum WalkAnswer {
    Done { visitor: Box<RawValue>, outcome: Box<Outcome> },
    NoFold(FoldError),
    NoExpression(FoldError),
}

#[derive(Serialize, Deserialize)]
pub(super) struct WireKeyframe {
    place: Place,
    state: Json,
    notes: Option<String>,
    tally: Tally,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Judge {
    pub(super) expression: String,
    /// The streams that events are of, which they name by their number here.
    pub(super) streams: Vec<StreamKey>,
    /// After how many events at which the expression was stopped it is not asked any more.
    pub(super) max_stops: usize,
}

/// For each of the first events, this many, whether an expression is true for it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Verdicts {
    pub(super) judged: usize,
    /// Those of which it is.
    pub(super) meant: Vec<usize>,
    /// Those about which it failed.
    pub(super) failed: Vec<(usize, FoldError)>,
}

/// A script could not be stopped.
#[derive(Serialize, Deserialize)]
pub(super) struct GivenUp {
    pub(super) culprit: Culprit,
    /// What was found out before.
    pub(super) verdicts: Verdicts,
}

impl WireKeyframe {
    pub(super) fn of(keyframe: Keyframe) -> Self {
        let Keyframe { place, checkpoint: Checkpoint { state, notes }, tally } = keyframe;
        Self { place, state, notes: notes.map(|notes| notes.to_string()), tally }
    }

    pub(super) fn into_keyframe(self) -> Keyframe {
        let Self { place, state, notes, tally } = self;
        Keyframe { place, checkpoint: Checkpoint { state, notes: notes.map(Into::into) }, tally }
    }
}

impl Verdicts {
    pub(super) fn push(&mut self, verdict: Result<bool, FoldError>) {
        match verdict {
            Ok(true) => self.meant.push(self.judged),
            Ok(false) => {}
            Err(error) => self.failed.push((self.judged, error)),
        }
        self.judged += 1;
    }

    /// Adds what was found of the events behind those of this.
    pub(super) fn extend(&mut self, next: Self) {
        let first = self.judged;
        self.meant.extend(next.meant.into_iter().map(|at| first + at));
        self.failed.extend(next.failed.into_iter().map(|(at, error)| (first + at, error)));
        self.judged += next.judged;
    }

    pub(super) fn into_list(self) -> Vec<Result<bool, FoldError>> {
        let mut list = vec![Ok(false); self.judged];
        for at in self.meant {
            if let Some(verdict) = list.get_mut(at) {
                *verdict = Ok(true);
            }
        }
        for (at, error) in self.failed {
            if let Some(verdict) = list.get_mut(at) {
                *verdict = Err(error);
            }
        }
        list
    }
}

impl Tag {
    fn of(byte: u8) -> io::Result<Self> {
        const ALL: [Tag; 9] = [
            Tag::Setup,
            Tag::Job,
            Tag::Page,
            Tag::Events,
            Tag::End,
            Tag::Taken,
            Tag::Keyframe,
            Tag::Done,
            Tag::GivenUp,
        ];
        let known = ALL.into_iter().find(|tag| *tag as u8 == byte);
        known.ok_or_else(|| garbled("a frame of no known kind"))
    }
}

/// A frame with something as JSON in it.
pub(super) fn json_frame(tag: Tag, value: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut bytes = head(tag, 0)?.to_vec();
    serde_json::to_writer(&mut bytes, value)?;
    let length = head(tag, bytes.len() - HEAD)?;
    bytes[..HEAD].copy_from_slice(&length);
    Ok(bytes)
}

/// A frame with these bytes in it.
pub(super) fn frame(tag: Tag, payload: &[u8]) -> io::Result<Vec<u8>> {
    Ok([&head(tag, payload.len())?, payload].concat())
}

const HEAD: usize = 5;

/// What stands before this many bytes.
pub(super) fn head(tag: Tag, length: usize) -> io::Result<[u8; HEAD]> {
    if length > MAX_FRAME {
        return Err(garbled("a frame of more than a gigabyte"));
    }
    let [a, b, c, d] = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    Ok([tag as u8, a, b, c, d])
}

fn read_head([tag, a, b, c, d]: [u8; HEAD]) -> io::Result<(Tag, usize)> {
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > MAX_FRAME {
        return Err(garbled("a frame of more than a gigabyte"));
    }
    Ok((Tag::of(tag)?, length))
}

/// The next frame; an error at the end as well.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<(Tag, Vec<u8>)> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head)?;
    let (tag, length) = read_head(head)?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok((tag, payload))
}

/// The same without a thread that waits.
pub(super) async fn receive_frame(
    from: &mut (impl AsyncRead + Unpin),
) -> io::Result<(Tag, Vec<u8>)> {
    let mut head = [0; HEAD];
    from.read_exact(&mut head).await?;
    let (tag, length) = read_head(head)?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload).await?;
    Ok((tag, payload))
}

fn garbled(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::FoldErrorKind;

    fn failed() -> FoldError {
        FoldError { kind: FoldErrorKind::Threw, message: "no".into(), line: None, column: None }
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        let mut bytes = frame(Tag::Page, b"abc").unwrap();
        bytes.extend(json_frame(Tag::Done, &vec![1, 2]).unwrap());
        let mut reader = bytes.as_slice();
        assert_eq!(read_frame(&mut reader).unwrap(), (Tag::Page, b"abc".to_vec()));
        assert_eq!(read_frame(&mut reader).unwrap(), (Tag::Done, b"[1,2]".to_vec()));
        assert!(read_frame(&mut reader).is_err());
        assert!(read_frame(&mut &[77, 0, 0, 0, 0][..]).is_err());
    }

    #[test]
    fn verdicts_of_two_processes_are_those_of_one() {
        let all = [Ok(true), Ok(false), Err(failed()), Ok(true), Ok(false)];
        for cut in 0..=all.len() {
            let (mut first, mut second) = (Verdicts::default(), Verdicts::default());
            all[..cut].iter().cloned().for_each(|verdict| first.push(verdict));
            all[cut..].iter().cloned().for_each(|verdict| second.push(verdict));
            first.extend(second);
            assert_eq!(first.into_list(), all);
        }
    }
}
