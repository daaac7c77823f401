//! Reading Server-Sent Events from bytes (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! `EventSource` says nothing of why a server refused a request, and cannot be told to begin somewhere after it lost its
//! connection. What searches reads the response itself, and takes it apart here.

/// A frame as the server sent it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// Its name.
    pub name: String,
    /// What it says.
    pub data: String,
    /// Where to go on behind it.
    pub id: Option<String>,
}

/// Puts frames together from the pieces in which they arrive, which may be cut anywhere.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: Vec<u8>,
    frame: Frame,
    has_data: bool,
}

impl FrameReader {
    /// Whether nothing of a further frame has come.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.frame == Frame::default()
    }

    /// Takes a piece; gives the frames that it completes.
    pub fn read(&mut self, piece: &[u8]) -> Vec<Frame> {
        self.bytes.extend_from_slice(piece);
        let mut frames = Vec::new();
        let mut begin = 0;
        while let Some(length) = self.bytes[begin..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.bytes[begin..begin + length]).into_owned();
            begin += length + 1;
            frames.extend(self.line(line.strip_suffix('\r').unwrap_or(&line)));
        }
        self.bytes.drain(..begin);
        frames
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let has_data = std::mem::take(&mut self.has_data);
            return Some(std::mem::take(&mut self.frame)).filter(|_| has_data);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.frame.name),
            "id" => self.frame.id = Some(value.to_owned()),
            "data" => {
                if self.has_data {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
                self.has_data = true;
            }
            // Comments keep lines alive; of other fields nothing is known.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "id: 5-0\nevent: found\ndata: {\"a\":\"ä\"}\n\n: alive\n\nevent: done\r\ndata: 1\r\ndata: 2\r\n\r\n";

    fn expected() -> Vec<Frame> {
        let frame = |name: &str, data: &str, id: Option<&str>| Frame {
            name: name.to_owned(),
            data: data.to_owned(),
            id: id.map(str::to_owned),
        };
        vec![frame("found", "{\"a\":\"ä\"}", Some("5-0")), frame("done", "1\n2", None)]
    }

    #[test]
    fn frames_are_read_however_they_are_cut() {
        for size in 1..TEXT.len() {
            let mut reader = FrameReader::default();
            let frames: Vec<Frame> =
                TEXT.as_bytes().chunks(size).flat_map(|piece| reader.read(piece)).collect();
            assert_eq!(frames, expected(), "in pieces of {size} bytes");
        }
    }

    #[test]
    fn half_a_frame_is_none() {
        assert_eq!(FrameReader::default().read(b"event: found\ndata: 1\n"), []);
    }
}
