//! JavaScript in colour: which part of a source is what.
//!
//! A scanner and no parser: it goes by what stands before a `/` or a `{`, which is right for code as people write it.
//! Any other text is divided up somehow.

use std::ops::Range;

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
            spans: Scanner::new(source).run(),
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

/// What stands before a place, as far as it decides what comes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// Nothing, or the end of a statement: a `/` begins a regular expression, a `{` a block.
    Start,
    /// Something that a value follows: a `/` begins a regular expression, a `{` an object.
    Operator,
    /// A value: a `/` divides, a `{` begins the body of something.
    Value,
    /// A dot: a name follows, whatever word it is.
    Dot,
    /// `if` and the like: behind the brackets that follow, a statement begins.
    Control,
}

/// A bracket that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bracket {
    Round {
        is_control: bool,
    },
    Square,
    Curly {
        is_object: bool,
    },
    /// `${` in a template.
    Template,
}

struct Scanner<'s> {
    source: &'s str,
    at: usize,
    before: Before,
    open: Vec<Bracket>,
    spans: Vec<Span>,
}

impl<'s> Scanner<'s> {
    fn new(source: &'s str) -> Self {
        Self { source, at: 0, before: Before::Start, open: Vec::new(), spans: Vec::new() }
    }

    fn run(mut self) -> Vec<Span> {
        if self.source.starts_with("#!") {
            self.comment_to_line_end();
        }
        while let Some(first) = self.peek() {
            self.token(first);
        }
        self.spans
    }

