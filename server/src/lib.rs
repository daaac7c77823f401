//! The server: Redis on one side, HTTP on the other.
//!
//! [`store`] speaks to Redis, [`discovery`] finds the streams there are, [`travel`] folds what it reads, [`backend`] answers the server functions from both, [`live`] pushes
//! what is new, and [`http`] holds every route. [`transfer`] is for the command line alone.

pub mod backend;
pub mod cli;
pub mod config;
pub mod discovery;
pub mod folds;
pub mod http;
pub mod live;
pub mod serve;
pub mod store;
pub mod transfer;
pub mod travel;
