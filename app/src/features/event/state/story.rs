//! The events of one story, as they are found in several answers.

use rewind_domain::relation_tree::{Cause, forest};
use rewind_domain::relations::Member;
use rewind_domain::{EntryId, StreamKey};

use crate::api::related::{LookedAt, RelatedAnswer, RelatedEvent};
use crate::ui::text;

/// All that was found so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Story {
    answer: RelatedAnswer,
}

/// An event in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoryRow {
    /// The event.
    pub(crate) event: RelatedEvent,
    /// The streams that it was published in as well.
    pub(crate) copies: Vec<StreamKey>,
    /// How far it is indented.
    pub(crate) depth: usize,
    /// What is known of its cause.
    pub(crate) cause: Cause,
    /// How long after the first event of the story it happened, in milliseconds.
    pub(crate) offset_ms: i64,
    /// Whether it is the one whose story this is.
    pub(crate) is_this: bool,
}

impl Story {
    /// Begins with an answer.
    pub(crate) fn new(answer: RelatedAnswer) -> Self {
        Self { answer }
    }

    /// Adds what a later answer found. `is_deeper` where that looked further into one stream instead of on to others.
    pub(crate) fn add(&mut self, later: RelatedAnswer, is_deeper: bool) {
        let known = &mut self.answer;
        for event in later.events {
            let is_it = |other: &RelatedEvent| other.id == event.id && other.stream == event.stream;
            if !known.events.iter().any(is_it) {
                known.events.push(event);
            }
        }
        known.events.sort_by(|a, b| {
            (a.timestamp_ms, a.id, &a.stream).cmp(&(b.timestamp_ms, b.id, &b.stream))
        });
        known.total = known.total.max(later.total).max(known.events.len() as u64);
        for part in later.looked_at {
            match known.looked_at.iter_mut().find(|other| other.stream == part.stream) {
                Some(other) => *other = part,
                None => known.looked_at.push(part),
            }
        }
        if !is_deeper {
            known.next_cursor = later.next_cursor;
            known.unlisted = known.unlisted.take().or(later.unlisted);
        }
    }

    /// Its rows, causes above their effects.
    pub(crate) fn rows(&self) -> Vec<StoryRow> {
        let RelatedAnswer { stream, id, events, .. } = &self.answer;
        let members: Vec<Member<'_>> = events
            .iter()
            .map(|event| Member { stream: &event.stream, entry: event.id, links: &event.links })
            .collect();
        let begin_ms = events.iter().map(|event| event.timestamp_ms).min().unwrap_or_default();
        let is_this = |event: &RelatedEvent| event.id == *id && event.stream == *stream;
        let rows = forest(&members).into_iter().flat_map(|group| group.rows);
        rows.filter_map(|row| {
            let all = std::iter::once(row.at).chain(row.copies.iter().copied());
            let all: Vec<&RelatedEvent> = all.filter_map(|at| events.get(at)).collect();
            // Of an event that was published as well the one is shown that is looked at.
            let event =
                all.iter().copied().find(|event| is_this(event)).or(all.first().copied())?;
            let others = all.iter().filter(|other| other.stream != event.stream);
            Some(StoryRow {
                copies: others.map(|other| other.stream.clone()).collect(),
                depth: row.depth,
                cause: row.cause,
                offset_ms: event.timestamp_ms.saturating_sub(begin_ms),
                is_this: is_this(event),
                event: event.clone(),
            })
        })
        .collect()
    }

    /// The correlation id of the event whose story it is.
    pub(crate) fn correlation(&self) -> Option<&str> {
        let RelatedAnswer { stream, id, events, .. } = &self.answer;
        let this = events.iter().find(|event| event.id == *id && event.stream == *stream)?;
        this.links.correlation.as_deref()
    }

