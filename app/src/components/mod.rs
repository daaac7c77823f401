//! The parts that pages are made of. They take plain data and callbacks; requests and the address bar are the
//! pages' own.

#![allow(
    unreachable_pub,
    reason = "the component macro makes `pub` items, however visible the component is"
)]
#![allow(clippy::needless_pass_by_value, reason = "components own what they are given")]

pub(crate) mod aria_level;
pub(crate) mod category_crumbs;
pub(crate) mod category_tree;
pub(crate) mod change_list;
pub(crate) mod cluster_notice;
pub(crate) mod code_editor;
pub(crate) mod columns_menu;
pub(crate) mod copy_button;
pub(crate) mod copy_menu;
pub(crate) mod discovery_notices;
pub(crate) mod empty_state;
pub(crate) mod error_panel;
pub(crate) mod event_detail;
pub(crate) mod event_grid;
pub(crate) mod event_type;
pub(crate) mod export_menu;
pub(crate) mod export_tray;
pub(crate) mod field_value;
pub(crate) mod fields_table;
pub(crate) mod filter_box;
pub(crate) mod foreign_text;
pub(crate) mod histogram_strip;
pub(crate) mod history_list;
pub(crate) mod icon;
pub(crate) mod incomplete_banner;
pub(crate) mod json_tree;
pub(crate) mod keys_dialog;
pub(crate) mod live_status;
pub(crate) mod long_list;
pub(crate) mod many_head;
pub(crate) mod menu;
pub(crate) mod moment;
pub(crate) mod overview_lists;
pub(crate) mod player;
pub(crate) mod rate_chart;
pub(crate) mod redis_strip;
pub(crate) mod remade_notice;
pub(crate) mod row_cursor;
pub(crate) mod run_list;
pub(crate) mod scan_progress;
pub(crate) mod shortfall_banner;
pub(crate) mod side_by_side;
pub(crate) mod skeleton;
pub(crate) mod sparkline;
pub(crate) mod story_tree;
pub(crate) mod stream_head;
pub(crate) mod stream_key;
pub(crate) mod stream_table;
pub(crate) mod theme_switch;
pub(crate) mod timeline_strip;
pub(crate) mod top_bar;
pub(crate) mod topic_links;
pub(crate) mod transition_list;
pub(crate) mod type_facets;
pub(crate) mod version_list;
pub(crate) mod version_slider;
pub(crate) mod virtual_list;
pub(crate) mod zone_switch;
