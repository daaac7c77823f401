//! Which parts of an event a handler needs, read from its source.
//!
//! Making an event with all its parts takes a third as long as all the rest. Most handlers take one or two parts of it, which
//! shows in their source.

use crate::tokens::{Kind, Token, tokens};

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
        Some(parts) if parts.iter().all(is_known) => Needs::Parts,
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
