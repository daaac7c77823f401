//! A line, however often what carries it breaks.
//!
//! Messages arrive faster than a page can be drawn: each is put into a buffer, which is emptied once a frame.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use leptos::leptos_dom::helpers::{IntervalHandle, TimeoutHandle};
use leptos::prelude::*;

use crate::api::live::HEARTBEAT_SECS;
use crate::api::live::RedisStatus;
use crate::features::live::messages::{LineState, LiveMessage};
use crate::features::live::watch::Watch;
use crate::platform::availability::{Availability, Away};
use crate::platform::clock;
use crate::platform::frames::OncePerFrame;
use crate::platform::live_connection::{Connection, Heard, Listener};
use crate::platform::retries::Retries;
use rewind_domain::sse::Frame;

/// A line that has been silent for this long is dead, even if the browser has not noticed: two
/// heartbeats and a half.
const SILENCE_MS: i64 = HEARTBEAT_SECS.cast_signed() * 2_500;
/// How often that is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// No frame is drawn in a tab that nobody sees; the buffer is emptied at this size all the same: some screens full.
const FULL_BUFFER: usize = 500;

/// An open line. Dropping it closes it.
pub(crate) struct LiveLine(Rc<Line>);

struct Line {
    watch: Watch,
    /// Where to go on: after the last frame that was heard.
    position: RefCell<Option<String>>,
    connection: RefCell<Option<Connection>>,
    retry: Cell<Option<TimeoutHandle>>,
    look: Cell<Option<IntervalHandle>>,
    retries: Cell<Retries>,
    last_heard_ms: Cell<i64>,
    buffer: RefCell<Vec<LiveMessage>>,
    flush: OncePerFrame,
    /// Hears what the line says of Redis.
    state: Option<Availability>,
    sink: Box<dyn Fn(Vec<LiveMessage>)>,
}

impl LiveLine {
    /// Opens a line for what is added after a position, or from now on. `sink` gets what it tells, in order, once a
    /// frame.
    pub(crate) fn open(
        watch: Watch,
        after: Option<String>,
        sink: impl Fn(Vec<LiveMessage>) + 'static,
    ) -> Self {
        let line = Rc::new_cyclic(|line: &Weak<Line>| {
            let to_flush = line.clone();
            Line {
                watch,
                position: RefCell::new(after),
                connection: RefCell::default(),
                retry: Cell::default(),
                look: Cell::default(),
                retries: Cell::default(),
                last_heard_ms: Cell::new(clock::now_ms()),
                buffer: RefCell::default(),
                flush: OncePerFrame::new(move || {
                    if let Some(line) = to_flush.upgrade() {
                        line.flush();
                    }
                }),
                state: Availability::find(),
                sink: Box::new(sink),
            }
        });
        let watched = Rc::downgrade(&line);
        let look = set_interval_with_handle(
            move || {
                if let Some(line) = watched.upgrade() {
                    line.look();
                }
            },
            LOOK,
        );
        line.look.set(look.ok());
        line.connect();
        Self(line)
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        self.0.hang_up();
        if let Some(look) = self.0.look.take() {
            look.clear();
        }
    }
}

impl Line {
    fn connect(self: &Rc<Self>) {
        self.last_heard_ms.set(clock::now_ms());
        let watch = self.watch.after(self.position.borrow().as_deref());
        let line = Rc::downgrade(self);
        let listener: Listener = Rc::new(move |heard| {
            if let Some(line) = line.upgrade() {
                line.hear(heard);
            }
        });
        match Connection::open(&watch, &listener) {
            Some(connection) => {
                self.connection.replace(Some(connection));
            }
            None => self.lost(LiveMessage::Line(LineState::Lost)),
        }
    }

    fn hear(self: &Rc<Self>, heard: Heard) {
        self.last_heard_ms.set(clock::now_ms());
        match heard {
            Heard::Frames(frames) => frames.iter().for_each(|frame| self.hear_frame(frame)),
            Heard::Lost(None) => self.lost(LiveMessage::Line(LineState::Lost)),
            Heard::Lost(Some(error)) => self.end(LiveMessage::refusal(error)),
        }
    }

    fn hear_frame(self: &Rc<Self>, frame: &Frame) {
        if let Some(id) = frame.id.as_ref().filter(|id| !id.is_empty()) {
            self.position.replace(Some(id.clone()));
        }
        // Only now: a line that opens and breaks at once must not be opened again and again without a pause.
        if frame.name == "heartbeat" {
            self.retries.set(Retries::default());
        }
        for message in LiveMessage::read(frame, &self.watch) {
            match message {
                LiveMessage::Failed(_) | LiveMessage::Refused(_) => self.end(message),
                message => self.tell(message),
            }
        }
    }

    /// Closes the connection; what it still has to say is not heard.
    fn hang_up(&self) {
        drop(self.connection.take());
        if let Some(retry) = self.retry.take() {
            retry.clear();
        }
    }

    /// Ends for this reason, for good or for now.
    fn end(self: &Rc<Self>, reason: LiveMessage) {
        match reason {
            LiveMessage::Failed(_) => {
                self.hang_up();
                self.tell(reason);
            }
            reason => self.lost(reason),
        }
    }

    fn lost(self: &Rc<Self>, why: LiveMessage) {
        self.hang_up();
        self.tell(why);
        let mut retries = self.retries.get();
        let wait_ms = retries.next_ms(clock::random());
        self.retries.set(retries);
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
    fn look(self: &Rc<Self>) {
        let is_silent = clock::now_ms() - self.last_heard_ms.get() > SILENCE_MS;
        if is_silent && self.connection.borrow().is_some() {
            self.lost(LiveMessage::Line(LineState::Lost));
        }
    }

    fn tell(&self, message: LiveMessage) {
        if let Some(state) = self.state {
            match &message {
                LiveMessage::Redis(RedisStatus::Down) => state.note(Away::Redis),
                LiveMessage::Line(LineState::Lost) | LiveMessage::Refused(_) => state.doubt(),
                _ => {}
            }
        }
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
