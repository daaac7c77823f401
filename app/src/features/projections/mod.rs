//! Projections: all of them, and one with what is in it.

mod activity;
mod all;
mod one;

pub(crate) use all::ProjectionsPage;
pub(crate) use one::ProjectionPage;
