//! What the browser asks of the server: the server functions, their answers and their errors.
//!
//! These are also the HTTP interface for scripts, described in `docs/api.md`; names and shapes are stable.

pub mod answers;
pub mod backend;
pub mod error;
pub mod export;
pub mod find;
pub mod functions;
pub mod live;
pub mod operate;
pub mod query;
pub mod related;

pub use answers::*;
pub use backend::Backend;
pub use error::{ApiError, ErrorCode};
pub use operate::Operate;
