//! What a module declares outside of all functions, read from its source.
//!
//! Whatever stands there outlives an event, so it has to be constant. The engine does not tell what a module declares;
//! this reads as much of the language as is needed to find out. It is not what decides whether the source is sound: the
//! engine reads it as well.

use std::ops::Range;

/// Something in a source that a fold cannot have, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) at: usize,
}

/// The part of a module that matters here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Where the words `export` and `default` stand.
    pub(crate) default_export: Option<(Range<usize>, Range<usize>)>,
    /// The names of constants, functions and classes; some that are none may be among them.
    pub(crate) names: Vec<String>,
}

/// Reads what a fold's module declares.
pub(crate) fn outline(source: &str) -> Result<Outline, Refusal> {
    let tokens = tokens(source)?;
    refuse_what_waits(&tokens)?;
    let mut outline = Outline::default();
    let mut constants = Constants::default();
    for (at, token) in tokens.iter().enumerate() {
        let follows_dot = at > 0 && matches!(tokens[at - 1].text, "." | "?.");
        if token.kind != Kind::Word || follows_dot {
            constants.take(token, &mut outline.names);
            continue;
        }
        let next = tokens.get(at + 1);
        let is_key = next.is_some_and(|next| next.text == ":");
        match token.text {
            "var" if !token.is_in_function && !is_key => return Err(variable(token)),
            "let" if token.depth == 0 && !is_key => return Err(variable(token)),
            "import" if token.depth == 0 => {
                return Err(token.refuse("`import`: a fold is one module, it cannot import others"));
            }
            "export" if token.depth == 0 => match next {
                Some(default) if default.text == "default" => {
                    if outline.default_export.is_some() {
                        return Err(token.refuse("`export default` stands twice"));
                    }
                    outline.default_export = Some((token.range(), default.range()));
                }
                _ => {
                    return Err(token.refuse(
                        "a fold exports only its default: `export default { initial, on }`",
                    ));
                }
            },
            "function" | "class" if token.depth == 0 => {
                let name = tokens[at + 1..].iter().find(|next| next.text != "*");
                if let Some(name) = name.filter(|name| name.kind == Kind::Word) {
                    outline.names.push(name.text.to_owned());
                }
            }
            _ => {}
        }
        constants.take(token, &mut outline.names);
    }
    outline.names.retain(|name| !is_reserved(name));
    outline.names.sort();
    outline.names.dedup();
    Ok(outline)
}

/// What an expression does, as far as its words tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Traits {
    /// Whether it surely changes nothing of what it is given.
    pub(crate) only_reads: bool,
    pub(crate) uses_state: bool,
    pub(crate) uses_event: bool,
}

/// Reads an expression.
pub(crate) fn traits(source: &str) -> Result<Traits, Refusal> {
    let tokens = tokens(source)?;
    if tokens.is_empty() {
        return Err(Refusal { message: "the expression is empty".to_owned(), at: 0 });
    }
    refuse_what_waits(&tokens)?;
    if let Some(token) = tokens.iter().find(|token| token.depth == 0 && token.text == ";") {
        return Err(token.refuse("`;`: write one expression, without a semicolon"));
    }
    if let Some(token) = tokens.iter().find(|token| {
        token.depth == 0
            && token.kind == Kind::Word
            && matches!(token.text, "let" | "const" | "var" | "if" | "return" | "for" | "while")
    }) {
        let message = format!("`{}`: write one expression, not a statement", token.text);
        return Err(token.refuse(&message));
    }
    let uses = |name| tokens.iter().any(|token| token.kind == Kind::Word && token.text == name);
    Ok(Traits {
        only_reads: only_reads(&tokens),
        uses_state: uses("state"),
        uses_event: uses("event"),
    })
}

