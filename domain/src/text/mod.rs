//! Text from elsewhere, as it can be shown.

pub mod foreign_text;
pub mod hex;
pub mod numbers;
pub mod sse;
pub mod terminal;
