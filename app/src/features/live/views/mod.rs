//! The components that say what is live.

pub(crate) mod live_status;
pub(crate) mod remade_notice;
