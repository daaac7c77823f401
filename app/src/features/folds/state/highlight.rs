//! JavaScript in colour: which part of a source is what. Text that is no JavaScript is divided up somehow.

use std::ops::Range;

use rewind_domain::javascript::{Token, TokenKind, lex};

/// How many pieces a line is divided into; the rest of it is plain. Lines that people write have a tenth of that, and one
/// that a tool has written would make a page of elements by itself.
const MAX_PIECES: usize = 500;

/// A source, and what its parts are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Highlighted {
    source: String,
    /// Where each line begins, in bytes.
    line_starts: Vec<usize>,
    /// All that is not plain, in its order.
    spans: Vec<Span>,
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// What it is; `None` for what is plain.
    pub(crate) kind: Option<Kind>,
    /// How it reads.
    pub(crate) text: String,
}

/// What a part of a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A word of the language.
    Keyword,
    /// A word that is a value: `true`, `null` and the like.
    Word,
    /// A name that is called or declared with parameters.
    Function,
    /// Text in quotes or backticks.
    Text,
    /// A number, with whatever is glued to it.
    Number,
    /// A regular expression.
    Regex,
    /// A comment.
    Comment,
}

impl Kind {
    /// Its class in the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Keyword => "code-keyword",
            Self::Word => "code-word",
            Self::Function => "code-function",
            Self::Text => "code-string",
            Self::Number => "code-number-literal",
            Self::Regex => "code-regex",
            Self::Comment => "code-comment",
        }
    }
}

impl Highlighted {
    /// Looks through a source.
    pub(crate) fn of(source: &str) -> Self {
        let newlines = source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self {
            source: source.to_owned(),
            line_starts: std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect(),
            spans: spans(source),
        }
    }

    /// How many lines it has: at least one.
    pub(crate) fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The pieces of a line, counted from 0, without its line break. None for a line that there is not.
    pub(crate) fn line(&self, index: usize) -> Vec<Piece> {
        let Some(&start) = self.line_starts.get(index) else { return Vec::new() };
        let end = self.line_starts.get(index + 1).map_or(self.source.len(), |next| next - 1);
        let first = self.spans.partition_point(|span| span.range.end <= start);
        let mut pieces = Vec::new();
        let mut at = start;
        for span in &self.spans[first..] {
            if span.range.start >= end || pieces.len() >= MAX_PIECES {
                break;
            }
            self.push(&mut pieces, None, at..span.range.start);
            let range = span.range.start.max(start)..span.range.end.min(end);
            at = range.end;
            self.push(&mut pieces, Some(span.kind), range);
        }
        self.push(&mut pieces, None, at..end);
        pieces
    }

