//! The event store, on a real Redis.

// A test says by panicking that something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aggregate;
mod cluster;
mod consume;
mod consume_beside_reference;
mod consume_run;
mod consume_run_faults;
mod dead_letters;
mod decide;
mod failover;
mod groups;
mod large_events;
mod project;
mod project_faults;
mod project_rebuild;
mod project_reference;
mod publish;
mod trim;
