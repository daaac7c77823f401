//! What the tests share: a Redis of one's own, a running Rewind, and ways to talk to both.

pub mod app;
pub mod condition;
pub mod live_line;
pub mod redis_server;

pub use app::TestApp;
pub use condition::eventually;
pub use live_line::LiveLine;
pub use redis_server::TestRedis;
