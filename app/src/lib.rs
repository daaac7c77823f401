//! Pages, components and server functions.
//!
//! The server needs [`api`] alone. All else is for the browser, and is built natively only for its tests: that takes minutes.

// A page is one deeply nested type where views are not erased, which is in native builds.
#![recursion_limit = "256"]

#[cfg(any(target_arch = "wasm32", test))]
mod address;
pub mod api;
#[cfg(any(target_arch = "wasm32", test))]
mod features;
#[cfg(any(target_arch = "wasm32", test))]
mod platform;
#[cfg(any(target_arch = "wasm32", test))]
mod shell;
#[cfg(any(target_arch = "wasm32", test))]
mod ui;

#[cfg(any(target_arch = "wasm32", test))]
pub use shell::App;
