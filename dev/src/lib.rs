//! What tests of several crates start and wait for: a real Redis server, private to one test.

mod condition;
mod redis_server;

pub use condition::{PATIENCE, eventually};
pub use redis_server::TestRedis;
