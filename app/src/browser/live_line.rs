//! The line on which the server tells what is added to a stream.
//!
//! `EventSource` reconnects by itself, but with a pause that it does not tell and without saying where it was once the
//! server refuses it. So each line here is opened once, and reopened from the last entry seen.
//!
//! Messages arrive faster than a page can be drawn: each is put into a buffer, which is emptied once a frame.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::leptos_dom::helpers::{IntervalHandle, TimeoutHandle};
use leptos::prelude::*;
use rewind_domain::{EntryId, Event, StreamKey};
use serde::de::DeserializeOwned;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

use super::clock;
use super::frames::OncePerFrame;
use crate::api::live::{
    HEARTBEAT_SECS, LiveEntry, LiveFailed, LiveGap, LiveLag, LiveStatus, RedisStatus,
};
use crate::state::backoff::Backoff;
use crate::state::query::Query;

/// A line that has been silent for this long is dead, even if the browser has not noticed: two
/// heartbeats and a half.
const SILENCE_MS: i64 = HEARTBEAT_SECS.cast_signed() * 2_500;
/// How often that is looked at.
const WATCH: Duration = Duration::from_secs(5);
/// No frame is drawn in a tab that nobody sees; the buffer is emptied at this size all the same: some screens full.
const FULL_BUFFER: usize = 500;

/// What a line tells.
#[derive(Clone, Debug)]
pub(crate) enum LiveMessage {
    /// An entry was added.
    Event(Box<Event>),
    /// Entries are missing.
    Gap(LiveGap),
    /// Some were passed over and follow now.
    Lag,
    /// Whether Redis is there.
    Redis(RedisStatus),
    /// The stream cannot be watched any more.
    Failed(String),
    /// The line itself.
    Line(LineState),
}

/// Whether the line stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LineState {
    /// Not yet.
    #[default]
    Connecting,
    /// It does.
    Open,
    /// Not any more; it is being opened again.
    Lost,
}

/// An open line. Dropping it closes it.
pub(crate) struct LiveLine(Rc<Line>);

struct Line {
    stream: StreamKey,
    /// The last entry seen: where to go on.
    position: Cell<EntryId>,
    connection: RefCell<Option<Connection>>,
    retry: Cell<Option<TimeoutHandle>>,
    watch: Cell<Option<IntervalHandle>>,
    backoff: Cell<Backoff>,
    last_heard_ms: Cell<i64>,
    buffer: RefCell<Vec<LiveMessage>>,
    flush: OncePerFrame,
    sink: Box<dyn Fn(Vec<LiveMessage>)>,
}

struct Connection {
    source: EventSource,
    /// What the source calls; it must not outlive them.
    _listeners: Vec<Closure<dyn Fn(web_sys::Event)>>,
}

impl LiveLine {
    /// Opens a line for what is added to `stream` after an entry. `sink` gets what it tells, in order,
    /// once a frame.
    pub(crate) fn open(
        stream: StreamKey,
        after: EntryId,
        sink: impl Fn(Vec<LiveMessage>) + 'static,
    ) -> Self {
        let line = Rc::new_cyclic(|line: &Weak<Line>| {
            let to_flush = line.clone();
            Line {
                stream,
                position: Cell::new(after),
                connection: RefCell::default(),
                retry: Cell::default(),
                watch: Cell::default(),
                backoff: Cell::default(),
                last_heard_ms: Cell::new(clock::now_ms()),
                buffer: RefCell::default(),
                flush: OncePerFrame::new(move || {
                    if let Some(line) = to_flush.upgrade() {
                        line.flush();
                    }
                }),
                sink: Box::new(sink),
            }
        });
        let watched = Rc::downgrade(&line);
        let watch = set_interval_with_handle(
            move || {
                if let Some(line) = watched.upgrade() {
                    line.check();
                }
            },
            WATCH,
        );
        line.watch.set(watch.ok());
        line.connect();
        Self(line)
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.0.hang_up();
        if let Some(watch) = self.0.watch.take() {
            watch.clear();
        }
    }
}

