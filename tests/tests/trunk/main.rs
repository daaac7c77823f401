//! Trunk builds the front end that the server embeds, and serves pages that work while they are worked on.

#[path = "../browser/browser.rs"]
#[allow(dead_code, reason = "the tests of the pages do more with a browser")]
mod browser;
mod dev;
#[path = "../browser/orders.rs"]
mod orders;
mod release;
