//! Consumer groups: all of them, and one with what it has pending, its consumers and its dead letters.

mod all;
mod one;
pub(crate) mod reset;
pub(crate) mod selection;
pub(crate) mod views;

pub(crate) use all::GroupsPage;
pub(crate) use one::GroupPage;
