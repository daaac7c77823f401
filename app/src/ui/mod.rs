//! What several features are made of. Components take plain data and callbacks; requests and the address bar are the
//! features' own.

#![allow(
    unreachable_pub,
    reason = "the component macro makes `pub` items, however visible the component is"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

pub(crate) mod aggregates;
pub(crate) mod aria_level;
pub(crate) mod category_crumbs;
pub(crate) mod change_list;
pub(crate) mod content;
pub(crate) mod copy_button;
pub(crate) mod empty_state;
pub(crate) mod error_panel;
pub(crate) mod event_type;
pub(crate) mod foreign_text;
pub(crate) mod icon;
pub(crate) mod json_tree;
pub(crate) mod keys_dialog;
pub(crate) mod menu;
pub(crate) mod moment;
pub(crate) mod operate_menu;
pub(crate) mod row_cursor;
pub(crate) mod skeleton;
pub(crate) mod sparkline;
pub(crate) mod state;
pub(crate) mod stream_head;
pub(crate) mod stream_key;
pub(crate) mod text;
pub(crate) mod topic_links;
pub(crate) mod version_slider;
pub(crate) mod virtual_list;
