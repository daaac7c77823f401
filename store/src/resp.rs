//! Replies of Redis read in place: where each value stands in the bytes that arrived, and nothing copied.
//!
//! The `redis` crate makes a value of every field, which costs more than reading a stream does. What reads streams end to end
//! keeps the bytes instead. The format is RESP2 (<https://redis.io/docs/latest/develop/reference/protocol-spec/>), which
//! servers of all versions speak until asked for another one.

use super::digest::{FieldsDigest, TextDigest, text_digest};
use super::{StoreError, StoreUrl};
use redis::Value;
use rewind_domain::entry_digest::EntryDigest;

/// Where a text stands in the bytes of a reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// A value of a reply, or the beginning of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// As many values follow.
    Array(u32),
    /// A text of any bytes.
    Bulk(Span),
    /// A short text.
    Simple(Span),
    /// What went wrong.
    Error(Span),
    /// A number, in digits.
    Integer(Span),
    /// Nothing.
    Nil,
}

/// How much is kept of the values of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All bytes.
    Whole,
    /// Of each text at most this many bytes, from its beginning. The others are dropped as they arrive.
    Beginnings(usize),
}

/// How far replies have arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrived {
    /// All of them.
    All,
    /// More bytes are to come.
    Part,
    /// What comes next does not fit into the room that there is. What arrived before is complete; the rest is lost with the connection.
    Full,
}

/// A text of which only the beginning was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CutText {
    /// The place of its token.
    token: usize,
    /// The length of all of it, in bytes.
    length: usize,
    /// The fingerprint of all of it, once all of it has arrived.
    digest: u64,
}

/// The bytes of one or more replies as they arrive, and what is in them.
#[derive(Debug)]
pub(super) struct ReplyBuffer {
    bytes: Vec<u8>,
    tokens: Vec<Token>,
    /// How far the bytes are read.
    at: usize,
    /// What is kept of the replies that are still to come, the next one last.
    to_come: Vec<Keep>,
    /// What is kept of the reply that is arriving.
    keep: Keep,
    /// How many of its values are still to come.
    missing: usize,
    /// How much memory may be taken, in bytes.
    room: usize,
    /// How many of the bytes that come next are not kept.
    to_drop: usize,
    /// Takes in the text that they are the rest of.
    dropped: Option<TextDigest>,
    /// In the order of their tokens.
    cut: Vec<CutText>,
}

impl ReplyBuffer {
    /// Waits for these replies, which take at most `room` bytes of memory.
    pub(super) fn expecting(mut replies: Vec<Keep>, room: usize, capacity: usize) -> Self {
        let capacity = capacity.min(room);
        replies.reverse();
        Self {
            bytes: Vec::with_capacity(capacity),
            // Most tokens of a page are short fields.
            tokens: Vec::with_capacity(capacity / 24),
            at: 0,
            to_come: replies,
            keep: Keep::Whole,
            missing: 0,
            room,
            to_drop: 0,
            dropped: None,
            cut: Vec::new(),
        }
    }

    /// Texts that are known to stand at these places of `bytes`.
    pub(super) fn of_texts(bytes: Vec<u8>, texts: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let token = |(start, end)| Token::Bulk(Span { start, end });
        let at = bytes.len();
        let tokens = texts.into_iter().map(token).collect();
        Self { bytes, tokens, at, ..Self::expecting(Vec::new(), 0, 0) }
    }

    /// Where further bytes go.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Reads what has arrived, and says how far that is.
    ///
    /// # Errors
    /// If it is not what Redis sends.
    pub(super) fn advance(&mut self) -> Result<Arrived, StoreError> {
        loop {
            self.drop_bytes();
            if self.to_drop > 0 {
                return Ok(Arrived::Part);
            }
            if self.missing == 0 {
                let Some(keep) = self.to_come.pop() else { return Ok(Arrived::All) };
                self.keep = keep;
                self.missing = 1;
            }
            match self.next_token()? {
                Next::Token(token) => {
                    self.missing -= 1;
                    if let Token::Array(length) = token {
                        self.missing += length as usize;
                    }
                    self.tokens.push(token);
                }
                Next::Waits => return Ok(Arrived::Part),
                Next::Full => return Ok(Arrived::Full),
            }
        }
    }

