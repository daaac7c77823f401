//! Going to the next or previous event that matters: in the window at once, beyond it by asking the server.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use rewind_domain::travel::Step;
use rewind_domain::{Pointer, StreamKey};

use crate::api::query::{HistoryQuery, Limit};
use crate::api::{ApiError, Order, functions};
use crate::features::travel::state::steps::{self, Direction};
use crate::features::travel::traveller::Traveller;

/// How long a note stands.
const NOTE: Duration = Duration::from_secs(4);

/// Looks for events, and says where there is none.
#[derive(Clone, Copy)]
pub(super) struct Seeking {
    traveller: Traveller,
    /// The type that is looked for.
    pub(super) chosen_type: RwSignal<Option<String>>,
    /// What there is to say about what was not found.
    pub(super) note: RwSignal<Option<String>>,
}

impl Seeking {
    pub(super) fn new(traveller: Traveller) -> Self {
        Self { traveller, chosen_type: RwSignal::new(None), note: RwSignal::new(None) }
    }

    /// Goes to the nearest event that changed the value that is meant.
    pub(super) fn change(self, direction: Direction) {
        match self.traveller.options.with_untracked(|options| options.path.clone()) {
            Some(path) => self.seek(Sought::Change(path), direction),
            None => self.say("Select a value in the state first".to_owned()),
        }
    }

    /// Goes to the nearest event of the chosen type; of any, where none was chosen.
    pub(super) fn of_type(self, direction: Direction) {
        let here = self.traveller.heading();
        match (self.chosen_type.get_untracked(), direction) {
            (Some(chosen), _) => self.seek(Sought::Type(chosen), direction),
            (None, Direction::Next) => self.traveller.go(here.saturating_add(1)),
            (None, Direction::Previous) => self.traveller.go(here.saturating_sub(1)),
        }
    }

    fn seek(self, sought: Sought, direction: Direction) {
        let here = self.traveller.heading();
        let steps = self.traveller.steps();
        if let Some(version) = steps::nearest(&steps, here, direction, |step| sought.is_it(step)) {
            self.traveller.go(version);
            return;
        }
        let stream = self.traveller.stream();
        spawn_local(async move {
            let found = ask(stream, here, direction, &sought).await;
            // Whoever went on meanwhile is not called back.
            let is_here = self.note.try_get_untracked().is_some();
            if !is_here || self.traveller.heading() != here {
                return;
            }
            match found {
                Ok(Some(version)) => self.traveller.go(version),
                Ok(None) => self.say(sought.missing(direction)),
                Err(error) => self.say(error.message),
            }
        });
    }

    /// Says something for a while.
    pub(super) fn say(self, text: String) {
        self.note.set(Some(text.clone()));
        set_timeout(
            move || {
                let is_it = self.note.try_with_untracked(|note| note.as_ref() == Some(&text));
                if is_it == Some(true) {
                    self.note.set(None);
                }
            },
            NOTE,
        );
    }
}

/// What is looked for.
enum Sought {
    /// A change of this value.
    Change(Pointer),
    /// An event of this type.
    Type(String),
}

impl Sought {
    fn is_it(&self, step: &Step) -> bool {
        match self {
            Self::Change(path) => steps::touches(step, path),
            Self::Type(event_type) => steps::is_of_type(step, event_type),
        }
    }

    fn missing(&self, direction: Direction) -> String {
        let side = match direction {
            Direction::Next => "later",
            Direction::Previous => "earlier",
        };
        match self {
            Self::Change(path) if path.as_str().is_empty() => {
                format!("No {side} event changed the state")
            }
            Self::Change(path) => format!("No {side} event changed `{path}`"),
            Self::Type(event_type) => format!("No {side} event is of type `{event_type}`"),
        }
    }
}

async fn ask(
    stream: StreamKey,
    here: u64,
    direction: Direction,
    sought: &Sought,
) -> Result<Option<u64>, ApiError> {
    let (after, before, order) = match direction {
        Direction::Next => (Some(here), None, Order::Asc),
        Direction::Previous => (None, Some(here), Order::Desc),
    };
    let (path, event_type) = match sought {
        Sought::Change(path) => (Some(path.clone()), None),
        Sought::Type(event_type) => (None, Some(event_type.clone())),
    };
    let limit = Limit::new(1);
    let query = HistoryQuery { stream, path, event_type, after, before, limit, order };
    let answer = functions::history(query).await?;
    Ok(answer.entries.first().map(|entry| entry.version))
}
