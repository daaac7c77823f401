//! The components that show one event.

pub(crate) mod copy_menu;
pub(crate) mod deliveries;
pub(crate) mod event_detail;
pub(crate) mod field_value;
pub(crate) mod fields_table;
pub(crate) mod story_tree;