    /// Leaves out what is not to be kept, as far as it has arrived.
    fn drop_bytes(&mut self) {
        let arrived = self.to_drop.min(self.bytes.len() - self.at);
        if let Some(digest) = &mut self.dropped {
            let of_text = arrived.min(self.to_drop.saturating_sub(LINE_END));
            digest.push(&self.bytes[self.at..self.at + of_text]);
        }
        self.bytes.drain(self.at..self.at + arrived);
        self.to_drop -= arrived;
        if self.to_drop == 0
            && let (Some(digest), Some(cut)) = (self.dropped.take(), self.cut.last_mut())
        {
            cut.digest = digest.finish();
        }
    }

    /// The fingerprint of the entry with this many fields, whose first name is the token at `at`.
    pub(super) fn entry_digest(&self, at: usize, fields: usize) -> EntryDigest {
        let mut digest = FieldsDigest::new();
        for at in at..at + 2 * fields {
            let found = self.cut.binary_search_by_key(&at, |cut| cut.token).ok();
            match (found.and_then(|found| self.cut.get(found)), self.tokens.get(at)) {
                (Some(cut), _) => digest.push(cut.length, cut.digest),
                (None, Some(token)) => {
                    let text = self.bulk(*token).unwrap_or_default();
                    digest.push(text.len(), text_digest(text));
                }
                (None, None) => break,
            }
        }
        digest.finish()
    }

    /// The fingerprint of the entry that begins at `at`; `None` where none does.
    pub(super) fn digest_of_entry(&self, at: usize) -> Option<EntryDigest> {
        match self.tokens.get(at..)? {
            [Token::Array(2), _, Token::Array(texts), ..] => {
                Some(self.entry_digest(at + 3, *texts as usize / 2))
            }
            _ => None,
        }
    }

    /// Where the value of this name begins in the list of names and values at `at`.
    pub(super) fn value_of(&self, at: usize, name: &[u8]) -> Option<usize> {
        let Token::Array(length) = self.tokens.get(at)? else { return None };
        let mut at = at + 1;
        for _ in 0..length / 2 {
            if self.bulk(*self.tokens.get(at)?) == Some(name) {
                return Some(at + 1);
            }
            at = self.whole_value_end(at + 1)?;
        }
        None
    }

    /// The length of the text of the token at `at`, where only its beginning was kept.
    pub(super) fn cut_length(&self, at: usize) -> Option<usize> {
        let found = self.cut.binary_search_by_key(&at, |cut| cut.token).ok()?;
        self.cut.get(found).map(|cut| cut.length)
    }

    /// Whether any text was cut.
    pub(super) fn is_cut(&self) -> bool {
        !self.cut.is_empty()
    }

    /// All values, in the order in which they arrived.
    pub(super) fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The bytes at a place.
    pub(super) fn text(&self, span: Span) -> &[u8] {
        self.bytes.get(span.start as usize..span.end as usize).unwrap_or_default()
    }

    /// The text of a token that is one.
    pub(super) fn bulk(&self, token: Token) -> Option<&[u8]> {
        match token {
            Token::Bulk(span) | Token::Simple(span) | Token::Integer(span) => Some(self.text(span)),
            Token::Array(_) | Token::Error(_) | Token::Nil => None,
        }
    }

