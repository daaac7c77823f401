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
/// parts that are mentioned are set again each time, so that it does not matter either what a handler makes of them.
pub(crate) fn needs(handler: &str) -> Needs {
    let parts = tokens(handler).ok().and_then(|tokens| parts(&tokens));
    let is_known = |part: &&str| ["id", "version", "type", "timestamp_ms", "data"].contains(part);
    match parts {
        Some(parts) if parts.iter().all(|part| *part == "data") => Needs::Data,
        Some(parts) if parts.iter().all(is_known) => Needs::Parts,
        _ => Needs::Anything,
    }
}

/// The members of `event.data` that an expression takes, if it does nothing else with it or with `event`. The others need not be made
/// values of the engine, which is what takes most of the time.
pub(crate) fn data_members(expression: &str) -> Option<Vec<Box<str>>> {
    let tokens = tokens(expression).ok().filter(|tokens| !has_odd(tokens))?;
    let mut members = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let is_member = at.checked_sub(1).is_some_and(|at| is_dot(&tokens[at]));
        if token.kind != Kind::Word || token.text != "event" || is_member {
            continue;
        }
        if member(&tokens, at)? == "data" {
            members.push(member(&tokens, at + 2)?.into());
        }
    }
    Some(members)
}

/// Whether an expression may ask for the version of the event: by that word, or by doing something else with the event than taking
/// other members of it.
pub fn asks_version(expression: &str) -> bool {
    let Ok(tokens) = tokens(expression) else { return true };
    let asks = |(at, token): (usize, &Token<'_>)| {
        let is_member = at.checked_sub(1).is_some_and(|at| is_dot(&tokens[at]));
        match token.text {
            _ if token.kind != Kind::Word || is_member => false,
            "event" => member(&tokens, at).is_none_or(|member| member == "version"),
            word => word == "version",
        }
    };
    has_odd(&tokens) || tokens.iter().enumerate().any(asks)
}

/// The member that is taken of what stands here, such as `a` of `x.a` and `x?.a`.
fn member<'s>(tokens: &[Token<'s>], at: usize) -> Option<&'s str> {
    let (dot, name) = (tokens.get(at + 1)?, tokens.get(at + 2)?);
    // An escape in a name stands for another letter.
    let is_plain = name.kind == Kind::Word && !name.text.contains(['\\', '#']);
    (is_dot(dot) && is_plain).then_some(name.text)
}

fn is_dot(token: &Token<'_>) -> bool {
    matches!(token.text, "." | "?.")
}

/// Whether it has words that may stand for something else than they seem to. What is no function of the language says so in its text.
fn has_odd(tokens: &[Token<'_>]) -> bool {
    let is_odd = |token: &Token<'_>| {
        matches!(token.text, "arguments" | "eval" | "native" | "class" | "super")
            || token.text.contains('\\')
    };
    tokens.iter().any(|token| token.kind == Kind::Word && is_odd(token))
}

/// The parts of its second parameter that a function takes, if it does nothing else with it.
fn parts<'s>(tokens: &[Token<'s>]) -> Option<Vec<&'s str>> {
    if has_odd(tokens) {
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
    fn an_expression_takes_members_of_the_data_or_perhaps_all_of_it() {
        for (expression, members) in [
            ("event.data.total > 1", Some(vec!["total"])),
            ("event?.data?.a.b === event.data.c[0] && event.type", Some(vec!["a", "c"])),
            ("event.version > 2", Some(vec![])),
            ("state.event.data", Some(vec![])),
            ("event.data", None),
            ("event.data['total']", None),
            ("event.data?.['total']", None),
            ("event.data?.()", None),
            ("event['data'].total", None),
            ("f(event)", None),
            ("({event}).event.data.x", None),
            ("{ const { data } = event; }", None),
            ("((event) => event.data.a)(event.data.b)", None),
            ("arguments[1].data.a || event.data.b", None),
            (r"\u0065vent.data.a", None),
            (r"event.data.\u0061", None),
            ("`${event.data.a}`", Some(vec!["a"])),
            ("'event.data'.length || /event/.test('')", Some(vec![])),
        ] {
            let members: Option<Vec<Box<str>>> =
                members.map(|members| members.into_iter().map(Into::into).collect());
            assert_eq!(data_members(expression), members, "{expression}");
        }
    }

    #[test]
    fn an_expression_asks_for_the_version_or_surely_does_not() {
        for (expression, asks) in [
            ("event.data.total > 1", false),
            ("event.data.version > 1 && event.type !== 'version'", false),
            ("event.data.items.some((item) => item?.version > 1)", false),
            ("'event.version'.length || /version/.test(event.id)", false),
            ("event.version > 1", true),
            ("event?.version > 1", true),
            ("version > 1", true),
            ("`${event.version}` === '1'", true),
            ("event['version'] > 1", true),
            ("event[event.data.name] > 1", true),
            ("JSON.stringify(event).includes('7')", true),
            ("(({ version }) => version)(event) > 1", true),
            ("{ const { version: v } = event; }", true),
            (r"event.\u0076ersion > 1", true),
            (r"\u0076ersion > 1", true),
            ("arguments[2] > 1", true),
        ] {
            assert_eq!(asks_version(expression), asks, "{expression}");
        }
    }

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
