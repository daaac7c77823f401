//! Pages, components and server functions.
//!
//! The server needs [`api`] alone. All else is for the browser, and is built natively only for its tests: that takes minutes.

// A page is one deeply nested type where views are not erased, which is in native builds.
#![recursion_limit = "256"]

pub mod api;
#[cfg(any(target_arch = "wasm32", test))]
mod browser;
#[cfg(any(target_arch = "wasm32", test))]
mod components;
#[cfg(any(target_arch = "wasm32", test))]
mod pages;
#[cfg(any(target_arch = "wasm32", test))]
mod shell;
#[cfg(any(target_arch = "wasm32", test))]
mod state;

#[cfg(any(target_arch = "wasm32", test))]
pub use shell::App;
