//! What a live line tells, and how live that makes a page.

use rewind_domain::StreamKey;
use serde::Deserialize;

use super::watch::Watch;
use crate::api::live::{
    LiveEntry, LiveFailed, LiveFilterErrors, LiveGap, LiveRemade, LiveStatus, LiveWatching,
    RedisStatus,
};
use crate::api::{ApiError, ErrorCode};
use rewind_domain::sse::Frame;

/// What a line tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LiveMessage {
    /// An entry was added.
    Entry(Box<LiveEntry>),
    /// Entries are missing.
    Gap(LiveGap),
    /// A stream was made again, and follows from its beginning.
    Remade(StreamKey),
    /// Some were passed over and follow now.
    Lag,
    /// Whether Redis is there.
    Redis(RedisStatus),
    /// How a category is watched.
    Watching(LiveWatching),
    /// The filter fails about some events.
    FilterErrors(LiveFilterErrors),
    /// One of several streams cannot be watched any more.
    StreamLost(LiveFailed),
    /// Nothing can be watched at the moment, for this reason; it is tried again.
    Refused(String),
    /// Nothing can be watched any more.
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
    /// It does, and what was added before is on its way.
    CatchingUp,
    /// It does.
    Open,
    /// Not any more; it is being opened again.
    Lost,
}

impl LiveMessage {
    /// What a frame says to the page; some only say that the line lives. What cannot be read ends the line, since going on would leave
    /// it out silently.
    pub(crate) fn read(frame: &Frame, watch: &Watch) -> Vec<Self> {
        let read = match frame.name.as_str() {
            "entry" => said(frame, |entry| vec![Self::Entry(Box::new(entry))]),
            "gap" => said(frame, |gap| vec![Self::Gap(gap)]),
            "remade" => said(frame, |LiveRemade { stream }| vec![Self::Remade(stream)]),
            "lag" => Ok(vec![Self::Lag]),
            "status" => said(frame, |LiveStatus { redis, catching_up, watching }| {
                let line = if catching_up { LineState::CatchingUp } else { LineState::Open };
                let both = [Self::Line(line), Self::Redis(redis)];
                both.into_iter().chain(watching.map(Self::Watching)).collect()
            }),
            "filter_errors" => said(frame, |errors| vec![Self::FilterErrors(errors)]),
            "failed" => said(frame, |failed: LiveFailed| {
                vec![match watch.has_several {
                    true => Self::StreamLost(failed),
                    false => Self::Failed(failed.message),
                }]
            }),
            "refused" => said(frame, |error| vec![Self::refusal(error)]),
            _ => Ok(Vec::new()),
        };
        read.unwrap_or_else(|error| {
            let message = format!("a live message cannot be read ({error}); reload the page");
            vec![Self::Failed(message)]
        })
    }

    /// That the server does not open the line.
    pub(crate) fn refusal(error: ApiError) -> Self {
        match error.code {
            // That gets better by itself.
            ErrorCode::TooBusy
            | ErrorCode::RedisUnavailable
            | ErrorCode::RedisForbidden
            | ErrorCode::OtherNode
            | ErrorCode::Internal => Self::Refused(error.message),
            ErrorCode::ServerUnreachable => Self::Line(LineState::Lost),
            _ => Self::Failed(error.message),
        }
    }
}

fn said<T: for<'d> Deserialize<'d>>(
    frame: &Frame,
    messages: impl FnOnce(T) -> Vec<LiveMessage>,
) -> Result<Vec<LiveMessage>, serde_json::Error> {
    serde_json::from_str(&frame.data).map(messages)
}

/// What is known of the line of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineStatus {
    line: LineState,
    redis_is_down: bool,
    refusal: Option<String>,
    failure: Option<String>,
    watching: Option<LiveWatching>,
    filter_errors: Option<LiveFilterErrors>,
    lost_stream: Option<LiveFailed>,
}

impl LineStatus {
    /// Takes note of what the line tells about itself.
    pub(crate) fn note(&mut self, message: &LiveMessage) {
        match message {
            LiveMessage::Line(line) => self.line = *line,
            LiveMessage::Redis(status) => {
                self.redis_is_down = *status == RedisStatus::Down;
                self.refusal = None;
            }
            LiveMessage::Watching(watching) => self.watching = Some(watching.clone()),
            LiveMessage::FilterErrors(errors) => self.filter_errors = Some(errors.clone()),
            LiveMessage::StreamLost(lost) => self.lost_stream = Some(lost.clone()),
            LiveMessage::Refused(reason) => self.refusal = Some(reason.clone()),
            LiveMessage::Failed(reason) => self.failure = Some(reason.clone()),
            LiveMessage::Entry(_)
            | LiveMessage::Gap(_)
            | LiveMessage::Remade(_)
            | LiveMessage::Lag => {}
        }
    }

    /// Whether the line stands.
    pub(crate) fn stands(&self) -> bool {
        matches!(self.line, LineState::Open | LineState::CatchingUp)
    }

    /// Takes note of what the line tells about itself, and says whether it stands by now and did not before. What happened until then it
    /// may not tell.
    pub(crate) fn hear(&mut self, messages: &[LiveMessage]) -> bool {
        let stood = self.stands();
        messages.iter().for_each(|message| self.note(message));
        self.stands() && !stood
    }

    /// How a category is watched.
    pub(crate) fn watching(&self) -> Option<&LiveWatching> {
        self.watching.as_ref()
    }

