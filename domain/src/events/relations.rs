//! Relations: which events belong to one story, by what they say of each other.
//!
//! An event may tell its own id, the id of the event that caused it (*causation*), and an id that all events of one story share
//! (*correlation*). Where events have no ids of their own, a cause is named by the id of its entry. Systems call these
//! fields by different names and keep them in different places, so both are looked for.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{EntryId, Event, Json, StreamKey};

/// Members of the data in which events keep what they say about themselves.
const METADATA: [&str; 2] = ["metadata", "meta"];

/// What is longer than this is no id but content that happens to stand under such a name.
const MAX_ID_BYTES: usize = 256;

/// The names by which events call their relations, the first that an event has being the one that counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelationNames {
    /// Of the id of the event itself.
    pub id: Vec<String>,
    /// Of the id that all events of one story share.
    pub correlation: Vec<String>,
    /// Of the id of the event that caused it.
    pub causation: Vec<String>,
}

impl Default for RelationNames {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            id: names(&["event_id", "eventId", "ce-id", "ce_id", "id"]),
            correlation: names(&["correlation_id", "correlationId"]),
            causation: names(&["causation_id", "causationId"]),
        }
    }
}

/// What an event says of itself and others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Links {
    /// Its own id.
    #[serde(rename = "event_id", default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The id that all events of its story share.
    #[serde(rename = "correlation_id", default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// The id of the event that caused it.
    #[serde(rename = "causation_id", default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<String>,
}

/// An event among others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// The stream that it is in.
    pub stream: &'a StreamKey,
    /// The id of its entry.
    pub entry: EntryId,
    /// What it says of itself and others.
    pub links: &'a Links,
}

impl RelationNames {
    /// What an event says: in its fields first, then in its data, then in the metadata in there.
    pub fn links(&self, event: &Event) -> Links {
        Links {
            id: find(event, &self.id),
            correlation: find(event, &self.correlation),
            causation: find(event, &self.causation),
        }
    }
}

/// The members that belong to the story of the one at `of`, itself among them, in their order.
///
/// They share its correlation id, or are linked to it by causation, directly or through others that are here. A cause that is named by
/// the id of an entry counts only among events of the same correlation id, since streams share entry ids by chance.
pub fn related(members: &[Member<'_>], of: usize) -> Vec<usize> {
    let Some(start) = members.get(of) else { return Vec::new() };
    let index = Index::new(members);
    let mut search =
        Search { is_found: vec![false; members.len()], todo: Vec::new(), asked: HashSet::new() };
    search.find(of);
    // Whoever began a story may be known by its own id alone.
    for story in [start.links.correlation.as_deref(), index.id_of(start)].into_iter().flatten() {
        search.ask(Question::Correlation(story), &index);
        search.ask(Question::Id(story), &index);
    }
    while let Some(at) = search.todo.pop() {
        let Some(member) = members.get(at) else { continue };
        let correlation = member.links.correlation.as_deref();
        if let Some(id) = index.id_of(member) {
            search.ask(Question::Id(id), &index);
            search.ask(Question::Effect(id), &index);
        }
        search.ask(Question::EntryEffect(member.entry, correlation), &index);
        if let Some(cause) = member.links.causation.as_deref() {
            search.ask(Question::Id(cause), &index);
            if let Ok(entry) = cause.parse() {
                search.ask(Question::Entry(entry, correlation), &index);
            }
        }
    }
    (0..members.len()).filter(|at| search.is_found[*at]).collect()
}

/// Members by what they can be found by.
pub(crate) struct Index<'a> {
    by: HashMap<Question<'a>, Vec<usize>>,
    /// Ids that several events of one stream have. They name something else, such as the thing that the events are about.
    shared_ids: HashSet<&'a str>,
}