/// Methods and functions that leave what they are called on and with as it was.
const READING_CALLS: &[&str] = &[
    "Boolean",
    "Number",
    "String",
    "Date",
    "Set",
    "Map",
    "Array",
    "isArray",
    "isInteger",
    "isFinite",
    "isNaN",
    "isSafeInteger",
    "parseInt",
    "parseFloat",
    "parse",
    "stringify",
    "keys",
    "values",
    "entries",
    "hasOwn",
    "hasOwnProperty",
    "fromEntries",
    "from",
    "abs",
    "ceil",
    "floor",
    "round",
    "trunc",
    "min",
    "max",
    "sign",
    "hypot",
    "sqrt",
    "pow",
    "at",
    "concat",
    "every",
    "filter",
    "find",
    "findIndex",
    "findLast",
    "flat",
    "flatMap",
    "includes",
    "indexOf",
    "join",
    "map",
    "reduce",
    "slice",
    "some",
    "toSorted",
    "toReversed",
    "startsWith",
    "endsWith",
    "split",
    "substring",
    "toLowerCase",
    "toUpperCase",
    "trim",
    "test",
    "match",
    "toString",
    "toFixed",
    "has",
];

/// What changes things, by whatever way it is reached.
const CHANGING_CALLS: &[&str] = &[
    "delete",
    "function",
    "class",
    "push",
    "pop",
    "shift",
    "unshift",
    "splice",
    "sort",
    "reverse",
    "fill",
    "copyWithin",
    "set",
    "add",
    "clear",
    "assign",
    "defineProperty",
    "defineProperties",
];

