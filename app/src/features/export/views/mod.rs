//! The components of exports.

pub(crate) mod export_menu;
pub(crate) mod export_tray;
