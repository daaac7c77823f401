//! The address bar.
//!
//! Three pages whose parameters all stand in the query need little of a router, and that little exactly: keys pass
//! through the query undecoded (see [`Query`](crate::address::query::Query)), and what replaces an entry of the history never
//! gets in the way of what adds one.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{HtmlAnchorElement, MouseEvent, Node};

use crate::address::Address;

/// Where the user interface is.
#[derive(Clone, Copy)]
pub(crate) struct Location {
    address: RwSignal<Address>,
    /// Whether the way here was the back or the forward button.
    is_return: StoredValue<bool>,
}

/// What becomes of the address that is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    /// The back button leads to it.
    Push,
    /// It is forgotten.
    Replace,
}

impl Location {
    /// Follows the address bar, the back button and every link within this server.
    pub(crate) fn provide() -> Self {
        let location =
            Self { address: RwSignal::new(current()), is_return: StoredValue::new(false) };
        let popped = window_event_listener(ev::popstate, move |_| {
            location.is_return.set_value(true);
            location.address.set(current());
        });
        let clicked = window_event_listener(ev::click, move |event| location.follow(&event));
        on_cleanup(move || {
            popped.remove();
            clicked.remove();
        });
        provide_context(location);
        location
    }

    /// The one that was provided.
    pub(crate) fn expect() -> Self {
        expect_context()
    }

    /// The address now.
    pub(crate) fn address(self) -> Address {
        self.address.get()
    }

    /// Whether the way here was the back or the forward button, so that what was left is to be found again.
    pub(crate) fn is_return(self) -> bool {
        self.is_return.get_value()
    }

    /// Goes to a URL of this server.
    pub(crate) fn go(self, href: &str, how: History) {
        let Ok(history) = window().history() else { return };
        let is_here = href == path_and_search();
        let done = if how == History::Replace || is_here {
            history.replace_state_with_url(&JsValue::NULL, "", Some(href))
        } else {
            history.push_state_with_url(&JsValue::NULL, "", Some(href))
        };
        // Browsers refuse when a page changes its address too often; the view must not hang on it.
        if done.is_err() {
            leptos::logging::warn!("the browser did not take `{href}` into its history");
        }
        let (path, search) = href.split_once('?').unwrap_or((href, ""));
        let address = Address::parse(path, search);
        if how == History::Push {
            self.is_return.set_value(false);
        }
        if address != *self.address.read_untracked() {
            self.address.set(address);
        }
    }

    /// Follows a plain click on a link of this server without loading the page again.
    fn follow(self, event: &MouseEvent) {
        let is_plain = event.button() == 0
            && !(event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key());
        if !is_plain || event.default_prevented() {
            return;
        }
        let Some(link) = link_at(event) else { return };
        let is_ours = link.origin() == window().location().origin().unwrap_or_default()
            && link.target().is_empty()
            && !link.has_attribute("download")
            // A link to a place on this page, such as the one that skips to its content.
            && link.hash().is_empty();
        if is_ours {
            event.prevent_default();
            self.go(&format!("{}{}", link.pathname(), link.search()), History::Push);
        }
    }
}

/// Fetches the whole document again, from whichever server is there now.
pub(crate) fn reload() {
    if window().location().reload().is_err() {
        leptos::logging::warn!("the browser did not reload the page");
    }
}

fn link_at(event: &MouseEvent) -> Option<HtmlAnchorElement> {
    let node: Node = event.target()?.dyn_into().ok()?;
    let element = match node.dyn_into::<web_sys::Element>() {
        Ok(element) => element,
        Err(node) => node.parent_element()?,
    };
    element.closest("a[href]").ok()??.dyn_into().ok()
}

fn current() -> Address {
    let location = window().location();
    Address::parse(&location.pathname().unwrap_or_default(), &location.search().unwrap_or_default())
}

fn path_and_search() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}
