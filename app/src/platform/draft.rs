//! A text that is being written, and the file that it is to become.

use serde::{Deserialize, Serialize};

/// What was written and not saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// What was saved when the writing began; `None` if nothing was.
    pub(crate) base: Option<String>,
    /// What is written.
    pub(crate) text: String,
}

/// A file's text as an editor has it: with line breaks of one kind.
pub(crate) fn to_editor(file: &str) -> String {
    file.replace("\r\n", "\n").replace('\r', "\n")
}

/// An editor's text as a file has it: with the line breaks of the file that it takes the place of.
pub(crate) fn to_file(text: &str, before: Option<&str>) -> String {
    match before.is_some_and(|before| before.contains("\r\n")) {
        true => text.replace('\n', "\r\n"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_changed_stays_the_same() {
        for file in ["", "a", "a\nb\n", "a\r\nb\r\n"] {
            assert_eq!(to_file(&to_editor(file), Some(file)), file);
        }
        assert_eq!(to_editor("a\r\nb\rc"), "a\nb\nc");
        assert_eq!(to_file("a\nb", None), "a\nb");
    }
}
