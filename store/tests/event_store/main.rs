//! The event store, on a real Redis.

// A test says by panicking that something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;
mod project_faults;
mod project_rebuild;
mod publish;
