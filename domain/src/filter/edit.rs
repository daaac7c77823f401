//! Editing a filter by its terms, for pages that show them one by one.

use super::path::data_path;
use super::reader::quote;
use super::{Filter, Test};
use crate::json::{Scalar, Step, is_number};
use crate::{Json, Pointer};

impl Filter {
    /// The text of the filter without one of its terms, the first of which is term 0.
    pub fn without(&self, term: usize) -> String {
        let mut kept = self.written();
        if term < kept.len() {
            kept.remove(term);
        }
        kept.join(" ")
    }

    /// The text of the filter with another term, given as text. It stays as it is where it has the term already.
    pub fn with(&self, term: &str) -> String {
        let mut terms = self.written();
        if let Ok(Filter { terms: added, .. }) = Filter::parse(term)
            && !added.iter().all(|added| self.terms.contains(added))
        {
            // Behind an expression all would be part of it.
            let is_script = |filter: &Filter| filter.script().is_some();
            let end = terms.len() - usize::from(is_script(self));
            terms.insert(end, term.trim().to_owned());
        }
        terms.join(" ")
    }

    /// The terms as they are written; an expression always with its `=`, so that it may stand behind others.
    pub(super) fn written(&self) -> Vec<String> {
        self.terms
            .iter()
            .map(|term| match &term.test {
                Test::Script(script) => format!("={}", script.source),
                _ => self.text_of(term),
            })
            .collect()
    }
}

/// The term that is true of events whose data has this value at this place, as text; `None` if there is no such place, or an
/// array or object at it.
pub fn term_of_value(data: &Json, place: &Pointer) -> Option<String> {
    let mut value = data;
    let mut steps = Vec::new();
    for token in place.tokens() {
        (value, steps) = match value {
            Json::Object(members) => {
                steps.push(Step::Key(token.as_ref().into()));
                (members.get(token.as_ref())?, steps)
            }
            Json::Array(items) => {
                let index = token.parse().ok()?;
                steps.push(Step::Index(index));
                (items.get(index)?, steps)
            }
            _ => return None,
        };
    }
    let written = match Scalar::of(value) {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(digits) => digits.to_owned(),
        Scalar::String(text) if is_plain_text(&text) => text.into_owned(),
        Scalar::String(text) => quote(&text),
        Scalar::Array | Scalar::Object => return None,
    };
    Some(format!("{}={written}", data_path(&steps)))
}

/// Whether a text without quotes means itself and nothing else.
fn is_plain_text(text: &str) -> bool {
    let is_plain = |char: char| char.is_alphanumeric() || "-_.:/@+".contains(char);
    !text.is_empty()
        && text.chars().all(is_plain)
        && !is_number(text)
        && !matches!(text, "null" | "true" | "false")
}