/// What members can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Question<'a> {
    /// Who has this id?
    Id(&'a str),
    /// Who has this correlation id?
    Correlation(&'a str),
    /// Who was caused by the event of this id?
    Effect(&'a str),
    /// Who is the entry of this id, among those of this correlation id?
    Entry(EntryId, Option<&'a str>),
    /// Who was caused by the entry of this id, among those of this correlation id?
    EntryEffect(EntryId, Option<&'a str>),
}

impl<'a> Index<'a> {
    pub(crate) fn new(members: &[Member<'a>]) -> Self {
        let (mut seen, mut shared_ids) = (HashSet::new(), HashSet::new());
        for member in members {
            if let Some(id) = member.links.id.as_deref()
                && !seen.insert((member.stream, id))
            {
                shared_ids.insert(id);
            }
        }
        let mut index = Self { by: HashMap::new(), shared_ids };
        for (at, member) in members.iter().enumerate() {
            let correlation = member.links.correlation.as_deref();
            let cause = member.links.causation.as_deref();
            let entry_cause = cause.and_then(|cause| cause.parse().ok());
            let questions = [
                index.id_of(member).map(Question::Id),
                correlation.map(Question::Correlation),
                cause.map(Question::Effect),
                Some(Question::Entry(member.entry, correlation)),
                entry_cause.map(|entry| Question::EntryEffect(entry, correlation)),
            ];
            for question in questions.into_iter().flatten() {
                index.by.entry(question).or_default().push(at);
            }
        }
        index
    }

    /// The id of a member, where it is one.
    pub(crate) fn id_of(&self, member: &Member<'a>) -> Option<&'a str> {
        member.links.id.as_deref().filter(|id| !self.shared_ids.contains(id))
    }

    /// Whom a question finds, in order.
    pub(crate) fn answer(&self, question: Question<'a>) -> &[usize] {
        self.by.get(&question).map_or(&[], Vec::as_slice)
    }
}

struct Search<'a> {
    is_found: Vec<bool>,
    todo: Vec<usize>,
    /// Each question is asked once, however many lead to it.
    asked: HashSet<Question<'a>>,
}

impl<'a> Search<'a> {
    fn ask(&mut self, question: Question<'a>, index: &Index<'a>) {
        if self.asked.insert(question) {
            index.answer(question).iter().for_each(|at| self.find(*at));
        }
    }

    fn find(&mut self, at: usize) {
        if let Some(is_found) = self.is_found.get_mut(at)
            && !std::mem::replace(is_found, true)
        {
            self.todo.push(at);
        }
    }
}

fn find(event: &Event, names: &[String]) -> Option<String> {
    let in_fields = |name: &String| {
        let value = event.fields.get(name)?;
        std::str::from_utf8(value).ok().and_then(id_text)
    };
    let in_data = |data: &Json| names.iter().find_map(|name| data.get(name).and_then(json_id));
    names
        .iter()
        .find_map(in_fields)
        .or_else(|| in_data(&event.data))
        .or_else(|| METADATA.iter().find_map(|place| event.data.get(place).and_then(in_data)))
}

fn json_id(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => id_text(text),
        Json::Number(number) => id_text(number.as_str()),
        _ => None,
    }
}

fn id_text(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= MAX_ID_BYTES).then(|| text.to_owned())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::{Entry, layout};
    use proptest::prelude::*;

    /// An event of a test: stream, entry id, and what it says; `-` for nothing.
    pub(crate) type Told = (StreamKey, EntryId, Links);

    pub(crate) fn told(
        stream: &str,
        entry: &str,
        id: &str,
        correlation: &str,
        cause: &str,
    ) -> Told {
        let some = |text: &str| (text != "-").then(|| text.to_owned());
        let links = Links { id: some(id), correlation: some(correlation), causation: some(cause) };
        (stream.into(), entry.parse().unwrap(), links)
    }

    pub(crate) fn members(told: &[Told]) -> Vec<Member<'_>> {
        told.iter().map(|(stream, entry, links)| Member { stream, entry: *entry, links }).collect()
    }

    pub(crate) fn any_told() -> impl Strategy<Value = Vec<Told>> {
        let word = || prop::option::of("[ab1]{1}|1-[01]");
        let one = ("[st]", 0..3_u64, 0..2_u64, word(), word(), word());
        prop::collection::vec(one, 0..12).prop_map(|all| {
            all.into_iter()
                .map(|(stream, ms, seq, id, correlation, causation)| {
                    let links = Links { id, correlation, causation };
                    (stream.as_str().into(), EntryId::new(ms, seq), links)
                })
                .collect()
        })
    }

    fn links(fields: &[(&str, &str)]) -> Links {
        let fields = fields.iter().copied().collect();
        let event = layout::decode(Entry { id: EntryId::new(1, 0), fields });
        RelationNames::default().links(&event)
    }

    #[test]
    fn ids_are_found_in_fields_then_in_data_then_in_its_metadata() {
        let data = r#"{"correlationId":"d","causation_id":"d","metadata":{"event_id":7,"causation_id":"m"}}"#;
        let found = links(&[("correlation_id", "f"), ("data", data)]);
        assert_eq!(found.correlation.as_deref(), Some("f"));
        assert_eq!(found.causation.as_deref(), Some("d"));
        assert_eq!(found.id.as_deref(), Some("7"));
    }

    #[test]
    fn what_is_no_id_is_not_taken_for_one() {
        let long = "x".repeat(MAX_ID_BYTES + 1);
        let data = r#"{"event_id":{},"causation_id":null}"#;
        let found = links(&[("correlation_id", &long), ("causation_id", ""), ("data", data)]);
        assert_eq!(found, Links::default());
    }

    #[test]
    fn a_story_is_what_shares_its_correlation_and_what_causes_lead_to() {
        let all = [
            told("s", "1-0", "a", "c", "-"),
            told("t", "2-0", "b", "c", "a"),
            told("u", "3-0", "d", "-", "b"),
            told("u", "4-0", "e", "-", "d"),
            told("u", "5-0", "x", "y", "-"),
            told("v", "6-0", "-", "-", "x"),
        ];
        assert_eq!(related(&members(&all), 0), [0, 1, 2, 3]);
        assert_eq!(related(&members(&all), 3), [0, 1, 2, 3]);
        assert_eq!(related(&members(&all), 4), [4, 5]);
    }

    #[test]
    fn the_first_event_of_a_story_may_be_known_by_its_id_alone() {
        let all = [told("s", "1-0", "a", "-", "-"), told("t", "2-0", "b", "a", "-")];
        assert_eq!(related(&members(&all), 0), [0, 1]);
        assert_eq!(related(&members(&all), 1), [0, 1]);
    }

    #[test]
    fn a_cause_named_by_its_entry_counts_within_a_correlation() {
        let all = [
            told("s", "1-0", "-", "c", "-"),
            told("t", "2-0", "-", "-", "1-0"),
            told("u", "1-0", "-", "-", "-"),
            told("u", "3-0", "-", "c", "1-0"),
        ];
        assert_eq!(related(&members(&all), 0), [0, 3]);
        assert_eq!(related(&members(&all), 1), [1, 2]);
    }

    #[test]
    fn an_id_that_repeats_in_a_stream_is_that_of_something_else() {
        let all = [
            told("s", "1-0", "order", "-", "-"),
            told("s", "2-0", "order", "-", "-"),
            told("t", "3-0", "order", "-", "-"),
        ];
        assert_eq!(related(&members(&all), 0), [0]);
    }

    proptest! {
        #[test]
        fn a_story_is_the_same_from_wherever_causes_lead(told in any_told(), of in 0..12_usize) {
            let members = members(&told);
            let story = related(&members, of);
            prop_assert_eq!(story.contains(&of), of < members.len());
            // An effect of a member belongs to the story as well.
            let index = Index::new(&members);
            for at in &story {
                if let Some(id) = index.id_of(&members[*at]) {
                    prop_assert!(index.answer(Question::Effect(id)).iter().all(|effect| story.contains(effect)));
                }
            }
        }
    }
}
