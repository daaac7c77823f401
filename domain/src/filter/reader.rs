//! A text on its way into a filter, and where something is wrong in it.

use std::ops::Range;

use super::FilterError;

/// A place in a text. Places are bytes here, and become characters only for whoever is told.
pub(super) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// What was not read yet.
    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let is_there = self.rest().starts_with(text);
        self.at += if is_there { text.len() } else { 0 };
        is_there
    }

    /// Takes as much as is of this kind.
    pub(super) fn take_while(&mut self, is_meant: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = rest.split_once(|char| !is_meant(char)).map_or(rest, |(taken, _)| taken);
        self.at += taken.len();
        taken
    }

    /// Whether a term ends here.
    pub(super) fn is_at_end(&self) -> bool {
        self.peek().is_none_or(char::is_whitespace)
    }

    /// Reads what stands in double quotes, the first of which is here. `\` takes the special meaning from the character after it.
    pub(super) fn quoted(&mut self) -> Result<String, FilterError> {
        let start = self.at;
        let mut quoted = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((_, char)) = chars.next() {
            match char {
                '"' => {
                    self.at = chars.next().map_or(self.text.len(), |(next, _)| start + next);
                    return Ok(quoted);
                }
                '\\' => quoted.extend(chars.next().map(|(_, char)| char)),
                char => quoted.push(char),
            }
        }
        Err(self.fault(start..self.text.len(), "the closing quote `\"` is missing"))
    }

    /// What is wrong with these bytes of the text.
    pub(super) fn fault(&self, place: Range<usize>, message: impl Into<String>) -> FilterError {
        let chars = |bytes: usize| u32::try_from(self.chars_before(bytes)).unwrap_or(u32::MAX);
        let start = chars(place.start);
        FilterError { message: message.into(), column: start + 1, length: chars(place.end) - start }
    }

    /// How many characters there are before this byte.
    pub(super) fn chars_before(&self, at: usize) -> usize {
        self.text.get(..at).unwrap_or(self.text).chars().count()
    }
}

/// A text in double quotes, so that [`Reader::quoted`] reads it again.
pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
