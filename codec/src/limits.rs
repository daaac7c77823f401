//! What one value may come to.

/// How many JSON values may be in one: as many as in JSON text.
pub use rewind_domain::json::MAX_VALUES;

/// How many bytes unwrapping one value may give, all its steps together: a hundred times what events usually are, and little
/// enough for a server to hold several of them.
pub const MAX_BYTES: usize = 16 << 20;