    /// The value that begins at `at` as one of the `redis` crate, and the place behind it. For small values only.
    pub(super) fn value(&self, at: usize) -> (Value, usize) {
        let text = |span| String::from_utf8_lossy(self.text(span)).into_owned();
        let value = match self.tokens.get(at) {
            Some(Token::Array(length)) => {
                let mut next = at + 1;
                let items = (0..*length).map(|_| {
                    let (item, behind) = self.value(next);
                    next = behind;
                    item
                });
                return (Value::Array(items.collect()), next);
            }
            Some(Token::Bulk(span)) => Value::BulkString(self.text(*span).to_vec()),
            Some(Token::Simple(span) | Token::Error(span)) => Value::SimpleString(text(*span)),
            Some(Token::Integer(span)) => text(*span).parse().map_or(Value::Nil, Value::Int),
            Some(Token::Nil) | None => Value::Nil,
        };
        (value, at + 1)
    }

    /// The reply that begins at `at`, as [`ReplyBuffer::value`].
    ///
    /// # Errors
    /// If it is an error, or not there.
    pub(super) fn reply(&self, at: usize, url: &StoreUrl) -> Result<Value, StoreError> {
        match self.tokens.get(at) {
            Some(Token::Error(span)) => {
                Err(StoreError::from_reply(url, &String::from_utf8_lossy(self.text(*span))))
            }
            Some(_) => Ok(self.value(at).0),
            None => Err(StoreError::unexpected("fewer replies than commands")),
        }
    }

    /// The place behind the value that begins at `at`.
    pub(super) fn value_end(&self, at: usize) -> usize {
        self.whole_value_end(at).unwrap_or(self.tokens.len())
    }

    /// The same; `None` where not all of the value arrived.
    pub(super) fn whole_value_end(&self, at: usize) -> Option<usize> {
        let (mut end, mut missing) = (at, 1);
        while missing > 0 {
            missing -= 1;
            if let Token::Array(length) = self.tokens.get(end)? {
                missing += *length as usize;
            }
            end += 1;
        }
        Some(end)
    }

    fn next_token(&mut self) -> Result<Next, StoreError> {
        let Some(line) = self.line() else { return Ok(Next::Waits) };
        let (start, behind) = (self.at + 1, line + 2);
        let span = self.span(start, line)?;
        let token = match self.bytes[self.at] {
            b'$' => match self.length(span)? {
                None => Token::Nil,
                Some(length) => return self.bulk_token(behind, length),
            },
            b'*' => match self.length(span)? {
                None => Token::Nil,
                Some(length) => Token::Array(u32::try_from(length).map_err(|_| TOO_LARGE)?),
            },
            b'+' => Token::Simple(span),
            b'-' => Token::Error(span),
            b':' => Token::Integer(span),
            _ => return Err(StoreError::unexpected("a reply of another protocol")),
        };
        self.at = behind;
        Ok(if self.taken(self.at) > self.room { Next::Full } else { Next::Token(token) })
    }

    /// How much memory is taken if this many bytes are kept.
    fn taken(&self, bytes: usize) -> usize {
        bytes.saturating_add(self.tokens.len() * size_of::<Token>())
    }

    /// The text of this length that begins at `start`.
    fn bulk_token(&mut self, start: usize, length: usize) -> Result<Next, StoreError> {
        let kept = match self.keep {
            Keep::Whole => length,
            Keep::Beginnings(most) => length.min(most),
        };
        let end = start.saturating_add(kept);
        if self.taken(end) > self.room {
            return Ok(Next::Full);
        }
        let is_cut = kept < length;
        let needed = if is_cut { end } else { end + LINE_END };
        if self.bytes.len() < needed {
            // Growing step by step would take twice as much for a moment.
            self.bytes.reserve_exact(needed - self.bytes.len());
            return Ok(Next::Waits);
        }
        let token = Token::Bulk(self.span(start, end)?);
        self.at = needed;
        if is_cut {
            self.to_drop = length - kept + LINE_END;
            self.dropped = Some(TextDigest::begin(&self.bytes[start..end]));
            self.cut.push(CutText { token: self.tokens.len(), length, digest: 0 });
        }
        Ok(Next::Token(token))
    }

    /// Where the line that begins at `at` ends.
    fn line(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        // All but errors are short.
        let end = rest.iter().position(|byte| *byte == b'\r')?;
        (rest.len() > end + 1).then_some(self.at + end)
    }