    /// Takes at least one character.
    fn token(&mut self, first: char) {
        let second = self.rest()[first.len_utf8()..].chars().next();
        match first {
            _ if first.is_whitespace() => self.bump(),
            '/' if second == Some('/') => self.comment_to_line_end(),
            '/' if second == Some('*') => self.comment_to_its_end(),
            '/' if self.before != Before::Value => {
                if !self.regex() {
                    self.operator();
                }
            }
            '"' | '\'' => self.string(first),
            '`' => {
                self.at += 1;
                self.template(self.at - 1);
            }
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|second| second.is_ascii_digit()) => self.number(),
            '(' | '[' | '{' => self.open_bracket(first),
            ')' | ']' | '}' => self.close_bracket(first),
            '#' if second.is_some_and(begins_name) => self.word(),
            _ if begins_name(first) => self.word(),
            _ => self.operator(),
        }
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn bump_while(&mut self, is_wanted: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !is_wanted(c)).unwrap_or(rest.len());
    }

    fn mark(&mut self, start: usize, kind: Kind) {
        if start < self.at {
            self.spans.push(Span { range: start..self.at, kind });
        }
    }

    fn comment_to_line_end(&mut self) {
        let start = self.at;
        self.bump_while(|c| c != '\n');
        self.mark(start, Kind::Comment);
    }

    fn comment_to_its_end(&mut self) {
        let start = self.at;
        let inside = &self.rest()[2..];
        self.at += 2 + inside.find("*/").map_or(inside.len(), |end| end + 2);
        self.mark(start, Kind::Comment);
    }

    /// A text in quotes, which ends with its line at the latest.
    fn string(&mut self, quote: char) {
        let start = self.at;
        self.at += 1;
        while let Some(c) = self.peek() {
            match c {
                '\n' => break,
                '\\' => self.escape(),
                _ => self.bump(),
            }
            if c == quote {
                break;
            }
        }
        self.mark(start, Kind::Text);
        self.before = Before::Value;
    }

    /// A backslash and what it escapes, be that a line break.
    fn escape(&mut self) {
        self.bump();
        self.bump();
    }

    /// The text of a template, up to a value in it or to the end.
    fn template(&mut self, start: usize) {
        while let Some(c) = self.peek() {
            if c == '\\' {
                self.escape();
                continue;
            }
            if self.rest().starts_with("${") {
                self.mark(start, Kind::Text);
                let bracket = self.at;
                self.at += 2;
                self.mark(bracket, Kind::Keyword);
                self.open.push(Bracket::Template);
                self.before = Before::Operator;
                return;
            }
            self.bump();
            if c == '`' {
                break;
            }
        }
        self.mark(start, Kind::Text);
        self.before = Before::Value;
    }

    /// A regular expression, if the `/` here begins one that ends in its line.
    fn regex(&mut self) -> bool {
        let start = self.at;
        let mut is_in_class = false;
        let mut is_escaped = false;
        let end = self.rest().char_indices().skip(1).find_map(|(at, c)| {
            match c {
                '\n' => return Some(None),
                _ if is_escaped => {
                    is_escaped = false;
                    return None;
                }
                '/' if !is_in_class => return Some(Some(at + 1)),
                '[' => is_in_class = true,
                ']' => is_in_class = false,
                _ => {}
            }
            is_escaped = c == '\\';
            None
        });
        let Some(length) = end.flatten() else { return false };
        self.at += length;
        self.bump_while(continues_name);
        self.mark(start, Kind::Regex);
        self.before = Before::Value;
        true
    }

    fn number(&mut self) {
        let start = self.at;
        let rest = self.rest();
        let has_base =
            rest.starts_with('0') && rest[1..].starts_with(['x', 'X', 'o', 'O', 'b', 'B']);
        if !has_base {
            let is_digit = |c: char| c.is_ascii_digit() || c == '_';
            self.bump_while(is_digit);
            if self.rest().starts_with('.') {
                self.at += 1;
                self.bump_while(is_digit);
            }
            let exponent = self.rest();
            if exponent.starts_with(['e', 'E']) && exponent[1..].starts_with(['+', '-']) {
                self.at += 2;
            }
        }
        // The digits of other bases and of exponents, the `n` of big integers, and what should not be there.
        self.bump_while(continues_name);
        self.mark(start, Kind::Number);
        self.before = Before::Value;
    }

    fn word(&mut self) {
        let start = self.at;
        self.bump();
        self.bump_while(continues_name);
        let word = &self.source[start..self.at];
        let next = self.rest().trim_start_matches([' ', '\t']).chars().next();
        let (kind, before) = match (self.before, word) {
            (Before::Dot, _) => (None, Before::Value),
            (_, "true" | "false" | "null" | "undefined" | "NaN" | "Infinity") => {
                (Some(Kind::Word), Before::Value)
            }
            (_, "this" | "super") => (Some(Kind::Keyword), Before::Value),
            (_, "if" | "while" | "for" | "with") => (Some(Kind::Keyword), Before::Control),
            (_, "do" | "else" | "try" | "finally") => (Some(Kind::Keyword), Before::Start),
            (_, word) if KEYWORDS.contains(&word) => (Some(Kind::Keyword), Before::Operator),
            // The following are words of the language only where another word follows.
            (_, "async" | "get" | "set" | "static" | "of" | "from" | "as")
                if next.is_some_and(|next| begins_name(next) || "\"'`[{#".contains(next)) =>
            {
                (Some(Kind::Keyword), Before::Operator)
            }
            _ => (None, Before::Value),
        };
        let kind = kind.or_else(|| (next == Some('(')).then_some(Kind::Function));
        if let Some(kind) = kind {
            self.mark(start, kind);
        }
        self.before = before;
    }

    fn open_bracket(&mut self, bracket: char) {
        self.at += 1;
        let (bracket, before) = match bracket {
            '(' => {
                (Bracket::Round { is_control: self.before == Before::Control }, Before::Operator)
            }
            '[' => (Bracket::Square, Before::Operator),
            _ if self.before == Before::Operator => {
                (Bracket::Curly { is_object: true }, Before::Operator)
            }
            _ => (Bracket::Curly { is_object: false }, Before::Start),
        };
        self.open.push(bracket);
        self.before = before;
    }

    fn close_bracket(&mut self, bracket: char) {
        let start = self.at;
        self.at += 1;
        self.before = Before::Value;
        match (bracket, self.open.last()) {
            (')', Some(Bracket::Round { is_control })) => {
                if *is_control {
                    self.before = Before::Start;
                }
                self.open.pop();
            }
            (']', Some(Bracket::Square)) => {
                self.open.pop();
            }
            ('}', _) => self.close_curly(start),
            _ => {}
        }
    }

    /// Whatever was left open in the brackets is closed with them: so what is being written disturbs only what is
    /// around it.
    fn close_curly(&mut self, start: usize) {
        let is_curly =
            |bracket: &Bracket| matches!(bracket, Bracket::Curly { .. } | Bracket::Template);
        let Some(at) = self.open.iter().rposition(is_curly) else {
            self.before = Before::Start;
            return;
        };
        let closed = self.open[at];
        self.open.truncate(at);
        match closed {
            Bracket::Template => {
                self.mark(start, Kind::Keyword);
                self.template(self.at);
            }
            Bracket::Curly { is_object: true } => {}
            _ => self.before = Before::Start,
        }
    }

    fn operator(&mut self) {
        let rest = self.rest();
        // What stands on either side of a value, and changes nothing in what may follow.
        if rest.starts_with("++") || rest.starts_with("--") {
            self.at += 2;
            return;
        }
        let (length, before) = match () {
            () if rest.starts_with("=>") => (2, Before::Start),
            () if rest.starts_with("...") => (3, Before::Operator),
            () if rest.starts_with("?.") => (2, Before::Dot),
            () if rest.starts_with('.') => (1, Before::Dot),
            () if rest.starts_with(';') => (1, Before::Start),
            () => (self.peek().map_or(0, char::len_utf8), Before::Operator),
        };
        self.at += length;
        self.before = before;
    }
}

/// Words of the language that a value or a name follows.
const KEYWORDS: [&str; 26] = [
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
    "enum",
    "export",
    "extends",
    "function",
    "import",
    "in",
    "instanceof",
    "let",
    "new",
    "return",
    "switch",
    "throw",
    "typeof",
    "var",
    "void",
    "yield",
];

fn begins_name(c: char) -> bool {
    c.is_alphabetic() || c == '_' || c == '$'
}

fn continues_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}')
}

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
    fn a_line_has_so_many_pieces_and_no_more() {
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
