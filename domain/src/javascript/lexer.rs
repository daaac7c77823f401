//! The lexer: the tokens of any text, whether it is JavaScript or not.
//!
//! It is no parser. Where the language leaves it to a parser what a `/` or a `{` is, the lexer goes by what stands before it, which is
//! right for code as people write it. A source that is not sound is divided up as well as possible, and its first problem is noted.

use std::fmt;
use std::ops::Range;

/// What stands in a source.
#[derive(Clone, Debug)]
pub struct Lexed<'s> {
    /// All but white space, in its order.
    pub tokens: Vec<Token<'s>>,
    /// The first reason why no engine can read it; `None` if the lexer found none.
    pub problem: Option<Problem>,
}

/// A part of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: TokenKind,
    /// How it reads; never empty.
    pub text: &'s str,
    /// Where it begins, in bytes.
    pub at: usize,
    /// How many brackets are open around it. A bracket counts as outside of itself.
    pub depth: usize,
    /// Whether it stands in the body of a function.
    pub is_in_function: bool,
    /// Whether there is a line break between it and the last token before it that is no comment.
    pub follows_line_break: bool,
    /// Whether `.` or `?.` stands before it, so that a word is the name of a member.
    pub follows_dot: bool,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// A name or a word of the language.
    Word,
    /// A number, with whatever is glued to it.
    Number,
    /// Text in quotes. One that is not closed ends with its line.
    String,
    /// A part of a template literal, from a backtick or `}` to the next `${` or the last backtick.
    Template,
    /// A regular expression with its flags.
    Regex,
    /// An operator, a bracket or anything else.
    Punctuator,
    /// A comment without its line break, or the line that begins with `#!`.
    Comment,
}

/// Why no engine can read a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong.
    pub kind: ProblemKind,
    /// Where, in bytes.
    pub at: usize,
}

/// What is wrong with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A comment that is not closed.
    OpenComment,
    /// A text in quotes that is not closed in its line.
    OpenString,
    /// A template literal that is not closed.
    OpenTemplate,
    /// A regular expression that is not closed in its line.
    OpenRegex,
    /// A bracket that is not closed; a backtick stands for `${`.
    OpenBracket(char),
    /// A closing bracket that does not belong to the one that is open.
    ClosesNothing(char),
}

impl fmt::Display for ProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenComment => f.write_str("a comment is not closed"),
            Self::OpenString => f.write_str("a string is not closed"),
            Self::OpenTemplate => f.write_str("a template is not closed"),
            Self::OpenRegex => f.write_str("a regular expression is not closed"),
            Self::OpenBracket(bracket) => write!(f, "`{bracket}` is not closed"),
            Self::ClosesNothing(bracket) => write!(f, "`{bracket}` closes nothing"),
        }
    }
}

impl Token<'_> {
    /// Where it stands, in bytes.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }
}

/// Divides a source into its tokens.
#[must_use]
pub fn lex(source: &str) -> Lexed<'_> {
    let mut lexer = Lexer {
        source,
        at: 0,
        open: Vec::new(),
        tokens: Vec::new(),
        last: None,
        last_closed: None,
        problem: None,
    };
    lexer.run();
    Lexed { tokens: lexer.tokens, problem: lexer.problem }
}

/// A bracket that is open.
#[derive(Clone, Copy)]
struct Open {
    /// A backtick stands for the `${` of a template.
    bracket: char,
    /// Whether a `/` behind its closing bracket begins a regular expression.
    regex_after: bool,
    /// Whether it is the body of a function.
    is_function: bool,
    /// Whether it is an `if (…)` or the like, behind which a block comes and not the body of a function.
    is_control: bool,
}

/// The last token that is no comment, as far as it matters for the next one.
#[derive(Clone, Copy)]
struct Last<'s> {
    kind: TokenKind,
    text: &'s str,
    follows_dot: bool,
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    open: Vec<Open>,
    tokens: Vec<Token<'s>>,
    last: Option<Last<'s>>,
    /// The bracket that the last token closed.
    last_closed: Option<Open>,
    problem: Option<Problem>,
}

