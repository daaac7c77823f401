//! What some keys do in an editor, as edits of its text.
//!
//! Places in the text are counted in UTF-16 units, as browsers count them.

use std::ops::Range;

/// One level of indentation.
const LEVEL: &str = "  ";

/// Something to be put in place of a part of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// What is replaced.
    pub(crate) range: Range<usize>,
    /// By what.
    pub(crate) text: String,
    /// What is selected afterwards.
    pub(crate) selection: Range<usize>,
}

/// Tab: indents the lines that are selected, or puts a level of indentation at the caret.
pub(crate) fn indent(text: &str, selection: Range<usize>) -> Edit {
    let bytes = to_bytes(text, &selection);
    if !text[bytes.clone()].contains('\n') {
        return Edit::inserting(text, bytes, LEVEL.to_owned());
    }
    let range = whole_lines(text, bytes);
    let indented = each_line(&text[range.clone()], |line| match line.trim().is_empty() {
        true => line.to_owned(),
        false => format!("{LEVEL}{line}"),
    });
    Edit::replacing(text, range, indented)
}

/// Shift and Tab: takes a level of indentation from the lines that are selected. Nothing where there is none.
pub(crate) fn outdent(text: &str, selection: Range<usize>) -> Option<Edit> {
    let bytes = to_bytes(text, &selection);
    let is_caret = bytes.is_empty();
    let range = whole_lines(text, bytes.clone());
    let before = &text[range.clone()];
    let outdented = each_line(before, |line| {
        let line = line.strip_prefix('\t').unwrap_or_else(|| {
            line.strip_prefix(LEVEL).or_else(|| line.strip_prefix(' ')).unwrap_or(line)
        });
        line.to_owned()
    });
    if outdented == before {
        return None;
    }
    let removed = before.len() - outdented.len();
    let mut edit = Edit::replacing(text, range, outdented);
    if is_caret {
        // What is removed stood before the caret, and is one unit for each byte.
        let caret = units(&text[..bytes.start]).saturating_sub(removed).max(edit.range.start);
        edit.selection = caret..caret;
    }
    Some(edit)
}

/// Enter: the new line is indented as the one before, and deeper behind an opening bracket.
pub(crate) fn new_line(text: &str, selection: Range<usize>) -> Edit {
    let bytes = to_bytes(text, &selection);
    let line = &text[line_start(text, bytes.start)..bytes.start];
    let indentation = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
    let deeper = if line.trim_end().ends_with(['{', '[', '(']) { LEVEL } else { "" };
    Edit::inserting(text, bytes, format!("\n{indentation}{deeper}"))
}

/// A closing bracket, which at the beginning of a line stands a level higher. Nothing where it stands elsewhere.
pub(crate) fn closing_bracket(text: &str, selection: Range<usize>, bracket: &str) -> Option<Edit> {
    let bytes = to_bytes(text, &selection);
    let line = &text[line_start(text, bytes.start)..bytes.start];
    let is_at_beginning = !line.is_empty() && line.trim().is_empty();
    let higher = line.strip_suffix(LEVEL).filter(|_| is_at_beginning)?;
    let range = bytes.start - (line.len() - higher.len())..bytes.end;
    Some(Edit::inserting(text, range, bracket.to_owned()))
}

/// The place at a line and column, both counted from 1, the column in characters; the nearest one where there is no such place.
pub(crate) fn place_at(text: &str, line: u32, column: u32) -> usize {
    let lines_before = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
    let start = std::iter::once(0).chain(newlines).nth(lines_before).unwrap_or(text.len());
    let line = text[start..].split('\n').next().unwrap_or_default();
    let characters_before = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let width = line.char_indices().nth(characters_before).map_or(line.len(), |(at, _)| at);
    units(&text[..start + width])
}

impl Edit {
    /// With the caret behind it. The range is in bytes.
    fn inserting(text: &str, range: Range<usize>, inserted: String) -> Self {
        let range = to_units(text, &range);
        let caret = range.start + units(&inserted);
        Self { range, text: inserted, selection: caret..caret }
    }

    /// With all of it selected. The range is in bytes.
    fn replacing(text: &str, range: Range<usize>, replacement: String) -> Self {
        let range = to_units(text, &range);
        let selection = range.start..range.start + units(&replacement);
        Self { range, text: replacement, selection }
    }
}