    /// The names by which events could have been related.
    pub(crate) fn names(&self) -> String {
        let names = &self.answer.names;
        let all = names.correlation.iter().chain(&names.causation);
        all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    /// What was looked through, as a sentence.
    pub(crate) fn effort(&self) -> String {
        let RelatedAnswer { looked_at, streams, .. } = &self.answer;
        let entries = looked_at.iter().map(|part| part.entries).sum();
        format!(
            "Looked through {} next to this event in {} of {}.",
            text::counted(entries, "entry", "entries"),
            text::counted(looked_at.len() as u64, "stream", "streams"),
            streams.join(", "),
        )
    }

    /// How many related events are not shown because there are too many.
    pub(crate) fn left_out(&self) -> u64 {
        self.answer.total.saturating_sub(self.answer.events.len() as u64)
    }

    /// The streams of which more could be read, and those that could not be read.
    pub(crate) fn parts(&self) -> Vec<LookedAt> {
        self.answer.looked_at.iter().filter(|part| !part.is_whole).cloned().collect()
    }

    /// Where further streams are looked for.
    pub(crate) fn next_cursor(&self) -> Option<&str> {
        self.answer.next_cursor.as_deref()
    }

    /// Why no further streams are looked for.
    pub(crate) fn unlisted(&self) -> Option<&str> {
        self.answer.unlisted.as_deref()
    }
}

/// The key of a row among others.
pub(crate) fn row_key(stream: &StreamKey, id: EntryId) -> String {
    format!("{stream}@{id}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rewind_domain::relations::{Links, RelationNames};

    fn event(stream: &str, ms: u64, id: Option<&str>, cause: Option<&str>) -> RelatedEvent {
        RelatedEvent {
            stream: stream.into(),
            id: EntryId::new(ms, 0),
            event_type: None,
            timestamp_ms: i64::try_from(ms).unwrap(),
            links: Links {
                id: id.map(str::to_owned),
                correlation: Some("c".to_owned()),
                causation: cause.map(str::to_owned),
            },
        }
    }

    fn part(stream: &str, entries: u64, is_whole: bool) -> LookedAt {
        let (first_id, last_id, problem) = (None, None, None);
        LookedAt { stream: stream.into(), entries, first_id, last_id, is_whole, problem }
    }

    fn answer(events: Vec<RelatedEvent>, looked_at: Vec<LookedAt>) -> RelatedAnswer {
        RelatedAnswer {
            stream: "t".into(),
            id: EntryId::new(200, 0),
            names: RelationNames::default(),
            total: events.len() as u64,
            events,
            looked_at,
            streams: vec!["s*".to_owned()],
            unlisted: None,
            next_cursor: None,
        }
    }

    fn drawn(story: &Story) -> Vec<String> {
        let row = |row: StoryRow| {
            let this = if row.is_this { " this" } else { "" };
            let copies: String = row.copies.iter().map(|copy| format!(" ={copy}")).collect();
            let key = row_key(&row.event.stream, row.event.id);
            format!("{}{key} +{}{copies}{this}", " ".repeat(row.depth), row.offset_ms)
        };
        story.rows().into_iter().map(row).collect()
    }

    #[test]
    fn an_event_that_was_published_as_well_is_shown_where_it_is_looked_at() {
        let events = vec![
            event("s", 100, Some("a"), None),
            event("s", 200, Some("b"), Some("a")),
            event("t", 200, Some("b"), Some("a")),
        ];
        let story = Story::new(answer(events, Vec::new()));
        assert_eq!(drawn(&story), ["s@100-0 +0", " t@200-0 +100 =s this"]);
        assert_eq!(story.correlation(), Some("c"));
    }

    #[test]
    fn what_further_answers_find_takes_its_place() {
        let this = event("t", 200, Some("b"), Some("a"));
        let mut first = answer(vec![this.clone()], vec![part("t", 10, false)]);
        first.next_cursor = Some("0.7".to_owned());
        let mut story = Story::new(first);
        assert_eq!(story.parts().len(), 1);
        story.add(answer(vec![this.clone()], vec![part("t", 20, true)]), true);
        assert_eq!((story.parts().len(), story.next_cursor()), (0, Some("0.7")));
        let cause = event("s", 100, Some("a"), None);
        story.add(answer(vec![cause, this], vec![part("s", 5, true)]), false);
        assert_eq!(drawn(&story), ["s@100-0 +0", " t@200-0 +100 this"]);
        assert_eq!(story.next_cursor(), None);
        assert_eq!(
            story.effort(),
            "Looked through 25 entries next to this event in 2 streams of s*."
        );
        assert_eq!(story.left_out(), 0);
    }
}
