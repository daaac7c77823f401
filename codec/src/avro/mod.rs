//! Avro (<https://avro.apache.org/docs/1.12.0/specification/>): single values, without a file around them.

mod read;
mod schema;

pub(crate) use read::read;
pub(crate) use schema::{Schema, load};
