//! What a module declares outside of all functions, read from its source.
//!
//! Whatever stands there outlives an event, so it has to be constant. The engine does not tell what a module declares;
//! this reads as much of the language as is needed to find out. It is not what decides whether the source is sound: the
//! engine reads it as well.

use std::ops::Range;

use crate::tokens::{Kind, Refusal, Token, tokens};

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
        if token.kind != Kind::Word || token.follows_dot {
            constants.take(token, &mut outline.names);
            continue;
        }
        let next = tokens.get(at + 1);
        let is_key = next.is_some_and(|next| next.text == ":");
        match token.text {
            "var" if !token.is_in_function && !is_key => return Err(variable(token)),
            "let" if token.depth == 0 && !is_key => return Err(variable(token)),
            "import" if token.depth == 0 => {
                return Err(Refusal::of(
                    token,
                    "`import`: a fold is one module, it cannot import others",
                ));
            }
            "export" if token.depth == 0 => match next {
                Some(default) if default.text == "default" => {
                    if outline.default_export.is_some() {
                        return Err(Refusal::of(token, "`export default` stands twice"));
                    }
                    outline.default_export = Some((token.range(), default.range()));
                }
                _ => {
                    return Err(Refusal::of(
                        token,
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
        return Err(Refusal::of(token, "`;`: write one expression, without a semicolon"));
    }
    if let Some(token) = tokens.iter().find(|token| {
        token.depth == 0
            && token.kind == Kind::Word
            && matches!(token.text, "let" | "const" | "var" | "if" | "return" | "for" | "while")
    }) {
        let message = format!("`{}`: write one expression, not a statement", token.text);
        return Err(Refusal::of(token, &message));
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
    Refusal::of(
        token,
        &format!(
            "`{}` outside of the handlers would carry something from one event to the next; keep it in the state, or make it `const`",
            token.text
        ),
    )
}

fn refuse_what_waits(tokens: &[Token<'_>]) -> Result<(), Refusal> {
    for (at, token) in tokens.iter().enumerate() {
        if token.kind != Kind::Word || token.follows_dot {
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
                    return Err(Refusal::of(
                        token,
                        "`async`: a fold cannot wait for anything; handlers are plain functions",
                    ));
                }
            }
            "import" if next.is_some_and(|next| matches!(next.text, "(" | ".")) => {
                return Err(Refusal::of(
                    token,
                    "`import`: a fold is one module, it cannot import others",
                ));
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
