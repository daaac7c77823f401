//! The components of the lists of events.

pub(crate) mod columns_menu;
pub(crate) mod event_grid;
pub(crate) mod filter_box;
pub(crate) mod histogram_strip;
pub(crate) mod incomplete_banner;
pub(crate) mod long_list;
pub(crate) mod many_head;
pub(crate) mod type_facets;
