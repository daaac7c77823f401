//! This tab's end of the line that all tabs share.
//!
//! A shared worker holds the line. What goes between it and a tab is described where the worker is written, in
//! `frontend/document/live-worker.js`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use leptos::prelude::*;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{MessageEvent, MessagePort, SharedWorker};

use super::heard::{Heard, Listener};
use crate::api::query::{LiveQuery, Query as _};
use rewind_domain::sse::Frame;

/// Where the document says where the worker is.
const WORKER: &str = "link[rel=live-worker]";
/// How often the worker is told that this tab is still there; tabs that nobody sees may do that once a minute only.
const SIGN_OF_LIFE: Duration = Duration::from_secs(20);

thread_local! {
    /// This tab's way to the worker; `None` if there is none.
    static TAB: RefCell<Option<Option<Rc<Tab>>>> = const { RefCell::new(None) };
}

/// A part of the shared line. Dropping it ends it.
pub(crate) struct SharedLine {
    tab: Rc<Tab>,
    number: u32,
}

struct Tab {
    port: MessagePort,
    lines: RefCell<HashMap<u32, Listener>>,
    next: Cell<u32>,
    _worker: SharedWorker,
}

/// Asks the worker for a watch; `None` if there is no worker.
pub(super) fn open(watch: &LiveQuery, listener: &Listener) -> Option<SharedLine> {
    let tab = TAB.with_borrow_mut(|tab| tab.get_or_insert_with(Tab::connect).clone())?;
    let number = tab.next.get();
    tab.next.set(number.wrapping_add(1));
    tab.lines.borrow_mut().insert(number, Rc::clone(listener));
    tab.tell(&["open".into(), number.into(), watch.to_search().into()]);
    Some(SharedLine { tab, number })
}

impl Drop for SharedLine {
    fn drop(&mut self) {
        self.tab.lines.borrow_mut().remove(&self.number);
        self.tab.tell(&["close".into(), self.number.into()]);
    }
}

impl Tab {
    /// Starts the worker, or joins the one that other tabs have started.
    fn connect() -> Option<Rc<Self>> {
        let url = document().query_selector(WORKER).ok()??.get_attribute("href")?;
        let worker = SharedWorker::new(&url).ok()?;
        let port = worker.port();
        let lines = RefCell::default();
        let tab = Rc::new(Self { port, lines, next: Cell::default(), _worker: worker.clone() });
        let hearing = Rc::downgrade(&tab);
        let hear = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(tab) = hearing.upgrade() {
                tab.hear(&event.data());
            }
        });
        tab.port.set_onmessage(Some(hear.as_ref().unchecked_ref()));
        let failing = Rc::downgrade(&tab);
        let fail = Closure::<dyn Fn()>::new(move || {
            // It could not be started. From now on each line has a connection of its own.
            TAB.set(Some(None));
            if let Some(tab) = failing.upgrade() {
                tab.lose_all();
            }
        });
        worker.set_onerror(Some(fail.as_ref().unchecked_ref()));
        // Both live as long as the page.
        hear.forget();
        fail.forget();
        tab.live_and_leave();
        Some(tab)
    }

    /// Tells the worker whether this tab is there.
    fn live_and_leave(self: &Rc<Self>) {
        let living = Rc::clone(self);
        // Fails only without a window.
        let _ = set_interval_with_handle(move || living.tell(&["alive".into()]), SIGN_OF_LIFE);
        let leaving = Rc::clone(self);
        let leave = window_event_listener_untyped("pagehide", move |_| {
            leaving.tell(&["leave".into()]);
        });
        let returning = Rc::clone(self);
        let come_back = window_event_listener_untyped("pageshow", move |event| {
            let persisted = js_sys::Reflect::get(&event, &"persisted".into());
            // The browser had kept the page, and the worker has forgotten it.
            if persisted.is_ok_and(|persisted| persisted.is_truthy()) {
                returning.lose_all();
            }
        });
        std::mem::forget((leave, come_back));
    }

    fn tell(&self, message: &[JsValue]) {
        let message: js_sys::Array = message.iter().collect();
        // Fails only for what cannot be copied; texts and numbers can.
        let _ = self.port.post_message(&message);
    }

    fn hear(&self, message: &JsValue) {
        let message: js_sys::Array = message.clone().unchecked_into();
        let text = |at: u32| message.get(at).as_string();
        let Some(number) = message.get(1).as_f64() else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number that this tab gave out"
        )]
        let listener = self.lines.borrow().get(&(number as u32)).cloned();
        let Some(listener) = listener else { return };
        match text(0).unwrap_or_default().as_str() {
            "frame" => {
                let (name, data) = (text(2).unwrap_or_default(), text(3).unwrap_or_default());
                let id = text(4).filter(|id| !id.is_empty());
                listener(Heard::Frames(vec![Frame { name, data, id }]));
            }
            _ => listener(Heard::Lost(None)),
        }
    }

    fn lose_all(&self) {
        let listeners: Vec<Listener> = self.lines.borrow().values().cloned().collect();
        listeners.iter().for_each(|listener| listener(Heard::Lost(None)));
    }
}
