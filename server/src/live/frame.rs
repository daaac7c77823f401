//! Frames of Server-Sent Events, as bytes (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use bytes::Bytes;
use rewind_app::api::live::{LiveEntry, LiveFailed, LiveGap, LiveLag, LiveStatus, RedisStatus};
use rewind_codec::Codecs;
use rewind_domain::cut::CutLimits;
use rewind_domain::{Entry, EntryId, Event, StreamKey};
use serde::Serialize;

use crate::decoding::decode_all;

/// The position after each watched stream, as the `id:` of a frame.
pub(super) fn position_text(positions: impl IntoIterator<Item = EntryId>) -> String {
    let ids: Vec<String> = positions.into_iter().map(|id| id.to_string()).collect();
    ids.join(",")
}

/// The JSON of `entry` frames: made once, however many viewers get it.
pub(super) async fn entries_json(
    codecs: &Codecs,
    stream: &StreamKey,
    entries: Vec<Entry>,
) -> Vec<(EntryId, Bytes)> {
    let events = decode_all(codecs, stream, entries).await;
    events.into_iter().map(|event| (event.id, entry_json(stream, event))).collect()
}

fn entry_json(stream: &StreamKey, event: Event) -> Bytes {
    let event = event.cut_to(CutLimits::LIST);
    json(&LiveEntry { stream: stream.clone(), event })
}

pub(super) fn entry(position: &str, json: &Bytes) -> Bytes {
    frame("entry", Some(position), json)
}

pub(super) fn gap(position: &str, gap: &LiveGap) -> Bytes {
    frame("gap", Some(position), &json(gap))
}

pub(super) fn lag(lag: &LiveLag) -> Bytes {
    frame("lag", None, &json(lag))
}

pub(super) fn failed(failed: &LiveFailed) -> Bytes {
    frame("failed", None, &json(failed))
}

/// Carries the position too, so that one who leaves before the first entry knows where to go on.
pub(super) fn status(position: &str, redis: RedisStatus) -> Bytes {
    frame("status", Some(position), &json(&LiveStatus { redis }))
}

pub(super) fn heartbeat() -> Bytes {
    Bytes::from_static(b"event: heartbeat\ndata: {}\n\n")
}

fn json(value: &impl Serialize) -> Bytes {
    // These are plain structs with string keys, for which writing to memory cannot fail.
    serde_json::to_vec(value).unwrap_or_default().into()
}

/// JSON as serde_json writes it has no line breaks, so one `data:` line holds it.
fn frame(name: &str, id: Option<&str>, data: &Bytes) -> Bytes {
    let mut bytes = Vec::with_capacity(data.len() + 80);
    if let Some(id) = id {
        bytes.extend_from_slice(b"id: ");
        bytes.extend_from_slice(id.as_bytes());
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"event: ");
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(b"\ndata: ");
    bytes.extend_from_slice(data);
    bytes.extend_from_slice(b"\n\n");
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_its_position_name_and_json() {
        let text = String::from_utf8(status("5-0,7-1", RedisStatus::Down).to_vec()).unwrap();
        assert_eq!(text, "id: 5-0,7-1\nevent: status\ndata: {\"redis\":\"down\"}\n\n");
    }

    #[test]
    fn line_breaks_in_values_do_not_break_a_frame() {
        let fields = [("type", "a\r\nb"), ("data", "{\"x\":\n1}")].into_iter().collect();
        let entry = Entry { id: EntryId::new(1, 0), fields };
        let json = entry_json(&"s".into(), rewind_domain::layout::decode(entry));
        assert!(!json.contains(&b'\n') && !json.contains(&b'\r'));
    }
}