    /// About which events the filter of the line failed.
    pub(crate) fn filter_errors(&self) -> Option<&LiveFilterErrors> {
        self.filter_errors.as_ref()
    }

    /// The last of several streams that cannot be watched any more.
    pub(crate) fn lost_stream(&self) -> Option<&LiveFailed> {
        self.lost_stream.as_ref()
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
    /// It is about to.
    CatchingUp,
    /// The line stands, but Redis is away.
    RedisDown,
    /// It does not, for this reason.
    Off(String),
}

impl Liveness {
    /// What to tell, the most important first.
    pub(crate) fn of(status: &LineStatus, is_paused: bool) -> Self {
        match status {
            LineStatus { failure: Some(reason), .. } | LineStatus { refusal: Some(reason), .. } => {
                Self::Off(reason.clone())
            }
            LineStatus { line: LineState::Connecting, .. } => Self::Connecting,
            LineStatus { line: LineState::Lost, .. } => Self::Reconnecting,
            LineStatus { redis_is_down: true, .. } => Self::RedisDown,
            LineStatus { line: LineState::CatchingUp, .. } => Self::CatchingUp,
            _ if is_paused => Self::Paused,
            _ => Self::Live,
        }
    }

    /// Its name in the document.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Paused => "paused",
            Self::Connecting | Self::Reconnecting | Self::CatchingUp => "reconnecting",
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
            Self::CatchingUp => "Catching up…",
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
            Self::CatchingUp => "What was added meanwhile is on its way".to_owned(),
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

    fn read(name: &str, data: &str, has_several: bool) -> Vec<LiveMessage> {
        let frame = Frame { name: name.to_owned(), data: data.to_owned(), id: None };
        LiveMessage::read(&frame, &Watch { has_several, ..Watch::default() })
    }

    #[test]
    fn the_most_important_state_is_told() {
        let open = LiveMessage::Line(LineState::Open);
        let lost = LiveMessage::Line(LineState::Lost);
        let down = LiveMessage::Redis(RedisStatus::Down);
        let up = LiveMessage::Redis(RedisStatus::Up);
        let failed = LiveMessage::Failed("gone".to_owned());
        let refused = LiveMessage::Refused("full".to_owned());
        assert_eq!(after(&[], false), "reconnecting");
        assert_eq!(after(std::slice::from_ref(&open), false), "live");
        assert_eq!(after(std::slice::from_ref(&open), true), "paused");
        assert_eq!(after(&[open.clone(), down.clone()], true), "redis-down");
        assert_eq!(after(&[open.clone(), down.clone(), up.clone()], false), "live");
        assert_eq!(after(&[open.clone(), down, lost.clone()], false), "reconnecting");
        assert_eq!(after(&[open.clone(), refused.clone()], false), "off");
        assert_eq!(after(&[open.clone(), refused, open.clone(), up], false), "live");
        assert_eq!(after(&[open, lost, failed], false), "off");
    }

    #[test]
    fn each_time_that_a_line_comes_to_stand_is_noticed() {
        let mut status = LineStatus::default();
        let mut hear = |line| status.hear(&[LiveMessage::Line(line)]);
        let lines = [LineState::CatchingUp, LineState::Open, LineState::Lost, LineState::Open];
        assert_eq!(lines.map(&mut hear), [true, false, false, true]);
    }

    #[test]
    fn a_line_catches_up_before_it_is_live() {
        let mut status = LineStatus::default();
        let mut hear = |json| {
            read("status", json, false).iter().for_each(|message| status.note(message));
            Liveness::of(&status, false)
        };
        assert_eq!(hear(r#"{"redis": "up", "catching_up": true}"#), Liveness::CatchingUp);
        assert_eq!(hear(r#"{"redis": "down", "catching_up": true}"#), Liveness::RedisDown);
        assert_eq!(hear(r#"{"redis": "up"}"#), Liveness::Live);
    }

    #[test]
    fn one_of_several_streams_that_is_lost_does_not_end_the_line() {
        let json = r#"{"stream": "a", "message": "gone"}"#;
        let failed = LiveFailed { stream: "a".into(), message: "gone".to_owned() };
        assert_eq!(read("failed", json, true), [LiveMessage::StreamLost(failed)]);
        assert_eq!(read("failed", json, false), [LiveMessage::Failed("gone".to_owned())]);
    }

    #[test]
    fn a_line_that_is_refused_for_now_is_tried_again_and_a_wrong_one_is_not() {
        let busy = r#"{"error": {"code": "too_busy", "message": "full"}}"#;
        assert_eq!(read("refused", busy, false), [LiveMessage::Refused("full".to_owned())]);
        let wrong = r#"{"error": {"code": "bad_parameter", "message": "no filter"}}"#;
        assert_eq!(read("refused", wrong, false), [LiveMessage::Failed("no filter".to_owned())]);
    }

    #[test]
    fn a_status_may_say_how_a_category_is_watched() {
        let json =
            r#"{"redis": "up", "watching": {"streams": 3, "by": "polling", "delay_ms": 700}}"#;
        let mut status = LineStatus::default();
        read("status", json, false).iter().for_each(|message| status.note(message));
        assert_eq!(status.watching().map(|watching| watching.delay_ms), Some(700));
    }

    #[test]
    fn what_cannot_be_read_ends_the_line_and_what_is_not_known_does_not() {
        assert!(matches!(read("entry", "7", false)[..], [LiveMessage::Failed(_)]));
        assert_eq!(read("heartbeat", "{}", false), []);
    }
}