    fn push(&self, pieces: &mut Vec<Piece>, kind: Option<Kind>, range: Range<usize>) {
        if range.start < range.end {
            pieces.push(Piece { kind, text: self.source[range].to_owned() });
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    range: Range<usize>,
    kind: Kind,
}

/// Divides a source into what is not plain.
fn spans(source: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    for token in lex(source).tokens {
        let kind = match token.kind {
            TokenKind::Comment => Some(Kind::Comment),
            TokenKind::String => Some(Kind::Text),
            TokenKind::Number => Some(Kind::Number),
            TokenKind::Regex => Some(Kind::Regex),
            TokenKind::Punctuator => None,
            TokenKind::Word => kind_of_word(&token, &source[token.range().end..]),
            TokenKind::Template => {
                template(&token, &mut spans);
                None
            }
        };
        spans.extend(kind.map(|kind| Span { range: token.range(), kind }));
    }
    spans
}

/// A part of a template: its text, and the brackets around values in it.
fn template(token: &Token<'_>, spans: &mut Vec<Span>) {
    let Range { start, end } = token.range();
    let text_start = start + usize::from(token.text.starts_with('}'));
    let is_open = token.text[text_start - start..].ends_with("${");
    let text_end = if is_open { end - 2 } else { end };
    let parts = [
        (start..text_start, Kind::Keyword),
        (text_start..text_end, Kind::Text),
        (text_end..end, Kind::Keyword),
    ];
    let there = parts.into_iter().filter(|(range, _)| !range.is_empty());
    spans.extend(there.map(|(range, kind)| Span { range, kind }));
}

fn kind_of_word(token: &Token<'_>, behind: &str) -> Option<Kind> {
    let next = behind.trim_start_matches([' ', '\t']).chars().next();
    let begins_name = |c: char| c.is_alphabetic() || matches!(c, '_' | '$');
    let kind = match token.text {
        _ if token.follows_dot => None,
        "true" | "false" | "null" | "undefined" | "NaN" | "Infinity" => Some(Kind::Word),
        word if KEYWORDS.contains(&word) => Some(Kind::Keyword),
        // These are words of the language only if another word follows.
        "async" | "get" | "set" | "static" | "of" | "from" | "as"
            if next.is_some_and(|next| begins_name(next) || "\"'`[{#".contains(next)) =>
        {
            Some(Kind::Keyword)
        }
        _ => None,
    };
    kind.or_else(|| (next == Some('(')).then_some(Kind::Function))
}

/// The words of the language.
const KEYWORDS: [&str; 36] = [
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "finally",
    "for",
    "function",
    "if",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "return",
    "super",
    "switch",
    "this",
    "throw",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything of this kind, in its order.
    fn all(kind: Kind, source: &str) -> Vec<String> {
        let highlighted = Highlighted::of(source);
        (0..highlighted.line_count())
            .flat_map(|line| highlighted.line(line))
            .filter(|piece| piece.kind == Some(kind))
            .map(|piece| piece.text)
            .collect()
    }

    fn whole(source: &str) -> String {
        let highlighted = Highlighted::of(source);
        let line = |line| highlighted.line(line).into_iter().map(|piece| piece.text).collect();
        (0..highlighted.line_count()).map(line).collect::<Vec<String>>().join("\n")
    }

    #[test]
    fn a_text_ends_at_its_quote_or_with_its_line() {
        assert_eq!(
            all(Kind::Text, r#"a = "b" + 'c"' + "d\"e";"#),
            [r#""b""#, r#"'c"'"#, r#""d\"e""#]
        );
        assert_eq!(all(Kind::Text, "a = 'open\nb = 'c'"), ["'open", "'c'"]);
        assert_eq!(all(Kind::Text, "'one \\\ntwo' + 1"), ["'one \\", "two'"]);
        assert_eq!(all(Kind::Text, "'\\"), ["'\\"]);
    }

    #[test]
    fn code_inside_a_template_is_code() {
        let source = "`a ${f(`b ${1}`, { c: 'd' })} e\nf ${2} g`; 3";
        assert_eq!(all(Kind::Text, source), ["`a ", "`b ", "`", "'d'", " e", "f ", " g`"]);
        assert_eq!(all(Kind::Number, source), ["1", "2", "3"]);
        assert_eq!(all(Kind::Keyword, source), ["${", "${", "}", "}", "${", "}"]);
        assert_eq!(all(Kind::Text, r"`a \${b} \` c`"), [r"`a \${b} \` c`"]);
    }

    #[test]
    fn what_divides_is_told_from_what_begins_a_regular_expression() {
        for source in [
            "/a[/]b\\/c/g.test(x)",
            "x = /r/",
            "f(/r/)",
            "[/r/, 1]",
            "return /r/i",
            "if (a) /r/.test(b)",
            "{ } /r/.test(b)",
            "a ? /r/ : b",
            "(s) => /r/.test(s)",
            "x = `${/r/}`",
            "!/r/.test(b)",
            "typeof /r/",
        ] {
            assert_eq!(all(Kind::Regex, source).len(), 1, "{source}");
        }
        for source in [
            "a / b / c",
            "f(a) / b / c",
            "a[0] / b / c",
            "1 / 2 / 3",
            "x = { } / b / c",
            "a++ / b / c",
            "'a' / b / c",
            "`a` / b / c",
            "this / b / c",
            "a.return / b / c",
            "a = b / c\nd = e / f",
            "x = / 2\n",
        ] {
            assert!(all(Kind::Regex, source).is_empty(), "{source}");
        }
    }

    #[test]
    fn numbers_are_whole() {
        let source = "0 1.5 .5 1e3 1E-3 1_000 0xFFn 0b10 12345678901234567890n 1..toFixed() a1 3.";
        assert_eq!(
            all(Kind::Number, source),
            [
                "0",
                "1.5",
                ".5",
                "1e3",
                "1E-3",
                "1_000",
                "0xFFn",
                "0b10",
                "12345678901234567890n",
                "1.",
                "3."
            ]
        );
    }

    #[test]
    fn comments_end_where_they_end() {
        let source = "a // b /* c\nd /* e\n// f */ g /**/ h /* i";
        assert_eq!(all(Kind::Comment, source), ["// b /* c", "/* e", "// f */", "/**/", "/* i"]);
        assert_eq!(all(Kind::Comment, "#!/usr/bin/env node\na"), ["#!/usr/bin/env node"]);
        assert_eq!(all(Kind::Comment, "/*/ a"), ["/*/ a"]);
    }

    #[test]
    fn words_of_the_language_are_names_behind_a_dot() {
        let source = "const { a } = b.default; export default { get(s) { return s.if } };";
        assert_eq!(all(Kind::Keyword, source), ["const", "export", "default", "return"]);
        assert_eq!(all(Kind::Function, source), ["get"]);
        assert_eq!(
            all(Kind::Keyword, "async function* f() { for (const a of b) await a }").len(),
            6
        );
        assert_eq!(all(Kind::Word, "null, a.null, true"), ["null", "true"]);
        assert_eq!(all(Kind::Function, "OrderPaid(state, event) { größe(1); #p (2) }").len(), 3);
    }

    #[test]
    fn a_bracket_that_is_missing_does_not_reach_beyond_the_next_curly_one() {
        let source = "a = { b: f(`${ g( }` };\nc = 'd' / 2 / 3";
        assert!(all(Kind::Regex, source).is_empty());
        assert!(all(Kind::Text, source).contains(&"'d'".to_owned()));
    }

    #[test]
    fn a_line_has_a_bounded_number_of_pieces() {
        let source = "1+".repeat(10_000);
        let line = Highlighted::of(&source).line(0);
        assert!(line.len() <= MAX_PIECES + 2, "{}", line.len());
        assert_eq!(whole(&source), source);
    }

    #[test]
    fn any_text_comes_out_as_it_went_in() {
        const PARTS: [&str; 30] = [
            "/", "//", "/*", "*/", "`", "${", "}", "{", "(", ")", "[", "]", "'", "\"", "\\", "\n",
            " ", "a", "0", "1.", "e+", "if", "return", "ä", "🦀", "#", ".", "\u{2028}", "\r", "=>",
        ];
        for a in PARTS {
            for b in PARTS {
                for c in PARTS {
                    for d in ["", "/", "`", "'", "}", "\\", "🦀"] {
                        let source = [a, b, c, d, a].concat();
                        assert_eq!(whole(&source), source, "{source:?}");
                    }
                }
            }
        }
        assert_eq!(Highlighted::of("").line_count(), 1);
        assert_eq!(Highlighted::of("").line(7), []);
    }
}
