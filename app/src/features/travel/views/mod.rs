//! The components of travelling through a history.

pub(crate) mod history_list;
pub(crate) mod player;
pub(crate) mod shortfall_banner;
pub(crate) mod side_by_side;
pub(crate) mod timeline_strip;
pub(crate) mod transition_list;
pub(crate) mod version_list;
