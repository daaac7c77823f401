//! What the pages of consumer groups draw.

pub(crate) mod consumers;
pub(crate) mod dead;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod lag;
pub(crate) mod pending;
pub(crate) mod reset_menu;
