//! What the tests share: a Redis of one's own, a running Rewind, and ways to talk to both.

pub mod app;
pub mod built;
pub mod busy_proxy;
pub mod cutting_proxy;
pub mod hostile;
pub mod live_line;
pub mod random;
pub mod raw_http;
pub mod rewind_process;

pub use app::TestApp;
pub use built::{cargo, need_front_end, rewind_binary, workspace};
pub use busy_proxy::BusyProxy;
pub use cutting_proxy::CuttingProxy;
pub use live_line::LiveLine;
pub use random::Random;
pub use rewind_dev::{LossyProxy, TestRedis, eventually};
pub use rewind_process::RewindProcess;
