//! Frames of Server-Sent Events, as bytes (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use serde::Serialize;

/// JSON as it fits into a frame: on one line.
pub(crate) fn json(data: &impl Serialize) -> Vec<u8> {
    // These are plain structs with string keys, for which writing to memory cannot fail.
    serde_json::to_vec(data).unwrap_or_default()
}

/// Adds the line with the position to go on from, with which a frame may begin.
pub(crate) fn push_id(bytes: &mut Vec<u8>, id: &str) {
    bytes.extend_from_slice(b"id: ");
    bytes.extend_from_slice(id.as_bytes());
    bytes.push(b'\n');
}

/// Adds the name of a frame and its JSON, with which it ends.
pub(crate) fn push_event(bytes: &mut Vec<u8>, name: &str, json: &[u8]) {
    bytes.extend_from_slice(b"event: ");
    bytes.extend_from_slice(name.as_bytes());
    // JSON as serde_json writes it has no line breaks, so one `data:` line holds it.
    bytes.extend_from_slice(b"\ndata: ");
    bytes.extend_from_slice(json);
    bytes.extend_from_slice(b"\n\n");
}
