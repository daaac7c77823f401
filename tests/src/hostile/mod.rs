//! What hostile clients send: tables that tests go through, and longer runs draw from.

pub mod bodies;
pub mod calls;
pub mod hosts;
pub mod values;

pub use bodies::{BODIES, Body};
pub use calls::{Call, GET_CALLS, POST_CALLS};
pub use hosts::{TRUSTED_HOSTS, UNTRUSTED_HOSTS};
pub use values::{QUERIES, values};
