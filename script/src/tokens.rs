//! As much of a lexer for JavaScript as it takes to see where things stand.
//!
//! Whether a source is sound the engine says. Where the language leaves open to a lexer what a `/` is, this one goes by what stands
//! before it.

use std::ops::Range;

/// Something in a source that a fold cannot have, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    String,
    /// A part of a template literal, from a backtick or `}` to the next `${` or the last backtick.
    Template,
    Regex,
    Punctuator,
}

#[derive(Clone, Debug)]
pub(crate) struct Token<'s> {
    pub(crate) kind: Kind,
    pub(crate) text: &'s str,
    pub(crate) at: usize,
    /// How many brackets are open around it; a bracket itself counts as outside.
    pub(crate) depth: usize,
    /// Whether it stands within the body of a function.
    pub(crate) is_in_function: bool,
    pub(crate) follows_line_break: bool,
}

impl Token<'_> {
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(crate) fn refuse(&self, message: &str) -> Refusal {
        Refusal { message: message.to_owned(), at: self.at }
    }
}

/// A bracket that is open.
struct Open {
    bracket: u8,
    /// Whether a `/` after its closing bracket starts a regular expression.
    regex_after: bool,
    is_function: bool,
    /// Whether it is an `if (…)` or the like, after whose bracket a block comes and not the body of a function.
    is_control: bool,
}

/// The tokens of a source.
pub(crate) fn tokens(source: &str) -> Result<Vec<Token<'_>>, Refusal> {
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        at: 0,
        open: Vec::new(),
        tokens: Vec::new(),
        last_closed: None,
    };
    lexer.run()?;
    Ok(lexer.tokens)
}

struct Lexer<'s> {
    source: &'s str,
    bytes: &'s [u8],
    at: usize,
    open: Vec<Open>,
    tokens: Vec<Token<'s>>,
    /// The bracket that was closed last, where it is the last token.
    last_closed: Option<Open>,
}

impl<'s> Lexer<'s> {
    fn run(&mut self) -> Result<(), Refusal> {
        loop {
            let follows_line_break = self.skip_space()?;
            let Some(byte) = self.peek(0) else { break };
            let start = self.at;
            let depth = self.open.len();
            let is_in_function = self.open.iter().any(|open| open.is_function);
            let kind = self.token(byte)?;
            // A closing bracket stands where its opening one does.
            let depth = depth.min(self.open.len());
            if !matches!(byte, b')' | b']' | b'}') {
                self.last_closed = None;
            }
            let text = &self.source[start..self.at];
            self.tokens.push(Token {
                kind,
                text,
                at: start,
                depth,
                is_in_function,
                follows_line_break,
            });
        }
        match self.open.pop() {
            None => Ok(()),
            Some(open) => Err(self.refuse(
                &format!("`{}` is not closed", char::from(open.bracket)),
                self.bytes.len(),
            )),
        }
    }

    fn token(&mut self, byte: u8) -> Result<Kind, Refusal> {
        match byte {
            b'"' | b'\'' => self.string(byte),
            b'`' => {
                self.at += 1;
                self.template()
            }
            b'0'..=b'9' => Ok(self.number()),
            b'.' if self.peek(1).is_some_and(|next| next.is_ascii_digit()) => Ok(self.number()),
            b'/' if self.regex_may_start() => self.regex(),
            b'(' | b'[' | b'{' => {
                self.open_bracket(byte);
                Ok(Kind::Punctuator)
            }
            b')' | b']' | b'}' => self.close_bracket(byte),
            _ if byte == b'#' || is_word_byte(byte) => {
                let rest = &self.source[self.at..];
                let is_part = |c: char| match c {
                    '#' | '_' | '$' | '\\' => true,
                    _ => c.is_alphanumeric() || !(c.is_ascii() || c.is_whitespace()),
                };
                let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                self.at += length;
                Ok(Kind::Word)
            }
            _ => {
                self.punctuator();
                Ok(Kind::Punctuator)
            }
        }
    }

    /// Skips white space and comments; tells whether there was a line break.
    fn skip_space(&mut self) -> Result<bool, Refusal> {
        let mut line_break = false;
        loop {
            let rest = &self.source[self.at..];
            let Some(first) = rest.chars().next() else { return Ok(line_break) };
            if first.is_whitespace() || first == '\u{feff}' {
                line_break |= matches!(first, '\n' | '\r' | '\u{2028}' | '\u{2029}');
                self.at += first.len_utf8();
            } else if rest.starts_with("//") || (self.at == 0 && rest.starts_with("#!")) {
                let line_end = rest.find(['\n', '\r', '\u{2028}', '\u{2029}']);
                self.at += line_end.unwrap_or(rest.len());
            } else if let Some(comment) = rest.strip_prefix("/*") {
                let Some(end) = comment.find("*/") else {
                    return Err(self.refuse("a comment is not closed", self.at));
                };
                line_break |= comment[..end].contains(['\n', '\r']);
                self.at += end + 4;
            } else {
                return Ok(line_break);
            }
        }
    }

