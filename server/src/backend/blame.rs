//! Who last set each leaf of a state.

use std::collections::HashSet;
use std::sync::Arc;

use rewind_app::api::query::{BlameQuery, Until};
use rewind_app::api::{ApiError, BlameAnswer, BlamedPath, Shortfall};
use rewind_domain::blame::{Author, Blame};
use rewind_domain::travel::{Replay, ReplayError};
use rewind_domain::versions::StreamExtent;
use rewind_domain::{EntryId, Json, RawEvent, StreamKey};
use serde::{Deserialize, Serialize};

use super::check_version;
use crate::api_errors::walk_error;
use crate::engines::Joined;
use crate::folds::FoldPlan;
use crate::travel::{Flow, Span, Traveller, Visitor, VisitorKind};
use rewind_store::HistoryEnd;

pub(super) async fn blame(
    traveller: &Traveller,
    fold: FoldPlan,
    query: BlameQuery,
) -> Result<BlameAnswer, ApiError> {
    let (at, ignored_types) = (query.at(), query.ignored_types());
    let stream = query.stream;
    let search = AuthorSearch {
        stream: stream.clone(),
        at,
        ignored_types: ignored_types.into_iter().collect(),
        blame: None,
        state: Json::Null,
        first: 0,
        paths: Vec::new(),
    };
    let (search, outcome) =
        traveller.walk(&stream, &fold, search).await.map_err(|error| walk_error(&stream, error))?;
    if let Some(stopped) = outcome.stopped {
        return Err(ApiError::stopped(&stopped));
    }
    Ok(BlameAnswer {
        version: outcome.version,
        paths: search.paths,
        incomplete: Shortfall::of(outcome.incomplete, &outcome.tally),
        fold: fold.name().to_owned(),
        stream,
    })
}

/// Goes through all changes from the beginning.
#[derive(Serialize, Deserialize)]
pub(crate) struct AuthorSearch {
    stream: StreamKey,
    at: Until,
    ignored_types: HashSet<String>,
    #[serde(skip)]
    blame: Option<Blame>,
    #[serde(skip)]
    state: Json,
    /// The version before the first event.
    first: u64,
    /// What came of it.
    paths: Vec<BlamedPath>,
}

impl Joined for AuthorSearch {}

impl Visitor for AuthorSearch {
    type Error = ApiError;

    const KIND: VisitorKind = VisitorKind::Blame;

    fn span(&self) -> Span {
        let to = match self.at {
            Until::Latest => HistoryEnd::Now,
            Until::Version(version) => HistoryEnd::Count(version),
            Until::Id(id) => HistoryEnd::Id(id),
            Until::TimeMs(ms) => HistoryEnd::Id(EntryId::new(ms, u64::MAX)),
        };
        Span { from: None, to }
    }

    fn begin(&mut self, extent: &StreamExtent) -> Result<u64, ApiError> {
        if let Until::Version(version) = self.at {
            check_version(&self.stream, version, extent.trimmed_count(), extent)?;
        }
        self.first = extent.trimmed_count();
        Ok(0)
    }

    fn event(
        &mut self,
        replay: &mut Replay<'_>,
        event: &RawEvent<'_>,
        _is_last: bool,
    ) -> Result<Flow, ReplayError> {
        if matches!(self.at, Until::Version(version) if event.version > version) {
            return Ok(Flow::Stop);
        }
        let blame = match &mut self.blame {
            Some(blame) => blame,
            None => self.blame.insert(Blame::unknown(&replay.state()?)),
        };
        let (_, changes) = replay.push_compared(event)?;
        if !changes.is_empty() {
            let author = Arc::new(Author {
                version: event.version,
                id: event.id,
                event_type: event.event_type(),
                timestamp_ms: event.timestamp_ms(),
            });
            let event_type = author.event_type.as_deref();
            let is_ignored = event_type.is_some_and(|name| self.ignored_types.contains(name));
            blame.advance(&changes, &author, is_ignored);
        }
        Ok(Flow::Continue)
    }

    fn finish(&mut self, replay: &mut Replay<'_>) -> Result<(), ReplayError> {
        self.state = replay.state()?;
        if self.blame.is_none() {
            self.blame = Some(Blame::unknown(&self.state));
        }
        Ok(())
    }

    fn close(&mut self) {
        let leaves = self.blame.take().map(|blame| blame.leaves(&self.state)).unwrap_or_default();
        let blamed = leaves.into_iter().map(|(path, author)| BlamedPath {
            path,
            version: author.as_ref().map_or(self.first, |author| author.version),
            id: author.as_ref().map(|author| author.id),
            event_type: author.as_ref().and_then(|author| author.event_type.clone()),
            timestamp_ms: author.as_ref().map(|author| author.timestamp_ms),
        });
        self.paths = blamed.collect();
    }
}