    fn length(&self, span: Span) -> Result<Option<usize>, StoreError> {
        const SHAPE: StoreError = StoreError::Unexpected { what: "a length that is no number" };
        match self.text(span) {
            b"-1" => Ok(None),
            digits if (1..=10).contains(&digits.len()) => digits
                .iter()
                .try_fold(0usize, |length, digit| {
                    digit
                        .is_ascii_digit()
                        .then(|| length * 10 + usize::from(digit - b'0'))
                        .ok_or(SHAPE)
                })
                .map(Some),
            _ => Err(SHAPE),
        }
    }

    fn span(&self, start: usize, end: usize) -> Result<Span, StoreError> {
        match (u32::try_from(start), u32::try_from(end)) {
            (Ok(start), Ok(end)) => Ok(Span { start, end }),
            _ => Err(TOO_LARGE),
        }
    }
}

/// What comes next.
enum Next {
    Token(Token),
    /// It has not arrived yet.
    Waits,
    /// There is no room for it.
    Full,
}

/// How many bytes end a line.
const LINE_END: usize = 2;

const TOO_LARGE: StoreError = StoreError::Unexpected { what: "a reply of more than 4 GiB" };

/// A command as it is sent.
pub(super) fn write_command(out: &mut Vec<u8>, parts: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", parts.len()).as_bytes());
    for part in parts {
        out.extend_from_slice(format!("${}\r\n", part.len()).as_bytes());
        out.extend_from_slice(part);
        out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Room for more than any reply here.
    const ROOM: usize = 1_000;

    fn read(bytes: &[u8]) -> Result<Option<ReplyBuffer>, StoreError> {
        let mut buffer = ReplyBuffer::expecting(vec![Keep::Whole], ROOM, 0);
        buffer.bytes_mut().extend_from_slice(bytes);
        Ok((buffer.advance()? == Arrived::All).then_some(buffer))
    }

    /// The texts of what was kept, and how far it arrived, where the bytes arrive in pieces of this size.
    fn arrive(
        replies: &[Keep],
        room: usize,
        bytes: &[u8],
        piece: usize,
    ) -> (Vec<String>, Arrived, ReplyBuffer) {
        let mut buffer = ReplyBuffer::expecting(replies.to_vec(), room, 0);
        let mut arrived = Arrived::Part;
        for piece in bytes.chunks(piece) {
            buffer.bytes_mut().extend_from_slice(piece);
            arrived = buffer.advance().unwrap();
            if arrived == Arrived::Full {
                break;
            }
        }
        let texts = buffer.tokens().iter().filter_map(|token| buffer.bulk(*token));
        let texts = texts.map(|text| String::from_utf8_lossy(text).into_owned()).collect();
        (texts, arrived, buffer)
    }

    const REPLY: &[u8] = b"*4\r\n$3\r\na\r\n\r\n*2\r\n:-7\r\n$-1\r\n+OK\r\n-ERR no\r\n";

    #[test]
    fn each_value_is_found_where_it_stands() {
        let buffer = read(REPLY).unwrap().unwrap();
        let (value, behind) = buffer.value(0);
        let expected = Value::Array(vec![
            Value::BulkString(b"a\r\n".to_vec()),
            Value::Array(vec![Value::Int(-7), Value::Nil]),
            Value::SimpleString("OK".into()),
            Value::SimpleString("ERR no".into()),
        ]);
        assert_eq!((value, behind), (expected, buffer.tokens().len()));
        assert_eq!(buffer.value(2).1, 5);
        assert_eq!((0..=5).map(|at| buffer.value_end(at)).collect::<Vec<_>>(), [7, 2, 5, 4, 5, 6]);
    }

    #[test]
    fn a_reply_may_arrive_in_any_pieces() {
        for cut in 0..REPLY.len() {
            let mut buffer = ReplyBuffer::expecting(vec![Keep::Whole], ROOM, 0);
            buffer.bytes_mut().extend_from_slice(&REPLY[..cut]);
            assert_eq!(buffer.advance().unwrap(), Arrived::Part, "{cut}");
            buffer.bytes_mut().extend_from_slice(&REPLY[cut..]);
            assert_eq!(buffer.advance().unwrap(), Arrived::All, "{cut}");
            assert_eq!(buffer.tokens(), read(REPLY).unwrap().unwrap().tokens());
        }
    }

    const LONG: &[u8] = b"*2\r\n$2\r\nab\r\n$10\r\n0123456789\r\n*1\r\n$12\r\nabcdefghijkl\r\n";

    #[test]
    fn beginnings_are_kept_and_the_rest_is_dropped_as_it_arrives() {
        for piece in 1..LONG.len() {
            let keep = [Keep::Beginnings(3), Keep::Whole];
            let (texts, arrived, buffer) = arrive(&keep, ROOM, LONG, piece);
            assert_eq!(texts, ["ab", "012", "abcdefghijkl"], "{piece}");
            assert_eq!((arrived, buffer.is_cut()), (Arrived::All, true));
            assert_eq!([1, 2, 4].map(|at| buffer.cut_length(at)), [None, Some(10), None]);
            assert!(buffer.len() < LONG.len(), "{piece}");
        }
        let (texts, arrived, buffer) = arrive(&[Keep::Whole, Keep::Beginnings(12)], ROOM, LONG, 7);
        assert_eq!(texts, ["ab", "0123456789", "abcdefghijkl"]);
        assert_eq!((arrived, buffer.is_cut()), (Arrived::All, false));
    }

    #[test]
    fn an_entry_has_the_same_fingerprint_however_much_of_it_is_kept() {
        let entry: &[u8] = b"*2\r\n$3\r\n5-0\r\n*2\r\n$4\r\ndata\r\n$10\r\n0123456789\r\n";
        let whole = arrive(&[Keep::Whole], ROOM, entry, 9).2.digest_of_entry(0);
        assert!(whole.is_some());
        for piece in 1..entry.len() {
            for kept in 0..11 {
                let (.., buffer) = arrive(&[Keep::Beginnings(kept)], ROOM, entry, piece);
                assert_eq!(buffer.digest_of_entry(0), whole, "{piece} {kept}");
            }
        }
        let mut other = entry.to_vec();
        other[entry.len() - 3] = b'8';
        let (.., other) = arrive(&[Keep::Beginnings(3)], ROOM, &other, 5);
        assert_ne!(other.digest_of_entry(0), whole);
        assert_eq!(arrive(&[Keep::Whole], ROOM, b"$-1\r\n", 9).2.digest_of_entry(0), None);
    }

    #[test]
    fn what_has_no_room_is_not_waited_for() {
        for piece in 1..LONG.len() {
            let (texts, arrived, _) = arrive(&[Keep::Whole, Keep::Whole], 35 + 4 * 12, LONG, piece);
            assert_eq!((arrived, texts.len()), (Arrived::Full, 2), "{piece}");
            let (texts, arrived, _) = arrive(&[Keep::Whole, Keep::Whole], 20 + 2 * 12, LONG, piece);
            assert_eq!((arrived, &*texts), (Arrived::Full, &["ab".to_owned()][..]), "{piece}");
        }
        let (_, arrived, buffer) = arrive(&[Keep::Whole], 20, b"$500000000\r\n", 5);
        assert_eq!((arrived, buffer.tokens().len()), (Arrived::Full, 0));
    }

    #[test]
    fn what_redis_does_not_send_is_an_error() {
        for bytes in [&b"HTTP/1.1 400\r\n"[..], b"$x\r\n", b"*\r\n", b"$99999999999\r\n"] {
            assert!(read(bytes).is_err());
        }
    }

    #[test]
    fn a_command_has_its_parts_counted() {
        let mut out = Vec::new();
        write_command(&mut out, &[b"XLEN", b"a b"]);
        assert_eq!(out, b"*2\r\n$4\r\nXLEN\r\n$3\r\na b\r\n");
    }
}
