//! The server: Redis on one side, HTTP on the other.
//!
//! [`store`] speaks to Redis, [`discovery`] finds the streams there are, [`travel`] folds what it reads, [`index`] knows where its
//! entries are, [`find`] searches through them, [`backend`] answers the server functions from all of these, [`live`] pushes
//! what is new, [`projections`] keeps up what follows from events, [`operations`] changes the event store, [`groups`] tells of consumer groups, [`http`] holds every route, and [`serving`] the connections.
//! [`transfer`] and [`commands`] are for the command line alone.

mod api_errors;
pub mod backend;
mod cache_figures;
pub mod caches;
mod capacity;
pub mod cli;
pub mod commands;
pub mod config;
pub mod discovery;
pub mod engines;
pub mod event_reader;
pub mod exports;
pub mod find;
pub mod folds;
pub mod groups;
pub mod http;
pub mod index;
pub mod live;
mod long_work;
pub mod operations;
pub mod overview;
pub mod projections;
pub mod relations;
pub mod retention;
pub mod serve;
pub mod serving;
mod signals;
mod sse;
mod throttle;
pub mod topics;
pub mod transfer;
pub mod travel;