impl<'s> Lexer<'s> {
    fn run(&mut self) {
        let mut follows_line_break = false;
        loop {
            follows_line_break |= self.skip_space();
            let Some(first) = self.peek() else { break };
            let start = self.at;
            let depth = self.open.len();
            let is_in_function = self.open.iter().any(|open| open.is_function);
            let follows_dot = self.last.is_some_and(|last| matches!(last.text, "." | "?."));
            let kind = self.token(first);
            let text = &self.source[start..self.at];
            // A closing bracket stands where its opening one does.
            let depth = depth.min(self.open.len());
            self.tokens.push(Token {
                kind,
                text,
                at: start,
                depth,
                is_in_function,
                follows_line_break,
                follows_dot,
            });
            if kind == TokenKind::Comment {
                follows_line_break |= text.contains(is_line_break);
                continue;
            }
            if !matches!(first, ')' | ']' | '}') {
                self.last_closed = None;
            }
            self.last = Some(Last { kind, text, follows_dot });
            follows_line_break = false;
        }
        if let Some(open) = self.open.last() {
            self.note(ProblemKind::OpenBracket(open.bracket), self.source.len());
        }
    }

    /// Takes one character at least.
    fn token(&mut self, first: char) -> TokenKind {
        let rest = self.rest();
        let second = rest[first.len_utf8()..].chars().next();
        match first {
            '/' if second == Some('/') => self.comment_to_line_end(),
            '#' if self.at == 0 && second == Some('!') => self.comment_to_line_end(),
            '/' if second == Some('*') => self.comment_to_its_end(),
            '/' if self.regex_may_start() => self.regex(),
            '"' | '\'' => self.string(first),
            '`' => {
                self.bump();
                self.template(self.at - 1)
            }
            '0'..='9' => self.number(),
            '.' if second.is_some_and(|second| second.is_ascii_digit()) => self.number(),
            '(' | '[' | '{' => self.open_bracket(first),
            ')' | ']' | '}' => self.close_bracket(first),
            _ if first == '#' || is_part_of_name(first) => {
                self.bump();
                self.bump_while(is_part_of_name);
                TokenKind::Word
            }
            _ => self.punctuator(),
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

    /// Takes a backslash and what it escapes, which may be a line break.
    fn bump_escape(&mut self) {
        self.bump();
        self.bump();
    }

    /// Returns whether there was a line break.
    fn skip_space(&mut self) -> bool {
        let start = self.at;
        self.bump_while(|c| c.is_whitespace() || c == '\u{feff}');
        self.source[start..self.at].contains(is_line_break)
    }

    fn note(&mut self, kind: ProblemKind, at: usize) {
        self.problem.get_or_insert(Problem { kind, at });
    }

    fn comment_to_line_end(&mut self) -> TokenKind {
        self.bump_while(|c| !is_line_break(c));
        TokenKind::Comment
    }

    fn comment_to_its_end(&mut self) -> TokenKind {
        let text = &self.rest()[2..];
        let end = text.find("*/");
        if end.is_none() {
            self.note(ProblemKind::OpenComment, self.at);
        }
        self.at += 2 + end.map_or(text.len(), |end| end + 2);
        TokenKind::Comment
    }

    fn string(&mut self, quote: char) -> TokenKind {
        let start = self.at;
        self.bump();
        loop {
            match self.peek() {
                Some('\\') => self.bump_escape(),
                Some(c) if c == quote => {
                    self.bump();
                    break;
                }
                Some(c) if c != '\n' => self.bump(),
                _ => {
                    self.note(ProblemKind::OpenString, start);
                    break;
                }
            }
        }
        TokenKind::String
    }

    /// From behind a backtick, or the bracket that closes a `${…}`, to the next `${` or the end.
    fn template(&mut self, start: usize) -> TokenKind {
        loop {
            let rest = self.rest();
            match rest.chars().next() {
                None => {
                    self.note(ProblemKind::OpenTemplate, start);
                    break;
                }
                Some('\\') => self.bump_escape(),
                Some('`') => {
                    self.bump();
                    break;
                }
                Some('$') if rest.starts_with("${") => {
                    self.at += 2;
                    self.open.push(Open {
                        bracket: '`',
                        regex_after: false,
                        is_function: false,
                        is_control: false,
                    });
                    break;
                }
                Some(_) => self.bump(),
            }
        }
        TokenKind::Template
    }

    fn number(&mut self) -> TokenKind {
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
        self.bump_while(is_part_of_name);
        TokenKind::Number
    }

    /// A regular expression. If it does not end in its line, the `/` is an operator.
    fn regex(&mut self) -> TokenKind {
        let start = self.at;
        self.bump();
        let mut is_in_class = false;
        loop {
            match self.peek() {
                Some('\\') if !self.rest()[1..].starts_with('\n') => self.bump_escape(),
                Some('/') if !is_in_class => {
                    self.bump();
                    self.bump_while(is_part_of_name);
                    return TokenKind::Regex;
                }
                Some(c) if c != '\n' && c != '\\' => {
                    is_in_class = c == '[' || is_in_class && c != ']';
                    self.bump();
                }
                _ => {
                    self.note(ProblemKind::OpenRegex, start);
                    self.at = start + 1;
                    return TokenKind::Punctuator;
                }
            }
        }
    }

    fn punctuator(&mut self) -> TokenKind {
        const LONG: &[&str] = &[
            ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>",
            "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=",
            "%=", "&=", "|=", "^=", "**", "<<", ">>",
        ];
        let rest = self.rest();
        match LONG.iter().find(|text| rest.starts_with(**text)) {
            // `a?.5:b` is no chain.
            Some(&"?.") if rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit) => self.at += 1,
            Some(text) => self.at += text.len(),
            None => self.bump(),
        }
        TokenKind::Punctuator
    }

    fn open_bracket(&mut self, bracket: char) -> TokenKind {
        let open = if bracket == '{' {
            let is_value = self.last.is_some_and(|last| match last.kind {
                TokenKind::Punctuator => {
                    !matches!(last.text, ")" | "}" | "]" | ";" | "=>" | "{" | ":")
                }
                TokenKind::Template => last.text.ends_with("${"),
                TokenKind::Word => {
                    let precedes_block = matches!(last.text, "do" | "else");
                    !last.follows_dot && precedes_value(last.text) && !precedes_block
                }
                _ => false,
            });
            Open { bracket, regex_after: !is_value, is_function: self.is_body(), is_control: false }
        } else {
            let is_control = bracket == '('
                && self.last.is_some_and(|last| {
                    const CONTROL: [&str; 6] = ["if", "for", "while", "with", "switch", "catch"];
                    last.kind == TokenKind::Word
                        && !last.follows_dot
                        && CONTROL.contains(&last.text)
                });
            Open { bracket, regex_after: is_control, is_function: false, is_control }
        };
        self.open.push(open);
        self.bump();
        TokenKind::Punctuator
    }

    /// Whether a `{` here begins the body of a function.
    fn is_body(&self) -> bool {
        let follows_parameters =
            self.last_closed.is_some_and(|closed| closed.bracket == '(' && !closed.is_control);
        follows_parameters || self.last.is_some_and(|last| matches!(last.text, "=>" | "static"))
    }

    fn close_bracket(&mut self, bracket: char) -> TokenKind {
        let start = self.at;
        self.bump();
        let closes = |open: &Open| match bracket {
            ')' => open.bracket == '(',
            ']' => open.bracket == '[',
            _ => matches!(open.bracket, '{' | '`'),
        };
        let at = match self.open.last() {
            Some(open) if closes(open) => Some(self.open.len() - 1),
            _ => {
                self.note(ProblemKind::ClosesNothing(bracket), start);
                // What was left open in braces ends with them, so what is being written disturbs only what is around it.
                self.open.iter().rposition(closes).filter(|_| bracket == '}')
            }
        };
        self.last_closed = at.and_then(|at| {
            let closed = self.open.get(at).copied();
            self.open.truncate(at);
            closed
        });
        if self.last_closed.is_some_and(|closed| closed.bracket == '`') {
            self.last_closed = None;
            return self.template(start);
        }
        TokenKind::Punctuator
    }

    /// Whether a `/` here divides nothing.
    fn regex_may_start(&self) -> bool {
        if let Some(closed) = &self.last_closed {
            return closed.regex_after;
        }
        self.last.is_none_or(|last| match last.kind {
            TokenKind::Word => !last.follows_dot && precedes_value(last.text),
            TokenKind::Number | TokenKind::String | TokenKind::Regex => false,
            TokenKind::Template => last.text.ends_with("${"),
            TokenKind::Punctuator => !matches!(last.text, "++" | "--" | ")" | "]"),
            TokenKind::Comment => true,
        })
    }
}

/// Whether a value follows this word, and no operator.
fn precedes_value(word: &str) -> bool {
    matches!(
        word,
        "return"
            | "typeof"
            | "case"
            | "default"
            | "in"
            | "of"
            | "new"
            | "delete"
            | "void"
            | "throw"
            | "do"
            | "else"
            | "instanceof"
            | "yield"
            | "await"
            | "extends"
    )
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

/// What is not ASCII is taken for a letter.
fn is_part_of_name(c: char) -> bool {
    match c {
        '_' | '$' | '\\' => true,
        _ if c.is_ascii() => c.is_ascii_alphanumeric(),
        _ => !c.is_whitespace() && c != '\u{feff}',
    }
}
