//! The log, on standard error: a line for each message, whatever keys and errors hold.

use std::io::IsTerminal as _;

use rewind_domain::terminal::write_escaped;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

/// Begins to log. `REWIND_LOG` says what; colours are for terminals, and not for those who set `NO_COLOR`.
pub(super) fn begin() {
    let filter = EnvFilter::try_from_env("REWIND_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let wants_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let fields = debug_fn(|out, field, value| {
        if field.name() != "message" {
            write!(out, "{}=", field.name())?;
        }
        write_escaped(out, &format_args!("{value:?}"))
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(wants_colour && std::io::stderr().is_terminal())
        .fmt_fields(fields.delimited(" "))
        .with_writer(std::io::stderr)
        .init();
}