/// The lines that a range touches, in bytes. One that it only reaches the beginning of is not touched.
fn whole_lines(text: &str, range: Range<usize>) -> Range<usize> {
    let last = match range.len() > 1 && text[..range.end].ends_with('\n') {
        true => range.end - 1,
        false => range.end,
    };
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    line_start(text, range.start)..end
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn each_line(lines: &str, change: impl Fn(&str) -> String) -> String {
    lines.split('\n').map(change).collect::<Vec<_>>().join("\n")
}

fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

fn to_units(text: &str, bytes: &Range<usize>) -> Range<usize> {
    let start = units(&text[..bytes.start]);
    start..start + units(&text[bytes.clone()])
}

/// What lies outside of the text, or in a character, counts as the next place that does not.
fn to_bytes(text: &str, places: &Range<usize>) -> Range<usize> {
    let byte = |place: usize| {
        let mut passed = 0;
        let found = text.char_indices().find(|(_, c)| {
            let is_reached = passed >= place;
            passed += c.len_utf16();
            is_reached
        });
        found.map_or(text.len(), |(at, _)| at)
    };
    let start = byte(places.start);
    start..byte(places.end).max(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Applies what a key does to a text in which `|` stands for the ends of the selection.
    fn press(marked: &str, key: impl Fn(&str, Range<usize>) -> Option<Edit>) -> Option<String> {
        let (text, selection) = unmark(marked);
        let edit = key(&text, selection)?;
        let bytes = to_bytes(&text, &edit.range);
        let after = format!("{}{}{}", &text[..bytes.start], edit.text, &text[bytes.end..]);
        let selected = to_bytes(&after, &edit.selection);
        let (start, inside) = (&after[..selected.start], &after[selected.clone()]);
        let middle = if inside.is_empty() { "|".to_owned() } else { format!("|{inside}|") };
        Some(format!("{start}{middle}{}", &after[selected.end..]))
    }

    fn unmark(marked: &str) -> (String, Range<usize>) {
        let mut parts = marked.split('|');
        let mut next = || parts.next().unwrap_or_default();
        let (before, inside, after) = (next(), next(), next());
        let is_caret = marked.matches('|').count() == 1;
        match is_caret {
            true => (format!("{before}{inside}"), units(before)..units(before)),
            false => {
                let start = units(before);
                (format!("{before}{inside}{after}"), start..start + units(inside))
            }
        }
    }

    #[test]
    fn tab_indents() {
        let tab = |text: &str, selection| Some(indent(text, selection));
        for (before, after) in [
            ("a|b", "a  |b"),
            ("🦀|", "🦀  |"),
            ("a|b|c", "a  |c"),
            ("x\n|a\n\nb|\ny", "x\n|  a\n\n  b|\ny"),
            ("x\na|b\nc|d\ny", "x\n|  ab\n  cd|\ny"),
            ("|a\n|b", "|  a|\nb"),
        ] {
            assert_eq!(press(before, tab).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn shift_and_tab_take_indentation_away() {
        for (before, after) in [
            ("  a|b", "a|b"),
            ("x\n    |a", "x\n  |a"),
            ("x\n|  a", "x\n|a"),
            ("\ta|", "a|"),
            ("x\n  🦀|", "x\n🦀|"),
            (" a|", "a|"),
            ("|  a\n b\nc|", "|a\nb\nc|"),
        ] {
            assert_eq!(press(before, outdent).as_deref(), Some(after), "{before}");
        }
        assert_eq!(press("a|", outdent), None);
    }

    #[test]
    fn enter_keeps_the_indentation() {
        let enter = |text: &str, selection| Some(new_line(text, selection));
        for (before, after) in [
            ("a|", "a\n|"),
            ("  a|b", "  a\n  |b"),
            ("  f({|", "  f({\n    |"),
            ("\ta|b|c", "\ta\n\t|c"),
            ("  |", "  \n  |"),
            (" | a", " \n | a"),
        ] {
            assert_eq!(press(before, enter).as_deref(), Some(after), "{before}");
        }
    }

    #[test]
    fn a_closing_bracket_stands_a_level_higher() {
        let close = |text: &str, selection| closing_bracket(text, selection, "}");
        assert_eq!(press("{\n  |", close).as_deref(), Some("{\n}|"));
        assert_eq!(press("    |  a|", close).as_deref(), Some("  }|"));
        for elsewhere in ["|", "a|", "  a |", " |"] {
            assert_eq!(press(elsewhere, close), None, "{elsewhere}");
        }
    }

    #[test]
    fn a_place_is_found_by_line_and_column() {
        let text = "a🦀b\nüc\n";
        for ((line, column), place) in [
            ((1, 1), 0),
            ((1, 3), 3),
            ((1, 99), 4),
            ((2, 2), 6),
            ((3, 1), 8),
            ((9, 9), 8),
            ((0, 0), 0),
            ((u32::MAX, u32::MAX), 8),
        ] {
            assert_eq!(place_at(text, line, column), place, "{line}:{column}");
        }
    }

    #[test]
    fn places_that_there_are_not_do_no_harm() {
        for text in ["", "🦀", "a\nb"] {
            for start in 0..6 {
                for end in 0..6 {
                    let _ = indent(text, start..end);
                    let _ = outdent(text, start..end);
                    let _ = new_line(text, start..end);
                    let _ = closing_bracket(text, start..end, "}");
                }
            }
        }
    }
}