    fn string(&mut self, quote: u8) -> Result<Kind, Refusal> {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' => break,
                _ if byte == quote => {
                    self.at += 1;
                    return Ok(Kind::String);
                }
                _ => self.at += 1,
            }
        }
        Err(self.refuse("a string is not closed", start))
    }

    /// From behind a backtick, or the bracket that closes a `${…}`, to the next `${` or the end.
    fn template(&mut self) -> Result<Kind, Refusal> {
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'`' => {
                    self.at += 1;
                    return Ok(Kind::Template);
                }
                b'$' if self.peek(1) == Some(b'{') => {
                    self.at += 2;
                    self.open.push(Open {
                        bracket: b'`',
                        regex_after: false,
                        is_function: false,
                        is_control: false,
                    });
                    return Ok(Kind::Template);
                }
                _ => self.at += 1,
            }
        }
        Err(self.refuse("a template is not closed", start))
    }

    fn number(&mut self) -> Kind {
        let mut before = 0;
        while let Some(byte) = self.peek(0) {
            let is_sign = matches!(byte, b'+' | b'-')
                && matches!(before, b'e' | b'E')
                && !self.is_hex_number();
            if !(byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign) {
                break;
            }
            before = byte;
            self.at += 1;
        }
        Kind::Number
    }

    fn is_hex_number(&self) -> bool {
        let start = self.source[..self.at].rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let start = start.map_or(0, |start| start + 1);
        self.source.get(start..start + 2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x"))
    }

    fn regex(&mut self) -> Result<Kind, Refusal> {
        let start = self.at;
        self.at += 1;
        let mut in_class = false;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'\n' => break,
                b'/' if !in_class => {
                    self.at += 1;
                    while self.peek(0).is_some_and(is_word_byte) {
                        self.at += 1;
                    }
                    return Ok(Kind::Regex);
                }
                _ => {
                    in_class = match byte {
                        b'[' => true,
                        b']' => false,
                        _ => in_class,
                    };
                    self.at += 1;
                }
            }
        }
        Err(self.refuse("a regular expression is not closed", start))
    }

    fn punctuator(&mut self) {
        const LONG: &[&str] = &[
            ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>",
            "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=",
            "%=", "&=", "|=", "^=", "**", "<<", ">>",
        ];
        let rest = &self.source[self.at..];
        let long = LONG.iter().find(|text| rest.starts_with(**text));
        let length = match long {
            // `a?.5:b` is no chain.
            Some(&"?.") if rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit) => 1,
            Some(text) => text.len(),
            None => rest.chars().next().map_or(1, char::len_utf8),
        };
        self.at += length;
    }

    fn open_bracket(&mut self, bracket: u8) {
        let last = self.tokens.last();
        let last_closed = self.last_closed.as_ref();
        let open = match bracket {
            b'{' => {
                let follows_parameters =
                    last_closed.is_some_and(|closed| closed.bracket == b'(' && !closed.is_control);
                let is_function = follows_parameters
                    || last.is_some_and(|last| last.text == "=>" || last.text == "static");
                let is_value = last.is_some_and(|last| match last.kind {
                    Kind::Punctuator => !matches!(last.text, ")" | "}" | ";" | "=>" | "{" | ":"),
                    Kind::Word => {
                        matches!(
                            last.text,
                            "return" | "typeof" | "default" | "in" | "of" | "new" | "void"
                        )
                    }
                    _ => false,
                });
                Open { bracket, regex_after: !is_value, is_function, is_control: false }
            }
            _ => {
                let is_control = bracket == b'('
                    && last.is_some_and(|last| {
                        last.kind == Kind::Word
                            && matches!(
                                last.text,
                                "if" | "for" | "while" | "with" | "switch" | "catch"
                            )
                    });
                Open { bracket, regex_after: is_control, is_function: false, is_control }
            }
        };
        self.open.push(open);
        self.at += 1;
    }

    fn close_bracket(&mut self, bracket: u8) -> Result<Kind, Refusal> {
        let at = self.at;
        self.at += 1;
        let opening = match bracket {
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        match self.open.pop() {
            Some(open) if open.bracket == opening => {
                self.last_closed = Some(open);
                Ok(Kind::Punctuator)
            }
            Some(open) if open.bracket == b'`' && bracket == b'}' => {
                self.last_closed = None;
                self.template()
            }
            _ => Err(self.refuse(&format!("`{}` closes nothing", char::from(bracket)), at)),
        }
    }

    /// Whether a `/` here is no division.
    fn regex_may_start(&self) -> bool {
        if let Some(closed) = &self.last_closed {
            return closed.regex_after;
        }
        self.tokens.last().is_none_or(|last| match last.kind {
            Kind::Word => matches!(
                last.text,
                "return"
                    | "typeof"
                    | "case"
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
            ),
            Kind::Number | Kind::String | Kind::Regex => false,
            Kind::Template => last.text.ends_with("${"),
            Kind::Punctuator => !matches!(last.text, "++" | "--"),
        })
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn refuse(&self, message: &str, at: usize) -> Refusal {
        Refusal { message: message.to_owned(), at }
    }
}

fn is_word_byte(byte: u8) -> bool {
    // What is no ASCII is taken for letters; white space among it was skipped before.
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\') || byte >= 0x80
}