impl Line {
    fn connect(self: &Rc<Self>) {
        let url = Query::default()
            .with("stream", &self.stream)
            .with("after", self.position.get())
            .on("/api/live");
        self.last_heard_ms.set(clock::now_ms());
        let Ok(source) = EventSource::new(&url) else {
            self.lost();
            return;
        };
        let mut listeners = Vec::new();
        let mut listen = |name: &str, heard: fn(&Rc<Self>, &web_sys::Event)| {
            let line = Rc::downgrade(self);
            let listener = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
                if let Some(line) = line.upgrade() {
                    line.last_heard_ms.set(clock::now_ms());
                    heard(&line, &event);
                }
            });
            // Fails only for options, and there are none.
            let _ =
                source.add_event_listener_with_callback(name, listener.as_ref().unchecked_ref());
            listeners.push(listener);
        };
        listen("open", |line, _| {
            line.tell(LiveMessage::Line(LineState::Open));
        });
        listen("error", |line, _| line.lost());
        listen("entry", |line, event| {
            if let Some(LiveEntry { event, .. }) = line.read(event) {
                line.position.set(line.position.get().max(event.id));
                line.tell(LiveMessage::Event(Box::new(event)));
            }
        });
        listen("gap", |line, event| {
            if let Some(gap) = line.read::<LiveGap>(event) {
                line.tell(LiveMessage::Gap(gap));
            }
        });
        listen("lag", |line, event| {
            if line.read::<LiveLag>(event).is_some() {
                line.tell(LiveMessage::Lag);
            }
        });
        listen("status", |line, event| {
            if let Some(LiveStatus { redis, .. }) = line.read(event) {
                line.tell(LiveMessage::Redis(redis));
            }
        });
        listen("failed", |line, event| {
            if let Some(LiveFailed { message, .. }) = line.read(event) {
                line.hang_up();
                line.tell(LiveMessage::Failed(message));
            }
        });
        listen("heartbeat", |line, _| {
            // Only now: a line that opens and breaks at once must not be opened again and again without a pause.
            let mut backoff = line.backoff.get();
            backoff.reset();
            line.backoff.set(backoff);
        });
        *self.connection.borrow_mut() = Some(Connection { source, _listeners: listeners });
    }

    /// Closes the connection; what it still has to say is not heard.
    fn hang_up(&self) {
        if let Some(connection) = self.connection.take() {
            connection.source.close();
        }
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }

    fn lost(self: &Rc<Self>) {
        self.hang_up();
        self.tell(LiveMessage::Line(LineState::Lost));
        let mut backoff = self.backoff.get();
        let wait_ms = backoff.next_ms(clock::random());
        self.backoff.set(backoff);
        let line = Rc::downgrade(self);
        let retry = set_timeout_with_handle(
            move || {
                if let Some(line) = line.upgrade() {
                    line.retry.take();
                    line.connect();
                }
            },
            Duration::from_millis(wait_ms.into()),
        );
        self.retry.set(retry.ok());
    }

    /// Notices a line that broke without a word, as they do when a computer sleeps.
    fn check(self: &Rc<Self>) {
        let is_silent = clock::now_ms() - self.last_heard_ms.get() > SILENCE_MS;
        if is_silent && self.connection.borrow().is_some() {
            self.lost();
        }
    }

    fn read<T: DeserializeOwned>(&self, event: &web_sys::Event) -> Option<T> {
        let data = event.dyn_ref::<MessageEvent>()?.data().as_string()?;
        match serde_json::from_str(&data) {
            Ok(value) => Some(value),
            Err(error) => {
                // Going on would drop it silently.
                self.hang_up();
                self.tell(LiveMessage::Failed(format!(
                    "a live message cannot be read ({error}); reload the page"
                )));
                None
            }
        }
    }

    fn tell(&self, message: LiveMessage) {
        self.buffer.borrow_mut().push(message);
        if self.buffer.borrow().len() >= FULL_BUFFER {
            self.flush();
        } else {
            self.flush.request();
        }
    }

    fn flush(&self) {
        let messages = self.buffer.take();
        if !messages.is_empty() {
            (self.sink)(messages);
        }
    }
}
