//! How live a page is.

use crate::api::live::RedisStatus;
use crate::browser::live_line::{LineState, LiveMessage};

/// What is known of the line of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineStatus {
    line: LineState,
    redis_is_down: bool,
    failure: Option<String>,
}

impl LineStatus {
    /// Takes note of what the line tells about itself.
    pub(crate) fn note(&mut self, message: &LiveMessage) {
        match message {
            LiveMessage::Line(line) => self.line = *line,
            LiveMessage::Redis(status) => self.redis_is_down = *status == RedisStatus::Down,
            LiveMessage::Failed(reason) => self.failure = Some(reason.clone()),
            LiveMessage::Event(_) | LiveMessage::Gap(_) | LiveMessage::Lag => {}
        }
    }
}

/// Whether a page shows what happens now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// It does.
    Live,
    /// Someone holds it still.
    Paused,
    /// The line is being opened for the first time.
    Connecting,
    /// The line broke and is being opened again.
    Reconnecting,
    /// The line stands, but Redis is away.
    RedisDown,
    /// It does not, for this reason.
    Off(String),
}

impl Liveness {
    /// What to tell, the most important first.
    pub(crate) fn of(status: &LineStatus, is_paused: bool) -> Self {
        match status {
            LineStatus { failure: Some(reason), .. } => Self::Off(reason.clone()),
            LineStatus { line: LineState::Connecting, .. } => Self::Connecting,
            LineStatus { line: LineState::Lost, .. } => Self::Reconnecting,
            LineStatus { redis_is_down: true, .. } => Self::RedisDown,
            _ if is_paused => Self::Paused,
            _ => Self::Live,
        }
    }

    /// Its name in the document.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Paused => "paused",
            Self::Connecting | Self::Reconnecting => "reconnecting",
            Self::RedisDown => "redis-down",
            Self::Off(_) => "off",
        }
    }

    /// Its name on the page.
    pub(crate) const fn label(&self) -> &'static str {
        match self {
            Self::Live => "Live",
            Self::Paused => "Paused",
            Self::Connecting => "Connecting…",
            Self::Reconnecting => "Reconnecting…",
            Self::RedisDown => "Redis is away",
            Self::Off(_) => "Not live",
        }
    }

    /// What it means.
    pub(crate) fn explanation(&self) -> String {
        match self {
            Self::Live => "New events appear here as they are added".to_owned(),
            Self::Paused => "New events are held back until you resume".to_owned(),
            Self::Connecting => "The live line is being opened".to_owned(),
            Self::Reconnecting => {
                "The live line broke and is being opened again; it goes on after the last event \
                 seen, so nothing is lost"
                    .to_owned()
            }
            Self::RedisDown => {
                "The server is waiting for Redis; what is added follows once it is back".to_owned()
            }
            Self::Off(reason) => reason.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(messages: &[LiveMessage], is_paused: bool) -> &'static str {
        let mut status = LineStatus::default();
        messages.iter().for_each(|message| status.note(message));
        Liveness::of(&status, is_paused).name()
    }

    #[test]
    fn the_most_important_state_is_told() {
        let open = LiveMessage::Line(LineState::Open);
        let lost = LiveMessage::Line(LineState::Lost);
        let down = LiveMessage::Redis(RedisStatus::Down);
        let up = LiveMessage::Redis(RedisStatus::Up);
        let failed = LiveMessage::Failed("gone".to_owned());
        assert_eq!(after(&[], false), "reconnecting");
        assert_eq!(after(std::slice::from_ref(&open), false), "live");
        assert_eq!(after(std::slice::from_ref(&open), true), "paused");
        assert_eq!(after(&[open.clone(), down.clone()], true), "redis-down");
        assert_eq!(after(&[open.clone(), down.clone(), up], false), "live");
        assert_eq!(after(&[open.clone(), down, lost.clone()], false), "reconnecting");
        assert_eq!(after(&[open, lost, failed], false), "off");
    }
}
