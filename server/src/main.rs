//! The `rewind` program.

use std::process::ExitCode;

/// Events are many small values that are made on one thread and dropped on another, for which the system's allocator is slow.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rewind_server::cli::main()
}
