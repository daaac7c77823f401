//! From what goes wrong in the engine to [`FoldError`].

use rewind_domain::{FoldError, FoldErrorKind};
use rquickjs::{Ctx, FromJs as _, Type, Value};

use crate::limits::Limits;

/// The name under which the engine knows a script, and tells where in it something happened.
pub(crate) const FILE: &str = "<script>";
/// How long what a script threw may be told, in characters.
const MAX_MESSAGE: usize = 500;

/// What went wrong, before it is known whether a limit was the reason.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The engine has it.
    Engine(rquickjs::Error),
    /// It is known already.
    Known(FoldError),
}

impl From<rquickjs::Error> for Fault {
    fn from(error: rquickjs::Error) -> Self {
        Self::Engine(error)
    }
}

impl From<FoldError> for Fault {
    fn from(error: FoldError) -> Self {
        Self::Known(error)
    }
}

/// An error that has no place in the source.
pub(crate) fn error(kind: FoldErrorKind, message: impl Into<String>) -> FoldError {
    FoldError { kind, message: message.into(), line: None, column: None }
}

/// For a folding that is asked although it has failed before.
pub(crate) fn gone() -> FoldError {
    error(FoldErrorKind::Threw, "the fold has failed before")
}

/// An error at this byte of the source.
pub(crate) fn error_at(message: impl Into<String>, source: &str, at: usize) -> FoldError {
    let before = String::from_utf8_lossy(&source.as_bytes()[..at.min(source.len())]);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    FoldError {
        line: u32::try_from(before.matches('\n').count() + 1).ok(),
        column: u32::try_from(before[line_start..].chars().count() + 1).ok(),
        ..error(FoldErrorKind::Invalid, message)
    }
}

pub(crate) fn event_timeout(limits: &Limits) -> FoldError {
    let message = format!("the event took longer than {} ms (`fold-event-ms`)", limits.event_ms);
    error(FoldErrorKind::EventTimeout, message)
}

pub(crate) fn preparing_timeout(allowed_ms: u64) -> FoldError {
    let message = format!("what comes before the first event took longer than {allowed_ms} ms");
    error(FoldErrorKind::EventTimeout, message)
}

pub(crate) fn replay_timeout(limits: &Limits) -> FoldError {
    let message = format!(
        "the fold took longer than {} ms for all events together (`fold-replay-ms`)",
        limits.replay_ms
    );
    error(FoldErrorKind::ReplayTimeout, message)
}

pub(crate) fn out_of_memory(limits: &Limits) -> FoldError {
    let message = format!(
        "more than {} MiB of memory were needed (`fold-memory-mb`)",
        limits.memory_bytes / (1024 * 1024)
    );
    error(FoldErrorKind::OutOfMemory, message)
}

pub(crate) fn stack_overflow(limits: &Limits) -> FoldError {
    let message = format!(
        "functions called each other too deeply: more than {} KiB of stack were needed (`fold-stack-kb`)",
        limits.stack_bytes / 1024
    );
    error(FoldErrorKind::StackOverflow, message)
}

pub(crate) fn state_too_large(limits: &Limits) -> FoldError {
    let message = format!(
        "the state is larger than {} MiB (`fold-state-mb`)",
        limits.state_bytes / (1024 * 1024)
    );
    error(FoldErrorKind::StateTooLarge, message)
}

/// What a script threw, or the engine in its stead.
pub(crate) fn thrown(ctx: &Ctx<'_>, limits: &Limits) -> FoldError {
    let value = ctx.catch();
    let Some(object) = value.as_object().filter(|object| object.is_error()) else {
        if matches!(value.type_of(), Type::Uninitialized | Type::Null) {
            // All that is left to throw where there is no memory for an error. Nobody else throws `null`.
            return out_of_memory(limits);
        }
        let message = format!("threw {}, which is no error", describe(ctx, &value));
        return error(FoldErrorKind::Threw, cut(&message));
    };
    let text = |name: &str| -> String {
        let value = object.get::<_, Value<'_>>(name);
        // A getter may throw, or be stopped.
        let value = value.inspect_err(|_| drop(ctx.catch())).ok();
        value.and_then(|value| string_of(&value)).unwrap_or_default()
    };
    let (name, message, stack) = (text("name"), text("message"), text("stack"));
    let (line, column) = place(&stack).unzip();
    let found = match (name.as_str(), message.as_str()) {
        ("InternalError", message)
            if message.is_empty() || message.starts_with("out of memory") =>
        {
            out_of_memory(limits)
        }
        ("RangeError", "Maximum call stack size exceeded")
        | ("InternalError", "stack overflow") => stack_overflow(limits),
        ("SyntaxError", _) if stack.trim_start().starts_with(&format!("at {FILE}")) => {
            error(FoldErrorKind::Invalid, cut(&message))
        }
        ("" | "Error", _) => error(FoldErrorKind::Threw, cut(&message)),
        _ => error(FoldErrorKind::Threw, cut(&format!("{name}: {}", with_hint(&message)))),
    };
    FoldError { line, column, ..found }
}

/// Says why something that scripts have elsewhere is not there.
fn with_hint(message: &str) -> String {
    if message.strip_suffix(" is not initialized").map(unquoted) == Some("version") {
        return "the version of this event is not known".to_owned();
    }
    let hint = match message.strip_suffix(" is not defined").map(unquoted) {
        Some("console") => "a fold has nowhere to write to; look at the state instead",
        Some("fetch" | "XMLHttpRequest" | "require" | "process" | "Deno" | "Bun") => {
            "a fold has nothing but its events"
        }
        Some("setTimeout" | "setInterval" | "queueMicrotask" | "Promise") => {
            "a fold cannot wait for anything"
        }
        Some("eval") => "functions cannot be made from text here",
        Some("window" | "document" | "navigator" | "performance") => {
            "a fold does not run in a browser"
        }
        Some("WeakMap" | "WeakSet" | "WeakRef") => "use a `Map` or `Set` within a handler",
        Some(
            "Proxy" | "Intl" | "ArrayBuffer" | "Uint8Array" | "TextEncoder" | "structuredClone",
        ) => "it is not part of what a fold can use",
        _ => return message.to_owned(),
    };
    format!("{message}: {hint}")
}

fn unquoted(name: &str) -> &str {
    name.trim_matches(['\'', '`'])
}

/// Where the first function of the script stands in a stack trace. The script starts on the second line of what the engine reads.
fn place(stack: &str) -> Option<(u32, u32)> {
    let (_, rest) = stack.split_once(&format!("{FILE}:"))?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    let (line, column) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
    Some((line.saturating_sub(1).max(1), column.max(1)))
}

fn describe<'js>(ctx: &Ctx<'js>, value: &Value<'js>) -> String {
    if value.is_object() {
        return "an object".to_owned();
    }
    if let Some(text) = value.as_string().and_then(|text| text.to_string().ok()) {
        return rewind_domain::Json::string(text).preview(MAX_MESSAGE);
    }
    let text = rquickjs::Coerced::<String>::from_js(ctx, value.clone());
    text.map_or_else(|_| value.type_name().to_owned(), |text| format!("`{}`", text.0))
}

/// A text, without calling anything of the script's.
fn string_of(value: &Value<'_>) -> Option<String> {
    value.as_string()?.to_string().ok()
}

fn cut(message: &str) -> String {
    match message.char_indices().nth(MAX_MESSAGE) {
        None => message.to_owned(),
        Some((at, _)) => format!("{}…", &message[..at]),
    }
}