fn only_reads(tokens: &[Token<'_>]) -> bool {
    tokens.iter().enumerate().all(|(at, token)| {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        match (token.kind, token.text) {
            (Kind::Punctuator, "=" | "++" | "--") => false,
            (Kind::Punctuator, text) if text.len() > 1 && text.ends_with('=') => {
                matches!(text, "==" | "===" | "!=" | "!==" | "<=" | ">=")
            }
            (Kind::Punctuator, "(") => match before {
                Some(before) if before.kind == Kind::Word => {
                    READING_CALLS.contains(&before.text) || is_reserved(before.text)
                }
                // What is called may be any function.
                Some(before) => !matches!(before.text, ")" | "]" | "}" | "?."),
                None => true,
            },
            (Kind::Template, text) if text.starts_with('`') => {
                before.is_none_or(|before| before.kind == Kind::Punctuator)
            }
            (Kind::Word, word) => !CHANGING_CALLS.contains(&word),
            _ => true,
        }
    })
}

fn variable(token: &Token<'_>) -> Refusal {
    token.refuse(&format!(
        "`{}` outside of the handlers would carry something from one event to the next; keep it in the state, or make it `const`",
        token.text
    ))
}

fn refuse_what_waits(tokens: &[Token<'_>]) -> Result<(), Refusal> {
    for (at, token) in tokens.iter().enumerate() {
        let follows_dot = at > 0 && matches!(tokens[at - 1].text, "." | "?.");
        if token.kind != Kind::Word || follows_dot {
            continue;
        }
        let next = tokens.get(at + 1);
        match token.text {
            "async" => {
                let starts_function = next.is_some_and(|next| {
                    !next.follows_line_break
                        && (matches!(next.kind, Kind::Word | Kind::String)
                            || matches!(next.text, "(" | "[" | "*"))
                });
                if starts_function {
                    return Err(token.refuse(
                        "`async`: a fold cannot wait for anything; handlers are plain functions",
                    ));
                }
            }
            "import" if next.is_some_and(|next| matches!(next.text, "(" | ".")) => {
                return Err(token.refuse("`import`: a fold is one module, it cannot import others"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Finds the names that `const` declares.
#[derive(Default)]
struct Constants {
    state: Declaring,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Declaring {
    #[default]
    Nothing,
    /// After `const`, or a comma between two declarations.
    Name,
    /// Within `{…}` or `[…]` before the `=`.
    Pattern,
    /// After the name, up to a comma or the end of the statement.
    Value,
}

impl Constants {
    fn take(&mut self, token: &Token<'_>, names: &mut Vec<String>) {
        let is_word = token.kind == Kind::Word;
        self.state = match self.state {
            _ if token.depth == 0 && is_word && token.text == "const" => Declaring::Name,
            _ if token.depth == 0 && is_word && starts_statement(token.text) => Declaring::Nothing,
            Declaring::Name if is_word => {
                names.push(token.text.to_owned());
                Declaring::Value
            }
            Declaring::Name if matches!(token.text, "{" | "[") => Declaring::Pattern,
            Declaring::Pattern if token.depth == 0 && token.text == "=" => Declaring::Value,
            Declaring::Pattern => {
                if is_word {
                    names.push(token.text.to_owned());
                }
                Declaring::Pattern
            }
            Declaring::Value if token.depth == 0 && token.text == "," => Declaring::Name,
            Declaring::Value if token.depth == 0 && token.text == ";" => Declaring::Nothing,
            state => state,
        };
    }
}

fn starts_statement(word: &str) -> bool {
    matches!(
        word,
        "let" | "var" | "function" | "class" | "export" | "if" | "for" | "while" | "switch" | "try"
    )
}

fn is_reserved(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "arguments",
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
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "yield",
    ];
    WORDS.contains(&word) || matches!(word, "with" | "of" | "async" | "get" | "set")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    String,
    /// A part of a template literal, from a backtick or `}` to the next `${` or the last backtick.
    Template,
    Regex,
    Punctuator,
}

#[derive(Clone, Debug)]
struct Token<'s> {
    kind: Kind,
    text: &'s str,
    at: usize,
    /// How many brackets are open around it; a bracket itself counts as outside.
    depth: usize,
    /// Whether it stands within the body of a function.
    is_in_function: bool,
    follows_line_break: bool,
}

impl Token<'_> {
    fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    fn refuse(&self, message: &str) -> Refusal {
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

fn tokens(source: &str) -> Result<Vec<Token<'_>>, Refusal> {
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
            } else if rest.starts_with("/*") {
                let Some(end) = rest[2..].find("*/") else {
                    return Err(self.refuse("a comment is not closed", self.at));
                };
                line_break |= rest[..end + 2].contains(['\n', '\r']);
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

/// Which parts of an event a handler needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Its data, and nothing else.
    Data,
    /// Any of id, version, type, time and data, one by one.
    Parts,
    /// Perhaps others, or the event as a whole.
    Anything,
}

impl Needs {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Parts => "parts",
            Self::Anything => "anything",
        }
    }
}

/// Finds out which parts of an event a handler needs; where in doubt, anything.
///
/// An event of which parts are taken one by one, and that is not passed on as a whole, need not be made for each call: all
/// parts that are mentioned are set anew each time, so that it does not matter either what a handler makes of them.
pub(crate) fn needs(handler: &str) -> Needs {
    let parts = tokens(handler).ok().and_then(|tokens| parts(&tokens));
    let is_known = |part: &&str| ["id", "version", "type", "timestamp_ms", "data"].contains(part);
    match parts {
        Some(parts) if parts.iter().all(|part| *part == "data") => Needs::Data,
        Some(parts) if parts.iter().all(|part| is_known(&part)) => Needs::Parts,
        _ => Needs::Anything,
    }
}

/// The parts of its second parameter that a function takes, if it does nothing else with it.
fn parts<'s>(tokens: &[Token<'s>]) -> Option<Vec<&'s str>> {
    // What is no function of the language says so in its text.
    let is_odd = |token: &Token<'_>| {
        matches!(token.text, "arguments" | "eval" | "native" | "class" | "super")
    };
    if tokens.iter().any(|token| token.kind == Kind::Word && is_odd(token)) {
        return None;
    }
    let open =
        tokens.iter().position(|token| token.depth == 0 && matches!(token.text, "(" | "=>"))?;
    if tokens[open].text == "=>" {
        // `state => …`
        return Some(Vec::new());
    }
    let close = open + 1 + tokens[open + 1..].iter().position(|token| token.depth == 0)?;
    let parameters = &tokens[open + 1..close];
    if parameters.iter().any(|token| token.depth == 1 && token.text == "...") {
        return None;
    }
    let mut parameters = parameters.split(|token| token.depth == 1 && token.text == ",");
    let Some(event) = parameters.nth(1) else { return Some(Vec::new()) };
    match event {
        [] => Some(Vec::new()),
        [name] if name.kind == Kind::Word => {
            // The name itself is one of the tokens, and the only one that stands alone.
            parts_of_name(tokens, name)
        }
        [open, inside @ .., close] if open.text == "{" && close.text == "}" && close.depth == 1 => {
            parts_of_pattern(inside)
        }
        _ => None,
    }
}

/// The parts that are taken of `name`, if each time it stands somewhere a part of it is meant.
fn parts_of_name<'s>(tokens: &[Token<'s>], name: &Token<'_>) -> Option<Vec<&'s str>> {
    let mut parts = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let before =
            at.checked_sub(1).and_then(|at| tokens.get(at)).map_or("", |before| before.text);
        let is_it = token.kind == Kind::Word && token.text == name.text && token.at != name.at;
        if !is_it || matches!(before, "." | "?.") {
            continue;
        }
        let (dot, part) = (tokens.get(at + 1)?, tokens.get(at + 2)?);
        if !matches!(dot.text, "." | "?.") || part.kind != Kind::Word {
            return None;
        }
        parts.push(part.text);
    }
    Some(parts)
}

