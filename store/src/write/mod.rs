//! Writes: a connection of their own, on which nothing is sent twice, and the scripts that change several things in one step.

mod connection;
mod error;
mod script;
mod transaction;

pub(crate) use connection::WriteConnection;
pub use error::WriteError;
pub(crate) use script::Script;
pub(crate) use transaction::{Transaction, TransactionConnection};
