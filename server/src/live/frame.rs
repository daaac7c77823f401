//! The frames of live lines.

use bytes::Bytes;
use rewind_app::api::live::{
    LiveEntry, LiveFailed, LiveFilterErrors, LiveGap, LiveLag, LiveRemade, LiveStatus,
};
use rewind_domain::cut::CutLimits;
use rewind_domain::{EntryId, Event, StreamKey};

use crate::sse::{self, json};

/// A frame that was made once for all viewers.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    bytes: Bytes,
    /// Where the line with the position ends.
    rest_at: usize,
}

/// The position after each watched stream, as the `id:` of a frame.
pub(crate) fn positions_text(positions: impl IntoIterator<Item = EntryId>) -> String {
    let ids: Vec<String> = positions.into_iter().map(|id| id.to_string()).collect();
    ids.join(",")
}

/// The JSON of an `entry` frame. Large values are cut, as in lists.
pub(super) fn entry_json(stream: &StreamKey, event: Event) -> Vec<u8> {
    let event = event.cut_to(CutLimits::LIST);
    json(&LiveEntry { stream: stream.clone(), event })
}

pub(super) fn entry(position: &str, json: &[u8]) -> Frame {
    frame("entry", position, json)
}

pub(super) fn gap(position: &str, gap: &LiveGap) -> Frame {
    frame("gap", position, &json(gap))
}

pub(super) fn lag(position: &str, lag: &LiveLag) -> Frame {
    frame("lag", position, &json(lag))
}

pub(super) fn remade(position: &str, remade: &LiveRemade) -> Frame {
    frame("remade", position, &json(remade))
}

pub(super) fn failed(position: &str, failed: &LiveFailed) -> Frame {
    frame("failed", position, &json(failed))
}

pub(super) fn filter_errors(position: &str, errors: &LiveFilterErrors) -> Frame {
    frame("filter_errors", position, &json(errors))
}

/// Carries the position too, so that one who leaves before the first entry knows where to go on.
pub(super) fn status(position: &str, status: &LiveStatus) -> Frame {
    frame("status", position, &json(status))
}

pub(super) fn heartbeat(position: &str) -> Frame {
    frame("heartbeat", position, b"{}")
}

impl Frame {
    /// As it was made.
    pub(super) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// The same at another position.
    pub(super) fn at(&self, position: &str) -> Bytes {
        let rest = &self.bytes[self.rest_at..];
        let mut bytes = Vec::with_capacity(rest.len() + position.len() + 5);
        sse::push_id(&mut bytes, position);
        bytes.extend_from_slice(rest);
        bytes.into()
    }

    /// How much memory it takes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

fn frame(name: &str, position: &str, data: &[u8]) -> Frame {
    let mut bytes = Vec::with_capacity(data.len() + position.len() + name.len() + 24);
    sse::push_id(&mut bytes, position);
    let rest_at = bytes.len();
    sse::push_event(&mut bytes, name, data);
    Frame { bytes: bytes.into(), rest_at }
}

#[cfg(test)]
mod tests {
    use rewind_app::api::live::RedisStatus;

    use super::*;

    #[test]
    fn a_frame_has_its_position_name_and_json_and_can_have_another_position() {
        let frame = status("5-0,7-1", &LiveStatus::of(RedisStatus::Down));
        let text = |bytes: Bytes| String::from_utf8(bytes.to_vec()).unwrap();
        let rest = "event: status\ndata: {\"redis\":\"down\"}\n\n";
        assert_eq!(text(frame.bytes()), format!("id: 5-0,7-1\n{rest}"));
        assert_eq!(text(frame.at("6-0")), format!("id: 6-0\n{rest}"));
    }

    #[test]
    fn line_breaks_in_values_do_not_break_a_frame() {
        let fields = [("type", "a\r\nb"), ("data", "{\"x\":\n1}")].into_iter().collect();
        let entry = rewind_domain::Entry { id: EntryId::new(1, 0), fields };
        let json = entry_json(&"s".into(), rewind_domain::layout::decode(entry));
        assert!(!json.contains(&b'\n') && !json.contains(&b'\r'));
    }
}
