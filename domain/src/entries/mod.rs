//! Entries: what Redis holds, and the forms in which they come and go.

pub mod entry;
pub mod entry_digest;
pub mod entry_id;
pub mod field_source;
pub mod ndjson;
pub mod redis_command;
