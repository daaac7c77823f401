//! Replies of Redis read in place: where each value stands in the bytes that arrived, and nothing copied.
//!
//! The `redis` crate makes a value of every field, which costs more than reading a stream does. What reads streams end to end
//! keeps the bytes instead. The format is RESP2 (<https://redis.io/docs/latest/develop/reference/protocol-spec/>), which
//! servers of all versions speak until asked for another one.

use redis::Value;

use super::StoreError;

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

/// The bytes of one or more replies as they arrive, and what is in them.
#[derive(Debug)]
pub(super) struct ReplyBuffer {
    bytes: Vec<u8>,
    tokens: Vec<Token>,
    /// How far the bytes are read.
    at: usize,
    /// How many values are still to come.
    missing: usize,
}

impl ReplyBuffer {
    /// Waits for so many replies.
    pub(super) fn expecting(replies: usize, capacity: usize) -> Self {
        // Most tokens of a page are short fields.
        let tokens = Vec::with_capacity(capacity / 24);
        Self { bytes: Vec::with_capacity(capacity), tokens, at: 0, missing: replies }
    }

    /// Texts that are known to stand at these places of `bytes`.
    pub(super) fn of_texts(bytes: Vec<u8>, texts: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let token = |(start, end)| Token::Bulk(Span { start, end });
        let at = bytes.len();
        Self { bytes, tokens: texts.into_iter().map(token).collect(), at, missing: 0 }
    }

    /// Where further bytes go.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Reads what has arrived; whether that is all.
    ///
    /// # Errors
    /// Where it is not what Redis sends.
    pub(super) fn advance(&mut self) -> Result<bool, StoreError> {
        while self.missing > 0 {
            let Some(token) = self.next_token()? else { return Ok(false) };
            self.missing -= 1;
            if let Token::Array(length) = token {
                self.missing += length as usize;
            }
            self.tokens.push(token);
        }
        Ok(true)
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

    /// The place behind the value that begins at `at`.
    pub(super) fn value_end(&self, at: usize) -> usize {
        let (mut end, mut missing) = (at, 1);
        while missing > 0 && end < self.tokens.len() {
            missing -= 1;
            if let Token::Array(length) = self.tokens[end] {
                missing += length as usize;
            }
            end += 1;
        }
        end
    }

    fn next_token(&mut self) -> Result<Option<Token>, StoreError> {
        let Some(line) = self.line() else { return Ok(None) };
        let (start, behind) = (self.at + 1, line + 2);
        let span = self.span(start, line)?;
        let token = match self.bytes[self.at] {
            b'$' => match self.length(span)? {
                None => Token::Nil,
                Some(length) => {
                    let end = behind.saturating_add(length);
                    if self.bytes.len() < end.saturating_add(2) {
                        return Ok(None);
                    }
                    let token = Token::Bulk(self.span(behind, end)?);
                    self.at = end + 2;
                    return Ok(Some(token));
                }
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
        Ok(Some(token))
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

    fn read(bytes: &[u8]) -> Result<Option<ReplyBuffer>, StoreError> {
        let mut buffer = ReplyBuffer::expecting(1, 0);
        buffer.bytes_mut().extend_from_slice(bytes);
        Ok(buffer.advance()?.then_some(buffer))
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
            let mut buffer = ReplyBuffer::expecting(1, 0);
            buffer.bytes_mut().extend_from_slice(&REPLY[..cut]);
            assert!(!buffer.advance().unwrap(), "{cut}");
            buffer.bytes_mut().extend_from_slice(&REPLY[cut..]);
            assert!(buffer.advance().unwrap(), "{cut}");
            assert_eq!(buffer.tokens(), read(REPLY).unwrap().unwrap().tokens());
        }
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
