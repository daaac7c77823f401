//! What tests of several crates start and wait for: a real Redis server, private to one test, and the reference that Rewind works
//! beside.

mod condition;
mod lossy_proxy;
mod redis_server;
mod reference;

pub use condition::{PATIENCE, eventually};
pub use lossy_proxy::LossyProxy;
pub use redis_server::TestRedis;
pub use reference::{Reference, ReferenceProcess};
