//! The components of the workbench.

pub(crate) mod code_editor;
pub(crate) mod run_list;