/// The keys of `{ key, key: …, key = … }`.
fn parts_of_pattern<'s>(inside: &[Token<'s>]) -> Option<Vec<&'s str>> {
    let mut parts = Vec::new();
    for part in inside.split(|token| token.depth == 2 && token.text == ",") {
        match part {
            [] => {}
            [key, ..] if key.kind == Kind::Word => parts.push(key.text),
            _ => return None,
        }
    }
    Some(parts)
}

/// Where a name stands in a source, as a word or a text, behind `export`.
pub(crate) fn find_name(source: &str, name: &str) -> Option<usize> {
    let tokens = tokens(source).ok()?;
    let export = tokens.iter().position(|token| token.text == "export").unwrap_or_default();
    let is_name = |token: &&Token<'_>| match token.kind {
        Kind::Word => token.text == name,
        Kind::String => token.text.get(1..token.text.len() - 1) == Some(name),
        _ => false,
    };
    tokens[export..].iter().find(is_name).map(|token| token.at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handler_needs_what_it_takes_of_an_event() {
        for (handler, what) in [
            ("(state) => 1", Needs::Data),
            ("state => 1", Needs::Data),
            ("() => 1", Needs::Data),
            ("A(state, event) { state.a = event.data.a; }", Needs::Data),
            ("A(state, { data }) { state.a = data; }", Needs::Data),
            ("'a b'(state, { data: { a, b = 1 }, }) { const { c } = data; }", Needs::Data),
            (
                "function (state, event) { const { a } = event.data; state[event.data.id] = `${event.data.x}`; }",
                Needs::Data,
            ),
            ("(state, e) => ({ ...state, at: e.timestamp_ms, by: e?.id })", Needs::Parts),
            ("(state, { id, data: { version }, type }) => 1", Needs::Parts),
            ("(state, event) => { event.type = 1; }", Needs::Parts),
            ("(state, event) => event", Needs::Anything),
            ("(state, event) => ({ event })", Needs::Anything),
            ("(state, event) => ({ ...event })", Needs::Anything),
            ("(state, event) => f(event)", Needs::Anything),
            ("(state, event) => event['data']", Needs::Anything),
            ("(state, event) => { event.seen = 1; }", Needs::Anything),
            ("(state, event) => event.fields", Needs::Anything),
            ("(state, { ...rest }) => rest", Needs::Anything),
            ("(state, { ['data']: x }) => x", Needs::Anything),
            ("(...all) => all[1]", Needs::Anything),
            ("(state, ...rest) => rest", Needs::Anything),
            ("(state, event = {}) => event.data", Needs::Anything),
            ("function (state) { return arguments[1]; }", Needs::Anything),
            ("function f() {\n    [native code]\n}", Needs::Anything),
            ("(state, event) => () => { const event = 1; return event; }", Needs::Anything),
        ] {
            assert_eq!(needs(handler), what, "{handler}");
        }
    }
}
